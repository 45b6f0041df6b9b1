#include <string.h>

#include "catalog/block_hash.h"
#include "pg/data/page.h"
#include "support/cmocka.h"

static uint8_t page[PAGE_BYTES];

/* A parent's hashes are on disk for years: they must not change. The values are those of xxhsum's library, 0.8.1. */
static void stays_the_same(void **unused)
{
	(void)unused;
	uint8_t seed[BLOCK_HASH_SEED_BYTES];
	struct block_hash hash;
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)(i * 7 + 1);
	for (size_t i = 0; i < sizeof page; i++)
		page[i] = (uint8_t)(i * i / 3);
	block_hash_init(&hash, seed);
	assert_int_equal(block_hash(&hash, page, sizeof page), 12076448481624419881U);
	assert_int_equal(block_hash(&hash, page, 100), 10332236149054673783U);
	assert_int_equal(hash.zero_page, 9357703498579191778U);
}

static void every_bit_and_the_seed_count(void **unused)
{
	(void)unused;
	uint8_t seed[BLOCK_HASH_SEED_BYTES] = {1}, other_seed[BLOCK_HASH_SEED_BYTES] = {2};
	struct block_hash hash, other;
	block_hash_init(&hash, seed);
	block_hash_init(&other, other_seed);
	uint64_t before = block_hash(&hash, page, sizeof page);
	assert_int_not_equal(before, block_hash(&other, page, sizeof page));
	assert_int_not_equal(before, block_hash(&hash, page, sizeof page - 1));
	for (size_t bit = 0; bit < sizeof page * 8; bit++) {
		page[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_not_equal(before, block_hash(&hash, page, sizeof page));
		page[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stays_the_same),
	    cmocka_unit_test(every_bit_and_the_seed_count),
	};
	return cmocka_run_group_tests_name("catalog/block_hash", tests, NULL, NULL);
}

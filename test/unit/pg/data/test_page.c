#include <string.h>

#include "pg/data/page.h"
#include "support/cmocka.h"

static uint8_t page[PAGE_BYTES];

static void fill(unsigned seed)
{
	for (uint64_t i = 0; i < PAGE_BYTES; i++)
		page[i] = (uint8_t)((i * i * 31 + i * 7 + seed) % 251);
}

/* The sums are those of pageinspect's page_checksum in PostgreSQL 15. */
static void has_the_servers_checksum(void **unused)
{
	(void)unused;
	static const struct {
		unsigned seed;
		uint32_t number;
		uint16_t expected;
	} cases[] = {{1, 0, 64637}, {2, 1, 54685}, {3, 131072, 43025}, {4, 2147483647, 19651}, {5, 77, 52487}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fill(cases[i].seed);
		assert_int_equal(page_checksum(page, cases[i].number), cases[i].expected);
	}
}

static void put_u16(size_t offset, uint16_t value)
{
	memcpy(page + offset, &value, sizeof value);
}

static void put_lsn(uint64_t lsn)
{
	uint32_t halves[] = {(uint32_t)(lsn >> 32), (uint32_t)lsn};
	memcpy(page, halves, sizeof halves);
}

/* Every bit counts but those of the checksum's field; a page of another place is wrong. */
static void notices_every_bit(void **unused)
{
	(void)unused;
	fill(6);
	put_lsn(0x100000000);
	put_u16(8, page_checksum(page, 9));
	assert_int_equal(page_check(page, 9, 0), PAGE_RIGHT);
	assert_int_equal(page_check(page, 10, 0), PAGE_WRONG);
	for (size_t bit = 0; bit < (size_t)PAGE_BYTES * 8; bit += 13) {
		page[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(page_check(page, 9, 0), PAGE_WRONG);
		page[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(page_check(page, 9, 1), PAGE_RIGHT);
}

/* A page that the server writes during the backup may be torn: WAL has it whole. */
static void a_page_newer_than_the_backup_is_not_judged(void **unused)
{
	(void)unused;
	fill(7);
	put_lsn(0x200000010);
	assert_int_equal(page_check(page, 0, 0x200000010), PAGE_NEWER);
	assert_int_equal(page_check(page, 0, 0x200000011), PAGE_WRONG);
	assert_int_equal(page_check(page, 0, 0), PAGE_WRONG);
}

static void a_page_never_written_has_none(void **unused)
{
	(void)unused;
	memset(page, 0, sizeof page);
	assert_int_equal(page_check(page, 3, 0), PAGE_NEW);
	/* After a crash a page may have a header of zeros and something behind: the server reads it as new too. */
	page[PAGE_BYTES - 1] = 1;
	assert_int_equal(page_check(page, 3, 0), PAGE_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(has_the_servers_checksum),
	    cmocka_unit_test(notices_every_bit),
	    cmocka_unit_test(a_page_newer_than_the_backup_is_not_judged),
	    cmocka_unit_test(a_page_never_written_has_none),
	};
	return cmocka_run_group_tests_name("pg/data/page", tests, NULL, NULL);
}

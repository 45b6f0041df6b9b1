/* Differences of rows: any page comes back, and the pages that they are for become zeros. TEST_SEED repeats a run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pg/data/page_rows.h"
#include "support/cmocka.h"

#define SPECIAL (PAGE_BYTES - 16) /* as in an index */

static uint8_t page[PAGE_BYTES], differences[PAGE_BYTES];
static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(state >> 33) % below;
}

static void put_16(size_t at, size_t value)
{
	page[at] = (uint8_t)value;
	page[at + 1] = (uint8_t)(value >> 8);
}

static void put_32(size_t at, uint64_t value)
{
	put_16(at, value & 0xFFFF);
	put_16(at + 2, value >> 16);
}

/* An item of itemid.h: offset, LP_NORMAL, length. */
static void put_item(size_t number, size_t offset, size_t len)
{
	put_32(24 + 4 * number, offset | 1 << 15 | len << 17);
}

/* A page with rows of this length; each byte is as content says. */
static void make(size_t count, size_t len, uint8_t (*content)(size_t row, size_t byte))
{
	size_t step = (len + 7) / 8 * 8;
	memset(page, 0, sizeof page);
	for (size_t i = 0; i < 12; i++)
		page[i] = (uint8_t)draw(256);
	put_16(12, 24 + 4 * count);
	put_16(14, SPECIAL - step * count);
	put_16(16, SPECIAL);
	for (size_t row = 0; row < count; row++) {
		put_item(row, SPECIAL - step * (row + 1), len);
		for (size_t i = 0; i < len; i++)
			page[SPECIAL - step * (row + 1) + i] = content(row, i);
	}
}

static size_t zeros(const uint8_t *bytes)
{
	size_t count = 0;
	for (size_t i = 0; i < PAGE_BYTES; i++)
		count += bytes[i] == 0;
	return count;
}

static void comes_back(uint8_t units)
{
	uint8_t again[PAGE_BYTES];
	page_rows_to_differences(differences, page, units);
	memcpy(again, differences, sizeof again);
	assert_true(page_rows_from_differences(again, units));
	assert_memory_equal(again, page, PAGE_BYTES);
}

static uint8_t counts_up(size_t row, size_t byte)
{
	return (uint8_t)(byte < 4 ? (row * 3 + 1000) >> 8 * byte : byte == 6 ? row : byte);
}

static uint8_t is_random(size_t row, size_t byte)
{
	(void)row, (void)byte;
	return (uint8_t)draw(256);
}

static uint8_t is_the_same(size_t row, size_t byte)
{
	(void)row;
	return (uint8_t)(byte * 37);
}

static void rows_that_count_up_become_zeros(void **unused)
{
	(void)unused;
	static const size_t lengths[] = {9, 16, 20, 24, 120, 121};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		size_t step = (lengths[i] + 7) / 8 * 8, count = 7000 / (step + 4);
		make(count, lengths[i], counts_up);
		assert_int_equal(page_rows_units(page), step / 8);
		comes_back((uint8_t)(step / 8));
		/* Headers, two rows, and a carry of a byte now and then: all else is zero. The items become constants.
		 */
		assert_true(zeros(differences) > PAGE_BYTES - 4 * count - 24 - 2 * step - PAGE_BYTES / 20);
	}
}

static void other_rows_are_left(void **unused)
{
	(void)unused;
	make(200, 24, is_random);
	assert_int_equal(page_rows_units(page), 0);
	make(200, 24, is_the_same); /* a compressor finds that itself */
	assert_int_equal(page_rows_units(page), 0);
	make(3, 16, counts_up); /* too few */
	assert_int_equal(page_rows_units(page), 0);
	make(4, 2048 - 8, is_the_same); /* no room for its length */
	assert_int_equal(page_rows_units(page), 0);
	memset(page, 0, sizeof page); /* a new page */
	assert_int_equal(page_rows_units(page), 0);
}

/* A table's first rows may be gone, and an index has another first entry: the last one counts. */
static void the_last_item_tells_the_length(void **unused)
{
	(void)unused;
	make(300, 16, counts_up);
	put_32(24, 0);
	put_item(1, SPECIAL - 32, 8);
	assert_int_equal(page_rows_units(page), 2);
	comes_back(2);
	put_32(24 + 4 * 299, 0); /* gone too */
	assert_int_equal(page_rows_units(page), 2);
	for (size_t i = 0; i < 300; i++)
		put_32(24 + 4 * i, 0);
	assert_int_equal(page_rows_units(page), 0);
}

static void no_page_is_like_this(void **unused)
{
	(void)unused;
	static const size_t wrong[][3] = {{24, 4000, 8176}, {27, 4000, 8176}, {30, 4000, 8176}, {4004, 4000, 8176},
					  {32, 8180, 8176}, {32, 4000, 8193}, {0, 0, 0},        {65532, 65535, 65535}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint8_t before[PAGE_BYTES];
		make(300, 16, counts_up);
		put_16(12, wrong[i][0]);
		put_16(14, wrong[i][1]);
		put_16(16, wrong[i][2]);
		assert_int_equal(page_rows_units(page), 0);
		memcpy(before, page, sizeof before);
		assert_false(page_rows_from_differences(page, 2));
		assert_memory_equal(page, before, PAGE_BYTES);
	}
}

/* Whatever stands in a page, also where rows of that length cannot be: hostile differences stay inside the page. */
static void random_pages_come_back(void **unused)
{
	(void)unused;
	const char *given = getenv("TEST_SEED");
	state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("# TEST_SEED=%" PRIu64 "\n", state);
	for (int round = 0; round < 20000; round++) {
		size_t step = 8 * (1 + draw(40)), count = draw((uint32_t)(8000 / (step + 4))) + 1;
		make(count, step - draw(8), draw(2) == 0 ? counts_up : is_random);
		for (uint32_t i = draw(20); i > 0; i--)
			page[draw(PAGE_BYTES)] = (uint8_t)draw(256);
		if (draw(4) == 0) {
			size_t upper = 32 + draw(PAGE_BYTES - 32);
			put_16(12, 28 + 4 * draw((uint32_t)(upper - 24) / 4));
			put_16(14, upper);
			put_16(16, upper + draw((uint32_t)(PAGE_BYTES - upper + 1)));
		}
		uint8_t units = page_rows_units(page);
		if (units != 0)
			comes_back(units);
		memcpy(differences, page, sizeof differences);
		units = (uint8_t)(1 + draw(255));
		if (!page_rows_from_differences(differences, units))
			continue;
		/* What can be undone can be done: another length than the page's own is as good. */
		memcpy(page, differences, sizeof page);
		comes_back(units);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_that_count_up_become_zeros), cmocka_unit_test(other_rows_are_left),
	    cmocka_unit_test(the_last_item_tells_the_length),  cmocka_unit_test(no_page_is_like_this),
	    cmocka_unit_test(random_pages_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

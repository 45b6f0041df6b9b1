#include "pg/data/page_rows.h"

#include <string.h>

#include "base/little_endian.h"
#include "base/min.h"

#define LOWER_AT 12 /* pd_lower, pd_upper and pd_special of PageHeaderData */
#define ITEMS_AT 24 /* pd_linp */
#define ITEM_BYTES 4
#define ITEM_NORMAL 1    /* LP_NORMAL */
#define SAMPLE_STEPS 127 /* of LANES bytes, so that the count of a lane has room in it */

/*
 * From lower to upper the page is free; rows go from upper to special. The numbers of a big-endian server's pages do
 * not fit, so its pages are left as they are.
 */
struct layout {
	size_t lower, upper, special;
};

static bool layout_of(const uint8_t *page, struct layout *out)
{
	out->lower = get_little_endian_16(page + LOWER_AT);
	out->upper = get_little_endian_16(page + LOWER_AT + 2);
	out->special = get_little_endian_16(page + LOWER_AT + 4);
	return out->lower >= ITEMS_AT + ITEM_BYTES && out->lower % ITEM_BYTES == 0 && out->lower <= out->upper &&
	       out->upper <= out->special && out->special <= PAGE_BYTES;
}

/* The length of the last row: an index has a first entry of another kind, and a table's first rows may be gone. */
static size_t row_bytes(const uint8_t *page, const struct layout *layout)
{
	for (size_t at = layout->lower; at > ITEMS_AT; at -= ITEM_BYTES) {
		uint32_t item = get_little_endian_32(page + at - ITEM_BYTES);
		if ((item >> 15 & 3) == ITEM_NORMAL)
			return ((item >> 17) + PAGE_ROWS_UNIT - 1) / PAGE_ROWS_UNIT * PAGE_ROWS_UNIT;
	}
	return 0;
}

/* A vector whose bytes are calculated each by itself: not every compiler makes vectors of the loops by itself. */
#define LANES 16
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static lanes load(const uint8_t *at)
{
	lanes out;
	memcpy(&out, at, LANES);
	return out;
}

static void store(uint8_t *at, lanes value)
{
	memcpy(at, &value, LANES);
}

static unsigned sum(lanes counts)
{
	unsigned out = 0;
	for (unsigned i = 0; i < LANES; i++)
		out += counts[i];
	return out;
}

/*
 * A byte that is as in the row before costs a compressor next to nothing: it repeats. Therefore two numbers are
 * compared: the bytes that differ from the row before, and the bytes whose difference is another than the difference
 * before.
 */
static bool differences_pay(const uint8_t *page, const struct layout *layout, size_t row)
{
	size_t steps = (layout->special - layout->upper - 2 * row) / LANES;
	const uint8_t *at = page + layout->special;
	lanes same_rows = {0}, same_differences = {0};
	if (steps > SAMPLE_STEPS)
		steps = SAMPLE_STEPS;
	for (size_t i = 0; i < steps; i++) {
		at -= LANES;
		lanes difference = load(at) - load(at - row), before = load(at - row) - load(at - 2 * row);
		same_rows -= (lanes)(difference == 0);
		same_differences -= (lanes)(difference == before);
	}
	unsigned rows_differ = (unsigned)steps * LANES - sum(same_rows);
	unsigned differences_differ = (unsigned)steps * LANES - sum(same_differences);
	return 8 * differences_differ < 7 * rows_differ;
}

uint8_t page_rows_units(const uint8_t page[PAGE_BYTES])
{
	struct layout layout;
	if (!layout_of(page, &layout))
		return 0;
	size_t row = row_bytes(page, &layout);
	bool pays = row > 0 && row / PAGE_ROWS_UNIT <= UINT8_MAX && layout.special - layout.upper >= 4 * row &&
		    differences_pay(page, &layout, row);
	return pays ? (uint8_t)(row / PAGE_ROWS_UNIT) : 0;
}

void page_rows_to_differences(uint8_t out[PAGE_BYTES], const uint8_t page[PAGE_BYTES], uint8_t units)
{
	size_t row = (size_t)units * PAGE_ROWS_UNIT;
	struct layout layout;
	(void)layout_of(page, &layout);
	memcpy(out, page, PAGE_BYTES);
	for (size_t at = ITEMS_AT + ITEM_BYTES; at < layout.lower; at += ITEM_BYTES)
		put_little_endian(out + at,
				  get_little_endian_32(page + at) - get_little_endian_32(page + at - ITEM_BYTES),
				  ITEM_BYTES);
	size_t second = size_min(layout.upper + row, layout.special), third = size_min(second + row, layout.special);
	for (size_t at = second; at < third; at++)
		out[at] = (uint8_t)(page[at] - page[at - row]);
	size_t at = third;
	for (; layout.special - at >= LANES; at += LANES)
		store(out + at, load(page + at) - 2 * load(page + at - row) + load(page + at - 2 * row));
	for (; at < layout.special; at++)
		out[at] = (uint8_t)(page[at] - 2 * page[at - row] + page[at - 2 * row]);
}

static void add(uint8_t *to, const uint8_t *from, size_t len)
{
	for (; len >= LANES; to += LANES, from += LANES, len -= LANES)
		store(to, load(to) + load(from));
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(to[i] + from[i]);
}

/* Each row from begin on becomes its sum with the one before. */
static void sum_rows(uint8_t *page, size_t begin, size_t end, size_t row)
{
	for (size_t at = begin; at < end; at += row)
		add(page + at, page + at - row, size_min(row, end - at));
}

bool page_rows_from_differences(uint8_t page[PAGE_BYTES], uint8_t units)
{
	size_t row = (size_t)units * PAGE_ROWS_UNIT;
	struct layout layout;
	if (!layout_of(page, &layout))
		return false;
	for (size_t at = ITEMS_AT + ITEM_BYTES; at < layout.lower; at += ITEM_BYTES)
		put_little_endian(page + at,
				  get_little_endian_32(page + at) + get_little_endian_32(page + at - ITEM_BYTES),
				  ITEM_BYTES);
	sum_rows(page, layout.upper + 2 * row, layout.special, row);
	sum_rows(page, layout.upper + row, layout.special, row);
	return true;
}

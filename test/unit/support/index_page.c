#include "support/index_page.h"

#include <string.h>

#define ROWS 301
#define ROW_BYTES 16
#define SPECIAL (PAGE_BYTES - 16)

void index_page_make(uint8_t page[PAGE_BYTES])
{
	const uint16_t bounds[] = {24 + 4 * ROWS, SPECIAL - ROW_BYTES * ROWS,
				   SPECIAL}; /* pd_lower, pd_upper, pd_special */
	memset(page, 0, PAGE_BYTES);
	memcpy(page + 12, bounds, sizeof bounds);
	for (size_t row = 0; row < ROWS; row++) {
		size_t at = SPECIAL - ROW_BYTES * (row + 1);
		uint32_t item = (uint32_t)at | 1U << 15 | (uint32_t)ROW_BYTES << 17; /* LP_NORMAL */
		memcpy(page + 24 + 4 * row, &item, sizeof item);
		page[at + 4] = (uint8_t)row;
		page[at + 8] = (uint8_t)(row * 7);
	}
}

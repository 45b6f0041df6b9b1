/*
 * The rows of a page, or the entries of an index, as a compressor likes them. Rows of one length that lie one behind
 * the other often count something up: keys, times, their own places. Their second differences are zeros. The page keeps
 * its length. Layout: storage/bufpage.h, storage/itemid.h.
 */
#ifndef WALSHIP_PG_DATA_PAGE_ROWS_H
#define WALSHIP_PG_DATA_PAGE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "pg/data/page.h"

#define PAGE_ROWS_UNIT 8 /* MAXALIGN: rows begin at multiples of it */

/* The length of the page's rows in PAGE_ROWS_UNIT, if their differences are likely to take less room; else 0. */
uint8_t page_rows_units(const uint8_t page[PAGE_BYTES]);

/* For units that page_rows_units has returned for this page. out and page do not overlap. */
void page_rows_to_differences(uint8_t out[PAGE_BYTES], const uint8_t page[PAGE_BYTES], uint8_t units);

/* In place. False: the bytes are not a page with rows, and are unchanged. units is not 0. */
bool page_rows_from_differences(uint8_t page[PAGE_BYTES], uint8_t units);

#endif

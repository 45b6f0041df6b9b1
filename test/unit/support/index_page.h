/* A page as PostgreSQL has it in an index on a number, whose rows are arranged: 301 entries of 16 bytes that count up.
 */
#ifndef TEST_SUPPORT_INDEX_PAGE_H
#define TEST_SUPPORT_INDEX_PAGE_H

#include "pg/data/page.h"

#define INDEX_PAGE_ROW_UNITS 2 /* what page_rows_units finds */

void index_page_make(uint8_t page[PAGE_BYTES]);

#endif

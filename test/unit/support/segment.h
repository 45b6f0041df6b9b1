/* WAL files made up for tests: a proper first page and nothing behind it. */
#ifndef TEST_SUPPORT_SEGMENT_H
#define TEST_SUPPORT_SEGMENT_H

#include <stdint.h>

#define SEGMENT_HEADER_BYTES 40

struct segment_header {
	uint16_t magic;
	uint16_t info;
	uint32_t timeline;
	uint64_t address;
	uint32_t remaining;
	uint32_t padding;
	uint64_t system_id;
	uint32_t segment_bytes;
	uint32_t page_bytes;
};

/* As PostgreSQL 15 writes it for this segment of this size, on cluster 42. */
struct segment_header segment_header_make(uint32_t timeline, uint32_t log, uint32_t segment, uint32_t segment_bytes);

#endif

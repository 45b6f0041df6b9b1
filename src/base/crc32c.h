/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), which PostgreSQL computes over each WAL record (port/pg_crc32c.h). */
#ifndef WALSHIP_BASE_CRC32C_H
#define WALSHIP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Initialized once, then read only: threads may share it. */
struct crc32c {
	uint32_t table[8][256];
};

void crc32c_init(struct crc32c *crc32c);

#define CRC32C_BEGIN 0xFFFFFFFFU

/* Returns the state after these bytes. Start with CRC32C_BEGIN; crc32c_end turns the last state into the CRC. */
uint32_t crc32c_add(const struct crc32c *crc32c, uint32_t state, const void *data, size_t len);

static inline uint32_t crc32c_end(uint32_t state)
{
	return ~state;
}

#endif

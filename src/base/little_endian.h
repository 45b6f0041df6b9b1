/* Numbers as they lie in objects and pages: the lowest byte first, at any address. */
#ifndef WALSHIP_BASE_LITTLE_ENDIAN_H
#define WALSHIP_BASE_LITTLE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t get_little_endian_16(const uint8_t at[2])
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t get_little_endian_32(const uint8_t at[4])
{
	return get_little_endian_16(at) | get_little_endian_16(at + 2) << 16;
}

/* The lowest bytes of the value, at most 8. */
static inline void put_little_endian(uint8_t *out, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

#endif

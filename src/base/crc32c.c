#include "base/crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82F63B78U /* in reflected bit order */

/*
 * "Slicing by 8": table[n][byte] is the effect of a byte on the state n bytes later, so that eight bytes are processed
 * at once.
 */
void crc32c_init(struct crc32c *crc32c)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t state = byte;
		for (int bit = 0; bit < 8; bit++)
			state = (state & 1) != 0 ? state >> 1 ^ POLYNOMIAL : state >> 1;
		crc32c->table[0][byte] = state;
	}
	for (uint32_t byte = 0; byte < 256; byte++)
		for (int n = 1; n < 8; n++) {
			uint32_t before = crc32c->table[n - 1][byte];
			crc32c->table[n][byte] = before >> 8 ^ crc32c->table[0][before & 255];
		}
}

/* For little-endian machines only; walship does not read PostgreSQL's files on others. */
static uint32_t add_eight(const struct crc32c *crc32c, uint32_t state, const uint8_t *bytes)
{
	uint32_t low, high;
	memcpy(&low, bytes, sizeof low);
	memcpy(&high, bytes + sizeof low, sizeof high);
	low ^= state;
	return crc32c->table[7][low & 255] ^ crc32c->table[6][low >> 8 & 255] ^ crc32c->table[5][low >> 16 & 255] ^
	       crc32c->table[4][low >> 24] ^ crc32c->table[3][high & 255] ^ crc32c->table[2][high >> 8 & 255] ^
	       crc32c->table[1][high >> 16 & 255] ^ crc32c->table[0][high >> 24];
}

uint32_t crc32c_add(const struct crc32c *crc32c, uint32_t state, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	for (; len >= 8; len -= 8, bytes += 8)
		state = add_eight(crc32c, state, bytes);
	for (; len > 0; len--, bytes++)
		state = state >> 8 ^ crc32c->table[0][(state ^ *bytes) & 255];
	return state;
}

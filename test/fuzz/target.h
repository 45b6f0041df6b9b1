/* What libFuzzer calls in each target. */
#ifndef TEST_FUZZ_TARGET_H
#define TEST_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "text/hex.h"

/* Returns 0; anything wrong aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, in builds of every kind, where what must hold does not. */
#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			__builtin_trap();                                                                              \
	} while (0)

/*
 * The input itself; of one that begins with "hex:" the bytes that its digits stand for, in out, so that the corpus is
 * text. *size is that of what is returned.
 */
static inline const uint8_t *target_bytes(const uint8_t *data, size_t *size, uint8_t *out, size_t out_size)
{
	size_t len = *size < 4 ? 0 : (*size - 4) / 2;
	if (*size < 4 || memcmp(data, "hex:", 4) != 0 || len > out_size ||
	    !hex_decode(out, (const char *)data + 4, len))
		return data;
	*size = len;
	return out;
}

#endif

#include "text/sanitize.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

/* len is 0 for a byte that belongs to no character. */
static bool is_control(const uint8_t *at, size_t len)
{
	if (len == 2)
		return at[0] == 0xc2 && at[1] < 0xa0;
	return len < 2 && (at[0] < 0x20 || (at[0] >= 0x7f && at[0] < 0xa0));
}

void sanitize(char *text, size_t len, char keep)
{
	for (size_t i = 0; i < len;) {
		const uint8_t *at = (const uint8_t *)text + i;
		size_t step = utf8_length(text + i, len - i);
		size_t bytes = step == 0 ? 1 : step;
		if (is_control(at, step) && (keep == '\0' || text[i] != keep))
			memset(text + i, '?', bytes);
		i += bytes;
	}
}

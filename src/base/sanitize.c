#include "base/sanitize.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at the beginning, 0 where none is; the table of RFC 3629, 4. */
static size_t character_len(const uint8_t *at, size_t left)
{
	static const struct {
		uint8_t first, last;               /* of the first byte */
		uint8_t second_first, second_last; /* of the second one; all others are 80 to BF */
		uint8_t len;
	} forms[] = {
	    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (at[0] < forms[i].first || at[0] > forms[i].last)
			continue;
		bool good = forms[i].len <= left;
		if (good && forms[i].len > 1)
			good = at[1] >= forms[i].second_first && at[1] <= forms[i].second_last;
		for (size_t k = 2; good && k < forms[i].len; k++)
			good = (at[k] & 0xc0) == 0x80;
		return good ? forms[i].len : 0;
	}
	return 0;
}

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
		size_t step = character_len(at, len - i);
		size_t bytes = step == 0 ? 1 : step;
		if (is_control(at, step) && (keep == '\0' || text[i] != keep))
			memset(text + i, '?', bytes);
		i += bytes;
	}
}

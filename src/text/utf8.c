#include "text/utf8.h"

#include <stdbool.h>
#include <stdint.h>

size_t utf8_length(const char *text, size_t left)
{
	/* The table of RFC 3629, 4. */
	static const struct {
		uint8_t first, last;               /* of the first byte */
		uint8_t second_first, second_last; /* of the second one; all others are 80 to BF */
		uint8_t len;
	} forms[] = {
	    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const uint8_t *at = (const uint8_t *)text;
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

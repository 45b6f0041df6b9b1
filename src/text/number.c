#include "text/number.h"

#include <stddef.h>

unsigned number_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : NUMBER_NO_DIGIT;
}

bool number_take(const char **text, const char *end, unsigned base, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;
	const char *at = *text;
	*out = 0;
	for (; at != end && number_digit(*at) < base; at++) {
		unsigned digit = number_digit(*at);
		if (digit > most || value > (most - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (at == *text)
		return false;
	*text = at;
	*out = value;
	return true;
}

const char *number_read(const char *text, uint64_t most, uint64_t *out)
{
	return number_take(&text, NULL, 10, most, out) ? text : NULL;
}

bool number_parse(const char *text, uint64_t most, uint64_t *out)
{
	const char *rest = number_read(text, most, out);
	if (rest != NULL && *rest == '\0')
		return true;
	*out = 0;
	return false;
}

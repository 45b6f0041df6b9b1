#include "text/redact.h"

#include <string.h>

#include "text/number.h"

#define NOTE "[64 hexadecimal digits left out]"
#define NOTE_LEN (sizeof NOTE - 1)
_Static_assert(NOTE_LEN <= REDACT_DIGITS, "the text must not grow");

size_t redact(char *text, size_t len)
{
	size_t kept = 0;
	for (size_t at = 0; at < len;) {
		size_t digits = 0;
		while (at + digits < len && number_digit(text[at + digits]) < NUMBER_NO_DIGIT)
			digits++;
		size_t step = digits > 0 ? digits : 1;
		if (digits >= REDACT_DIGITS) {
			memcpy(text + kept, NOTE, NOTE_LEN);
			kept += NOTE_LEN;
		} else {
			memmove(text + kept, text + at, step);
			kept += step;
		}
		at += step;
	}
	explicit_bzero(text + kept, len - kept);
	return kept;
}

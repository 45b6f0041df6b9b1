#include "text/hex.h"

#include "text/number.h"

void hex_encode(char *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

bool hex_decode(uint8_t *out, const char *digits, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned high = number_digit(digits[2 * i]);
		unsigned low = high == NUMBER_NO_DIGIT ? high : number_digit(digits[2 * i + 1]);
		if (low == NUMBER_NO_DIGIT)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

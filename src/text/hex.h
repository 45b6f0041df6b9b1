/* Bytes as lowercase hexadecimal digits, and back. */
#ifndef WALSHIP_TEXT_HEX_H
#define WALSHIP_TEXT_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len digits and a 0 byte to out. */
void hex_encode(char *out, const void *data, size_t len);

/* Reads exactly 2 * len digits of either case into out. Returns false when a character is not a digit. */
bool hex_decode(uint8_t *out, const char *digits, size_t len);

#endif

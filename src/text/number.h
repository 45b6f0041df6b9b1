/*
 * Unsigned numbers in text. Unlike strtoull, these functions accept no blanks, signs or prefixes, and reject a number
 * that is too large.
 */
#ifndef WALSHIP_TEXT_NUMBER_H
#define WALSHIP_TEXT_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_NO_DIGIT 16

/* Returns the value of a hexadecimal digit of either case; NUMBER_NO_DIGIT for any other character. */
unsigned number_digit(char c);

/*
 * Reads the digits at the beginning of *text in base 10 or 16, and moves *text past them. The text ends at end; if end
 * is NULL, at a 0 byte. Returns false, leaves *text and sets *out to 0 if there is no digit or the number exceeds most.
 */
bool number_take(const char **text, const char *end, unsigned base, uint64_t most, uint64_t *out);

/* Reads a decimal number at the beginning of text. Returns the text after it; NULL, with *out 0, if number_take fails.
 */
const char *number_read(const char *text, uint64_t most, uint64_t *out);

/* Reads text as a single decimal number. Returns false, with *out 0, if text holds anything else. */
bool number_parse(const char *text, uint64_t most, uint64_t *out);

#endif

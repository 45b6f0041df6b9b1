/* Characters of UTF-8 (RFC 3629). */
#ifndef WALSHIP_TEXT_UTF8_H
#define WALSHIP_TEXT_UTF8_H

#include <stddef.h>

#define UTF8_MAX 4 /* bytes of one character */

/*
 * The length in bytes of the character at the beginning of text, of which left bytes can be read; 0 when they begin no
 * complete character. left must not be 0.
 */
size_t utf8_length(const char *text, size_t left);

#endif

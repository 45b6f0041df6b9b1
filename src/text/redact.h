/* Leaves repository keys out of text that another program has written. */
#ifndef WALSHIP_TEXT_REDACT_H
#define WALSHIP_TEXT_REDACT_H

#include <stddef.h>

#define REDACT_DIGITS 64 /* of a repository key */

/*
 * Replaces each run of REDACT_DIGITS or more hexadecimal digits, of either case and within any text, by a shorter note.
 * Returns the new length. Redact before the text is cut: a part of a key is not recognized.
 */
size_t redact(char *text, size_t len);

#endif

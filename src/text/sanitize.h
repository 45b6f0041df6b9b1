/* Makes text from an untrusted source safe for terminals and logs. */
#ifndef WALSHIP_TEXT_SANITIZE_H
#define WALSHIP_TEXT_SANITIZE_H

#include <stddef.h>

/*
 * Replaces each byte of a control character with '?': C0, DEL, and C1, which terminals obey both as UTF-8 (RFC 3629)
 * and as a single byte. Other bytes that are not UTF-8 stay: file names may use an older encoding. keep is one control
 * character to leave alone, '\0' for none.
 */
void sanitize(char *text, size_t len, char keep);

#endif

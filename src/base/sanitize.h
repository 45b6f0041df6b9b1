/* Text that may come from anybody, made fit for a terminal and a log. */
#ifndef WALSHIP_BASE_SANITIZE_H
#define WALSHIP_BASE_SANITIZE_H

#include <stddef.h>

/*
 * Puts '?' in place of each byte of a control character: C0, DEL, and C1, which terminals obey as UTF-8 (RFC 3629) and
 * as a byte of its own. Other bytes that are no UTF-8 stay: they are a name's, in somebody's older encoding. keep: one
 * control character that stays, '\0' for none.
 */
void sanitize(char *text, size_t len, char keep);

#endif

/*
 * The directory for what calls of walship keep for each other and may lose at any time. Private to the user: what lies
 * in it is believed, and some of it is secret.
 */
#ifndef WALSHIP_SYS_SPOOL_H
#define WALSHIP_SYS_SPOOL_H

#include <stdbool.h>

#include "walship/error.h"

#define SPOOL_PATH_MAX 512

/* Puts its path into out, and looks at nothing. given NULL: /tmp/walship-UID. False when given is not an absolute path.
 */
bool spool_path(const char *given, char out[SPOOL_PATH_MAX]);

/*
 * Puts the path of the directory into out, and makes it (mode 0700) if it is not there. given as above.
 * STATUS_LOCAL when it cannot be made, or is a link, or another user owns it or can get in.
 */
enum status spool_prepare(const char *given, char out[SPOOL_PATH_MAX], struct error *err);

#endif

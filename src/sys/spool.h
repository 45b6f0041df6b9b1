/*
 * The spool directory: data that one walship run leaves for the next and may lose at any time. It is private to the
 * user, because walship trusts its content and some of it is secret.
 */
#ifndef WALSHIP_SYS_SPOOL_H
#define WALSHIP_SYS_SPOOL_H

#include <stdbool.h>

#include "walship/error.h"

#define SPOOL_PATH_MAX 512

/*
 * Puts the spool's path into out, without file system access. given NULL: /tmp/walship-UID. Returns false when given is
 * not an absolute path or is too long.
 */
bool spool_path(const char *given, char out[SPOOL_PATH_MAX]);

/*
 * Puts the spool's path into out and creates the directory (mode 0700) if necessary. given as above. STATUS_LOCAL when
 * it cannot be created, is a symbolic link, or another user owns it or can access it.
 */
enum status spool_prepare(const char *given, char out[SPOOL_PATH_MAX], struct error *err);

#endif

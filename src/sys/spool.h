/*
 * The spool directory: data that one walship run leaves for the next and may lose at any time. It is private to the
 * user, because walship trusts its content and some of it is secret.
 */
#ifndef WALSHIP_SYS_SPOOL_H
#define WALSHIP_SYS_SPOOL_H

#include <stdbool.h>

#include "walship/error.h"

#define SPOOL_PATH_MAX 512
#define SPOOL_SHARED "/var/spool/walship" /* packages make it (doc/deploy/systemd/walship.conf) */

/*
 * Puts the spool's path into out. given NULL: the default spool. Returns false when given is not an absolute path or is
 * too long.
 */
bool spool_path(const char *given, char out[SPOOL_PATH_MAX]);

/*
 * The default spool: shared (SPOOL_SHARED) if that is a directory of this user's own; otherwise /tmp/walship-UID.
 * No other user can create or take the shared one, and a service with a /tmp of its own (PrivateTmp) sees it too.
 */
void spool_default(const char *shared, char out[SPOOL_PATH_MAX]);

/*
 * Puts the spool's path into out and creates the directory (mode 0700) if necessary. given as above. STATUS_LOCAL when
 * it cannot be created, is a symbolic link, or another user owns it or can access it.
 */
enum status spool_prepare(const char *given, char out[SPOOL_PATH_MAX], struct error *err);

#endif

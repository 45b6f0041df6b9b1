/*
 * The spool directory: data that one walship run leaves for the next and may lose at any time. It is private to the
 * user, because walship trusts its content and some of it is secret.
 */
#ifndef WALSHIP_SYS_SPOOL_H
#define WALSHIP_SYS_SPOOL_H

#include <stdbool.h>

#include "walship/error.h"

#define SPOOL_PATH_MAX 512
#define SPOOL_MEMORY "/dev/shm"
#define SPOOL_SHARED "/var/spool/walship" /* packages make it (doc/deploy/systemd/walship.conf) */

/*
 * Puts the spool's path into out. given NULL: the default spool. Returns false when given is not an absolute path or is
 * too long.
 */
bool spool_path(const char *given, char out[SPOOL_PATH_MAX]);

struct spool_places {
	const char *shared; /* SPOOL_SHARED */
	const char *tmp;    /* /tmp */
	const char *tmpdir; /* the variable TMPDIR; NULL: it is not set */
};

/*
 * The default spool: shared if that is a directory of this user's own; otherwise walship-UID in tmp, or, if tmp cannot
 * be written, in tmpdir. No other user can create or take the shared one, and a service with a /tmp of its own
 * (PrivateTmp) sees it too. TMPDIR comes last, because the server and a shell that runs walship status often have
 * different ones.
 */
void spool_default(const struct spool_places *places, char out[SPOOL_PATH_MAX]);

/* The default spool where TMPDIR decides it. False: it does not. */
bool spool_in_tmpdir(const char *tmpdir, char out[SPOOL_PATH_MAX]);

/*
 * Whether to warn that the spool cannot be used: of the default spool only the first time since the machine or the
 * container started, so that a read-only file system does not cause a warning for each WAL file. memory is a directory
 * that is emptied then (SPOOL_MEMORY); where it cannot be written, each time counts as the first.
 */
bool spool_trouble_is_news(const char *given, const char *memory, const struct error *trouble);

/*
 * Puts the spool's path into out and creates the directory (mode 0700) if necessary. given as above. STATUS_LOCAL when
 * it cannot be created, is a symbolic link, or another user owns it or can access it.
 */
enum status spool_prepare(const char *given, char out[SPOOL_PATH_MAX], struct error *err);

#endif

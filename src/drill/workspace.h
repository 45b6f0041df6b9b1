/*
 * The place of a drill: the directory "walship-drill" in drill-dir, with the copy, its tablespaces, its socket, its
 * log, its spool and the latest WAL. Everything in it belongs to drills, and no other file of drill-dir is touched.
 */
#ifndef WALSHIP_DRILL_WORKSPACE_H
#define WALSHIP_DRILL_WORKSPACE_H

#include <limits.h>

#include "base/call.h"
#include "walship/error.h"

#define WORKSPACE_WAL "wal" /* beside the copy */
#define SERVER_PORT "54320" /* of the socket's name alone: there is no TCP */

struct workspace {
	int lock_fd; /* drill-dir, locked; -1: not open */
	int root_fd;
	char root[PATH_MAX]; /* absolute, without links */
	char data[PATH_MAX], tablespaces[PATH_MAX], sockets[PATH_MAX], log[PATH_MAX], spool[PATH_MAX], hba[PATH_MAX],
	    wal[PATH_MAX];
};

/*
 * As root, becomes the owner of drill-dir for good: a server does not run as root, and a drill shows whether the
 * server's user can read the configuration and the keys. STATUS_USAGE: there is no such directory, or root owns it.
 */
enum status workspace_become_owner(const char *directory, struct error *err);

/*
 * Takes the lock of drill-dir, stops the server of a drill that was killed, removes what it left, and makes the
 * directories. STATUS_USAGE: drill-dir cannot be used. STATUS_EXISTS: another drill runs there. workspace_fini whatever
 * happens.
 */
enum status workspace_open(struct workspace *out, const char *directory, const struct call *call, struct error *err);

/* Removes everything. STATUS_LOCAL. */
enum status workspace_remove(struct workspace *workspace, struct error *err);

/* Releases the lock. */
void workspace_fini(struct workspace *workspace);

#endif

/* The directory into which a server is restored. */
#ifndef WALSHIP_RESTORE_PLACE_H
#define WALSHIP_RESTORE_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "catalog/manifest.h"
#include "restore/tree_restore.h"
#include "walship/error.h"

struct place {
	char path[PATH_MAX]; /* absolute, without links but the last part while it does not exist */
	uint64_t system_id;  /* of the cluster that is there; 0: unknown */
};

/*
 * Looks at the directory. STATUS_USAGE: it is not empty, and delta is not set, or it is no data directory; or it
 * cannot be made. STATUS_LOCAL: a server runs there.
 */
enum status place_examine(struct place *out, const char *directory, bool delta, struct error *err);

/*
 * STATUS_USAGE: this process is root's, and so would be the restored files, which the server refuses: the directory, or
 * its parent where the directory does not exist, belongs to root.
 */
enum status place_check_owner(const struct place *place, struct error *err);

/* STATUS_USAGE: pg_wal has WAL that waits to be archived. A restore with delta removes it. */
enum status place_check_unarchived(const struct place *place, struct error *err);

/* Whether the backup was made of a server in this directory. */
bool place_is_servers_own(const struct place *place, const struct manifest *manifest);

/* STATUS_LOCAL when a file system has not enough room. */
enum status place_check_room(const struct tree_restore_figures *figures, struct error *err);

#endif

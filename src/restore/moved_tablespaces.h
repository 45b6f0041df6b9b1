/* The tablespaces of a backup, each in a directory of its own below one parent: a copy that shares no place with the
 * original. */
#ifndef WALSHIP_RESTORE_MOVED_TABLESPACES_H
#define WALSHIP_RESTORE_MOVED_TABLESPACES_H

#include "restore/tree_restore.h"

/* The zero state is empty. */
struct moved_tablespaces {
	struct restored_tablespace *items; /* owned, with the directories; oid belongs to the manifest */
	size_t count;
};

/* Makes "parent/OID" for each tablespace of the manifest. STATUS_LOCAL; moved_tablespaces_fini whatever happens. */
enum status moved_tablespaces_make(struct moved_tablespaces *out, const struct manifest *manifest, const char *parent,
				   struct error *err);
void moved_tablespaces_fini(struct moved_tablespaces *moved);

#endif

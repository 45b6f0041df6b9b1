/* The room that a restore needs on each file system. */
#ifndef WALSHIP_RESTORE_ROOM_H
#define WALSHIP_RESTORE_ROOM_H

#include "restore/roots.h"

/* Fills figures->rooms. needed: bytes for each root. STATUS_LOCAL: a file system cannot be looked at. */
enum status room_gather(struct tree_restore_figures *figures, const struct roots *roots, const uint64_t *needed,
			struct error *err);

#endif

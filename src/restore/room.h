/* The room that a restore needs on each file system. */
#ifndef WALSHIP_RESTORE_ROOM_H
#define WALSHIP_RESTORE_ROOM_H

#include "restore/places.h"

/* Fills figures->rooms. needed: bytes for each place. STATUS_LOCAL: a file system cannot be looked at. */
enum status room_gather(struct tree_restore_figures *figures, const struct places *places, const uint64_t *needed,
			struct error *err);

#endif

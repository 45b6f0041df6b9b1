/* How far a cluster's WAL had come at its last checkpoint, from global/pg_control: with the server down, too. */
#ifndef WALSHIP_PG_DATA_CHECKPOINT_H
#define WALSHIP_PG_DATA_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

struct checkpoint {
	const char *state; /* as pg_controldata says it: "in production", "shut down"; static storage */
	bool is_standby;   /* "in archive recovery": it archives nothing, but with archive_mode = always */
	uint32_t timeline;
	uint64_t redo_lsn; /* WAL before it has been written; at the end of WAL there is more */
};

/*
 * STATUS_MISSING when pg_control is of a PostgreSQL before 11, which has the fields elsewhere (ControlFileData and
 * CheckPoint in catalog/pg_control.h); STATUS_LOCAL when it cannot be read.
 */
enum status checkpoint_read(struct checkpoint *out, const char *data_directory, struct error *err);

#endif

/* The state of a cluster at its last checkpoint, from global/pg_control. It needs no running server. */
#ifndef WALSHIP_PG_DATA_CHECKPOINT_H
#define WALSHIP_PG_DATA_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

struct checkpoint {
	const char *state; /* as pg_controldata shows it: "in production", "shut down"; static storage */
	bool is_standby;   /* "in archive recovery": archives only with archive_mode = always */
	uint32_t timeline;
	uint64_t redo_lsn; /* all WAL before it has been written; the end of WAL is later */
};

/*
 * STATUS_MISSING when pg_control is from PostgreSQL 10 or older, which has the fields elsewhere (ControlFileData and
 * CheckPoint in catalog/pg_control.h). STATUS_LOCAL when it cannot be read.
 */
enum status checkpoint_read(struct checkpoint *out, const char *data_directory, struct error *err);

#endif

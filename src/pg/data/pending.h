/* What waits to be archived, from pg_wal alone: with the server down, too. */
#ifndef WALSHIP_PG_DATA_PENDING_H
#define WALSHIP_PG_DATA_PENDING_H

#include <stdint.h>

#include "pg/wal/name.h"

struct pending {
	uint64_t files, bytes;      /* with a .ready; bytes of those that are there */
	int64_t oldest_s, newest_s; /* UTC: when they became ready; 0: none is */
	char first[WAL_NAME_MAX];   /* by name; "" when none is */
	uint64_t segments;          /* of the files */
	/* Of what is ready or done: the furthest segment, and when PostgreSQL was told last that one is archived. */
	struct wal_name furthest; /* text "" when there is none */
	int64_t done_s;           /* 0: there is none */
	uint32_t segment_bytes;   /* wal_segment_size; 0: no segment is there to tell */
};

/* STATUS_LOCAL when pg_wal or its archive_status cannot be read. */
enum status pending_look(struct pending *out, const char *data_directory, struct error *err);

/* When PostgreSQL finished this file of pg_wal, by its .ready or .done; 0 when there is neither. */
int64_t pending_finished_s(const char *data_directory, const char *name);

#endif

/* Files that wait to be archived, from pg_wal alone. It needs no running server. */
#ifndef WALSHIP_PG_DATA_PENDING_H
#define WALSHIP_PG_DATA_PENDING_H

#include <stdint.h>

#include "pg/wal/name.h"

struct pending {
	uint64_t files, bytes;      /* files with .ready; bytes of the existing ones */
	int64_t oldest_s, newest_s; /* UTC times when they became ready; 0: none */
	char first[WAL_NAME_MAX];   /* the first by name; "": none */
	uint64_t segments;          /* segments among the files */
	/* Over ready and done files: the furthest segment, and the time of the last .done. */
	struct wal_name furthest; /* text is "" if there is none */
	struct wal_name done;     /* the furthest with .done */
	int64_t done_s;           /* 0: none */
	uint32_t segment_bytes;   /* wal_segment_size; 0: unknown, because there is no segment */
};

/* STATUS_LOCAL when pg_wal or its archive_status cannot be read. */
enum status pending_read(struct pending *out, const char *data_directory, struct error *err);

/* Returns when PostgreSQL finished this file of pg_wal, from its .ready or .done; 0 when it has neither. */
int64_t pending_finished_s(const char *data_directory, const char *name);

#endif

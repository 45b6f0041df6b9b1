/*
 * Which files of pg_wal the server has finished, whatever became of archive_status: by their names and first pages
 * alone, with the server running or not.
 */
#ifndef WALSHIP_PG_DATA_FINISHED_H
#define WALSHIP_PG_DATA_FINISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "pg/wal/name.h"

struct wal_file {
	struct wal_name name;
	uint64_t bytes;
	bool ready;        /* archive_status has NAME.ready: the server itself says that it is finished */
	bool begun;        /* its first page is what its name says; another file's content is, as far as it tells */
	uint64_t left_lsn; /* the first place in this segment where its timeline was left, by the histories; 0: none */
};

struct finished_list {
	struct wal_file *files; /* histories first, then by name */
	size_t count;
	size_t others; /* segments that may still be written to, or wait to be used again under a name to come */
};

/*
 * A segment is finished when the server says so with .ready; or when its first page is its own (a recycled one's is of
 * an older segment), and one behind it has begun: the server writes one segment after the other (XLogWrite in xlog.c,
 * XLogWalRcvWrite in walreceiver.c). Behind it is one of its timeline, of a .partial name too, or one of a timeline
 * that left it later, as the histories in pg_wal tell. The last segment that has begun is the one being written. .done
 * tells nothing more: what a standby received has it, too, and was never archived (XLogWalRcvClose). .history, .backup
 * and .partial are written at once. What is of another cluster is not among them.
 *
 * What this cannot see: a segment that was copied while it was written, beside a later one or its .ready.
 * pg/wal/segment_check.h does.
 *
 * STATUS_LOCAL when the directory cannot be read.
 */
enum status finished_list_read(struct finished_list *out, const char *pg_wal, uint64_t system_id, struct error *err);

/* Leaves the zero state. */
void finished_list_fini(struct finished_list *list);

#endif

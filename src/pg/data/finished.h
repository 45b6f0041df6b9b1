/*
 * Finds the files of pg_wal that the server has finished, from their names and first pages, even if archive_status is
 * lost. It needs no running server.
 */
#ifndef WALSHIP_PG_DATA_FINISHED_H
#define WALSHIP_PG_DATA_FINISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "pg/wal/name.h"

struct wal_file {
	struct wal_name name;
	uint64_t bytes;
	bool ready; /* archive_status has NAME.ready: the server says that the file is finished */
	bool begun; /* the first page matches the name; of other kinds: the content does, as far as that can be checked
		     */
	uint64_t switch_lsn; /* the first switch point of its timeline in this segment, from the histories; 0: none */
};

struct finished_list {
	struct wal_file *files; /* history files first, then sorted by name */
	size_t count;
	size_t unfinished; /* segments that may still be written, or wait to be recycled under a later name */
};

/*
 * A segment is finished in two cases: it has .ready; or its first page is its own (a recycled segment has an older one)
 * and a later segment has begun, because the server writes segments in order (XLogWrite in xlog.c, XLogWalRcvWrite in
 * walreceiver.c). A later segment is one of the same timeline, including .partial, or of a timeline that branched off
 * later, according to the histories in pg_wal. The last segment that has begun is the one being written. .done adds
 * nothing: segments received by a standby have it too and were never archived (XLogWalRcvClose). Files named .history,
 * .backup and .partial are written at once. Files of other clusters are left out.
 *
 * Limit: a segment that was copied during writing, with a later segment or .ready beside it, looks finished.
 * pg/wal/segment_check.h detects that.
 *
 * STATUS_LOCAL when the directory cannot be read.
 */
enum status finished_list_read(struct finished_list *out, const char *pg_wal, uint64_t system_id, struct error *err);

/* Leaves the zero state. */
void finished_list_fini(struct finished_list *list);

#endif

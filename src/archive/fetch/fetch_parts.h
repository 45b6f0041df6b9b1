/*
 * A segment made from the parts that walship stream has stored, at the end of a recovery. What the archive has as a
 * whole always comes first.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_FETCH_PARTS_H
#define WALSHIP_ARCHIVE_FETCH_FETCH_PARTS_H

#include "archive/fetch/fetch_ahead.h"

/*
 * Whether parts may be used: for a segment, by a server that recovers from an archive and is no standby, which would
 * take the end of the parts for the WAL that follows.
 */
bool fetch_parts_apply(const struct fetch_ahead *ahead, const struct wal_name *name);

/*
 * The repository and its mirrors have said that they lack the segment. Makes dest from its parts. STATUS_MISSING: there
 * are none, or they are not the end of the WAL, as the repository or a mirror has a later segment of the timeline, or a
 * timeline that began in this segment or before it. *archived, with STATUS_MISSING: one of them has the whole segment
 * by now. STATUS_DAMAGED: a part needs a key that is not configured.
 */
enum status fetch_parts_run(const struct fetch_ahead *ahead, const struct wal_name *name, const char *dest,
			    bool *archived, struct error *err);

#endif

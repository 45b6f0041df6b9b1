/* What PostgreSQL's archiver will ask for next: archive_status/NAME.ready (access/xlogarchive.c, XLogArchiveNotify). */
#ifndef WALSHIP_PG_DATA_READY_H
#define WALSHIP_PG_DATA_READY_H

#include <stddef.h>

#include "pg/wal/name.h"

struct ready_list {
	struct wal_name
	    *names; /* in the archiver's order: histories first, then by name (ready_file_comparator, pgarch.c) */
	size_t count;
};

/*
 * The first of them, at most as many as most, from the directory archive_status beside the file wal_path; without that
 * file itself. No such directory, as beside a file that is pushed by hand, is STATUS_OK and an empty list.
 */
enum status ready_list_read(struct ready_list *out, const char *wal_path, size_t most, struct error *err);

/* Whether name still waits beside wal_path. */
bool ready_still(const char *wal_path, const char *name);

/* Leaves the zero state. */
void ready_list_fini(struct ready_list *list);

#endif

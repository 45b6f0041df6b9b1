/* The next files for PostgreSQL's archiver: archive_status/NAME.ready (access/xlogarchive.c, XLogArchiveNotify). */
#ifndef WALSHIP_PG_DATA_READY_H
#define WALSHIP_PG_DATA_READY_H

#include <stddef.h>

#include "pg/wal/name.h"

struct ready_list {
	struct wal_name
	    *names; /* in the archiver's order: history files first, then by name (ready_file_comparator, pgarch.c) */
	size_t count;
};

/*
 * Lists the first files, at most `most`, from the directory archive_status beside the file wal_path, without that file
 * itself. A missing directory, as beside a file that is pushed by hand, gives STATUS_OK and an empty list.
 */
enum status ready_list_read(struct ready_list *out, const char *wal_path, size_t most, struct error *err);

/* Whether name still has its .ready beside wal_path. */
bool ready_exists(const char *wal_path, const char *name);

/* Leaves the zero state. */
void ready_list_fini(struct ready_list *list);

#endif

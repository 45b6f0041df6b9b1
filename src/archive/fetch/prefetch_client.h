/*
 * Prefetched segments, as the call that recovery runs uses them. They wait in the spool, in a directory for each
 * cluster, which also has: NAME.part for each segment that is being fetched; the pipe "wanted", which the prefetcher
 * reads; "identity", which names the repository, the keys, and the boot of the machine. Files from before a crash of
 * the machine may be damaged, so that another boot's are never used.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_PREFETCH_CLIENT_H
#define WALSHIP_ARCHIVE_FETCH_PREFETCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "pg/wal/name.h"
#include "repo/identity.h"
#include "repo/settings.h"
#include "sys/note.h"
#include "sys/spool.h"

#define PREFETCH_CLIENT_DIR_MAX (SPOOL_PATH_MAX + 32)
#define PREFETCH_CLIENT_PATH_MAX (PREFETCH_CLIENT_DIR_MAX + WAL_NAME_MAX + 16)

struct prefetch_client {
	char dir[PREFETCH_CLIENT_DIR_MAX];
	struct note identity; /* the content of the file "identity" */
	int wanted_fd;        /* the writing end; -1: no prefetcher runs */
};

/* STATUS_LOCAL when there is no usable spool. */
enum status prefetch_client_open(struct prefetch_client *out, const struct repository_settings *settings,
				 uint64_t system_id, struct error *err);
void prefetch_client_fini(struct prefetch_client *client);

/* "DIRECTORY/NAMEMORE" */
void prefetch_client_path(const struct prefetch_client *client, const char *name, const char *more,
			  char out[PREFETCH_CLIENT_PATH_MAX]);

/*
 * Moves the prefetched segment to dest, waiting for it while it is being fetched. False leaves dest as it was: then the
 * caller asks the store, as the spool cannot tell that a segment does not exist.
 */
bool prefetch_client_take(const struct prefetch_client *client, const struct call *call, const struct wal_name *name,
			  const char *dest);

/* A line for the prefetcher: "NAME BYTES\n" of the segment that recovery has got. Short enough to be atomic. */
#define WANTED_LINE_MAX (WAL_NAME_MAX + 24)
void wanted_line(char out[WANTED_LINE_MAX], const char *name, uint64_t segment_bytes);

/* Tells the prefetcher of this repository, or leaves a record for the next call when none runs. */
void prefetch_client_tell(const struct prefetch_client *client, const char *name, uint64_t segment_bytes);

/*
 * Whether name is the segment after the recorded one, and a segment of its size fits into bytes_max: recovery reads in
 * order, so that fetching ahead pays.
 */
bool prefetch_client_follows(const struct prefetch_client *client, const struct wal_name *name, uint64_t bytes_max);

#endif

/*
 * Segments that wait in the spool, fetched and verified before recovery asks for them: the side of the call that was
 * asked. The directory of a cluster has, beside them, NAME.part for each that is on its way, the pipe "wanted" that the
 * process that fetches ahead reads from, and "identity": of which repository, with which keys, and of which start of
 * the machine they are. What was written before a crash of the machine may not be what it should.
 */
#ifndef WALSHIP_ARCHIVE_FETCH_PREFETCH_CLIENT_H
#define WALSHIP_ARCHIVE_FETCH_PREFETCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "pg/wal/name.h"
#include "repo/identity.h"
#include "repo/settings.h"
#include "sys/spool.h"

#define PREFETCH_CLIENT_DIR_MAX (SPOOL_PATH_MAX + 32)
#define PREFETCH_CLIENT_PATH_MAX (PREFETCH_CLIENT_DIR_MAX + WAL_NAME_MAX + 16)
#define BOOT_ID_MAX 64
#define PREFETCH_CLIENT_IDENTITY_MAX (IDENTITY_MAX + BOOT_ID_MAX + 64)

struct prefetch_client {
	char dir[PREFETCH_CLIENT_DIR_MAX];
	char identity[PREFETCH_CLIENT_IDENTITY_MAX];
	int wanted_fd; /* the writing end; -1: nobody fetches ahead */
};

/* STATUS_LOCAL when there is no usable spool. The zero state, and after prefetch_client_fini, nothing is held. */
enum status prefetch_client_open(struct prefetch_client *out, const struct repository_settings *settings,
				 uint64_t system_id, struct error *err);
void prefetch_client_fini(struct prefetch_client *client);

/* "DIRECTORY/NAME" with more behind it. */
void prefetch_client_path(const struct prefetch_client *client, const char *name, const char *more,
			  char out[PREFETCH_CLIENT_PATH_MAX]);

/*
 * Whether dest has been given the segment; waits for one that is on its way. On false nothing happened to dest, and the
 * store must be asked, whatever the reason: the spool knows no "no".
 */
bool prefetch_client_take(const struct prefetch_client *client, const struct call *call, const struct wal_name *name,
			  const char *dest);

/* What recovery has got, as the process that fetches ahead reads it: "NAME BYTES\n", whole or not at all. */
#define WANTED_LINE_MAX (WAL_NAME_MAX + 24)
void wanted_line(char out[WANTED_LINE_MAX], const char *name, uint64_t segment_bytes);

/* Tells that process, or notes it for the next call where there is none that fetches from this repository. */
void prefetch_client_tell(const struct prefetch_client *client, const char *name, uint64_t segment_bytes);

/*
 * Whether name is the segment behind the one that was noted last, and one of that size fits into bytes_max: recovery
 * goes on in order, and there is something to be had from fetching ahead.
 */
bool prefetch_client_follows(const struct prefetch_client *client, const struct wal_name *name, uint64_t bytes_max);

#endif

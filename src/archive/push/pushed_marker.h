/*
 * Pushed markers: files in the spool, one for each file that was pushed ahead. The archiver's own call for such a file
 * finds its marker and has nothing left to do. A marker identifies the file by more than its name, and also the
 * repository and the key of its object. It holds for this start of the machine. For a directory repository it answers
 * only while the same object is there; for a bucket, which is not asked, it expires. A lost marker costs a repeated
 * push and nothing else.
 */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSHED_MARKER_H
#define WALSHIP_ARCHIVE_PUSH_PUSHED_MARKER_H

#include <stdbool.h>

#include "base/clock.h"
#include "pg/wal/name.h"
#include "repo/identity.h"
#include "repo/settings.h"
#include "sys/boot.h"
#include "sys/spool.h"
#include "text/uri.h"
#include "walship/push.h"

#define PUSHED_MARKER_DIR_MAX (SPOOL_PATH_MAX + 72) /* three numbers of 64 bits */
#define PUSHED_MARKER_AGE_MS (300 * 1000) /* PostgreSQL asks for the next files within seconds of this call's end */

struct pushed_markers {
	uint64_t system_id;          /* of the cluster */
	char identity[IDENTITY_MAX]; /* the repository and the key that encrypts, as identity_text gives them */
	char boot[BOOT_ID_MAX];
	char root[URI_PATH_MAX]; /* of a directory repository; "" for a bucket */
	const struct clock *clock;
	int64_t age_max_ms; /* of a marker for a bucket */
	char dir[PUSHED_MARKER_DIR_MAX];
	bool is_new; /* this call made the directory: it is the first push of this cluster with this spool */
};

struct pushed_marker_place {
	const struct repository_settings *settings;
	const struct clock *clock; /* must outlive the markers */
	uint64_t system_id;
	const char *wal_path;
	int64_t push_timeout_ms; /* this call may take twice as long, and its markers must hold for the next calls */
};

/*
 * Each cluster has its own directory of markers, and so has each copy of a cluster (a standby beside its primary): the
 * device and inode of the directory that wal_path lies in tell copies apart. STATUS_LOCAL when there is no usable
 * spool.
 */
enum status pushed_markers_open(struct pushed_markers *out, const struct pushed_marker_place *place, struct error *err);

/* Whether exactly this file has a marker. Removes the marker, also one for a different file with this name. */
bool pushed_marker_take(const struct pushed_markers *markers, const char *name, const struct shipped *file);

/* The same; the marker stays. */
bool pushed_marker_is_there(const struct pushed_markers *markers, const char *name, const struct shipped *file);

/*
 * Reserves the space of a marker before its file is pushed. STATUS_LOCAL when there is none: then a push would be
 * repeated. The caller closes *fd. The marker is valid from pushed_marker_confirm on.
 */
enum status pushed_marker_reserve(const struct pushed_markers *markers, const char *name, const struct shipped *file,
				  int *fd, struct error *err);
enum status pushed_marker_confirm(const struct pushed_markers *markers, const char *name, const struct shipped *file,
				  int fd, struct error *err);
void pushed_marker_forget(const struct pushed_markers *markers, const char *name);

/* Removes the markers of files that no longer wait beside wal_path. */
void pushed_markers_sweep(const struct pushed_markers *markers, const char *wal_path);

#endif

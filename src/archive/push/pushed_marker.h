/*
 * What was pushed ahead, noted in the spool: the archiver's own call for it finds the note, and has nothing left to do.
 * A note names the file that was pushed, not only its name, the repository that has it and what encrypted it; losing
 * one costs a repeated push and nothing else.
 */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSHED_MARKER_H
#define WALSHIP_ARCHIVE_PUSH_PUSHED_MARKER_H

#include <stdbool.h>

#include "pg/wal/name.h"
#include "repo/identity.h"
#include "repo/settings.h"
#include "sys/spool.h"
#include "walship/push.h"

#define PUSHED_MARKER_DIR_MAX (SPOOL_PATH_MAX + 64)

struct pushed_markers {
	uint64_t system_id;          /* of their cluster */
	char identity[IDENTITY_MAX]; /* the repository that has the object, and the key that encrypts, as the call found
					it */
	char dir[PUSHED_MARKER_DIR_MAX];
};

/*
 * Each cluster has a directory of its own, and so has each copy of one (a standby beside its primary): told apart by
 * the directory that wal_path lies in. STATUS_LOCAL when there is no usable spool.
 */
enum status pushed_markers_open(struct pushed_markers *out, const struct repository_settings *settings,
				uint64_t system_id, const char *wal_path, struct error *err);

/* Whether there is a note for exactly this file. It is used up; one for another file of this name is thrown away. */
bool pushed_marker_take(const struct pushed_markers *notes, const char *name, const struct shipped *file);

/* The same, and it stays. */
bool pushed_marker_is_there(const struct pushed_markers *notes, const char *name, const struct shipped *file);

/*
 * Makes room for a note before its file is pushed: STATUS_LOCAL when there is none, for what cannot be noted would be
 * pushed in vain. The caller closes *fd. Until pushed_marker_confirm it answers for nothing.
 */
enum status pushed_marker_reserve(const struct pushed_markers *notes, const char *name, const struct shipped *file,
				  int *fd, struct error *err);
enum status pushed_marker_confirm(const struct pushed_markers *notes, int fd, const struct shipped *file,
				  struct error *err);
void pushed_marker_forget(const struct pushed_markers *notes, const char *name);

/* Throws away the notes of files that do not wait beside wal_path any more. */
void pushed_markers_sweep(const struct pushed_markers *notes, const char *wal_path);

#endif

/* The file that a thread writes to: a few runs of one file follow each other, and the file is opened once for them. */
#ifndef WALSHIP_RESTORE_TARGET_H
#define WALSHIP_RESTORE_TARGET_H

#include "restore/roots.h"
#include "restore/round.h"

struct target {
	const struct roots *roots;
	struct round *round;
	struct round_file *file; /* NULL: none is open */
	int fd;
	bool is_direct;   /* fd has O_DIRECT at the moment */
	bool no_direct;   /* a file system without it was met */
	uint64_t written; /* bytes, in all files */
};

/* Of the memory, places and lengths that a file system can write without a copy in the page cache (open(2), O_DIRECT).
 */
#define TARGET_DIRECT_ALIGN 4096

/*
 * Opens the file, and closes the one before it. A file that was not there before the restore is created; the first
 * thread that opens a file of a round sets its size, mode and owner.
 */
enum status target_open(struct target *target, struct round_file *file, struct error *err);

/*
 * A large piece goes to the disk at once and past the page cache, if it is aligned and the file system has O_DIRECT.
 * The call then lasts as long as the disk takes.
 */
enum status target_write(struct target *target, const void *data, size_t len, uint64_t offset, struct error *err);

/* Makes all bytes of the range 0, if there are others. The file was there before the restore. */
enum status target_clear(struct target *target, uint64_t offset, uint64_t len, struct error *err);

/* Some file systems report a failed write only here. Nothing if no file is open. */
enum status target_close(struct target *target, struct error *err);

/* Closes the file after a failure. */
void target_fini(struct target *target);

/* Opens a path of the index below its root. Returns -1 with errno. */
int target_open_path(const struct roots *roots, const char *path, int flags);

#endif

/* Where calls for one pg_wal keep what they know of how archiving goes: files of the spool, which may be lost. */
#ifndef WALSHIP_COMMAND_WATCH_H
#define WALSHIP_COMMAND_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "sys/spool.h"

#define WATCH_PATH_MAX (SPOOL_PATH_MAX + 64)

/* Told apart by the folder's device and inode: each cluster, and each copy of one, has its own. */
struct watch {
	const char *given; /* option spool */
	char spool[SPOOL_PATH_MAX];
	uint64_t device, inode; /* of pg_wal */
};

/* For the folder that wal_path lies in. Nothing is made. False when there is no such folder, or spool cannot be one. */
bool watch_find(struct watch *out, const struct config *config, const char *wal_path);

/* Makes the spool, or looks whether what is there may be believed. */
enum status watch_prepare(const struct watch *watch, struct error *err);

/* "SPOOL/WHAT-DEVICE-INODE" */
void watch_path(const struct watch *watch, const char *what, char out[WATCH_PATH_MAX]);

#endif

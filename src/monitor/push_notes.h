/* Where calls for one pg_wal keep what they know of how archiving goes: files of the spool, which may be lost. */
#ifndef WALSHIP_MONITOR_PUSH_NOTES_H
#define WALSHIP_MONITOR_PUSH_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/spool.h"

#define PUSH_NOTES_PATH_MAX (SPOOL_PATH_MAX + 64)

/* Told apart by the directory's device and inode: each cluster, and each copy of one, has its own. */
struct push_notes {
	const char *given; /* the spool as configured, for spool_prepare */
	char spool[SPOOL_PATH_MAX];
	uint64_t device, inode; /* of pg_wal */
};

/* For the directory that wal_path lies in. Nothing is made. False when there is no such directory, or spool cannot be
 * one. */
bool push_notes_find(struct push_notes *out, const char *spool, const char *wal_path);

/* Makes the spool, or looks whether what is there may be believed. */
enum status push_notes_prepare(const struct push_notes *notes, struct error *err);

/* "SPOOL/WHAT-DEVICE-INODE" */
void push_notes_path(const struct push_notes *notes, const char *what, char out[PUSH_NOTES_PATH_MAX]);

#endif

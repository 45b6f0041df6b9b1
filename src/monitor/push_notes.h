/* Files in the spool in which calls for one pg_wal record how archiving goes. Losing them is harmless. */
#ifndef WALSHIP_MONITOR_PUSH_NOTES_H
#define WALSHIP_MONITOR_PUSH_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/spool.h"

#define PUSH_NOTES_PATH_MAX (SPOOL_PATH_MAX + 64)

/* The device and inode of pg_wal identify it: each cluster, and each copy of one, has its own notes. */
struct push_notes {
	const char *given; /* the spool as configured, for spool_prepare */
	char spool[SPOOL_PATH_MAX];
	uint64_t device, inode; /* of pg_wal */
};

/*
 * Finds the notes of the directory of wal_path, and creates nothing. False when that directory does not exist, or spool
 * is not a valid path.
 */
bool push_notes_find(struct push_notes *out, const char *spool, const char *wal_path);

/* Creates the spool, or checks that the existing one is trustworthy. */
enum status push_notes_prepare(const struct push_notes *notes, struct error *err);

/*
 * Leaves a trace of a successful push, for walship status: a push that uses another spool leaves none here. Costs one
 * system call if there is a trace already. Without a usable spool there is none.
 */
void push_notes_leave_trace(const struct push_notes *notes);

/* When the last push left its trace; 0: never. */
int64_t push_notes_trace_s(const struct push_notes *notes);

/* "SPOOL/WHAT-DEVICE-INODE" */
void push_notes_path(const struct push_notes *notes, const char *what, char out[PUSH_NOTES_PATH_MAX]);

#endif

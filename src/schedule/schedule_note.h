/* What the spool remembers of a cluster's schedule: when each task ran last, and when the next one is due. */
#ifndef WALSHIP_SCHEDULE_SCHEDULE_NOTE_H
#define WALSHIP_SCHEDULE_SCHEDULE_NOTE_H

#include "monitor/push_notes.h"
#include "schedule/agenda.h"
#include "sys/spool.h"

#define SCHEDULE_ERROR_MAX 512

struct schedule_note {
	int64_t since_s; /* the schedule is known since then; 0: the spool has no note of it */
	struct {
		int64_t succeeded_s, failed_s;
		unsigned failures;
		char error[SCHEDULE_ERROR_MAX]; /* of the last run, if it failed */
	} tasks[TASK_COUNT];
};

/* Fills *out; with zeros where there is no note. spool as for spool_path. */
void schedule_note_read(struct schedule_note *out, const char *spool, uint64_t system_id);

/* A schedule that was not known is known from now on. Times in the future, from a clock that was ahead, become now. */
void schedule_note_clamp(struct schedule_note *note, int64_t now_s);

enum status schedule_note_write(const struct schedule_note *schedule, const char *spool, uint64_t system_id,
				struct error *err);

/*
 * Takes the lock of a cluster's schedule; *fd, which the caller closes, holds it. STATUS_EXISTS: another process has
 * it.
 */
enum status schedule_lock(const char *spool, uint64_t system_id, int *fd, struct error *err);

/*
 * Sets when the next task is due, for schedule_is_due: for the pushes of the server with this pg_wal. Pushes look again
 * after an hour at the latest: the configuration may have changed.
 */
void schedule_set_due(const char *spool, const char *pg_wal, int64_t due_s, int64_t now_s);

/*
 * Whether something is due, by one look at a file: true also where nothing is known, or where the file has a time that
 * is too far away to be this clock's. Then puts the time off by a minute, so that the next push does not find the same.
 */
bool schedule_is_due(const struct push_notes *notes, int64_t now_s);

#endif

/* Which tasks of a schedule are due, judged from when each was done last: never from memory, so a restart changes
 * nothing, and a run that was missed is made up for once. */
#ifndef WALSHIP_SCHEDULE_AGENDA_H
#define WALSHIP_SCHEDULE_AGENDA_H

#include "schedule/cron.h"

enum task {
#define TASK(id, name, option, command) TASK_##id,
#include "schedule/tasks.def"
#undef TASK
	TASK_COUNT
};

const char *task_name(enum task task);
const char *task_command(enum task task);
static inline bool task_is_backup(enum task task)
{
	return task <= TASK_INCR;
}

/* The repository is the witness of these. For other tasks the notes in the spool are. */
static inline bool task_leaves_objects(enum task task)
{
	return task <= TASK_DUMP;
}

struct task_state {
	bool scheduled; /* else nothing below counts */
	struct cron cron;
	int64_t since_s;     /* the schedule is known since then */
	int64_t succeeded_s; /* begin of the last run that succeeded; 0: none */
	int64_t failed_s;    /* end of the last run, if it failed; else 0 */
	unsigned failures;   /* in a row */
};

struct agenda {
	struct task_state tasks[TASK_COUNT];
	int64_t busy_until_s; /* another machine makes a backup: none is due before; 0: none does */
};

/* When the task succeeded last, itself or by a greater backup; 0: never. */
int64_t agenda_done_s(const struct agenda *agenda, enum task task);

/*
 * From when on a task is due; INT64_MAX: never. A full backup is due at once where there is none, and so is a dump.
 * Times in the future would put the next run off, so the caller has none (schedule_note_clamp, agenda_take_backup).
 */
int64_t agenda_due_s(const struct agenda *agenda, enum task task);

/*
 * A backup or a dump in the repository. stored_s is the store's own time of it; 0: unknown. The earlier of both times
 * counts, and none from the future: this machine's clock may have been ahead.
 */
void agenda_take_backup(struct agenda *agenda, enum task task, int64_t begun_s, int64_t stored_s, int64_t now_s);

/* The first task, from that one on, that is due now; TASK_COUNT if there is none. */
enum task agenda_first(const struct agenda *agenda, enum task from, int64_t now_s);

/* When the next task will be due; INT64_MAX: never. */
int64_t agenda_next_s(const struct agenda *agenda);

#endif

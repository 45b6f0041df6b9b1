/* Shared by schedule.c and schedule_run.c. */
#ifndef WALSHIP_SCHEDULE_SCHEDULE_PRIVATE_H
#define WALSHIP_SCHEDULE_SCHEDULE_PRIVATE_H

#include "schedule/schedule.h"
#include "schedule/schedule_note.h"

struct schedule {
	const struct schedule_settings *settings;
	struct data_directory directory; /* may be unknown */
	uint64_t system_id;
	struct schedule_note note;
	struct agenda agenda;
};

/* Parses the times and sets the time zone. STATUS_USAGE also where nothing is scheduled. */
enum status schedule_parse(struct schedule *schedule, const struct schedule_settings *settings, struct error *err);

/* The same, and finds the cluster. */
enum status schedule_init(struct schedule *schedule, const struct schedule_settings *settings, struct error *err);

/* Fills the agenda from the note; with_backups: its times of backups too, which the repository else knows better. */
void schedule_take_note(struct schedule *schedule, bool with_backups);

/* Reads from the spool, and for backups from the repository, when each task was done last. */
enum status schedule_refresh(struct schedule *schedule, struct error *err);

/* Whether this server is one on which the schedule runs. */
bool schedule_is_on(const struct schedule *schedule);

/* Runs a task, prints and notes its outcome. *outcome is the task's; the status that of printing and noting. */
enum status schedule_run_task(struct schedule *schedule, enum task task, enum status *outcome, struct error *err);

#endif

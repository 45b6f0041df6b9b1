#include "schedule/schedule_health.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "schedule/schedule_private.h"

#define LATE_S 600
#define LATE_PART 10
#define HOUR_S 3600
#define DAY_S 86400

int64_t schedule_late_s(const struct cron *cron, int64_t due_s)
{
	int64_t next_s = due_s == INT64_MAX ? INT64_MAX : cron_next(cron, due_s);
	return next_s == INT64_MAX ? INT64_MAX : due_s + (next_s - due_s) / LATE_PART + LATE_S;
}

/* A task that runs may take as long as it is not due again. */
static bool is_running(const struct schedule *schedule)
{
	CLEANUP(fd_closep) int lock = -1;
	struct error ignored = {0};
	return schedule_lock(schedule->settings->spool, schedule->system_id, &lock, &ignored) == STATUS_EXISTS;
}

static void take_task(struct health_task *out, const struct schedule *schedule, enum task task, bool running)
{
	struct agenda agenda = schedule->agenda;
	const struct cron *cron = &agenda.tasks[task].cron;
	agenda.tasks[task].failures = 0; /* a retry does not put off when the task was due */
	*out = (struct health_task){.name = task_name(task),
				    .succeeded_s = agenda_done_s(&agenda, task),
				    .due_s = agenda_due_s(&agenda, task),
				    .failures = schedule->note.tasks[task].failures};
	out->late_s = schedule_late_s(cron, out->due_s);
	if (running && out->late_s != INT64_MAX)
		out->late_s += cron_next(cron, out->due_s) - out->due_s;
	(void)snprintf(out->error, sizeof out->error, "%s", schedule->note.tasks[task].error);
}

void schedule_look(struct health_schedule *out, const struct schedule_settings *settings)
{
	struct schedule schedule;
	struct error trouble = {0};
	*out = (struct health_schedule){.scheduled = false};
	for (enum task task = 0; task < TASK_COUNT; task++)
		out->scheduled |= settings->times[task] != NULL;
	if (!out->scheduled)
		return;
	if (schedule_init(&schedule, settings, &trouble)) {
		out->trouble = trouble;
		return;
	}
	out->elsewhere = !schedule_is_on(&schedule);
	schedule_note_read(&schedule.note, settings->spool, schedule.system_id);
	out->known = schedule.note.since_s != 0;
	if (!out->known)
		return;
	schedule_take_note(&schedule, true);
	bool running = is_running(&schedule);
	for (enum task task = 0; task < TASK_COUNT; task++)
		if (schedule.agenda.tasks[task].scheduled)
			take_task(&out->tasks[out->count++], &schedule, task, running);
}

_Static_assert(TASK_COUNT <= HEALTH_TASKS_MAX, "each task has a place in status");

/* The last two due times at which a run that is missing is late by now; INT64_MIN: there are none. */
struct passed {
	int64_t last_s, before_s;
};

static void take_passed(struct passed *passed, int64_t due_s)
{
	if (due_s > passed->last_s) {
		passed->before_s = passed->last_s;
		passed->last_s = due_s;
	} else if (due_s > passed->before_s && due_s < passed->last_s) {
		passed->before_s = due_s;
	}
}

static void find_passed(struct passed *out, const struct cron *cron, int64_t now_s)
{
	static const int64_t windows_s[] = {3 * HOUR_S, 3 * DAY_S, 35 * DAY_S, 800 * DAY_S};
	for (size_t i = 0; i < sizeof windows_s / sizeof windows_s[0]; i++) {
		struct passed found = {INT64_MIN, INT64_MIN};
		for (int64_t due_s = cron_next(cron, now_s - windows_s[i]); schedule_late_s(cron, due_s) <= now_s;
		     due_s = cron_next(cron, due_s))
			take_passed(&found, due_s);
		if (found.before_s == INT64_MIN)
			continue;
		take_passed(out, found.before_s);
		take_passed(out, found.last_s);
		return;
	}
}

static void set_age(struct threshold *out, const struct passed *passed, int64_t now_s)
{
	if (passed->before_s != INT64_MIN)
		*out = (struct threshold){(uint64_t)(now_s - passed->last_s) * 1000,
					  (uint64_t)(now_s - passed->before_s) * 1000};
}

void schedule_age(struct threshold *out, const struct agenda *agenda, enum task least, int64_t now_s)
{
	struct passed passed = {INT64_MIN, INT64_MIN};
	for (enum task task = 0; task <= least; task++)
		if (agenda->tasks[task].scheduled && (task == least || task_is_backup(least)))
			find_passed(&passed, &agenda->tasks[task].cron, now_s);
	set_age(out, &passed, now_s);
}

void schedule_task_age(struct threshold *out, const struct schedule_settings *settings, enum task task)
{
	struct schedule schedule;
	struct error ignored = {0};
	struct passed passed = {INT64_MIN, INT64_MIN};
	int64_t now_s = clock_utc_s(settings->call->clock);
	if (settings->times[task] == NULL || schedule_parse(&schedule, settings, &ignored))
		return;
	find_passed(&passed, &schedule.agenda.tasks[task].cron, now_s);
	set_age(out, &passed, now_s);
}

void schedule_ages(struct schedule_ages *out, const struct schedule_settings *settings)
{
	struct schedule schedule;
	struct error ignored = {0};
	int64_t now_s = clock_utc_s(settings->call->clock);
	if (schedule_parse(&schedule, settings, &ignored))
		return;
	schedule_age(&out->full_ms, &schedule.agenda, TASK_FULL, now_s);
	schedule_age(&out->backup_ms, &schedule.agenda, TASK_INCR, now_s);
	schedule_age(&out->dump_ms, &schedule.agenda, TASK_DUMP, now_s);
}

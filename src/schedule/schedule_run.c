/* Runs the tasks of a schedule: what is due now, or for ever. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "schedule/heartbeat.h"
#include "schedule/schedule_private.h"
#include "sys/priority.h"
#include "sys/program.h"
#include "sys/service_notify.h"

#define RUN_MOST_MS (7LL * 24 * 3600 * 1000) /* of one task: terabytes take days */
#define LOOK_MS 600000                       /* another machine may have made a backup */
#define NAP_MS 500                           /* a signal ends the process at once; the clock may be set */
#define AWAY_S 60      /* what is due cannot run now, as on a standby, or the repository is away: look again */
#define GRACE_MS 20000 /* for a backup to end, when SIGTERM ends the schedule */

static enum status print_run(const struct schedule *schedule, enum task task, int64_t begun_s, int64_t spent_ms,
			     const struct error *trouble, struct error *err)
{
	const struct console *console = schedule->settings->console;
	bool failed = trouble->text[0] != '\0';
	if (schedule->settings->json)
		return print_json(console,
				  json_pack("{s:s, s:s, s:s, s:o, s:f, s:o}", "kind", "run", "task", task_name(task),
					    "result", failed ? "failed" : "ok", "begin_time", print_time(begun_s),
					    "took_seconds", (double)spent_ms / 1000, "error",
					    print_string(trouble->text)),
				  err);
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = buffer_printf(&out, err, "%s %s  %.1f s%s%s\n", failed ? "✗" : "✓", task_name(task),
				       (double)spent_ms / 1000, failed ? "  " : "", trouble->text);
	return st ? st : print_text(console, &out, err);
}

static void note_outcome(struct schedule *schedule, enum task task, int64_t begun_s, const struct error *trouble)
{
	bool failed = trouble->text[0] != '\0';
	schedule->note.tasks[task].failed_s = failed ? clock_utc_s(schedule->settings->call->clock) : 0;
	schedule->note.tasks[task].failures = failed ? schedule->note.tasks[task].failures + 1 : 0;
	if (!failed)
		schedule->note.tasks[task].succeeded_s = begun_s;
	(void)snprintf(schedule->note.tasks[task].error, SCHEDULE_ERROR_MAX, "%.*s", SCHEDULE_ERROR_MAX - 1,
		       trouble->text);
}

struct pinging {
	const struct schedule_settings *settings;
	int64_t pinged_ms;
};

static void ping(void *arg)
{
	struct pinging *pinging = arg;
	service_notify_alive(pinging->settings->notify_socket, pinging->settings->call->clock, &pinging->pinged_ms);
}

/* name is for messages; command is walship's own, with its operands. */
static enum status run_command(const struct schedule_settings *settings, const char *name, const char *command,
			       struct error *trouble)
{
	CLEANUP(secret_fini) struct secret output = {0};
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct call call = *settings->call;
	call.step_ms = RUN_MOST_MS;
	call.step_begun = NULL;
	call = call_step(&call);
	struct pinging pinging = {settings, clock_monotonic_ms(call.clock)};
	/* The timeout of this process is for its own steps. */
	if (settings->console->verified != NULL)
		settings->console->verified();
	enum status st = buffer_printf(&line, trouble, "%s %s", settings->self, command);
	const struct program program = {.what = name,
					.line = buffer_text(&line),
					.environment = settings->environment,
					.timeout_ms = RUN_MOST_MS,
					.truncate_output = true,
					.unheeded = "walship: warning: ",
					.grace_ms = GRACE_MS,
					.waits = ping,
					.waits_arg = &pinging};
	if (!st)
		st = program_run(&program, &call, &output, trouble);
	(void)call_step(settings->call);
	return st;
}

static bool find_notes(struct push_notes *out, const struct schedule *schedule)
{
	char path[PATH_MAX];
	return schedule->directory.known &&
	       (size_t)snprintf(path, sizeof path, "%s/pg_wal/x", schedule->directory.path) < sizeof path &&
	       push_notes_find(out, schedule->settings->spool, path);
}

static bool any_fails(const struct schedule *schedule)
{
	for (enum task task = 0; task < TASK_COUNT; task++)
		if (schedule->agenda.tasks[task].scheduled && schedule->note.tasks[task].failures > 0)
			return true;
	return false;
}

/* A failed run is told; and that all is well, once no task fails any more. */
static void notify(const struct schedule *schedule, enum task task, int64_t begun_s, enum status outcome,
		   const struct error *trouble)
{
	const struct schedule_settings *settings = schedule->settings;
	struct push_notes notes;
	struct failures failures = {.since_s = begun_s,
				    .last_s = clock_utc_s(settings->call->clock),
				    .count = schedule->note.tasks[task].failures,
				    .exit_code = status_exit_code(outcome, EXIT_FOR_PUSH)};
	const struct notifier notifier = {&settings->notify, settings->call, &notes};
	if (settings->notify.command == NULL || (!outcome && any_fails(schedule)) || !find_notes(&notes, schedule))
		return;
	if (outcome)
		(void)error_hint(
		    &failures.error,
		    error_set(&failures.error, outcome, "scheduled %s: %s", task_name(task), trouble->text), "%s",
		    trouble->hint);
	notify_now(&notifier, &(struct event){.failing = outcome != STATUS_OK,
					      .check = NOTIFIED_SCHEDULE,
					      .failures = &failures,
					      .system_id = schedule->system_id});
}

enum status schedule_run_task(struct schedule *schedule, enum task task, enum status *outcome, struct error *err)
{
	const struct schedule_settings *settings = schedule->settings;
	struct error trouble = {0};
	int64_t begun_s = clock_utc_s(settings->call->clock), begun_ms = clock_monotonic_ms(settings->call->clock);
	*outcome = run_command(settings, task_name(task), task_command(task), &trouble);
	if (!*outcome)
		trouble = (struct error){0};
	else
		log_line(settings->call->log, LEVEL_ERROR, "scheduled %s failed: %s", task_name(task), trouble.text);
	note_outcome(schedule, task, begun_s, &trouble);
	enum status st = schedule_note_write(&schedule->note, settings->spool, schedule->system_id, err);
	heartbeat_send(settings->heartbeats, settings->heartbeat_count, task, *outcome == STATUS_OK, settings->call);
	notify(schedule, task, begun_s, *outcome, &trouble);
	int64_t spent_ms = clock_monotonic_ms(settings->call->clock) - begun_ms;
	return st ? st : print_run(schedule, task, begun_s, spent_ms, &trouble, err);
}

/* The page shows what the runs did. That it could not be written is no failure of theirs. */
static void write_report(const struct schedule_settings *settings)
{
	struct error trouble = {0};
	if (run_command(settings, "report", "report", &trouble))
		log_line(settings->call->log, LEVEL_ERROR, "scheduled report failed: %s", trouble.text);
}

/* For the pushes of this server. */
static void tell_pushes(const struct schedule *schedule, int64_t due_s, int64_t now_s)
{
	char pg_wal[PATH_MAX];
	if (!schedule->directory.known ||
	    (size_t)snprintf(pg_wal, sizeof pg_wal, "%s/pg_wal/x", schedule->directory.path) >= sizeof pg_wal)
		return;
	schedule_set_due(schedule->settings->spool, pg_wal, due_s, now_s);
}

/* *next_s is when something is due again. *worst is the first failure of a task. */
static enum status run_all(struct schedule *schedule, int64_t *next_s, enum status *worst, struct error *err)
{
	const struct clock *clock = schedule->settings->call->clock;
	enum status st = schedule_refresh(schedule, err), outcome = STATUS_OK;
	bool ran = false;
	/* Each task once: one that is due again already must not keep those behind it from running. */
	for (enum task task = 0; !st && schedule_is_on(schedule); task++) {
		task = agenda_first(&schedule->agenda, task, clock_utc_s(clock));
		if (task == TASK_COUNT)
			break;
		st = schedule_run_task(schedule, task, &outcome, err);
		ran = true;
		if (!*worst)
			*worst = outcome;
		if (!st)
			st = schedule_refresh(schedule, err);
	}
	if (ran && schedule->settings->reports)
		write_report(schedule->settings);
	int64_t now_s = clock_utc_s(clock);
	*next_s = st ? 0 : agenda_next_s(&schedule->agenda);
	if (*next_s <= now_s)
		*next_s = now_s + AWAY_S;
	tell_pushes(schedule, *next_s, now_s);
	return st;
}

enum status schedule_run_due(const struct schedule_settings *settings, struct error *err)
{
	struct schedule schedule;
	enum status worst = STATUS_OK;
	CLEANUP(fd_closep) int lock = -1;
	int64_t next_s;
	enum status st = schedule_init(&schedule, settings, err);
	if (!st)
		st = schedule_lock(settings->spool, schedule.system_id, &lock, err);
	if (st)
		return st;
	priority_lower();
	st = run_all(&schedule, &next_s, &worst, err);
	/* So that "since" is known from the first look on. */
	if (!st)
		st = schedule_note_write(&schedule.note, settings->spool, schedule.system_id, err);
	if (st)
		return st;
	*err = (struct error){0};
	return worst;
}

/* One look at the schedule, under the lock. What cannot be done now is logged, and tried again. */
static int64_t look(struct schedule *schedule, struct error *err)
{
	const struct schedule_settings *settings = schedule->settings;
	enum status worst = STATUS_OK;
	CLEANUP(fd_closep) int lock = -1;
	int64_t next_s = clock_utc_s(settings->call->clock) + AWAY_S;
	enum status st = schedule_lock(settings->spool, schedule->system_id, &lock, err);
	if (st == STATUS_EXISTS)
		return next_s;
	if (!st)
		st = run_all(schedule, &next_s, &worst, err);
	if (!st)
		st = schedule_note_write(&schedule->note, settings->spool, schedule->system_id, err);
	if (st)
		log_line(settings->call->log, LEVEL_ERROR, "schedule: %s", err->text);
	*err = (struct error){0};
	return next_s;
}

/* Up to that time, for LOOK_MS at most, and no longer when the clock is put back. */
static void wait_until(const struct schedule_settings *settings, int64_t due_s)
{
	const struct clock *clock = settings->call->clock;
	int64_t begun_ms = clock_monotonic_ms(clock), begun_s = clock_utc_s(clock);
	struct pinging pinging = {settings, begun_ms};
	for (int64_t now_ms = begun_ms; now_ms - begun_ms < LOOK_MS; now_ms = clock_monotonic_ms(clock)) {
		int64_t now_s = clock_utc_s(clock);
		if (now_s >= due_s || now_s < begun_s)
			return;
		(void)call_step(settings->call);
		ping(&pinging);
		clock_sleep_ms(clock, NAP_MS);
	}
}

enum status schedule_run(const struct schedule_settings *settings, struct error *err)
{
	struct schedule schedule;
	enum status st = schedule_init(&schedule, settings, err);
	if (st)
		return st;
	service_notify(settings->notify_socket, "READY=1");
	for (;;)
		wait_until(settings, look(&schedule, err));
}

/* walship status: whether the scheduled tasks run. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/measure.h"
#include "monitor/health_judge_private.h"

static bool is_late(const struct health_task *task, int64_t now_s)
{
	return task->late_s < now_s;
}

bool health_awaits_first_run(const struct health *health, const char *name, char due[UTC_TEXT_SIZE])
{
	const struct health_schedule *schedule = health->schedule;
	if (schedule == NULL || !schedule->scheduled || !schedule->known)
		return false;
	for (size_t i = 0; i < schedule->count; i++) {
		const struct health_task *task = &schedule->tasks[i];
		if (strcmp(task->name, name) == 0 && task->succeeded_s == 0 && task->failures == 0 &&
		    task->due_s != INT64_MAX && !is_late(task, health->now_s)) {
			utc_text(task->due_s, due);
			return true;
		}
	}
	return false;
}

static void say_failed(const struct health_task *task, enum health_level level, struct health_check *check)
{
	health_say(check, level, "%s failed%s: %s", task->name, task->failures > 1 ? " several times in a row" : "",
		   task->error);
	health_advise(check, "the schedule tries again within an hour; walship run-due -v shows what happens");
}

static void say_late(const struct health *health, const struct health_task *task, struct health_check *check)
{
	char due[UTC_TEXT_SIZE], since[MEASURE_MAX];
	utc_text(task->due_s, due);
	measure_seconds(health->now_s - task->due_s, since);
	health_say(check, HEALTH_CRITICAL, "%s was due at %s, %s ago, and has not run since%s%s", task->name, due,
		   since, task->failures > 0 ? ": the last run failed: " : "", task->failures > 0 ? task->error : "");
	health_advise(check, task->failures > 0
				 ? "the schedule tries again within an hour; walship run-due -v shows what happens"
				 : "does the server archive with schedule = push, or does walship schedule run?");
}

/* The first task that is late, else the first that failed. */
static void judge_tasks(const struct health *health, struct health_check *check)
{
	const struct health_schedule *schedule = health->schedule;
	const struct health_task *next = NULL;
	for (size_t i = 0; i < schedule->count; i++)
		if (is_late(&schedule->tasks[i], health->now_s)) {
			say_late(health, &schedule->tasks[i], check);
			return;
		}
	for (size_t i = 0; i < schedule->count; i++) {
		if (schedule->tasks[i].failures > 0) {
			say_failed(&schedule->tasks[i], HEALTH_WARNING, check);
			return;
		}
		if (next == NULL || schedule->tasks[i].due_s < next->due_s)
			next = &schedule->tasks[i];
	}
	char due[UTC_TEXT_SIZE] = "";
	if (next != NULL)
		utc_text(next->due_s, due);
	if (next == NULL || next->due_s == INT64_MAX)
		health_say(check, HEALTH_OK, "no task is ever due");
	else
		health_say(check, HEALTH_OK, "no task is late; %s %s due at %s", next->name,
			   next->due_s <= health->now_s ? "was" : "is", due);
}

void health_judge_schedule(const struct health *health, struct health_check *check)
{
	const struct health_schedule *schedule = health->schedule;
	if (schedule->trouble.text[0] != '\0') {
		health_say(check, HEALTH_CRITICAL, "nothing is run: %s", schedule->trouble.text);
		health_advise(check, schedule->trouble.hint);
	} else if (schedule->elsewhere || (!schedule->known && !health->local)) {
		health_say(check, HEALTH_OK, "not checked: the schedule does not run on this server");
		check->skipped = true;
	} else if (!schedule->known) {
		health_say(check, HEALTH_CRITICAL, "the spool has no note of the schedule: nothing has run it");
		health_advise(check, "set schedule = push, or run walship schedule; status must use the same spool");
	} else {
		judge_tasks(health, check);
	}
}

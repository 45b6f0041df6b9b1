#include "schedule/agenda.h"

#include "base/clock.h"

#define RETRY_FIRST_S 600 /* what failed may pass: the store or the server is away */
#define RETRY_MOST_S 3600
#define RETRY_DRILL_S 86400 /* a drill costs as much as a recovery, and finds the same an hour later */

static const struct {
	const char *name, *command;
} rows[] = {
#define TASK(id, name, option, command) {name, command},
#include "schedule/tasks.def"
#undef TASK
};

const char *task_name(enum task task)
{
	return rows[task].name;
}

const char *task_command(enum task task)
{
	return rows[task].command;
}

static int64_t earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

int64_t agenda_done_s(const struct agenda *agenda, enum task task)
{
	int64_t done = agenda->tasks[task].succeeded_s;
	for (enum task greater = 0; task_is_backup(task) && greater < task; greater++)
		if (agenda->tasks[greater].succeeded_s > done)
			done = agenda->tasks[greater].succeeded_s;
	return done;
}

void agenda_take_backup(struct agenda *agenda, enum task task, int64_t begun_s, int64_t stored_s, int64_t now_s)
{
	int64_t at = stored_s > 0 ? earlier(begun_s, stored_s) : begun_s;
	if (at > now_s && at <= now_s + CLOCK_DRIFT_S)
		at = now_s;
	if (at <= now_s && at > agenda->tasks[task].succeeded_s)
		agenda->tasks[task].succeeded_s = at;
}

static int64_t retry_s(const struct task_state *state, enum task task)
{
	if (task == TASK_DRILL)
		return state->failed_s + RETRY_DRILL_S;
	int64_t wait_s = RETRY_FIRST_S;
	for (unsigned i = 1; i < state->failures && wait_s < RETRY_MOST_S; i++)
		wait_s *= 2;
	return state->failed_s + earlier(wait_s, RETRY_MOST_S);
}

int64_t agenda_due_s(const struct agenda *agenda, enum task task)
{
	const struct task_state *state = &agenda->tasks[task];
	if (!state->scheduled)
		return INT64_MAX;
	int64_t done = agenda_done_s(agenda, task), since = state->since_s;
	bool is_first = (task == TASK_FULL || task == TASK_DUMP) && done == 0;
	int64_t due = is_first ? since : cron_next(&state->cron, done > 0 ? done : since);
	if (task_is_backup(task) && due < agenda->busy_until_s)
		due = agenda->busy_until_s;
	if (state->failures == 0)
		return due;
	int64_t retry = retry_s(state, task);
	return due > retry ? due : retry;
}

enum task agenda_first(const struct agenda *agenda, enum task from, int64_t now_s)
{
	for (enum task task = from; task < TASK_COUNT; task++)
		if (agenda_due_s(agenda, task) <= now_s)
			return task;
	return TASK_COUNT;
}

int64_t agenda_next_s(const struct agenda *agenda)
{
	int64_t next = INT64_MAX;
	for (enum task task = 0; task < TASK_COUNT; task++)
		next = earlier(next, agenda_due_s(agenda, task));
	return next;
}

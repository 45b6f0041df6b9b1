#include "schedule/agenda.h"

#define RETRY_FIRST_S 600 /* what failed may pass: the store or the server is away */
#define RETRY_MOST_S 3600

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

/* When the task was done last, itself or by a greater backup. */
static int64_t done_s(const struct agenda *agenda, enum task task)
{
	int64_t done = agenda->tasks[task].succeeded_s;
	for (enum task greater = 0; task_is_backup(task) && greater < task; greater++)
		if (agenda->tasks[greater].succeeded_s > done)
			done = agenda->tasks[greater].succeeded_s;
	return done;
}

static int64_t retry_s(const struct task_state *state, int64_t now_s)
{
	int64_t wait_s = RETRY_FIRST_S;
	for (unsigned i = 1; i < state->failures && wait_s < RETRY_MOST_S; i++)
		wait_s *= 2;
	return earlier(state->failed_s, now_s) + earlier(wait_s, RETRY_MOST_S);
}

int64_t agenda_due_s(const struct agenda *agenda, enum task task, int64_t now_s)
{
	const struct task_state *state = &agenda->tasks[task];
	if (!state->scheduled)
		return INT64_MAX;
	/* A clock that was ahead must not put the next run off. */
	int64_t done = earlier(done_s(agenda, task), now_s), since = earlier(state->since_s, now_s);
	bool is_first = task == TASK_FULL && done == 0;
	int64_t due = is_first ? since : cron_next(&state->cron, done > 0 ? done : since);
	if (state->failures == 0)
		return due;
	int64_t retry = retry_s(state, now_s);
	return due > retry ? due : retry;
}

enum task agenda_first(const struct agenda *agenda, int64_t now_s)
{
	for (enum task task = 0; task < TASK_COUNT; task++)
		if (agenda_due_s(agenda, task, now_s) <= now_s)
			return task;
	return TASK_COUNT;
}

int64_t agenda_next_s(const struct agenda *agenda, int64_t now_s)
{
	int64_t next = INT64_MAX;
	for (enum task task = 0; task < TASK_COUNT; task++)
		next = earlier(next, agenda_due_s(agenda, task, now_s));
	return next;
}

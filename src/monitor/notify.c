#include "monitor/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/program.h"
#include "text/redact.h"
#include "text/sanitize.h"

#define HOST_MAX 256
#define PRINTED_MAX (NOTIFIED_RESULT_MAX - 64) /* the rest says how the command ended */
#define WHAT "notify-command"
#define GOOD_END ": exited with code 0"

enum event_id {
#define EVENT(id, name, meaning) EVENT_ID_##id,
#include "base/event.def"
#undef EVENT
	EVENT_COUNT
};

static const char *const event_names[EVENT_COUNT] = {
#define EVENT(id, name, meaning) [EVENT_ID_##id] = (name),
#include "base/event.def"
#undef EVENT
};

/* The environment of the command: this process's without walship's secrets, plus the event. */
struct variables {
	char **items; /* NULL-terminated */
	size_t count, capacity;
};

static void variables_fini(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		free(variables->items[i]);
	free(variables->items);
}

__attribute__((format(printf, 3, 4))) static enum status add(struct variables *to, struct error *err,
							     const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = to->count + 1 < to->capacity ? vasprintf(&to->items[to->count], format, args) : -1;
	va_end(args);
	if (len < 0) {
		to->items[to->count] = NULL;
		return error_set(err, STATUS_LOCAL, "out of memory");
	}
	to->items[++to->count] = NULL;
	return STATUS_OK;
}

/* Credentials, and walship's own variables except WALSHIP_CONFIG. */
static bool is_withheld(const char *variable)
{
	static const char *const names[] = {
	    "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_CONTAINER_AUTHORIZATION_TOKEN=",
	    "PGPASSWORD=",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return strncmp(variable, "WALSHIP_", 8) == 0 && strncmp(variable, "WALSHIP_CONFIG=", 15) != 0;
}

static enum status inherit(struct variables *to, const char *const *environment, struct error *err)
{
	size_t count = 0;
	while (environment != NULL && environment[count] != NULL)
		count++;
	to->capacity = count + EVENT_COUNT + 1;
	to->items = calloc(to->capacity, sizeof *to->items);
	if (to->items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < count; i++)
		if (!is_withheld(environment[i]))
			st = add(to, err, "%s", environment[i]);
	return st;
}

/* Unknown values stay unset: walship rejects an empty value of an option. */
static enum status set_text(struct variables *to, enum event_id id, const char *value, struct error *err)
{
	return value == NULL || value[0] == '\0' ? STATUS_OK : add(to, err, "%s=%s", event_names[id], value);
}

static enum status set_number(struct variables *to, enum event_id id, int64_t value, struct error *err)
{
	return add(to, err, "%s=%" PRId64, event_names[id], value);
}

static enum status set_event(struct variables *to, const struct notifier *notifier, const struct event *event,
			     struct error *err)
{
	const struct failures *failures = event->failures;
	int64_t seconds;
	char since[UTC_TEXT_SIZE], host[HOST_MAX] = "", system_id[24] = "";
	if (!clock_age(clock_utc_s(notifier->call->clock), failures->since_s, &seconds))
		seconds = 0;
	utc_text(failures->since_s, since);
	(void)gethostname(host, sizeof host - 1);
	if (event->system_id != 0)
		(void)snprintf(system_id, sizeof system_id, "%" PRIu64, event->system_id);
	const struct {
		enum event_id id;
		const char *value;
	} texts[] = {
	    {EVENT_ID_EVENT, event->failing ? "failing" : "working"},
	    {EVENT_ID_SINCE, since},
	    {EVENT_ID_ERROR, failures->error.text},
	    {EVENT_ID_HINT, failures->error.hint},
	    {EVENT_ID_FILE, failures->file},
	    {EVENT_ID_SYSTEM_ID, system_id},
	    {EVENT_ID_REPO, notifier->settings->repo},
	    {EVENT_ID_HOST, host},
	};
	enum status st = set_number(to, EVENT_ID_SECONDS, seconds, err);
	if (!st)
		st = set_number(to, EVENT_ID_FAILURES, (int64_t)failures->count, err);
	if (!st && failures->count > 0)
		st = set_number(to, EVENT_ID_EXIT_CODE, failures->exit_code, err);
	for (size_t i = 0; !st && i < sizeof texts / sizeof texts[0]; i++)
		st = set_text(to, texts[i].id, texts[i].value, err);
	return st;
}

/* One line: how the command ended, and its output. */
static void say_result(enum status st, const struct error *trouble, struct secret *printed,
		       char out[NOTIFIED_RESULT_MAX])
{
	if (printed->len > 0)
		printed->len = redact(printed->data, printed->len);
	size_t len = printed->len < PRINTED_MAX ? printed->len : PRINTED_MAX;
	while (len > 0 && strchr("\r\n ", printed->data[len - 1]) != NULL)
		len--;
	if (st)
		(void)snprintf(out, NOTIFIED_RESULT_MAX, "%.*s", NOTIFIED_RESULT_MAX - 1, trouble->text);
	else
		(void)snprintf(out, NOTIFIED_RESULT_MAX, WHAT GOOD_END "%s%.*s", len > 0 ? ": " : "", (int)len,
			       len > 0 ? printed->data : "");
	sanitize(out, strlen(out), '\0');
}

/* Runs the command until it ends or times out. */
static enum status run_command(const struct notifier *notifier, const struct event *event,
			       char result[NOTIFIED_RESULT_MAX])
{
	struct error trouble = {0};
	struct call call = *notifier->call;
	CLEANUP(variables_fini) struct variables variables = {0};
	CLEANUP(secret_fini) struct secret printed = {0};
	struct program program = {.what = WHAT,
				  .line = notifier->settings->command,
				  .truncate_output = true,
				  .timeout_ms = notifier->settings->timeout_ms};
	/* The command has its own deadline: the call's may have passed. */
	call.deadline_ms = clock_monotonic_ms(call.clock) + program.timeout_ms;
	enum status st = inherit(&variables, notifier->settings->environment, &trouble);
	if (!st)
		st = set_event(&variables, notifier, event, &trouble);
	program.environment = (const char *const *)variables.items;
	if (!st)
		st = program_run(&program, &call, &printed, &trouble);
	say_result(st, &trouble, &printed, result);
	return st;
}

static void log_result(const struct notifier *notifier, bool good, const char *result)
{
	log_line(notifier->call->log, good ? LEVEL_INFO : LEVEL_WARNING, "%s", result);
}

/* Logs the result of a command that an earlier call left running. */
static void log_earlier_result(const struct notifier *notifier)
{
	char result[NOTIFIED_RESULT_MAX];
	notified_take_result(notifier->notes, result);
	if (result[0] != '\0')
		log_result(notifier, strncmp(result, WHAT GOOD_END, strlen(WHAT GOOD_END)) == 0, result);
}

void notify_impossible(const struct notifier *notifier, const struct error *why)
{
	if (notifier->settings->command != NULL)
		log_line(notifier->call->log, LEVEL_WARNING, WHAT " is not run: %s", why->text);
}

/* Whether to run the command now. An obstacle is logged, and is not an error. */
static bool may_send(const struct notifier *notifier, const struct event *event)
{
	struct error trouble = {0};
	bool mine = false;
	struct claim claim = {
	    .failing = event->failing,
	    .check = event->check,
	    .now_s = clock_utc_s(notifier->call->clock),
	    .interval_s = notifier->settings->interval_ms / 1000,
	};
	if (notified_claim(notifier->notes, &claim, &mine, &trouble))
		notify_impossible(notifier, &trouble);
	return mine;
}

struct detached_run {
	const struct notifier *notifier;
	const struct event *event;
};

/* Runs in a detached process, which has no log. */
static void run_detached(void *arg, int told_fd)
{
	const struct detached_run *run = arg;
	char result[NOTIFIED_RESULT_MAX];
	struct call call = *run->notifier->call;
	struct notifier notifier = *run->notifier;
	(void)told_fd;
	call.signal_hold = NULL;
	call.log = NULL;
	notifier.call = &call;
	(void)run_command(&notifier, run->event, result);
	notified_set_result(notifier.notes, result);
}

void notify_push(const struct notifier *notifier, const struct event *event)
{
	const struct notify_settings *settings = notifier->settings;
	struct detached_run run = {notifier, event};
	if (settings->command == NULL)
		return;
	log_earlier_result(notifier);
	if (settings->detach == NULL ||
	    (event->failing && event->failures->last_s - event->failures->since_s < settings->after_ms / 1000) ||
	    !may_send(notifier, event))
		return;
	int fd = settings->detach(run_detached, &run);
	fd_closep(&fd);
}

void notify_now(const struct notifier *notifier, const struct event *event)
{
	char result[NOTIFIED_RESULT_MAX];
	if (notifier->settings->command == NULL)
		return;
	log_earlier_result(notifier);
	if (!may_send(notifier, event))
		return;
	enum status st = run_command(notifier, event, result);
	log_result(notifier, st == STATUS_OK, result);
	notified_set_result(notifier->notes, result);
	notified_take_result(notifier->notes, result);
}

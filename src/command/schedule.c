/* schedule and run-due: from options to the settings of schedule/schedule.h. */
#include "schedule/schedule.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "command/command.h"
#include "command/options/cluster_asked.h"
#include "command/options/self_command.h"
#include "command/options/settings.h"
#include "command/options/settings_monitor.h"
#include "command/schedule_push.h"
#include "schedule/schedule_health.h"
#include "schedule/schedule_note.h"
#include "text/argsplit.h"

#define HEARTBEATS_MAX 32

struct resolved {
	struct repository_settings repository;
	struct buffer self;
	const char *heartbeats[HEARTBEATS_MAX];
	struct schedule_settings settings;
};

static void resolved_fini(struct resolved *resolved)
{
	buffer_fini(&resolved->self);
}

static enum status resolve(struct resolved *out, const struct command_context *context, struct error *err)
{
	static const enum option_id times[TASK_COUNT] = {
#define TASK(id, name, option, command) [TASK_##id] = OPTION_ID_##option,
#include "schedule/tasks.def"
#undef TASK
	};
	const struct config *config = context->config;
	struct schedule_settings *settings = &out->settings;
	uint64_t on = config_number(config, OPTION_ID_SCHEDULE_ON);
	*out = (struct resolved){0};
	*settings = (struct schedule_settings){
	    .repository = &out->repository,
	    .cluster = cluster_asked(context),
	    .spool = config_text(config, OPTION_ID_SPOOL),
	    .timezone = config_text(config, OPTION_ID_SCHEDULE_TIMEZONE),
	    .on = (enum schedule_on)on,
	    .environment = context->environment,
	    .heartbeats = out->heartbeats,
	    .reports = config_text(config, OPTION_ID_REPORT_FILE) != NULL,
	    .console = &context->console,
	    .call = context->call,
	    .json = command_flag(context, "json"),
	    .notify = settings_notify(context),
	};
	for (enum task task = 0; task < TASK_COUNT; task++)
		settings->times[task] = config_text(config, times[task]);
	size_t count = config_list_count(config, OPTION_ID_HEARTBEAT_URL);
	for (; settings->heartbeat_count < count && settings->heartbeat_count < HEARTBEATS_MAX;
	     settings->heartbeat_count++)
		out->heartbeats[settings->heartbeat_count] =
		    config_list_item(config, OPTION_ID_HEARTBEAT_URL, settings->heartbeat_count);
	enum status st = settings_repository(&out->repository, context, err);
	if (!st)
		st = self_command_make(&out->self, context, &self_command_child, err);
	settings->self = buffer_text(&out->self);
	return st;
}

enum status command_run_due(struct command_context *context, struct error *err)
{
	CLEANUP(resolved_fini) struct resolved resolved;
	enum status st = resolve(&resolved, context, err);
	if (!st)
		st = schedule_run_due(&resolved.settings, err);
	if (st == STATUS_EXISTS) {
		log_line(context->call->log, LEVEL_INFO, "%s", err->text);
		return STATUS_OK;
	}
	/* Without a text a task failed, and the log has its error. */
	return st && err->text[0] != '\0' ? error_wrap(err, st, "run-due") : st;
}

enum status command_schedule(struct command_context *context, struct error *err)
{
	static const char socket_name[] = "NOTIFY_SOCKET";
	CLEANUP(resolved_fini) struct resolved resolved;
	enum status st = resolve(&resolved, context, err);
	resolved.settings.notify_socket = environment_value(context->environment, socket_name, sizeof socket_name - 1);
	if (!st && command_flag(context, "list"))
		st = schedule_list(&resolved.settings, err);
	else if (!st)
		st = schedule_run(&resolved.settings, err);
	return st ? error_wrap(err, st, "schedule") : STATUS_OK;
}

/*
 * In a process of its own, which has no terminal and no descriptors. walship anew: with its own log, signals and
 * deadline.
 */
static void run_due(void *arg, int told_fd)
{
	const struct command_context *context = arg;
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct argsplit args;
	struct error err = {0};
	union {
		const char *const *in;
		char *const *out;
	} environment = {.in = context->environment};
	(void)told_fd;
	if (!self_command_make(&line, context, &self_command_child, &err) && !buffer_printf(&line, &err, " run-due") &&
	    !argsplit(&args, buffer_text(&line), "run-due", &err))
		(void)execve(args.argv[0], args.argv, environment.out);
}

void schedule_push(const struct command_context *context, const struct push_notes *notes)
{
	const struct config *config = context->config;
	if (config_number(config, OPTION_ID_SCHEDULE) != SCHEDULE_PUSH || context->detach == NULL ||
	    !schedule_is_due(notes, clock_utc_s(context->call->clock)))
		return;
	struct command_context own = *context;
	int fd = context->detach(run_due, &own);
	if (fd >= 0)
		(void)close(fd);
}

static bool is_default(const struct config *config, enum option_id warning, enum option_id critical)
{
	return config_is_default(config, warning) && config_is_default(config, critical);
}

enum status schedule_status(struct health_schedule *out, struct thresholds *thresholds,
			    const struct command_context *context, struct error *err)
{
	CLEANUP(resolved_fini) struct resolved resolved;
	const struct config *config = context->config;
	struct schedule_ages ages = {.full_ms = thresholds->full_ms, .backup_ms = thresholds->backup_ms};
	enum status st = resolve(&resolved, context, err);
	if (st)
		return st;
	schedule_look(out, &resolved.settings);
	schedule_task_age(&thresholds->mirror_ms, &resolved.settings, TASK_MIRROR);
	schedule_ages(&ages, &resolved.settings);
	if (is_default(config, OPTION_ID_STATUS_BACKUP_FULL_WARNING, OPTION_ID_STATUS_BACKUP_FULL_CRITICAL))
		thresholds->full_ms = ages.full_ms;
	if (is_default(config, OPTION_ID_STATUS_BACKUP_WARNING, OPTION_ID_STATUS_BACKUP_CRITICAL))
		thresholds->backup_ms = ages.backup_ms;
	thresholds->dump_ms = ages.dump_ms;
	thresholds->dump_expected = resolved.settings.times[TASK_DUMP] != NULL;
	schedule_task_age(&thresholds->drill_ms, &resolved.settings, TASK_DRILL);
	thresholds->drill_expected = resolved.settings.times[TASK_DRILL] != NULL;
	for (enum task task = 0; task < TASK_COUNT; task++)
		if (task_is_backup(task) && resolved.settings.times[task] != NULL)
			thresholds->backup_expected = true;
	return STATUS_OK;
}

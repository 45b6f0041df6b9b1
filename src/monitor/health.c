/* walship status. */
#include "monitor/health.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command/settings.h"
#include "console/print.h"
#include "monitor/notify.h"
#include "monitor/thresholds.h"
#include "sys/newfile.h"

#define METRICS_MODE 0644 /* whoever collects them is another user, and there is no secret in them */

/* All at once: a collector never reads a half of it. Names that begin with a dot it leaves alone. */
static enum status write_metrics_file(const char *path, const struct buffer *metrics, struct error *err)
{
	struct newfile file = {0};
	enum status st = newfile_open(&file, path, METRICS_MODE, err);
	if (!st)
		st = newfile_write(&file, metrics->data, metrics->len, err);
	/* The umask of a server is its own affair. */
	if (!st && fchmod(file.fd, METRICS_MODE) != 0)
		st = error_errno(err, STATUS_LOCAL, errno, "chmod");
	if (!st)
		st = newfile_check_writes(&file, err);
	if (!st)
		st = newfile_replace(&file, err);
	newfile_fini(&file);
	if (!st)
		return STATUS_OK;
	(void)error_hint(err, st, "its directory must be there, and user id %u, who runs this, be able to write to it",
			 (unsigned)geteuid());
	return error_wrap(err, st == STATUS_MISSING ? STATUS_LOCAL : st, "metrics-file %s", path);
}

/* A metrics-file that cannot be written keeps nobody from reading the rest. */
static enum status tell(const struct health *health, const struct health_report *report,
			const struct command_context *context, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer metrics = {0};
	const char *path = config_text(context->config, OPTION_ID_METRICS_FILE);
	bool wanted = command_flag(context, "prometheus");
	enum status st = wanted || path != NULL ? health_metrics(&metrics, health, report, err) : STATUS_OK;
	if (st)
		return st;
	struct error trouble = {0};
	enum status written = path == NULL ? STATUS_OK : write_metrics_file(path, &metrics, err);
	if (wanted)
		st = print_text(&context->console, &metrics, &trouble);
	else
		st = command_flag(context, "json") ? health_print_json(health, report, context, &trouble)
						   : health_print_text(health, report, context, &trouble);
	if (st)
		*err = trouble;
	return st ? st : written;
}

/*
 * Which check is to be well again before somebody is told so; NULL when all are. What waits and gets old while pushes
 * fail does so for their failing, and what a push cannot judge comes first: none is to say of it that it works.
 */
static const char *failing_check(const struct health_report *report, bool pushes_fail)
{
	static const size_t ids[] = {HEALTH_CHECK_CHAIN, HEALTH_CHECK_DISK, HEALTH_CHECK_PUSHES, HEALTH_CHECK_ARCHIVE,
				     HEALTH_CHECK_BACKLOG};
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		if (report->checks[ids[i]].level == HEALTH_CRITICAL || (ids[i] == HEALTH_CHECK_PUSHES && pushes_fail))
			return report->checks[ids[i]].name;
	return NULL;
}

/* What push cannot tell, as nobody calls it: the archiver is dead, archive_command is another, the disk fills. */
static void notify(const struct health *health, const struct health_report *report, struct command_context *context)
{
	char path[PATH_MAX + sizeof "/pg_wal/x"];
	struct push_notes notes;
	struct failures failures = health->failures;
	struct event event = {.failures = &failures, .system_id = health->system_id};
	(void)snprintf(path, sizeof path, "%s/pg_wal/x", health->directory.path);
	if (!health->local)
		return;
	if (!health->spool_known || !push_notes_find(&notes, context->config, path)) {
		notify_impossible(context, &health->spool_trouble);
		return;
	}
	int64_t after_s = (int64_t)config_number(context->config, OPTION_ID_NOTIFY_AFTER) / 1000;
	int64_t failing_s;
	bool pushes_fail =
	    failures.count > 0 && clock_age(health->now_s, failures.since_s, &failing_s) && failing_s >= after_s;
	event.check = failing_check(report, pushes_fail);
	event.failing = event.check != NULL;
	/* Not known is no news; nor is a failure that may be over in a moment. */
	if (!event.failing && (report->level == HEALTH_UNKNOWN || failures.count > 0))
		return;
	if (!pushes_fail) {
		for (size_t i = HEALTH_CHECK_COUNT; i-- > 0;)
			if (report->checks[i].level == report->level)
				(void)error_hint(&failures.error,
						 error_set(&failures.error, STATUS_OK, "%s: %s", report->checks[i].name,
							   report->checks[i].text),
						 "%s", report->checks[i].hint);
		failures.since_s = health->pending.oldest_s != 0 ? health->pending.oldest_s : health->now_s;
	}
	/* From here on notify-timeout bounds it. */
	if (context->console.verified != NULL)
		context->console.verified();
	notify_now(context, &notes, &event);
}

enum status command_status(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "status");
	context->settings = &settings;
	struct health health;
	struct health_report report;
	if (command_flag(context, "json") && command_flag(context, "prometheus"))
		return error_set(err, STATUS_USAGE, "status: --json and --prometheus are two formats");
	enum status st = thresholds_check(context->config, err);
	if (!st)
		st = health_look_local(&health, context, err);
	if (st)
		return error_wrap(err, st, "status");
	health_look_archive(&health, context);
	health_judge(&health, context->config, &report);
	st = tell(&health, &report, context, err);
	if (command_flag(context, "notify"))
		notify(&health, &report, context);
	/* That its lines are not read changes nothing of what they say. */
	if (st == STATUS_UNREAD)
		st = STATUS_OK;
	if (st && report.level != HEALTH_CRITICAL)
		return error_wrap(err, st, "status");
	/* What is critical stays it, whoever could not be told. */
	if (st)
		log_line(context->call->log, LEVEL_WARNING, "status: %s%s%s", err->text,
			 err->hint[0] == '\0' ? "" : "; ", err->hint);
	*err = (struct error){0}; /* all has been said */
	return health_level_status(report.level);
}

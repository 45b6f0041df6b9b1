/* walship status. */
#include "monitor/health.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "monitor/notify.h"
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
		st = newfile_settle(&file, err);
	if (!st)
		st = newfile_replace(&file, err);
	newfile_fini(&file);
	if (!st)
		return STATUS_OK;
	(void)error_hint(err, st, "its directory must exist and be writable by user id %u, which runs this command",
			 (unsigned)geteuid());
	return error_wrap(err, st == STATUS_MISSING ? STATUS_LOCAL : st, "metrics-file %s", path);
}

static enum status print(const struct health *health, const struct health_report *report, enum health_format format,
			 const struct console *console, struct error *err)
{
	return format == HEALTH_JSON ? health_print_json(health, report, console, err)
				     : health_print_text(health, report, console, err);
}

/* A metrics-file that cannot be written keeps nobody from reading the rest. */
static enum status tell(const struct health *health, const struct health_report *report,
			const struct health_settings *settings, const struct console *console, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer metrics = {0};
	const char *path = settings->metrics_file;
	bool wanted = settings->format == HEALTH_PROMETHEUS;
	enum status st = wanted || path != NULL ? health_metrics(&metrics, health, report, err) : STATUS_OK;
	if (st)
		return st;
	struct error trouble = {0};
	enum status written = path == NULL ? STATUS_OK : write_metrics_file(path, &metrics, err);
	st = wanted ? print_text(console, &metrics, &trouble)
		    : print(health, report, settings->format, console, &trouble);
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

/* The event that report tells of; failures gets the text of a check that push knows nothing of. False: no news. */
static bool find_event(const struct health *health, const struct health_report *report, int64_t after_ms,
		       struct failures *failures, struct event *event)
{
	int64_t failing_s;
	bool pushes_fail = failures->count > 0 && clock_age(health->now_s, failures->since_s, &failing_s) &&
			   failing_s >= after_ms / 1000;
	*event = (struct event){.failures = failures, .system_id = health->system_id};
	event->check = failing_check(report, pushes_fail);
	event->failing = event->check != NULL;
	/* Not known is no news; nor is a failure that may be over in a moment. */
	if (!event->failing && (report->level == HEALTH_UNKNOWN || failures->count > 0))
		return false;
	if (pushes_fail)
		return true;
	for (size_t i = HEALTH_CHECK_COUNT; i-- > 0;)
		if (report->checks[i].level == report->level)
			(void)error_hint(&failures->error,
					 error_set(&failures->error, STATUS_OK, "%s: %s", report->checks[i].name,
						   report->checks[i].text),
					 "%s", report->checks[i].hint);
	failures->since_s = health->pending.oldest_s != 0 ? health->pending.oldest_s : health->now_s;
	return true;
}

/* What push cannot tell, as nobody calls it: the archiver is dead, archive_command is another, the disk fills. */
static void notify(const struct health *health, const struct health_report *report,
		   const struct health_settings *settings, const struct console *console)
{
	const struct notifier notifier = {&settings->notify, console->call, &health->notes};
	struct failures failures = health->failures;
	struct event event;
	if (!health->local)
		return;
	if (!health->spool_known) {
		notify_impossible(&notifier, &health->spool_trouble);
		return;
	}
	if (!find_event(health, report, settings->notify.after_ms, &failures, &event))
		return;
	/* From here on notify-timeout bounds it. */
	if (console->verified != NULL)
		console->verified();
	notify_now(&notifier, &event);
}

enum status health_run(const struct health_settings *settings, const struct console *console, struct error *err)
{
	struct health health;
	struct health_report report;
	enum status st = health_look_local(&health, settings, console->call, err);
	if (st)
		return st;
	health_look_archive(&health, settings, console->call);
	health_judge(&health, &settings->thresholds, &report);
	st = tell(&health, &report, settings, console, err);
	if (settings->sends)
		notify(&health, &report, settings, console);
	/* That its lines are not read changes nothing of what they say. */
	if (st == STATUS_UNREAD)
		st = STATUS_OK;
	if (st && report.level != HEALTH_CRITICAL)
		return st;
	/* CRITICAL stands even if output failed. */
	if (st)
		log_line(console->call->log, LEVEL_WARNING, "status: %s%s%s", err->text,
			 err->hint[0] == '\0' ? "" : "; ", err->hint);
	*err = (struct error){0};
	return health_level_status(report.level);
}

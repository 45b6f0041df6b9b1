/* walship status: looks, judges, prints and notifies. */
#include "monitor/health.h"

#include "base/cleanup.h"
#include "console/print.h"
#include "monitor/notify.h"
#include "sys/newfile.h"

#define METRICS_MODE 0644 /* the collector runs as another user, and metrics hold no secret */

static enum status write_metrics_file(const char *path, const struct buffer *metrics, struct error *err)
{
	enum status st = newfile_publish(path, METRICS_MODE, metrics->data, metrics->len, err);
	return st ? error_wrap(err, st, "metrics-file %s", path) : STATUS_OK;
}

static enum status print(const struct health *health, const struct health_report *report, enum health_format format,
			 const struct console *console, struct error *err)
{
	return format == HEALTH_JSON ? health_print_json(health, report, console, err)
				     : health_print_text(health, report, console, err);
}

/* The report is printed even if metrics-file cannot be written. */
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

static const struct health_check *check_of(const struct health_report *report, unsigned id)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->checks[i].id == id)
			return &report->checks[i];
	return NULL;
}

/*
 * The check that the notification is about; NULL when nothing fails. Checks that a push cannot judge come first, so
 * that a successful push does not report them as working. Pushes come before archive and backlog, which get old because
 * pushes fail.
 */
static const char *failing_check(const struct health_report *report, bool pushes_fail)
{
	static const unsigned ids[] = {HEALTH_CHECK_COVERAGE, HEALTH_CHECK_DISK,   HEALTH_CHECK_BACKUP,
				       HEALTH_CHECK_SCHEDULE, HEALTH_CHECK_DRILL,  HEALTH_CHECK_STREAM,
				       HEALTH_CHECK_MIRROR,   HEALTH_CHECK_PUSHES, HEALTH_CHECK_ARCHIVE,
				       HEALTH_CHECK_BACKLOG};
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		const struct health_check *check = check_of(report, ids[i]);
		if (check != NULL &&
		    (check->level == HEALTH_CRITICAL || (ids[i] == HEALTH_CHECK_PUSHES && pushes_fail)))
			return check->name;
	}
	return NULL;
}

/*
 * Fills event from the report; failures gets the text of the failing check when pushes do not fail. False: nothing to
 * report.
 */
static bool find_event(const struct health *health, const struct health_report *report, int64_t after_ms,
		       struct failures *failures, struct event *event)
{
	int64_t failing_s;
	bool pushes_fail = failures->count > 0 && clock_age(health->now_s, failures->since_s, &failing_s) &&
			   failing_s >= after_ms / 1000;
	*event = (struct event){.failures = failures, .system_id = health->system_id};
	event->check = failing_check(report, pushes_fail);
	event->failing = event->check != NULL;
	/* An UNKNOWN check is not news, and neither is a failure that notify-after still tolerates. */
	if (!event->failing && (report->level == HEALTH_UNKNOWN || failures->count > 0))
		return false;
	if (pushes_fail)
		return true;
	for (size_t i = report->count; i-- > 0;)
		if (report->checks[i].level == report->level)
			(void)error_hint(&failures->error,
					 error_set(&failures->error, STATUS_OK, "%s: %s", report->checks[i].name,
						   report->checks[i].text),
					 "%s", report->checks[i].hint);
	failures->since_s = health->pending.oldest_s != 0 ? health->pending.oldest_s : health->now_s;
	return true;
}

/* Reports failures that no push can report: a dead archiver, another archive_command, a disk that fills. */
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
	/* From here on notify-timeout limits the command's time. */
	if (console->verified != NULL)
		console->verified();
	notify_now(&notifier, &event);
}

enum status health_examine(struct health *out, struct health_report *report, const struct health_settings *settings,
			   const struct call *call, struct error *err)
{
	enum status st = health_look_local(out, settings, call, err);
	if (st)
		return st;
	health_look_archive(out, settings, call);
	health_look_drill(out, settings, call);
	health_judge(out, &settings->thresholds, report);
	return STATUS_OK;
}

enum status health_run(const struct health_settings *settings, const struct console *console, struct error *err)
{
	struct health health;
	struct health_report report;
	enum status st = health_examine(&health, &report, settings, console->call, err);
	if (st)
		return st;
	st = tell(&health, &report, settings, console, err);
	if (settings->sends)
		notify(&health, &report, settings, console);
	/* A reader that closes the pipe does not change the result. */
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

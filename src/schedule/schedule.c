#include "schedule/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/backup_list.h"
#include "catalog/begun.h"
#include "catalog/dump_list.h"
#include "console/print.h"
#include "schedule/schedule_private.h"

#define ZONES "/usr/share/zoneinfo/"
#define ZONE_MAX 128
#define TIME_TEXT_MAX 64
#define SILENCE_S 600 /* a backup that has stored nothing for so long is not under way */

static enum status use_timezone(const char *name, struct error *err)
{
	char path[sizeof ZONES + ZONE_MAX];
	struct stat info;
	if (name == NULL)
		name = "UTC";
	bool is_utc = strcmp(name, "UTC") == 0;
	(void)snprintf(path, sizeof path, ZONES "%.*s", ZONE_MAX - 1, name);
	if (!is_utc &&
	    (strstr(name, "..") != NULL || name[0] == '/' || stat(path, &info) != 0 || !S_ISREG(info.st_mode))) {
		(void)error_set(err, STATUS_USAGE, "schedule-timezone: '%.64s' is not a time zone of this machine",
				name);
		return error_hint(err, STATUS_USAGE,
				  "give a name such as America/Toronto; the package tzdata has the time zones");
	}
	if (setenv("TZ", is_utc ? "UTC0" : name, 1) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "set the time zone");
	tzset();
	return STATUS_OK;
}

static enum status parse_times(struct schedule *schedule, struct error *err)
{
	bool any = false;
	for (enum task task = 0; task < TASK_COUNT; task++) {
		const char *text = schedule->settings->times[task];
		if (text == NULL)
			continue;
		enum status st = cron_parse(&schedule->agenda.tasks[task].cron, text, err);
		if (st)
			return st;
		schedule->agenda.tasks[task].scheduled = any = true;
	}
	if (any)
		return STATUS_OK;
	return error_hint(
	    err, error_set(err, STATUS_USAGE, "nothing is scheduled"),
	    "set backup-full, backup-diff, backup-incr, dump-at, expire-at, verify-at, mirror-at or drill-at in "
	    "walship.conf, such as backup-full = 0 2 * * sun");
}

enum status schedule_parse(struct schedule *schedule, const struct schedule_settings *settings, struct error *err)
{
	*schedule = (struct schedule){.settings = settings};
	enum status st = use_timezone(settings->timezone, err);
	return st ? st : parse_times(schedule, err);
}

enum status schedule_init(struct schedule *schedule, const struct schedule_settings *settings, struct error *err)
{
	enum status st = schedule_parse(schedule, settings, err);
	if (!st)
		st = cluster_id_find(&settings->cluster, NULL, &schedule->directory, &schedule->system_id, err);
	if (!st && schedule->system_id == 0)
		st = error_hint(err, error_set(err, STATUS_USAGE, "cannot tell which cluster the schedule is for"),
				"run walship in the data directory, or give --pg-data or --system-id");
	return st;
}

bool schedule_is_on(const struct schedule *schedule)
{
	bool standby = data_directory_is_standby(&schedule->directory);
	switch (schedule->settings->on) {
	case SCHEDULE_ON_PRIMARY:
		return !standby;
	case SCHEDULE_ON_STANDBY:
		return standby;
	case SCHEDULE_ON_ANY:
		break;
	}
	return true;
}

/* The repository is the witness of what backups there are. */
static void take_backups(struct schedule *schedule, const struct backup_list *list)
{
	static const enum task tasks[BACKUP_TYPE_COUNT] = {
	    [BACKUP_FULL] = TASK_FULL, [BACKUP_DIFF] = TASK_DIFF, [BACKUP_INCR] = TASK_INCR};
	int64_t now_s = clock_utc_s(schedule->settings->call->clock);
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_backup *backup = &list->items[i];
		if (backup_list_is_usable(list, backup))
			agenda_take_backup(&schedule->agenda, tasks[backup->label.type], backup->label.begun_s,
					   backup->begun_s, now_s);
	}
}

/* The lock in the spool keeps this machine from making two backups at once; `begun` tells of another machine's. */
static void take_unfinished(struct schedule *schedule, const struct repository *repo,
			    const struct listed_backup *backup)
{
	const struct call *call = schedule->settings->call;
	const struct call step = call_step(call);
	struct agenda *agenda = &schedule->agenda;
	struct backup_begun begun;
	struct error ignored = {0};
	char host[BEGUN_HOST_MAX] = "";
	int64_t until_s = backup->newest_s + SILENCE_S, now_s = clock_utc_s(call->clock);
	(void)gethostname(host, sizeof host - 1);
	if (until_s <= now_s || until_s > now_s + 2 * SILENCE_S || until_s <= agenda->busy_until_s ||
	    backup_begun_read(&begun, repo, &step, schedule->system_id, &backup->label, &ignored) ||
	    begun.host[0] == '\0' || strcmp(begun.host, host) == 0)
		return;
	agenda->busy_until_s = until_s;
	log_line(call->log, LEVEL_INFO, "%s makes the backup %s: no other one is due meanwhile", begun.host,
		 backup->label.text);
}

static bool has_backups(const struct agenda *agenda)
{
	for (enum task task = 0; task < TASK_COUNT; task++)
		if (task_is_backup(task) && agenda->tasks[task].scheduled)
			return true;
	return false;
}

static enum status read_backups(struct schedule *schedule, const struct repository *repo, struct error *err)
{
	CLEANUP(backup_list_fini) struct backup_list list = {0};
	if (!has_backups(&schedule->agenda))
		return STATUS_OK;
	enum status st = backup_list_read(&list, repo, schedule->settings->call, schedule->system_id, err);
	if (!st)
		take_backups(schedule, &list);
	for (size_t i = 0; !st && i < list.count; i++)
		if (!list.items[i].complete)
			take_unfinished(schedule, repo, &list.items[i]);
	return st;
}

static enum status read_dumps(struct schedule *schedule, const struct repository *repo, struct error *err)
{
	struct newest_dump newest;
	const struct call *call = schedule->settings->call;
	if (!schedule->agenda.tasks[TASK_DUMP].scheduled)
		return STATUS_OK;
	enum status st = dump_find_newest(&newest, repo, call, schedule->system_id, err);
	if (!st && newest.label.text[0] != '\0')
		agenda_take_backup(&schedule->agenda, TASK_DUMP, newest.label.begun_s, newest.stored_s,
				   clock_utc_s(call->clock));
	return st;
}

static enum status read_repository(struct schedule *schedule, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct call step = call_step(schedule->settings->call);
	enum status st = repository_open(&repo, schedule->settings->repository, &step, err);
	if (!st)
		st = read_backups(schedule, &repo, err);
	if (!st)
		st = read_dumps(schedule, &repo, err);
	/* For walship status, which does not look at each backup. */
	for (enum task task = 0; !st && task < TASK_COUNT; task++)
		if (task_leaves_objects(task))
			schedule->note.tasks[task].succeeded_s = schedule->agenda.tasks[task].succeeded_s;
	return st;
}

void schedule_take_note(struct schedule *schedule, bool with_backups)
{
	for (enum task task = 0; task < TASK_COUNT; task++) {
		struct task_state *state = &schedule->agenda.tasks[task];
		bool known = with_backups || !task_leaves_objects(task);
		state->since_s = schedule->note.since_s;
		state->succeeded_s = known ? schedule->note.tasks[task].succeeded_s : 0;
		state->failed_s = schedule->note.tasks[task].failed_s;
		state->failures = schedule->note.tasks[task].failures;
	}
}

enum status schedule_refresh(struct schedule *schedule, struct error *err)
{
	const struct schedule_settings *settings = schedule->settings;
	schedule_note_read(&schedule->note, settings->spool, schedule->system_id);
	schedule_note_clamp(&schedule->note, clock_utc_s(settings->call->clock));
	schedule_take_note(schedule, false);
	schedule->agenda.busy_until_s = 0;
	bool reads = has_backups(&schedule->agenda) || schedule->agenda.tasks[TASK_DUMP].scheduled;
	return reads ? read_repository(schedule, err) : STATUS_OK;
}

static void local_text(int64_t seconds, char out[TIME_TEXT_MAX])
{
	struct tm tm;
	time_t when = (time_t)seconds;
	if (localtime_r(&when, &tm) == NULL || strftime(out, TIME_TEXT_MAX, "%Y-%m-%d %H:%M %Z", &tm) == 0)
		out[0] = '\0';
}

static enum status list_task(struct buffer *out, const struct schedule *schedule, enum task task, struct error *err)
{
	const struct schedule_settings *settings = schedule->settings;
	const struct cron *cron = &schedule->agenda.tasks[task].cron;
	int64_t at = clock_utc_s(settings->call->clock);
	json_t *times = json_array();
	enum status st =
	    settings->json ? STATUS_OK : buffer_printf(out, err, "%-7s %-16s", task_name(task), settings->times[task]);
	for (int i = 0; !st && i < SCHEDULE_LISTED && (at = cron_next(cron, at)) != INT64_MAX; i++) {
		char text[TIME_TEXT_MAX];
		local_text(at, text);
		if (settings->json)
			(void)json_array_append_new(times, json_pack("{s:o}", "time", print_time(at)));
		else
			st = buffer_printf(out, err, "%s %s", i == 0 ? "" : ",", text);
	}
	if (!settings->json) {
		json_decref(times);
		return st ? st : buffer_printf(out, err, "\n");
	}
	return print_line(out,
			  json_pack("{s:s, s:s, s:s, s:o}", "kind", "task", "task", task_name(task), "schedule",
				    settings->times[task], "next_times", times),
			  err);
}

enum status schedule_list(const struct schedule_settings *settings, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	struct schedule schedule;
	enum status st = schedule_parse(&schedule, settings, err);
	for (enum task task = 0; !st && task < TASK_COUNT; task++)
		if (schedule.agenda.tasks[task].scheduled)
			st = list_task(&out, &schedule, task, err);
	return st ? st : print_text(settings->console, &out, err);
}

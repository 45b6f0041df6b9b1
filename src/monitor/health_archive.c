/*
 * walship status: the newest part of the repository. It lists only the last two directories that can hold segments (4
 * GiB of WAL each), which pg_control and archive_status determine. Without a data directory it lists all of the
 * cluster, as verify does.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "format/frame.h"
#include "inventory/survey.h"
#include "monitor/health.h"
#include "pg/data/ready.h"
#include "pg/wal/history.h"
#include "repo/coverage.h"
#include "repo/repository.h"
#include "sys/read_file.h"

#define PREFIX_MAX 64
#define SWITCHES_MAX 8   /* timeline switches in the listed directories; with more of them none counts */
#define HOLES_MAX 64     /* gaps whose last segment before them is remembered */
#define WAITING_MAX 4096 /* segments of one gap that are looked for in pg_wal */

/* The last segment before a gap. */
struct hole {
	uint32_t timeline;
	uint64_t number;
	int64_t stored_s;
};

/* A switch away from timeline at lsn. */
struct change {
	uint32_t timeline;
	uint64_t lsn;
};

struct look {
	struct health *health;
	struct health_archive *out;
	struct call call;
	struct store *store;
	uint32_t segment_bytes;
	int64_t settled_s; /* UTC; segments stored later may have overtaken earlier ones */
	struct coverage coverage;
	struct hole last; /* the last segment listed so far; timeline 0: none */
	struct hole holes[HOLES_MAX];
	size_t hole_count;
	struct change changes[SWITCHES_MAX];
	size_t change_count;
	bool too_many_changes;
	uint32_t first_log;
	bool partial; /* earlier directories are not listed */
};

static void follow(struct look *look, const struct wal_name *name, int64_t stored_s)
{
	uint64_t number;
	if (name->kind != WAL_SEGMENT || !wal_name_number(name, look->segment_bytes, &number))
		return;
	if (look->last.timeline != 0 && number > look->last.number + 1 && look->hole_count < HOLES_MAX)
		look->holes[look->hole_count++] = look->last;
	look->last = (struct hole){name->timeline, number, stored_s};
}

/* Of the first object only: the listing goes from the oldest names on. */
static void note_growth(const struct look *look, const struct object_info *info)
{
	bool recent = info->modified_s > look->health->now_s - HEALTH_GROWTH_S;
	look->health->growth.wal_bytes += recent ? info->bytes : 0;
	look->health->growth.least |= recent && look->out->objects == 0 && look->partial;
}

static void note(struct look *look, const struct wal_name *name, const struct object_info *info)
{
	struct health_archive *out = look->out;
	note_growth(look, info);
	out->objects++;
	if (name->kind != WAL_SEGMENT)
		return;
	out->newest = *name;
	out->newest_s = info->modified_s;
}

static enum status take(void *arg, const struct object_info *info, struct error *err)
{
	struct look *look = arg;
	uint64_t system_id;
	struct wal_name name;
	/* Skips foreign objects, and objects too short to be fetched. */
	if (!wal_object_parse(info->name, &system_id, &name) || info->bytes < OBJECT_MIN)
		return STATUS_OK;
	note(look, &name, info);
	follow(look, &name, info->modified_s);
	return coverage_add(&look->coverage, &name, info->bytes, info->modified_s, err);
}

static enum status list_log(struct look *look, uint32_t timeline, uint32_t log, struct error *err)
{
	char prefix[PREFIX_MAX];
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%08" PRIX32 "%08" PRIX32 "/", look->health->system_id,
		       timeline, log);
	return store_list(look->store, &look->call, prefix, take, look, err);
}

static uint32_t log_of(uint64_t lsn)
{
	return (uint32_t)(lsn >> 32);
}

static enum status keep_change(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct look *look = arg;
	(void)err;
	if (log_of(switch_lsn) < look->first_log)
		return STATUS_OK;
	if (look->change_count < SWITCHES_MAX)
		look->changes[look->change_count++] = (struct change){timeline, switch_lsn};
	else
		look->too_many_changes = true;
	return STATUS_OK;
}

/* Finds the timeline's ancestors within the listed directories, from its history file in pg_wal. */
static void find_changes(struct look *look, uint32_t timeline)
{
	char path[PATH_MAX], text[16 * 1024];
	struct error ignored;
	if (timeline == 1 || snprintf(path, sizeof path, "%s/pg_wal/%08" PRIX32 ".history",
				      look->health->directory.path, timeline) >= (int)sizeof path)
		return;
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? 0 : read_file_open(fd, text, sizeof text);
	if (got > 0 && (size_t)got < sizeof text)
		(void)wal_history_read(timeline, text, (size_t)got, keep_change, look, &ignored);
	if (look->too_many_changes)
		look->change_count = 0;
}

/* Gives the coverage the same switches only: it sees no older WAL, and must not report it as missing. */
static enum status tell_changes(struct look *look, uint32_t timeline, struct error *err)
{
	char text[SWITCHES_MAX * 64];
	size_t len = 0;
	for (size_t i = 0; i < look->change_count; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%" PRIu32 "\t%X/%X\tx\n",
					look->changes[i].timeline, log_of(look->changes[i].lsn),
					(uint32_t)look->changes[i].lsn);
	return len == 0 ? STATUS_OK : coverage_history(&look->coverage, timeline, text, len, err);
}

static enum status list_up_to(struct look *look, uint32_t timeline, uint32_t log, struct error *err)
{
	enum status st = STATUS_OK;
	look->first_log = log > 0 ? log - 1 : 0;
	look->change_count = 0;
	look->too_many_changes = false;
	find_changes(look, timeline);
	uint32_t from = look->first_log;
	for (size_t i = 0; !st && i < look->change_count; i++) {
		uint32_t end = log_of(look->changes[i].lsn);
		for (uint64_t each = from; !st && each <= end && each <= log; each++)
			st = list_log(look, look->changes[i].timeline, (uint32_t)each, err);
		from = end;
	}
	/* log may be the highest number of 32 bits, hence the wider counter. */
	for (uint64_t each = from; !st && each <= log; each++)
		st = list_log(look, timeline, (uint32_t)each, err);
	return st ? st : tell_changes(look, timeline, err);
}

static enum status stop_at_first(void *arg, const struct object_info *info, struct error *err)
{
	(void)arg;
	return error_set(err, STATUS_EXISTS, "there is %s", info->name);
}

/* The newest directories are empty: looks for any object of the cluster. */
static enum status look_for_any(struct look *look, struct error *err)
{
	char prefix[PREFIX_MAX];
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/", look->health->system_id);
	enum status st = store_list(look->store, &look->call, prefix, stop_at_first, NULL, err);
	look->out->older = st == STATUS_EXISTS;
	return st == STATUS_EXISTS ? STATUS_OK : st;
}

static enum status list_newest(struct look *look, struct error *err)
{
	const struct pending *pending = &look->health->pending;
	uint32_t timeline = look->health->checkpoint.timeline;
	uint32_t log = log_of(look->health->checkpoint.redo_lsn);
	struct wal_name first;
	struct error ignored;
	if (pending->furthest.text[0] != '\0' && pending->furthest.timeline >= timeline) {
		log =
		    pending->furthest.log > log || pending->furthest.timeline > timeline ? pending->furthest.log : log;
		timeline = pending->furthest.timeline;
	}
	enum status st = list_up_to(look, timeline, log, err);
	/* After a long standstill the archive ends where the waiting files begin. */
	if (!st && look->out->newest.text[0] == '\0' && wal_name_parse(&first, pending->first, &ignored) == STATUS_OK &&
	    first.kind == WAL_SEGMENT && (first.log < look->first_log || first.timeline < timeline))
		st = list_up_to(look, first.timeline, first.log, err);
	return st || look->out->newest.text[0] != '\0' ? st : look_for_any(look, err);
}

/* Whether the segment waits for the archiver, or was archived during this listing. */
static bool is_on_its_way(const struct look *look, const char *name)
{
	char path[PATH_MAX + sizeof "/pg_wal/archive_status/" + WAL_NAME_MAX + 8];
	struct stat info;
	if (!look->health->local)
		return false;
	(void)snprintf(path, sizeof path, "%s/pg_wal/archive_status/%s.done", look->health->directory.path, name);
	if (stat(path, &info) == 0)
		return info.st_ctim.tv_sec >= look->health->now_s - 1;
	(void)snprintf(path, sizeof path, "%s/pg_wal/x", look->health->directory.path);
	return ready_exists(path, name);
}

/*
 * Splits a gap into segments on their way and missing ones. WAITING_MAX limits the search: a damaged history file may
 * name a switch that is too far off to count to.
 */
static void judge_gap(struct look *look, const struct coverage_gap *gap)
{
	struct health_archive *out = look->out;
	uint64_t looked_for = gap->last - gap->first < WAITING_MAX ? gap->last - gap->first + 1 : WAITING_MAX;
	uint64_t rest = gap->last - gap->first + 1 - looked_for;
	struct health_gap missing = {0};
	if (gap->behind_s > look->settled_s) {
		out->on_their_way += gap->last - gap->first + 1;
		return;
	}
	for (uint64_t i = 0; i < looked_for; i++) {
		struct wal_name name;
		wal_name_of_number(&name, gap->timeline, gap->first + i, look->segment_bytes);
		if (is_on_its_way(look, name.text)) {
			out->on_their_way++;
			continue;
		}
		missing.first = missing.segments == 0 ? name : missing.first;
		missing.last = name;
		missing.segments++;
	}
	if (missing.segments == 0 && rest > 0)
		wal_name_of_number(&missing.first, gap->timeline, gap->first + looked_for, look->segment_bytes);
	if (rest > 0)
		wal_name_of_number(&missing.last, gap->timeline, gap->last, look->segment_bytes);
	missing.segments += rest;
	if (missing.segments == 0)
		return;
	if (out->gap_count < HEALTH_GAPS_MAX)
		out->gaps[out->gap_count] = missing;
	out->gap_count++;
	out->missing += missing.segments;
}

/* While a gap waits to be archived, recovery reaches the segment before it. */
static void find_restorable(struct look *look, const struct coverage_window *window)
{
	struct health_archive *out = look->out;
	uint32_t timeline = window->last_timeline;
	uint64_t number = window->last;
	out->restorable_s = window->last_s;
	for (size_t i = 0; out->on_their_way > 0 && i < look->hole_count; i++) {
		struct wal_name next;
		wal_name_of_number(&next, look->holes[i].timeline, look->holes[i].number + 1, look->segment_bytes);
		if (!is_on_its_way(look, next.text))
			continue;
		timeline = look->holes[i].timeline;
		number = look->holes[i].number;
		out->restorable_s = look->holes[i].stored_s;
		break;
	}
	wal_name_of_number(&out->restorable, timeline, number, look->segment_bytes);
	/* After an outage segments are stored late: the time when PostgreSQL finished the segment counts. */
	int64_t earlier_s;
	int64_t finished_s =
	    look->health->local ? pending_finished_s(look->health->directory.path, out->restorable.text) : 0;
	if (finished_s != 0 && clock_age(out->restorable_s, finished_s, &earlier_s))
		out->restorable_s -= earlier_s;
}

/* Call after coverage_end. */
static void judge_coverage(struct look *look, const struct coverage *coverage)
{
	struct coverage_window window;
	for (size_t i = 0; i < coverage->gap_count; i++)
		if (coverage->gaps[i].needed)
			judge_gap(look, &coverage->gaps[i]);
	if (coverage_newest_window(coverage, &window))
		find_restorable(look, &window);
	look->out->coverage_known = true;
}

static enum status look_at_newest(struct look *look, const struct health_settings *settings, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	enum status st = repository_open(&repo, settings->repository, &look->call, err);
	if (st)
		return st;
	look->store = repo.store;
	look->partial = true;
	look->segment_bytes = look->health->pending.segment_bytes;
	look->settled_s = INT64_MAX;
	coverage_init(&look->coverage, look->health->system_id, look->segment_bytes);
	st = list_newest(look, err);
	if (!st)
		st = health_look_backup(look->health, &repo, &look->call, err);
	if (!st)
		st = health_look_dump(look->health, &repo, &settings->thresholds, &look->call, err);
	if (!st)
		st = health_look_above(look->health, &repo, &look->call, err);
	if (!st)
		look->out->known = true;
	if (!st)
		st = coverage_end(&look->coverage, err);
	if (!st)
		judge_coverage(look, &look->coverage);
	return st;
}

static enum status seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			const struct object_info *info, struct error *err)
{
	(void)coverage, (void)err;
	note(arg, name, info);
	return STATUS_OK;
}

static enum status surveyed(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct look *look = arg;
	struct coverage_stray stray;
	bool strays;
	(void)err;
	health_take_backups(&look->health->backup, backups, look->health->now_s);
	if (coverage->objects == 0)
		return STATUS_OK;
	(void)coverage_latest(coverage, &strays, &stray);
	if (strays) {
		look->out->latest = stray.latest;
		look->out->latest_parent = stray.parent;
		look->out->latest_switch_lsn = stray.switch_lsn;
	}
	look->segment_bytes = coverage->segment_bytes;
	judge_coverage(look, coverage);
	return STATUS_OK;
}

/* The end of the archive is unknown: lists all of the cluster until the deadline. */
static enum status look_at_all(struct look *look, const struct health_settings *settings, struct error *err)
{
	struct survey survey = {.call = &look->call,
				.settings = settings->repository,
				.system_id = look->health->system_id,
				.seen = seen,
				.each = surveyed,
				.arg = look};
	/* push-ahead stores later segments first, while the push of an earlier one may still run. */
	int64_t push_s = settings->push_timeout_ms / 1000;
	look->settled_s = look->health->now_s - push_s;
	enum status st = survey_run(&survey, err);
	look->out->known = look->health->backup.known = !st;
	if (!st && settings->thresholds.dump_expected) {
		CLEANUP(repository_fini) struct repository repo = {0};
		st = repository_open(&repo, settings->repository, &look->call, err);
		if (!st)
			st = health_look_dump(look->health, &repo, &settings->thresholds, &look->call, err);
	}
	return st;
}

void health_look_archive(struct health *out, const struct health_settings *settings, const struct call *call)
{
	struct look look = {.health = out, .out = &out->archive, .call = *call};
	bool end_known =
	    out->local && out->checkpoint.state != NULL && out->pending_known && out->pending.segment_bytes != 0;
	if (end_known)
		(void)look_at_newest(&look, settings, &out->archive.trouble);
	else
		(void)look_at_all(&look, settings, &out->archive.trouble);
	coverage_fini(&look.coverage);
}

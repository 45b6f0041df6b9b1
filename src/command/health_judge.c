/* walship status: what it means. A quiet server is well, whose WAL waits for nobody; WAL that waits is not. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command/health.h"
#include "command/measure.h"

#define INITDB_BYTES (16ULL * 1024 * 1024) /* PostgreSQL 15 writes 6 MB */

static const struct {
	const char *name;
	enum status status;
} levels[HEALTH_LEVEL_COUNT] = {
    [HEALTH_OK] = {"OK", STATUS_OK},
    [HEALTH_WARNING] = {"WARNING", STATUS_WARNING},
    [HEALTH_UNKNOWN] = {"UNKNOWN", STATUS_UNKNOWN},
    [HEALTH_CRITICAL] = {"CRITICAL", STATUS_CRITICAL},
};

const char *health_level_name(enum health_level level)
{
	return levels[level].name;
}

enum status health_level_status(enum health_level level)
{
	return levels[level].status;
}

__attribute__((format(printf, 3, 4))) static void say(struct health_check *check, enum health_level level,
						      const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(check->text, sizeof check->text, format, args);
	va_end(args);
	check->level = level;
}

/* Of a check that needs it. */
static void no_data_directory(struct health_check *check)
{
	say(check, HEALTH_OK, "not looked at: no data directory is at hand");
	check->skipped = true;
}

static void advise(struct health_check *check, const char *hint)
{
	(void)snprintf(check->hint, sizeof check->hint, "%s", hint);
}

/* More is worse. */
static enum health_level above(uint64_t value, const struct config *config, enum option_id warning,
			       enum option_id critical)
{
	if (value >= config_number(config, critical))
		return HEALTH_CRITICAL;
	return value >= config_number(config, warning) ? HEALTH_WARNING : HEALTH_OK;
}

static enum health_level by_age(int64_t age_s, const struct config *config)
{
	return above(age_s > 0 ? (uint64_t)age_s * 1000 : 0, config, OPTION_ID_STATUS_AGE_WARNING,
		     OPTION_ID_STATUS_AGE_CRITICAL);
}

static enum health_level worse(enum health_level a, enum health_level b)
{
	return a > b ? a : b;
}

/* How many segments the last checkpoint saw finished behind the newest one of the repository; 0 when it is not known.
 */
static uint64_t finished_beyond(const struct health *health)
{
	uint32_t size = health->pending.segment_bytes;
	uint64_t newest = 0;
	if (!health->local || health->checkpoint.state == NULL || size == 0 ||
	    (health->archive.newest.text[0] != '\0' && !wal_name_number(&health->archive.newest, size, &newest)))
		return 0;
	uint64_t current = health->checkpoint.redo_lsn / size;
	/* The first segment of a new cluster is number 1, and what initdb wrote behind it was never to be archived. */
	if (health->archive.newest.text[0] == '\0' && health->checkpoint.redo_lsn < size + INITDB_BYTES)
		return 0;
	return current > newest + 1 ? current - newest - 1 : 0;
}

static void judge_nothing_archived(const struct health *health, const struct config *config, struct health_check *check)
{
	bool idle =
	    health->local && health->pending_known && health->pending.files == 0 && finished_beyond(health) == 0;
	if (health->archive.older) {
		say(check, HEALTH_CRITICAL, "the repository has older WAL of this cluster, but none of the last 4 GiB");
		advise(check, "see what archive_command says in PostgreSQL's log");
	} else if (idle) {
		say(check, HEALTH_OK, "nothing is archived yet, and nothing waits: PostgreSQL has finished no segment");
	} else if (health->local && health->pending.files > 0) {
		say(check, by_age(health->now_s - health->pending.oldest_s, config),
		    "nothing is archived yet; the first files wait");
	} else {
		say(check, HEALTH_CRITICAL, "nothing of this cluster has ever been archived here");
		advise(check, "archive_mode = on needs a restart; archive_command = 'walship push %p'");
	}
}

static void judge_newest(const struct health *health, const struct config *config, struct health_check *check)
{
	const struct health_archive *archive = &health->archive;
	char age[MEASURE_MAX], waits[MEASURE_MAX];
	int64_t age_s = health->now_s - archive->newest_s;
	uint64_t beyond = finished_beyond(health);
	measure_seconds(age_s, age);
	if (!health->local || !health->pending_known) {
		say(check, by_age(age_s, config), "newest is %s, %s old", archive->newest.text, age);
	} else if (health->pending.files > 0) {
		int64_t waits_s = health->now_s - health->pending.oldest_s;
		measure_seconds(waits_s, waits);
		say(check, by_age(waits_s < age_s ? waits_s : age_s, config),
		    "newest is %s, %s old; more has waited for %s", archive->newest.text, age, waits);
	} else if (beyond > 0) {
		say(check, by_age(age_s, config),
		    "newest is %s, %s old; %" PRIu64 " later segments are finished, and do not wait to be archived",
		    archive->newest.text, age, beyond);
		advise(
		    check,
		    "archive_mode is off, or archive_status was lost: walship backfill pushes what pg_wal still has");
	} else if (by_age(age_s, config) == HEALTH_OK) {
		say(check, HEALTH_OK, "newest is %s, %s old", archive->newest.text, age);
	} else {
		say(check, HEALTH_OK,
		    "newest is %s, %s old: no segment was finished since (a quiet server; archive_timeout says how "
		    "long it may take)",
		    archive->newest.text, age);
	}
}

static void judge_archive(const struct health *health, const struct config *config, struct health_check *check)
{
	const struct health_archive *archive = &health->archive;
	char when[UTC_TEXT_SIZE];
	if (archive->known && archive->newest.text[0] == '\0') {
		judge_nothing_archived(health, config, check);
	} else if (archive->known) {
		judge_newest(health, config, check);
	} else {
		utc_text(health->pending.done_s, when);
		say(check, HEALTH_UNKNOWN, "the repository cannot be looked at: %s%s%s", archive->trouble.text,
		    health->pending.done_s == 0 ? "" : "; by archive_status the last push succeeded at ",
		    health->pending.done_s == 0 ? "" : when);
		advise(check, archive->trouble.hint);
	}
}

static void judge_backlog(const struct health *health, const struct config *config, struct health_check *check)
{
	const struct pending *pending = &health->pending;
	char bytes[MEASURE_MAX], age[MEASURE_MAX];
	int64_t age_s = health->now_s - pending->oldest_s;
	if (!health->local) {
		no_data_directory(check);
		return;
	}
	if (!health->pending_known) {
		say(check, HEALTH_UNKNOWN, "%s", health->pending_trouble.text);
		return;
	}
	if (pending->files == 0) {
		say(check, HEALTH_OK, "nothing waits to be archived");
		return;
	}
	measure_bytes(pending->bytes, bytes);
	measure_seconds(age_s, age);
	enum health_level level = by_age(age_s, config);
	level = worse(level,
		      above(pending->files, config, OPTION_ID_STATUS_READY_WARNING, OPTION_ID_STATUS_READY_CRITICAL));
	level = worse(level,
		      above(pending->bytes, config, OPTION_ID_STATUS_BYTES_WARNING, OPTION_ID_STATUS_BYTES_CRITICAL));
	say(check, level, "%" PRIu64 " %s to be archived (%s), for %s; the first is %s", pending->files,
	    pending->files == 1 ? "file waits" : "files wait", bytes, age, pending->first);
	if (level != HEALTH_OK && health->failures.count == 0)
		advise(
		    check,
		    health->running
			? "no push has failed: is archive_command set, and does it call walship? See PostgreSQL's log"
			: "PostgreSQL does not run here: nobody archives them");
}

static void judge_pushes(const struct health *health, const struct config *config, struct health_check *check)
{
	const struct failures *failures = &health->failures;
	char since[UTC_TEXT_SIZE], last[MEASURE_MAX];
	if (!health->local) {
		no_data_directory(check);
	} else if (!health->spool_known) {
		say(check, HEALTH_UNKNOWN, "%s", health->spool_trouble.text);
		advise(check, health->spool_trouble.hint);
	} else if (failures->count == 0) {
		say(check, HEALTH_OK, "none has failed since one succeeded");
	} else {
		int64_t failing_s = health->now_s - failures->since_s;
		bool long_ago = by_age(failing_s, config) == HEALTH_CRITICAL;
		utc_text(failures->since_s, since);
		measure_seconds(health->now_s - failures->last_s, last);
		say(check, long_ago ? HEALTH_CRITICAL : HEALTH_WARNING,
		    "%" PRIu64 " in a row have failed since %s, the last %s ago with exit code %d: %s", failures->count,
		    since, last, failures->exit_code, failures->error.text);
		advise(check, failures->error.hint);
	}
}

static void say_missing(struct health_check *check, const struct health_archive *archive, const char *restorable)
{
	const struct health_gap *gap = &archive->gaps[0];
	const char *first = gap->first.text;
	if (archive->missing == 1)
		say(check, HEALTH_CRITICAL, "%s is missing; with a base backup from after it restorable up to %s",
		    first, restorable);
	else if (gap->segments == 1)
		say(check, HEALTH_CRITICAL,
		    "%" PRIu64 " segments are missing, the first is %s; with a base backup from after the last of them "
		    "restorable up to %s",
		    archive->missing, first, restorable);
	else
		say(check, HEALTH_CRITICAL,
		    "%" PRIu64 " segments are missing, the first range is %s to %s; with a base backup from after the "
		    "last range restorable up to %s",
		    archive->missing, first, gap->last.text, restorable);
}

static void judge_chain(const struct health *health, struct health_check *check)
{
	const struct health_archive *archive = &health->archive;
	char restorable[UTC_TEXT_SIZE] = "nowhere";
	if (archive->known && archive->newest.text[0] == '\0') {
		say(check, HEALTH_OK, "nothing to look at yet");
		return;
	}
	if (!archive->chain_known) {
		say(check, HEALTH_UNKNOWN, "not looked at%s%s", archive->trouble.text[0] == '\0' ? "" : ": ",
		    archive->trouble.text);
		return;
	}
	if (archive->restorable_s != 0)
		utc_text(archive->restorable_s, restorable);
	if (archive->gap_count == 0) {
		say(check, HEALTH_OK, "no gap among the newest %" PRIu64 " objects; restorable up to %s",
		    archive->objects, restorable);
		return;
	}
	say_missing(check, archive, restorable);
	advise(check, "walship backfill pushes what pg_wal still has; else make a new base backup: from before the gap "
		      "nothing recovers beyond it. walship verify names all of them");
}

static void judge_disk(const struct health *health, const struct config *config, struct health_check *check)
{
	char free_text[MEASURE_MAX], total[MEASURE_MAX], rate[MEASURE_MAX], left[MEASURE_MAX];
	if (!health->local) {
		no_data_directory(check);
		return;
	}
	if (!health->disk_known) {
		say(check, HEALTH_UNKNOWN, "the file system of pg_wal cannot be looked at");
		return;
	}
	measure_bytes(health->disk_free, free_text);
	measure_bytes(health->disk_total, total);
	if (health->disk_free < 2 * (uint64_t)health->pending.segment_bytes) {
		say(check, HEALTH_CRITICAL, "full: %s free of %s", free_text, total);
		advise(check, "PostgreSQL stops when it cannot write WAL; never delete from pg_wal by hand");
		return;
	}
	if (health->disk_full_s < 0) {
		say(check, HEALTH_OK, "%s free of %s, and not filling", free_text, total);
		return;
	}
	uint64_t left_ms = (uint64_t)health->disk_full_s * 1000;
	enum health_level level = left_ms <= config_number(config, OPTION_ID_STATUS_DISK_CRITICAL)  ? HEALTH_CRITICAL
				  : left_ms <= config_number(config, OPTION_ID_STATUS_DISK_WARNING) ? HEALTH_WARNING
												    : HEALTH_OK;
	measure_bytes(health->disk_bytes_per_s, rate);
	measure_seconds(health->disk_full_s, left);
	say(check, level, "%s free of %s, full in %s at %s a second", free_text, total, left, rate);
}

void health_judge(const struct health *health, const struct config *config, struct health_report *out)
{
	static const char *const names[HEALTH_CHECK_COUNT] = {
	    [HEALTH_CHECK_ARCHIVE] = "archive", [HEALTH_CHECK_BACKLOG] = "backlog", [HEALTH_CHECK_PUSHES] = "pushes",
	    [HEALTH_CHECK_CHAIN] = "chain",     [HEALTH_CHECK_DISK] = "disk",
	};
	*out = (struct health_report){.level = HEALTH_OK};
	judge_archive(health, config, &out->checks[HEALTH_CHECK_ARCHIVE]);
	judge_backlog(health, config, &out->checks[HEALTH_CHECK_BACKLOG]);
	judge_pushes(health, config, &out->checks[HEALTH_CHECK_PUSHES]);
	judge_chain(health, &out->checks[HEALTH_CHECK_CHAIN]);
	judge_disk(health, config, &out->checks[HEALTH_CHECK_DISK]);
	for (size_t i = 0; i < HEALTH_CHECK_COUNT; i++) {
		out->checks[i].name = names[i];
		out->level = worse(out->level, out->checks[i].level);
	}
}

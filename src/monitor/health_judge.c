/* walship status: the judgement. A quiet server without waiting WAL is OK; WAL that waits too long is not. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "console/measure.h"
#include "monitor/health_judge_private.h"

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

void health_say(struct health_check *check, enum health_level level, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(check->text, sizeof check->text, format, args);
	va_end(args);
	check->level = level;
}

/* For a check that needs a data directory. */
static void no_data_directory(struct health_check *check)
{
	health_say(check, HEALTH_OK, "not checked: no data directory found");
	check->skipped = true;
}

void health_advise(struct health_check *check, const char *hint)
{
	(void)snprintf(check->hint, sizeof check->hint, "%s", hint);
}

/* An unknown age is a warning. */
static enum health_level by_age(const struct health_age *age, const struct thresholds *thresholds)
{
	return age->known ? health_above((uint64_t)age->s * 1000, &thresholds->age_ms) : HEALTH_WARNING;
}

/* Segments that are finished according to the last checkpoint but later than the newest stored one; 0 when unknown. */
static uint64_t finished_beyond(const struct health *health)
{
	uint32_t size = health->pending.segment_bytes;
	uint64_t newest = 0;
	if (!health->local || health->checkpoint.state == NULL || size == 0 ||
	    (health->archive.newest.text[0] != '\0' && !wal_name_number(&health->archive.newest, size, &newest)))
		return 0;
	uint64_t current = health->checkpoint.redo_lsn / size;
	/* initdb writes from segment 1 on, and that WAL is never archived. */
	if (health->archive.newest.text[0] == '\0' && health->checkpoint.redo_lsn < size + INITDB_BYTES)
		return 0;
	return current > newest + 1 ? current - newest - 1 : 0;
}

/*
 * PostgreSQL has marked a segment as archived that the repository, listed later, does not have: archive_command calls
 * another program, or uses another repository. A standby marks each segment that it receives, before the primary
 * archives the segment.
 */
static bool is_done_in_vain(const struct health *health)
{
	const struct wal_name *done = &health->pending.done;
	return health->local && health->pending_known && !health->checkpoint.is_standby && done->text[0] != '\0' &&
	       strcmp(done->text, health->archive.newest.text) > 0;
}

static void say_done_in_vain(const struct health *health, struct health_check *check)
{
	const struct wal_name *newest = &health->archive.newest;
	health_say(check, HEALTH_CRITICAL, "PostgreSQL has marked %s as archived, but the repository %s%s",
		   health->pending.done.text,
		   newest->text[0] == '\0' ? "has no recent segment of this cluster" : "ends with ", newest->text);
	health_advise(check,
		      "archive_command reports success without storing the file here: set archive_command = 'walship "
		      "push %p' with this repository; then walship backfill pushes the segments that pg_wal still has");
}

static void judge_nothing_archived(const struct health *health, const struct thresholds *thresholds,
				   struct health_check *check)
{
	bool idle =
	    health->local && health->pending_known && health->pending.files == 0 && finished_beyond(health) == 0;
	if (health->archive.older) {
		health_say(check, HEALTH_CRITICAL,
			   "the repository has older WAL of this cluster, but none from the last 4 GiB");
		health_advise(check, "look for archive_command's errors in PostgreSQL's log");
	} else if (idle) {
		health_say(check, HEALTH_OK,
			   "nothing is archived yet, and no file waits: PostgreSQL has not finished a segment");
	} else if (health->local && health->pending.files > 0) {
		struct health_age waits = health_age(health, health->pending.oldest_s);
		health_say(check, by_age(&waits, thresholds), "nothing is archived yet; the first files wait");
		health_advise_clock(check, &waits);
	} else if (!health->local && thresholds->dump_expected && !thresholds->backup_expected) {
		health_say(check, HEALTH_OK, "not checked: dumps are scheduled here, and the repository has no WAL");
		check->skipped = true;
	} else {
		health_say(check, HEALTH_CRITICAL, "no WAL of this cluster has ever been archived here");
		health_advise(check, "archive_mode = on needs a restart; archive_command = 'walship push %p'");
	}
}

/* Waiting files are bad once they have waited long and nothing was stored meanwhile. */
static enum health_level by_both(const struct health_age *age, const struct health_age *waits,
				 const struct thresholds *thresholds)
{
	if (!age->known || !waits->known)
		return health_worse(HEALTH_WARNING, waits->known ? by_age(waits, thresholds) : HEALTH_WARNING);
	return by_age(waits->s < age->s ? waits : age, thresholds);
}

static void judge_newest(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_archive *archive = &health->archive;
	struct health_age age = health_age(health, archive->newest_s);
	uint64_t beyond = finished_beyond(health);
	if (!health->local || !health->pending_known) {
		health_say(check, by_age(&age, thresholds), "newest segment is %s, %s", archive->newest.text, age.old);
	} else if (health->pending.files > 0) {
		struct health_age waits = health_age(health, health->pending.oldest_s);
		health_say(check, by_both(&age, &waits, thresholds),
			   "newest segment is %s, %s; later files have waited %s", archive->newest.text, age.old,
			   waits.lasts);
		health_advise_clock(check, &waits);
	} else if (beyond > 0) {
		health_say(check, by_age(&age, thresholds),
			   "newest segment is %s, %s; %" PRIu64 " later %s finished but not marked for archiving",
			   archive->newest.text, age.old, beyond, beyond == 1 ? "segment is" : "segments are");
		health_advise(check,
			      "archive_mode is off, or archive_status was lost: run walship backfill to push the "
			      "segments that pg_wal still has");
	} else if (!age.known || by_age(&age, thresholds) == HEALTH_OK) {
		health_say(check, by_age(&age, thresholds), "newest segment is %s, %s", archive->newest.text, age.old);
	} else {
		health_say(check, HEALTH_OK,
			   "newest segment is %s, %s: PostgreSQL has finished no segment since (a quiet server; "
			   "archive_timeout limits how long that "
			   "may take)",
			   archive->newest.text, age.old);
	}
	health_advise_clock(check, &age);
}

static void judge_archive(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_archive *archive = &health->archive;
	char when[UTC_TEXT_SIZE];
	if (archive->known && is_done_in_vain(health)) {
		say_done_in_vain(health, check);
	} else if (archive->known && archive->newest.text[0] == '\0') {
		judge_nothing_archived(health, thresholds, check);
	} else if (archive->known) {
		judge_newest(health, thresholds, check);
	} else {
		utc_text(health->pending.done_s, when);
		health_say(check, HEALTH_UNKNOWN, "cannot read the repository: %s%s%s", archive->trouble.text,
			   health->pending.done_s == 0 ? ""
						       : "; according to archive_status the last push succeeded at ",
			   health->pending.done_s == 0 ? "" : when);
		health_advise(check, archive->trouble.hint);
	}
}

static void judge_backlog(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct pending *pending = &health->pending;
	char bytes[MEASURE_MAX];
	if (!health->local) {
		no_data_directory(check);
		return;
	}
	if (!health->pending_known) {
		health_say(check, HEALTH_UNKNOWN, "%s", health->pending_trouble.text);
		return;
	}
	if (pending->files == 0) {
		health_say(check, HEALTH_OK, "no file waits to be archived");
		return;
	}
	measure_bytes(pending->bytes, bytes);
	struct health_age age = health_age(health, pending->oldest_s);
	enum health_level level = by_age(&age, thresholds);
	level = health_worse(level, health_above(pending->files, &thresholds->ready_files));
	level = health_worse(level, health_above(pending->bytes, &thresholds->ready_bytes));
	health_say(check, level, "%" PRIu64 " %s to be archived (%s), %s; the first is %s", pending->files,
		   pending->files == 1 ? "file waits" : "files wait", bytes, age.lasts, pending->first);
	if ((age.known || level == HEALTH_CRITICAL) && level != HEALTH_OK && health->failures.count == 0)
		health_advise(
		    check,
		    health->running
			? "no push has failed: is archive_command set, and does it call walship? See PostgreSQL's log"
			: "PostgreSQL is not running here, so nothing archives these files");
	health_advise_clock(check, &age);
}

/*
 * PostgreSQL archived a file, and no push left a trace here since: its pushes use another spool, and a record of their
 * failures is there. A standby marks files that it receives.
 */
static bool leaves_no_trace(const struct health *health)
{
	int64_t done_s = health->pending_known && !health->checkpoint.is_standby ? health->pending.done_s : 0;
	return done_s > health->traced_s + CLOCK_DRIFT_S;
}

static void say_no_trace(const struct health *health, struct health_check *check)
{
	char when[UTC_TEXT_SIZE];
	utc_text(health->pending.done_s, when);
	health_say(
	    check, HEALTH_UNKNOWN,
	    "no push has left a trace in the spool %s since PostgreSQL archived a file at %s: failures may be recorded "
	    "elsewhere",
	    health->notes.spool, when);
	health_advise(
	    check,
	    "archive_command and status must use the same spool, and a service with PrivateTmp has another /tmp: set "
	    "spool to a directory that both see; after an update or a restore the next push leaves a trace");
}

static void judge_pushes(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct failures *failures = &health->failures;
	char since[UTC_TEXT_SIZE];
	if (!health->local) {
		no_data_directory(check);
	} else if (!health->spool_known) {
		health_say(check, HEALTH_UNKNOWN, "%s", health->spool_trouble.text);
		health_advise(check, health->spool_trouble.hint);
	} else if (failures->count == 0 && leaves_no_trace(health)) {
		say_no_trace(health, check);
	} else if (failures->count == 0) {
		health_say(check, HEALTH_OK, "no push has failed since the last success");
	} else {
		struct health_age failing = health_age(health, failures->since_s),
				  last = health_age(health, failures->last_s);
		bool long_ago = by_age(&failing, thresholds) == HEALTH_CRITICAL;
		utc_text(failures->since_s, since);
		health_say(check, long_ago ? HEALTH_CRITICAL : HEALTH_WARNING,
			   "%" PRIu64 " %s failed since %s, the last %s with exit code %d: %s", failures->count,
			   failures->count == 1 ? "push has" : "pushes in a row have", since, last.ago,
			   failures->exit_code, failures->error.text);
		health_advise(check, failures->error.hint);
	}
}

static void judge_disk(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	char free_text[MEASURE_MAX], total[MEASURE_MAX], rate[MEASURE_MAX], left[MEASURE_MAX];
	if (!health->local) {
		no_data_directory(check);
		return;
	}
	if (!health->disk_known) {
		health_say(check, HEALTH_UNKNOWN, "cannot query the file system of pg_wal");
		return;
	}
	measure_bytes(health->disk_free, free_text);
	measure_bytes(health->disk_total, total);
	if (health->disk_free < 2 * (uint64_t)health->pending.segment_bytes) {
		health_say(check, HEALTH_CRITICAL, "full: %s free of %s", free_text, total);
		health_advise(check,
			      "PostgreSQL stops when it cannot write WAL; never delete files from pg_wal by hand");
		return;
	}
	if (health->disk_full_s < 0) {
		health_say(check, HEALTH_OK, "%s free of %s, and not filling", free_text, total);
		return;
	}
	uint64_t left_ms = (uint64_t)health->disk_full_s * 1000;
	enum health_level level = left_ms <= thresholds->disk_left_ms.critical  ? HEALTH_CRITICAL
				  : left_ms <= thresholds->disk_left_ms.warning ? HEALTH_WARNING
										: HEALTH_OK;
	measure_bytes(health->disk_bytes_per_s, rate);
	measure_seconds(health->disk_full_s, left);
	health_say(check, level, "%s free of %s, full in %s at %s a second", free_text, total, left, rate);
}

/* The next check of the report. */
static struct health_check *next(struct health_report *report, unsigned id)
{
	static const char *const names[HEALTH_CHECK_COUNT] = {
	    [HEALTH_CHECK_ARCHIVE] = "archive",   [HEALTH_CHECK_BACKLOG] = "backlog", [HEALTH_CHECK_PUSHES] = "pushes",
	    [HEALTH_CHECK_COVERAGE] = "chain",    [HEALTH_CHECK_DISK] = "disk",       [HEALTH_CHECK_BACKUP] = "backup",
	    [HEALTH_CHECK_SCHEDULE] = "schedule", [HEALTH_CHECK_DUMP] = "dump",       [HEALTH_CHECK_DRILL] = "drill",
	    [HEALTH_CHECK_STREAM] = "stream",     [HEALTH_CHECK_MIRROR] = "mirror",   [HEALTH_CHECK_GROWTH] = "growth",
	};
	struct health_check *check = &report->checks[report->count++];
	check->id = id;
	check->name = names[id];
	return check;
}

void health_judge(const struct health *health, const struct thresholds *thresholds, struct health_report *out)
{
	*out = (struct health_report){.level = HEALTH_OK};
	judge_archive(health, thresholds, next(out, HEALTH_CHECK_ARCHIVE));
	judge_backlog(health, thresholds, next(out, HEALTH_CHECK_BACKLOG));
	judge_pushes(health, thresholds, next(out, HEALTH_CHECK_PUSHES));
	health_judge_chain(health, next(out, HEALTH_CHECK_COVERAGE));
	judge_disk(health, thresholds, next(out, HEALTH_CHECK_DISK));
	health_judge_backup(health, thresholds, next(out, HEALTH_CHECK_BACKUP));
	bool scheduled = health->schedule != NULL && health->schedule->scheduled;
	if (scheduled)
		health_judge_schedule(health, next(out, HEALTH_CHECK_SCHEDULE));
	if (scheduled && thresholds->dump_expected)
		health_judge_dump(health, thresholds, next(out, HEALTH_CHECK_DUMP));
	if (health->drill.wanted)
		health_judge_drill(health, thresholds, next(out, HEALTH_CHECK_DRILL));
	if (health->streamed)
		health_judge_stream(health, next(out, HEALTH_CHECK_STREAM));
	if (health->mirrors != NULL && health->mirrors->count > 0)
		health_judge_mirrors(health, thresholds, next(out, HEALTH_CHECK_MIRROR));
	if (thresholds->growth_bytes > 0)
		health_judge_growth(health, thresholds, next(out, HEALTH_CHECK_GROWTH));
	for (size_t i = 0; i < out->count; i++)
		out->level = health_worse(out->level, out->checks[i].level);
}

#include "recovery/moment.h"

#include <inttypes.h>
#include <string.h>

/* What a scan has seen. */
struct seen {
	const struct target *target;
	uint64_t from_lsn; /* earlier records do not count */
	bool hit;          /* a record at which recovery to the target stops */
	uint64_t hit_lsn;
	int64_t before_us;                 /* the last end of a transaction before the hit; 0: none seen */
	int64_t first_end_us, last_end_us; /* of transactions; 0: none seen */
	int64_t first_us;                  /* of any record with a time */
	moment_tablespace_fn tablespace;   /* NULL: not wanted */
	void *tablespace_arg;
};

static bool is_behind(const struct target *target, int64_t time_us)
{
	return target->exclusive ? time_us >= target->time_us : time_us > target->time_us;
}

/* recoveryStopsBefore and recoveryStopsAfter in xlogrecovery.c. */
static bool is_target(const struct target *target, const struct record_mark *mark)
{
	bool ends = mark->kind == MARK_COMMIT || mark->kind == MARK_ABORT;
	if (target->kind == TARGET_NAME)
		return mark->kind == MARK_RESTORE_POINT && strcmp(mark->name, target->text) == 0;
	if (!ends)
		return false;
	if (target->kind == TARGET_TIME)
		return is_behind(target, mark->time_us);
	/* The server compares 32 bits (check_recovery_target_xid in xlogrecovery.c). */
	return target->kind == TARGET_XID && mark->xid == (uint32_t)target->xid;
}

static void see(void *arg, const struct record_mark *mark)
{
	struct seen *seen = arg;
	if (mark->lsn < seen->from_lsn)
		return;
	if (mark->kind == MARK_TABLESPACE) {
		if (seen->tablespace != NULL)
			seen->tablespace(seen->tablespace_arg, mark->lsn, mark->location);
		return;
	}
	if (seen->first_us == 0)
		seen->first_us = mark->time_us;
	if (mark->kind == MARK_COMMIT || mark->kind == MARK_ABORT) {
		if (seen->first_end_us == 0)
			seen->first_end_us = mark->time_us;
		if (mark->time_us > seen->last_end_us)
			seen->last_end_us = mark->time_us;
	}
	if (seen->hit || seen->target == NULL)
		return;
	if (is_target(seen->target, mark)) {
		seen->hit = true;
		seen->hit_lsn = mark->lsn;
	} else {
		seen->before_us = seen->last_end_us;
	}
}

/* A run of segments that are read one after the other. */
struct run {
	const struct moment_search *search;
	struct moment *total; /* counts what is read; may be NULL */
	struct wal_scan scan;
	struct seen seen;
};

static void run_begin(struct run *run, const struct moment_search *search, struct moment *total)
{
	*run = (struct run){.search = search, .total = total, .seen = {.target = search->target}};
	run->scan = (struct wal_scan){.repo = search->repo,
				      .call = search->call,
				      .system_id = search->coverage->system_id,
				      .segment_bytes = search->coverage->segment_bytes,
				      .marked = see};
}

static enum status run_read(struct run *run, uint64_t number, struct error *err)
{
	const struct moment_search *search = run->search;
	uint64_t end, bytes = run->scan.bytes;
	struct wal_name name;
	uint32_t timeline = line_segment(search->line, search->coverage, number, &end);
	wal_name_of_number(&name, timeline, number, search->coverage->segment_bytes);
	if (search->progress != NULL && progress_is_due(search->progress))
		progress_show(search->progress, "reading WAL: %s", name.text);
	run->scan.arg = &run->seen; /* the run may have moved in memory */
	enum status st = wal_scan_segment(&run->scan, timeline, number, err);
	if (run->total != NULL) {
		run->total->segments++;
		run->total->bytes += run->scan.bytes - bytes;
	}
	return st == STATUS_MISSING ? error_set(err, STATUS_DAMAGED, "%s was removed after it was listed", name.text)
				    : st;
}

/*
 * Notes.
 */

static const struct commit_note *noted(const struct moment_search *search, uint64_t number)
{
	uint64_t end;
	uint32_t timeline = line_segment(search->line, search->coverage, number, &end);
	return commit_notes_find(search->notes, timeline, number);
}

static int64_t later(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

/* The last end of a transaction in this segment and the segment before. False: the notes lack it. */
static bool noted_last(const struct moment_search *search, uint64_t last, int64_t *time_us)
{
	const struct commit_note *note = noted(search, last);
	bool has_before = last > search->first;
	const struct commit_note *before = has_before ? noted(search, last - 1) : NULL;
	if (note == NULL || (has_before && (before == NULL || note->crossing_us == COMMIT_NOTE_UNKNOWN)))
		return false;
	*time_us = has_before ? later(later(before->last_us, note->crossing_us), note->last_us) : note->last_us;
	return true;
}

/*
 * The first end of a transaction from *number on; 0: no transaction ends before end. False: the notes lack it, and
 * *number is the first segment to read.
 */
static bool noted_first(const struct moment_search *search, uint64_t *number, uint64_t end, int64_t *time_us)
{
	uint64_t begin = *number;
	*time_us = 0;
	for (uint64_t n = begin; n < end && *time_us == 0; n++) {
		const struct commit_note *note = noted(search, n);
		if (note == NULL || (n > begin && note->crossing_us == COMMIT_NOTE_UNKNOWN)) {
			*number = n > begin ? n - 1 : n;
			return false;
		}
		*time_us = n > begin && note->crossing_us != 0 ? note->crossing_us : note->first_us;
	}
	return true;
}

/* Skips noted segments before the target; *last_us is the last end of a transaction in the skipped segments. */
static uint64_t skip_noted(const struct moment_search *search, uint64_t number, int64_t *last_us)
{
	*last_us = 0;
	if (search->target->kind != TARGET_TIME)
		return number;
	for (; number + 1 < search->end; number++) {
		const struct commit_note *note = noted(search, number), *next = noted(search, number + 1);
		if (note == NULL || next == NULL || next->crossing_us == COMMIT_NOTE_UNKNOWN ||
		    is_behind(search->target, later(note->last_us, next->crossing_us)))
			break;
		*last_us = later(*last_us, later(note->last_us, next->crossing_us));
	}
	return number;
}

/*
 * Searches.
 */

/* Backwards, two segments at a time: a record may lie in both. */
static enum status read_last(const struct moment_search *search, struct moment *total, uint64_t last, int64_t *time_us,
			     struct error *err)
{
	struct run run;
	enum status st = STATUS_OK;
	run_begin(&run, search, total);
	if (last > search->first)
		st = run_read(&run, last - 1, err);
	if (!st)
		st = run_read(&run, last, err);
	*time_us = run.seen.last_end_us;
	return st;
}

static enum status find_last(const struct moment_search *search, struct moment *total, int64_t *time_us,
			     struct error *err)
{
	enum status st = STATUS_OK;
	*time_us = 0;
	if (search->end <= search->first)
		return STATUS_OK;
	for (uint64_t last = search->end - 1;; last--) {
		if (!noted_last(search, last, time_us)) {
			if (search->notes_only)
				return STATUS_OK;
			st = read_last(search, total, last, time_us, err);
		}
		if (st || *time_us != 0 || last <= search->first + 1)
			return st;
	}
}

/* The first end of a transaction in the segments from number on; *time_us is 0 if there is none before end. */
static enum status find_first(const struct moment_search *search, struct moment *total, uint64_t number, uint64_t end,
			      int64_t *time_us, struct error *err)
{
	struct run run;
	enum status st = STATUS_OK;
	if (noted_first(search, &number, end, time_us) || search->notes_only)
		return STATUS_OK;
	run_begin(&run, search, total);
	while (!st && number < end && run.seen.first_end_us == 0)
		st = run_read(&run, number++, err);
	*time_us = run.seen.first_end_us;
	return st;
}

/* Reads on until the target is met. */
static enum status read_up_to(const struct moment_search *search, struct moment *out, uint64_t number,
			      struct error *err)
{
	struct run run;
	enum status st = STATUS_OK;
	run_begin(&run, search, out);
	number = skip_noted(search, number, &run.seen.last_end_us);
	run.seen.before_us = run.seen.last_end_us;
	while (!st && number < search->end && !run.seen.hit)
		st = run_read(&run, number++, err);
	out->reached = run.seen.hit;
	out->lsn = run.seen.hit_lsn;
	out->before_us = run.seen.before_us;
	return st;
}

/* Times of commits grow with their LSN, but for the moments between a commit's time and its record. */
static enum status find_time(struct moment *out, const struct moment_search *search, struct error *err)
{
	enum status st = find_last(search, out, &out->last_us, err);
	uint64_t low = search->first, high = search->end;
	if (st || out->last_us == 0 || !is_behind(search->target, out->last_us))
		return st;
	while (!st && high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		int64_t time_us;
		st = find_first(search, out, middle, high, &time_us, err);
		if (time_us != 0 && !is_behind(search->target, time_us))
			low = middle;
		else
			high = middle;
	}
	return st ? st : read_up_to(search, out, low, err);
}

/* Recovery stops at the first record that begins at or behind the LSN: a last segment may be empty behind a switch. */
static enum status find_lsn(struct moment *out, const struct moment_search *search, struct error *err)
{
	uint64_t lsn = search->target->lsn, number = lsn / search->coverage->segment_bytes;
	struct run run;
	out->lsn = lsn;
	out->reached = number + 1 < search->end;
	if (number + 1 != search->end || number < search->first)
		return STATUS_OK;
	run_begin(&run, search, out);
	enum status st = run_read(&run, number, err);
	out->reached = run.scan.records.previous_lsn >= lsn;
	return st;
}

enum status moment_find(struct moment *out, const struct moment_search *search, struct error *err)
{
	*out = (struct moment){0};
	if (search->end <= search->first)
		return STATUS_OK;
	if (search->target->kind == TARGET_TIME)
		return find_time(out, search, err);
	if (search->target->kind == TARGET_LSN)
		return find_lsn(out, search, err);
	return read_up_to(search, out, search->first, err);
}

enum status moment_first_time(const struct moment_search *search, uint64_t lsn, int64_t *time_us, struct error *err)
{
	struct run run;
	enum status st = STATUS_OK;
	run_begin(&run, search, NULL);
	run.seen.from_lsn = lsn;
	for (uint64_t number = lsn / search->coverage->segment_bytes;
	     !st && number < search->end && run.seen.first_us == 0; number++)
		st = run_read(&run, number, err);
	*time_us = run.seen.first_us;
	return st;
}

enum status moment_first_end(const struct moment_search *search, int64_t *time_us, struct error *err)
{
	return find_first(search, NULL, search->first, search->end, time_us, err);
}

enum status moment_last_time(const struct moment_search *search, int64_t *time_us, struct error *err)
{
	return find_last(search, NULL, time_us, err);
}

enum status moment_each_tablespace(const struct moment_search *search, uint64_t from_lsn, moment_tablespace_fn each,
				   void *arg, struct error *err)
{
	struct run run;
	enum status st = STATUS_OK;
	run_begin(&run, search, NULL);
	run.seen.target = NULL;
	run.seen.from_lsn = from_lsn;
	run.seen.tablespace = each;
	run.seen.tablespace_arg = arg;
	for (uint64_t number = search->first; !st && number < search->end; number++)
		st = run_read(&run, number, err);
	return st;
}

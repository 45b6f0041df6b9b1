#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "recovery/choose.h"
#include "recovery/window_times.h"
#include "repo/object.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/wal_writer.h"
#include "support/world.h"

/*
 * Segment n of timeline 1 has a commit of transaction 700 + n at second BASE + 100 n, and the restore point pn a second
 * later. Timeline 2 leaves it in segment 6, behind the commit there, at second BASE + 1000, and has commits of 800 + n
 * at BASE + 1000 + 10 n.
 */
#define MIB (1024 * 1024)
#define ID 42
#define BASE 1795934000
#define FIRST 3
#define END 9
#define OLD "20261129T000100Z-full" /* of segment 3 */
#define NEW "20261129T000200Z-diff" /* of segment 6 */
#define SECOND 1000000

static struct world world;
static const struct repository_settings settings = {.url = "file:///unused"};
static struct repository repo;
static struct error err;
static struct backup_list backups;
static struct coverage coverage;
static struct wal_writer one, two;
static uint64_t switch_lsn;

static void put_segment(const struct wal_writer *writer, uint32_t timeline, uint64_t number)
{
	struct wal_name name;
	char object[WAL_OBJECT_NAME_MAX];
	wal_name_of_number(&name, timeline, number, MIB);
	wal_object_name(object, ID, &name);
	assert_ok(object_create(&repo, &world.call, object, writer->bytes.data + (number * MIB - writer->begin_lsn),
				MIB, &err),
		  err);
}

static int64_t at(int second)
{
	return (int64_t)(BASE + second) * SECOND;
}

static void write_segment(struct wal_writer *writer, uint64_t number, uint32_t xid, int second)
{
	char name[16];
	(void)snprintf(name, sizeof name, "p%" PRIu64, number);
	(void)wal_writer_record(writer, 100);
	(void)wal_writer_commit(writer, xid, at(second));
	(void)wal_writer_restore_point(writer, name, at(second + 1));
	wal_writer_fill(writer, number * MIB, 3000);
}

/* The first segment of a new timeline begins as a copy of the old one's. */
static void write_timelines(void)
{
	wal_writer_init(&one, 1, (uint64_t)FIRST * MIB, MIB);
	for (uint64_t n = FIRST; n < 6; n++)
		write_segment(&one, n, 700 + (uint32_t)n, (int)n * 100);
	(void)wal_writer_commit(&one, 706, at(600));
	for (int i = 0; i < 100; i++)
		(void)wal_writer_record(&one, 3000);
	switch_lsn = wal_writer_lsn(&one);
	wal_writer_init(&two, 2, (uint64_t)FIRST * MIB, MIB);
	two.previous = one.previous;
	assert_ok(buffer_append(&two.bytes, one.bytes.data, one.bytes.len, &err), err);
	wal_writer_fill(&one, 6ULL * MIB, 3000);
	for (uint64_t n = 7; n < END; n++)
		write_segment(&one, n, 700 + (uint32_t)n, (int)n * 100);
	(void)wal_writer_end_of_recovery(&two, at(1000));
	wal_writer_fill(&two, 6ULL * MIB, 3000);
	for (uint64_t n = 7; n < END; n++)
		write_segment(&two, n, 800 + (uint32_t)n, 1000 + (int)n * 10);
}

static void add_backup(const char *label, uint64_t segment, int ended, const char *need)
{
	struct listed_backup *backup = &backups.items[backups.count++];
	assert_true(backup_label_parse(&backup->label, label));
	backup->complete = true;
	backup->manifest = (struct manifest){.label = backup->label,
					     .system_id = ID,
					     .ended = BASE + ended,
					     .start_timeline = 1,
					     .stop_timeline = 1,
					     .start_lsn = segment * MIB + 40,
					     .stop_lsn = segment * MIB + 5000};
	if (need != NULL) {
		struct backup_label parsed;
		assert_true(backup_label_parse(&parsed, need));
		assert_ok(manifest_add_need(&backup->manifest, &parsed, &err), err);
	}
}

static int setup(void **unused)
{
	(void)unused;
	world_init(&world);
	repo = (struct repository){.store = memory_store_open(), .settings = &settings};
	write_timelines();
	backups = (struct backup_list){.items = calloc(2, sizeof *backups.items), .capacity = 2};
	assert_non_null(backups.items);
	add_backup(OLD, 3, 305, NULL);
	add_backup(NEW, 6, 605, OLD);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	coverage_fini(&coverage);
	backup_list_fini(&backups);
	wal_writer_fini(&one);
	wal_writer_fini(&two);
	store_free(repo.store);
	world_fini(&world);
	return 0;
}

static void archive(const struct wal_writer *writer, uint32_t timeline, uint64_t number, int64_t stored_s)
{
	struct wal_name name;
	wal_name_of_number(&name, timeline, number, MIB);
	put_segment(writer, timeline, number);
	assert_ok(coverage_add(&coverage, &name, MIB, stored_s, &err), err);
}

/* Without the segment that is missing: 0: none is. */
static void archive_one(uint64_t missing)
{
	coverage_init(&coverage, ID, MIB);
	for (uint64_t n = FIRST; n < END; n++)
		if (n != missing)
			archive(&one, 1, n, BASE + (int64_t)n * 100);
}

static void archive_two(int64_t stored_s)
{
	char history[64];
	struct wal_name name;
	(void)snprintf(history, sizeof history, "1\t%" PRIX32 "/%" PRIX32 "\tno reason\n", (uint32_t)(switch_lsn >> 32),
		       (uint32_t)switch_lsn);
	assert_ok(wal_name_parse(&name, "00000002.history", &err), err);
	assert_ok(coverage_add(&coverage, &name, strlen(history), stored_s, &err), err);
	for (uint64_t n = 6; n < END; n++)
		archive(&two, 2, n, stored_s + (int64_t)n);
	assert_ok(coverage_history(&coverage, 2, history, strlen(history), &err), err);
}

/*
 * Notes as verify --read makes them: each segment by itself, and the records that cross.
 */

static struct commit_notes notes;

struct noting {
	struct commit_note note;
	uint64_t begin_lsn; /* of the noted segment */
};

static void note_mark(void *arg, const struct record_mark *mark)
{
	struct noting *noting = arg;
	struct commit_note *note = &noting->note;
	if (mark->kind != MARK_COMMIT && mark->kind != MARK_ABORT)
		return;
	if (mark->lsn < noting->begin_lsn) {
		if (mark->end_lsn > noting->begin_lsn)
			note->crossing_us = mark->time_us;
		return;
	}
	if (note->first_us == 0)
		note->first_us = mark->time_us;
	if (mark->time_us > note->last_us)
		note->last_us = mark->time_us;
}

static void note_segment(uint32_t timeline, uint64_t number, bool has_before)
{
	struct noting noting = {.note = {.timeline = timeline, .number = number, .crossing_us = COMMIT_NOTE_UNKNOWN},
				.begin_lsn = number * MIB};
	struct wal_scan scan = {.repo = &repo,
				.call = &world.call,
				.system_id = ID,
				.segment_bytes = MIB,
				.marked = note_mark,
				.arg = &noting};
	if (has_before) {
		noting.note.crossing_us = 0;
		assert_ok(wal_scan_segment(&scan, timeline, number - 1, &err), err);
	}
	assert_ok(wal_scan_segment(&scan, timeline, number, &err), err);
	assert_ok(commit_notes_add(&notes, &noting.note, &err), err);
}

static bool is_stored(uint32_t timeline, uint64_t number)
{
	struct wal_name name;
	char object[WAL_OBJECT_NAME_MAX];
	wal_name_of_number(&name, timeline, number, MIB);
	wal_object_name(object, ID, &name);
	return memory_store_bytes(repo.store, object) != NULL;
}

static void note_all(void)
{
	for (uint32_t timeline = 1; timeline <= 2; timeline++)
		for (uint64_t n = FIRST; n < END; n++)
			if (is_stored(timeline, n))
				note_segment(timeline, n, n > FIRST && is_stored(timeline, n - 1));
}

struct asked {
	const char *name;
	struct target_options options;
	int second; /* of a time, which the test makes; 0: none */
	const char *label;
	uint64_t search_end;
	bool force;
	enum status status;
	const char *backup; /* or what the error says */
	uint32_t timeline;
	uint64_t segments;
	int before;   /* second of the last commit before the moment; 0: not compared */
	bool several; /* more than one timeline has it */
};

static void ask_with(const struct asked *asked, const struct commit_notes *noted, uint64_t reads_most)
{
	char time[TARGET_TIME_MAX];
	struct target target;
	struct backup_label label;
	struct choice choice;
	struct target_options options = asked->options;
	target_time_text(at(asked->second), time);
	if (asked->second != 0)
		options.time = time;
	assert_ok(target_parse(&target, &options, &err), err);
	if (asked->label != NULL)
		assert_true(backup_label_parse(&label, asked->label));
	const struct choose_params params = {.repo = &repo,
					     .call = &world.call,
					     .coverage = &coverage,
					     .backups = &backups,
					     .target = &target,
					     .label = asked->label == NULL ? NULL : &label,
					     .force = asked->force,
					     .notes = noted,
					     .search_end = asked->search_end};
	err = (struct error){0};
	enum status st = choose(&choice, &params, &err);
	if (st != asked->status)
		fail_msg("%s: status %d, %s; %s", asked->name, st, err.text, err.hint);
	if (st && strstr(err.text, asked->backup) == NULL)
		fail_msg("%s: %s", asked->name, err.text);
	if (!st && (strcmp(choice.branch.backup->label.text, asked->backup) != 0 ||
		    choice.branch.line.timeline != asked->timeline || choice.replay_segments != asked->segments))
		fail_msg("%s: %s, timeline %" PRIu32 ", %" PRIu64 " segments", asked->name,
			 choice.branch.backup->label.text, choice.branch.line.timeline, choice.replay_segments);
	if (!st && asked->before != 0)
		assert_int_equal(choice.branch.moment.before_us, at(asked->before));
	assert_int_equal(choice.several, asked->several);
	if (!st)
		assert_int_equal(choice.warning[0] != '\0', asked->force);
	if (!st && asked->second != 0 && coverage.timeline_count == 1 && choice.read_segments > reads_most)
		fail_msg("%s: %" PRIu64 " segments read", asked->name, choice.read_segments);
	choice_fini(&choice);
}

/* Notes of all segments, or of some, change no answer. */
static void ask(const struct asked *asked)
{
	ask_with(asked, NULL, END);
	note_all();
	ask_with(asked, &notes, 1);
	for (uint64_t n = FIRST + 1; n < END; n += 2)
		commit_notes_remove(&notes, 1, n);
	ask_with(asked, &notes, END);
	commit_notes_fini(&notes);
}

#define ASK_ALL(cases)                                                                                                 \
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++)                                                  \
	ask(&(cases)[i])

static void chooses_on_one_timeline(void **unused)
{
	(void)unused;
	archive_one(0);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "the end", .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "the backup's end", .options = {.immediate = true}, .backup = NEW, .timeline = 1, .segments = 1},
	    {.name = "the older one's end",
	     .options = {.immediate = true},
	     .label = OLD,
	     .backup = OLD,
	     .timeline = 1,
	     .segments = 1},
	    {.name = "a time", .second = 450, .backup = OLD, .timeline = 1, .segments = 3, .before = 400},
	    {.name = "the time of a commit", .second = 400, .backup = OLD, .timeline = 1, .segments = 3, .before = 400},
	    {.name = "just before a commit",
	     .options = {.exclusive = true},
	     .second = 400,
	     .backup = OLD,
	     .timeline = 1,
	     .segments = 2,
	     .before = 300},
	    {.name = "the second in which the backup ended",
	     .second = 605,
	     .backup = OLD,
	     .timeline = 1,
	     .segments = 5},
	    {.name = "the next second", .second = 606, .backup = NEW, .timeline = 1, .segments = 2, .before = 600},
	    {.name = "just before the last commit", .second = 799, .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "the last commit", .second = 800, .status = STATUS_INCOMPLETE, .backup = "no commit after"},
	    {.name = "by force", .second = 800, .force = true, .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "too early", .second = 305, .status = STATUS_USAGE, .backup = "no backup ended before"},
	    {.name = "before the label",
	     .second = 450,
	     .label = NEW,
	     .status = STATUS_USAGE,
	     .backup = "backup " NEW " did not end before"},
	    {.name = "an LSN", .options = {.lsn = "0/500000"}, .backup = OLD, .timeline = 1, .segments = 3},
	    {.name = "an LSN in the backup",
	     .options = {.lsn = "0/601000"},
	     .backup = OLD,
	     .timeline = 1,
	     .segments = 4},
	    {.name = "an LSN behind it", .options = {.lsn = "0/601388"}, .backup = NEW, .timeline = 1, .segments = 1},
	    {.name = "no such LSN",
	     .options = {.lsn = "0/900000"},
	     .status = STATUS_INCOMPLETE,
	     .backup = "does not have LSN 0/900000"},
	    {.name = "a transaction", .options = {.xid = "705"}, .backup = OLD, .timeline = 1, .segments = 3},
	    {.name = "one with an epoch",
	     .options = {.xid = "4294968003"},
	     .backup = NEW,
	     .timeline = 1,
	     .segments = 2},
	    {.name = "one during the backup", .options = {.xid = "706"}, .backup = OLD, .timeline = 1, .segments = 4},
	    {.name = "no such transaction",
	     .options = {.xid = "999"},
	     .status = STATUS_INCOMPLETE,
	     .backup = "does not have transaction 999"},
	    {.name = "one before all backups",
	     .options = {.xid = "703"},
	     .status = STATUS_USAGE,
	     .backup = "no backup ended before transaction 703"},
	    {.name = "a name", .options = {.name = "p7"}, .backup = NEW, .timeline = 1, .segments = 2},
	    {.name = "an older name", .options = {.name = "p4"}, .backup = OLD, .timeline = 1, .segments = 2},
	    {.name = "no such backup",
	     .label = "20261129T000300Z-full",
	     .status = STATUS_USAGE,
	     .backup = "no complete backup 20261129T000300Z-full"},
	    {.name = "no such timeline",
	     .options = {.timeline = "2"},
	     .status = STATUS_USAGE,
	     .backup = "no history of timeline 2"},
	};
	ASK_ALL(cases);
}

static void tells_of_missing_wal(void **unused)
{
	(void)unused;
	archive_one(5);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "behind the gap", .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "before the gap", .second = 350, .backup = OLD, .timeline = 1, .segments = 2},
	    {.name = "in the gap",
	     .second = 450,
	     .status = STATUS_INCOMPLETE,
	     .backup = "lacks 000000010000000000000005"},
	    {.name = "an LSN in the gap",
	     .options = {.lsn = "0/500100"},
	     .status = STATUS_INCOMPLETE,
	     .backup = "lacks 000000010000000000000005"},
	};
	ASK_ALL(cases);
	ask(&cases[2]);
	/* The last commit before it, and the LSN. */
	assert_non_null(strstr(err.hint, "up to 2026-11-29 06:40:00.000000+00"));
	assert_non_null(strstr(err.hint, "LSN 0/500000"));
}

static void a_backup_needs_its_own_wal(void **unused)
{
	(void)unused;
	archive_one(6);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "an older one has its own", .second = 450, .backup = OLD, .timeline = 1, .segments = 3},
	    {.name = "the label has not",
	     .label = NEW,
	     .status = STATUS_INCOMPLETE,
	     .backup = "backup " NEW " needs 000000010000000000000006"},
	    {.name = "no end", .status = STATUS_INCOMPLETE, .backup = "lacks 000000010000000000000006"},
	    {.name = "a backup that is not there any more",
	     .options = {.immediate = true},
	     .backup = OLD,
	     .timeline = 1,
	     .segments = 1},
	};
	ASK_ALL(cases);
	/* A differential one needs its parent. */
	backups.items[0].complete = false;
	const struct asked none = {.name = "none", .status = STATUS_INCOMPLETE, .backup = "no complete backup"};
	ask(&none);
}

static void chooses_the_timeline_by_the_moment(void **unused)
{
	(void)unused;
	archive_one(0);
	archive_two(BASE + 2000);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "the end", .backup = NEW, .timeline = 2, .segments = 3},
	    {.name = "before both", .second = 450, .backup = OLD, .timeline = 2, .segments = 3},
	    {.name = "only the old one was there", .second = 750, .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "only the new one goes so far",
	     .second = 1075,
	     .backup = NEW,
	     .timeline = 2,
	     .segments = 3,
	     .before = 1070},
	    {.name = "both have the LSN",
	     .options = {.lsn = "0/700100"},
	     .status = STATUS_USAGE,
	     .backup = "both have LSN 0/700100",
	     .several = true},
	    {.name = "asked for",
	     .options = {.lsn = "0/700100", .timeline = "1"},
	     .backup = NEW,
	     .timeline = 1,
	     .segments = 2},
	    {.name = "latest",
	     .options = {.lsn = "0/700100", .timeline = "latest"},
	     .backup = NEW,
	     .timeline = 2,
	     .segments = 2},
	    {.name = "current",
	     .options = {.lsn = "0/700100", .timeline = "current"},
	     .backup = NEW,
	     .timeline = 1,
	     .segments = 2},
	    {.name = "a transaction of the new one",
	     .options = {.xid = "808"},
	     .backup = NEW,
	     .timeline = 2,
	     .segments = 3},
	    {.name = "a transaction of the old one",
	     .options = {.xid = "708"},
	     .backup = NEW,
	     .timeline = 1,
	     .segments = 3},
	    {.name = "both have the name",
	     .options = {.name = "p7"},
	     .status = STATUS_USAGE,
	     .backup = "both have restore point p7",
	     .several = true},
	    {.name = "a time of the old one on the new one",
	     .options = {.timeline = "2"},
	     .second = 750,
	     .backup = NEW,
	     .timeline = 2,
	     .segments = 2},
	    {.name = "only the old one has it, behind the end of the search",
	     .second = 750,
	     .search_end = 8,
	     .status = STATUS_INCOMPLETE,
	     .backup = "no commit after"},
	    {.name = "the search goes far enough",
	     .second = 450,
	     .search_end = 6,
	     .backup = OLD,
	     .timeline = 2,
	     .segments = 3},
	};
	ASK_ALL(cases);
}

/* The server goes on with timeline 1, and timeline 2 was a trial. */
static void asks_where_the_end_is(void **unused)
{
	(void)unused;
	archive_one(0);
	archive_two(BASE + 500);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "two ends", .status = STATUS_USAGE, .backup = "timeline 2 is the latest"},
	    {.name = "the old one", .options = {.timeline = "1"}, .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "before both", .second = 450, .backup = OLD, .timeline = 1, .segments = 3},
	};
	ASK_ALL(cases);
}

/* Its WAL is there, but nothing says that the backups' timeline leads to it. */
static void a_history_is_missing(void **unused)
{
	(void)unused;
	archive_one(0);
	for (uint64_t n = END; n < END + 2; n++) {
		struct wal_name name;
		wal_name_of_number(&name, 2, n, MIB);
		assert_ok(coverage_add(&coverage, &name, MIB, BASE + 5000, &err), err);
	}
	assert_ok(coverage_end(&coverage, &err), err);
	const struct asked latest = {.name = "latest",
				     .options = {.timeline = "latest"},
				     .status = STATUS_INCOMPLETE,
				     .backup = "no usable backup leads to the timeline to follow; the newest is " NEW};
	ask(&latest);
	assert_non_null(strstr(err.hint, "--target-timeline 1"));
}

static void a_trial_that_is_set_aside_does_not_count(void **unused)
{
	(void)unused;
	archive_one(0);
	archive_two(BASE + 500);
	coverage_set_aside(&coverage, 2);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "the end", .backup = NEW, .timeline = 1, .segments = 3},
	    {.name = "an LSN", .options = {.lsn = "0/700100"}, .backup = NEW, .timeline = 1, .segments = 2},
	    {.name = "asked for", .options = {.timeline = "2"}, .status = STATUS_USAGE, .backup = "set aside"},
	};
	ASK_ALL(cases);
}

struct wanted_window {
	int first, last; /* seconds; -1: unknown */
};

struct windows {
	const struct wanted_window *wanted;
	size_t count;
};

static bool window_notes_only;

static void check_time(int64_t time_us, int second)
{
	assert_int_equal(time_us, second < 0 ? 0 : at(second));
}

static enum status compare_window(void *arg, const struct coverage_window *window, struct error *trouble)
{
	struct windows *windows = arg;
	const struct window_reader reader = {
	    .repo = &repo, .call = &world.call, .notes = &notes, .notes_only = window_notes_only};
	struct window_times times;
	(void)trouble;
	window_times_read(&times, &reader, &coverage, window);
	check_time(times.first_us, windows->wanted[windows->count].first);
	check_time(times.last_us, windows->wanted[windows->count].last);
	windows->count++;
	return STATUS_OK;
}

static void compare_windows(const struct wanted_window *wanted, size_t count)
{
	struct windows windows = {wanted, 0};
	assert_ok(coverage_windows(&coverage, compare_window, &windows, &err), err);
	assert_int_equal(windows.count, count);
}

/*
 * Segment 3 has a commit at second 300, segment 6 one at second 600. The record of the commit at second 400 begins in
 * segment 4 and ends in segment 5; neither segment has another commit.
 */
static void a_commit_that_crosses_is_found(void **unused)
{
	(void)unused;
	wal_writer_fini(&one);
	wal_writer_init(&one, 1, (uint64_t)FIRST * MIB, MIB);
	write_segment(&one, 3, 703, 300);
	uint64_t end = 5ULL * MIB;
	while (wal_writer_lsn(&one) + 4096 < end)
		(void)wal_writer_record(&one, 1000);
	(void)wal_writer_record(&one, (size_t)(end - wal_writer_lsn(&one)) - 48);
	assert_true(wal_writer_commit(&one, 704, at(400)) < end && wal_writer_lsn(&one) > end);
	wal_writer_fill(&one, end, 3000);
	for (uint64_t n = 6; n < END; n++)
		write_segment(&one, n, 700 + (uint32_t)n, (int)n * 100);
	archive_one(0);
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct asked cases[] = {
	    {.name = "before it", .second = 350, .backup = OLD, .timeline = 1, .segments = 2, .before = 300},
	    {.name = "after it", .second = 450, .backup = OLD, .timeline = 1, .segments = 4, .before = 400},
	    {.name = "at it", .second = 400, .backup = OLD, .timeline = 1, .segments = 4, .before = 400},
	};
	/* A read from segment 5 on does not see the commit; a read of segment 4 needs segment 5 too. */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ask_with(&cases[i], NULL, END);
		note_all();
		ask_with(&cases[i], &notes, 2);
		commit_notes_remove(&notes, 1, 5);
		ask_with(&cases[i], &notes, END);
		commit_notes_fini(&notes);
	}
	/* A window of the two segments has no other commit. */
	coverage_fini(&coverage);
	coverage_init(&coverage, ID, MIB);
	for (uint64_t n = 4; n < 6; n++) {
		struct wal_name name;
		wal_name_of_number(&name, 1, n, MIB);
		assert_ok(coverage_add(&coverage, &name, MIB, BASE, &err), err);
	}
	assert_ok(coverage_end(&coverage, &err), err);
	static const struct wanted_window wanted[] = {{400, 400}};
	compare_windows(wanted, 1);
	note_all();
	compare_windows(wanted, 1);
	commit_notes_remove(&notes, 1, 5);
	compare_windows(wanted, 1);
	commit_notes_fini(&notes);
}

static void windows_have_times_of_commits(void **unused)
{
	(void)unused;
	archive_one(5);
	archive_two(BASE + 500);
	assert_ok(coverage_end(&coverage, &err), err);
	/* Each timeline up to the gap, and from there to its own end. */
	static const struct wanted_window wanted[] = {{300, 400}, {600, 800}, {600, 1080}};
	static const struct wanted_window unknown[] = {{-1, -1}, {-1, -1}, {-1, -1}};
	compare_windows(wanted, 3);
	window_notes_only = true;
	compare_windows(unknown, 3);
	note_all();
	memory_store_break_reads(repo.store, STATUS_UNREACHABLE);
	compare_windows(wanted, 3);
	window_notes_only = false;
	compare_windows(wanted, 3);
	memory_store_break_reads(repo.store, STATUS_OK);
	assert_int_equal(world.logged.len, 0);
	commit_notes_fini(&notes);
}

static void a_time_that_cannot_be_read_is_unknown(void **unused)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	(void)unused;
	archive_one(0);
	assert_ok(coverage_end(&coverage, &err), err);
	wal_name_of_number(&name, 1, END - 1, MIB);
	wal_object_name(object, ID, &name);
	assert_ok(store_remove(repo.store, &world.call, object, &err), err);
	static const struct wanted_window wanted[] = {{300, -1}};
	compare_windows(wanted, 1);
	assert_non_null(strstr(buffer_text(&world.logged), "could not read the commit times of timeline 1's window: "
							   "000000010000000000000008 was removed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(chooses_on_one_timeline, setup, teardown),
	    cmocka_unit_test_setup_teardown(tells_of_missing_wal, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_backup_needs_its_own_wal, setup, teardown),
	    cmocka_unit_test_setup_teardown(chooses_the_timeline_by_the_moment, setup, teardown),
	    cmocka_unit_test_setup_teardown(asks_where_the_end_is, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_history_is_missing, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_trial_that_is_set_aside_does_not_count, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_commit_that_crosses_is_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(windows_have_times_of_commits, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_time_that_cannot_be_read_is_unknown, setup, teardown),
	};
	return cmocka_run_group_tests_name("recovery/choose", tests, NULL, NULL);
}

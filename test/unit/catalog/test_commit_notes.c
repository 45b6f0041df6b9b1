/* The notes of commit times, from one run to the next. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/commit_notes.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define ID 42

static struct scratch dir;
static struct error err;
static struct commit_notes notes;
static const struct repository_settings ours = {.url = "file:///ours"}, others = {.url = "file:///others"};

static void open_notes(const struct repository_settings *settings)
{
	const struct commit_notes_place place = {
	    .directory = dir.path, .settings = settings, .system_id = ID, .create = true};
	commit_notes_fini(&notes);
	assert_ok(commit_notes_open(&notes, &place, &err), err);
}

static void add(uint32_t timeline, uint64_t number, int64_t crossing_us)
{
	const struct commit_note note = {.timeline = timeline,
					 .number = number,
					 .began_s = 1000,
					 .newest_s = 900,
					 .first_us = (int64_t)number * 10,
					 .last_us = (int64_t)number * 10 + 5,
					 .crossing_us = crossing_us};
	assert_ok(commit_notes_add(&notes, &note, &err), err);
}

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	commit_notes_fini(&notes);
	scratch_fini(&dir);
	return 0;
}

static void notes_are_found_again(void **unused)
{
	(void)unused;
	open_notes(&ours);
	add(2, 7, 0);
	add(1, 9, COMMIT_NOTE_UNKNOWN); /* threads finish in any order */
	add(1, 8, 77);
	commit_notes_cross(&notes, 1, 10, 5); /* the segment has no note */
	assert_null(commit_notes_find(NULL, 1, 8));
	assert_ok(commit_notes_save(&notes, &err), err);
	open_notes(&ours);
	assert_int_equal(notes.count, 3);
	const struct commit_note *note = commit_notes_find(&notes, 1, 8);
	assert_non_null(note);
	assert_true(note->first_us == 80 && note->last_us == 85 && note->crossing_us == 77 && note->began_s == 1000);
	assert_int_equal(commit_notes_find(&notes, 1, 9)->crossing_us, COMMIT_NOTE_UNKNOWN);
	assert_int_equal(commit_notes_find(&notes, 2, 7)->crossing_us, 0);
	assert_null(commit_notes_find(&notes, 1, 10));
	assert_null(commit_notes_find(&notes, 2, 8));
	/* A segment is read again because a new one follows; the segment before it is not read again. */
	add(1, 8, COMMIT_NOTE_UNKNOWN);
	assert_int_equal(commit_notes_find(&notes, 1, 8)->crossing_us, 77);
	commit_notes_cross(&notes, 1, 9, 88);
	assert_int_equal(commit_notes_find(&notes, 1, 9)->crossing_us, 88);
	commit_notes_remove(&notes, 1, 9);
	assert_null(commit_notes_find(&notes, 1, 9));
	open_notes(&others);
	assert_int_equal(notes.count, 0);
}

/* A segment that was stored later, by either of the two clocks, is another segment. */
static void a_note_does_not_outlive_its_segment(void **unused)
{
	(void)unused;
	open_notes(&ours);
	for (uint64_t number = 1; number <= 3; number++)
		add(1, number, 0);
	commit_notes_listed(&notes, 1, 1, 900);
	commit_notes_listed(&notes, 1, 2, 901);
	commit_notes_listed(&notes, 1, 3, 1000);
	assert_non_null(commit_notes_find(&notes, 1, 1));
	assert_null(commit_notes_find(&notes, 1, 2));
	assert_null(commit_notes_find(&notes, 1, 3));
	/* What crossed into the earlier one did not cross into this one. */
	add(1, 2, COMMIT_NOTE_UNKNOWN);
	assert_int_equal(commit_notes_find(&notes, 1, 2)->crossing_us, COMMIT_NOTE_UNKNOWN);
	assert_ok(commit_notes_save(&notes, &err), err);
	open_notes(&ours);
	assert_int_equal(notes.count, 2);
}

/* A repository that was copied has another stored time for each object. */
static void all_of_many_that_count_no_more_go(void **unused)
{
	(void)unused;
	enum { MANY = 64 * 1024 };
	open_notes(&ours);
	for (uint64_t number = 1; number <= MANY; number++)
		add(1, number, 0);
	for (uint64_t number = 1; number <= MANY; number++)
		commit_notes_listed(&notes, 1, number, 2000);
	assert_ok(commit_notes_save(&notes, &err), err);
	assert_int_equal(notes.count, 0);
}

/* verify saves while another walship reads: it sees the old notes or the new ones. */
static atomic_bool over;

static void *replace(void *unused)
{
	(void)unused;
	while (!atomic_load(&over))
		for (int i = 0; i < 2; i++) {
			(void)unlink(scratch_path(&dir, "next"));
			if (link(scratch_path(&dir, i == 0 ? "small" : "large"), scratch_path(&dir, "next")) == 0)
				(void)rename(scratch_path(&dir, "next"), scratch_path(&dir, "commit-times-42"));
		}
	return NULL;
}

static void a_file_may_be_replaced_while_it_is_read(void **unused)
{
	(void)unused;
	pthread_t thread;
	open_notes(&ours);
	add(1, 1, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	assert_int_equal(rename(notes.path, scratch_path(&dir, "small")), 0);
	for (uint64_t number = 2; number <= 50; number++)
		add(1, number, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	assert_int_equal(link(notes.path, scratch_path(&dir, "large")), 0);
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, replace, NULL), 0);
	enum status st = STATUS_OK;
	size_t odd = 0;
	for (int i = 0; !st && i < 20000; i++) {
		const struct commit_notes_place place = {.directory = dir.path, .settings = &ours, .system_id = ID};
		commit_notes_fini(&notes);
		st = commit_notes_open(&notes, &place, &err);
		odd += notes.count != 1 && notes.count != 50;
	}
	atomic_store(&over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ok(st, err);
	assert_int_equal(odd, 0);
}

/* A repository and its mirror with one spool. */
static void another_repository_has_a_file_of_its_own(void **unused)
{
	(void)unused;
	open_notes(&ours);
	add(1, 1, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	open_notes(&others);
	assert_int_equal(notes.count, 0);
	add(1, 2, 0);
	add(1, 3, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	open_notes(&ours);
	assert_true(notes.count == 1 && commit_notes_find(&notes, 1, 1) != NULL);
	open_notes(&others);
	assert_int_equal(notes.count, 2);
}

/* What a repository held at a time is neither noted nor judged by notes of today. */
static void the_past_has_no_notes(void **unused)
{
	(void)unused;
	struct repository_settings past = ours;
	past.s3.at_s = 1700000000;
	open_notes(&ours);
	add(1, 1, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	int entries = scratch_entries(&dir, ".");
	open_notes(&past);
	assert_int_equal(notes.count, 0);
	add(1, 2, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	assert_int_equal(scratch_entries(&dir, "."), entries);
	open_notes(&ours);
	assert_non_null(commit_notes_find(&notes, 1, 1));
}

static void a_file_that_is_cut_off_gives_none(void **unused)
{
	(void)unused;
	char path[COMMIT_NOTES_PATH_MAX];
	open_notes(&ours);
	add(1, 1, 0);
	add(1, 2, COMMIT_NOTE_UNKNOWN);
	assert_ok(commit_notes_save(&notes, &err), err);
	(void)strcpy(path, notes.path);
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	for (off_t len = info.st_size - 1; len >= 0; len--) {
		assert_int_equal(truncate(path, len), 0);
		open_notes(&ours);
		assert_int_equal(notes.count, 0);
	}
}

static void where_nobody_noted_nothing_is_made(void **unused)
{
	(void)unused;
	struct stat info;
	const char *none = scratch_path(&dir, "none");
	struct commit_notes_place place = {.directory = none, .settings = &ours, .system_id = ID};
	assert_ok(commit_notes_open(&notes, &place, &err), err);
	assert_true(notes.count == 0 && stat(none, &info) != 0);
	/* A directory that others can change is not trusted. */
	assert_int_equal(mkdir(none, 0755), 0);
	assert_int_equal(commit_notes_open(&notes, &place, &err), STATUS_LOCAL);
	place.directory = "relative";
	assert_int_equal(commit_notes_open(&notes, &place, &err), STATUS_LOCAL);
}

static void the_first_ones_make_room(void **unused)
{
	(void)unused;
	open_notes(&ours);
	for (uint64_t number = 1; number <= COMMIT_NOTES_MAX + 1; number++)
		add(1, number, 0);
	assert_int_equal(notes.count, COMMIT_NOTES_MAX - COMMIT_NOTES_MAX / 4 + 1);
	assert_null(commit_notes_find(&notes, 1, COMMIT_NOTES_MAX / 4));
	assert_non_null(commit_notes_find(&notes, 1, COMMIT_NOTES_MAX + 1));
	/* No run reads a segment for a note that would be dropped again. */
	assert_false(commit_notes_want(&notes, 1, 1));
	assert_false(commit_notes_want(&notes, 1, COMMIT_NOTES_MAX));
	assert_true(commit_notes_want(&notes, 1, COMMIT_NOTES_MAX + 2));
	commit_notes_remove(&notes, 1, COMMIT_NOTES_MAX);
	assert_true(commit_notes_want(&notes, 1, COMMIT_NOTES_MAX));
	add(1, COMMIT_NOTES_MAX, 0);
	assert_ok(commit_notes_save(&notes, &err), err);
	open_notes(&ours);
	assert_int_equal(notes.count, COMMIT_NOTES_MAX - COMMIT_NOTES_MAX / 4 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(notes_are_found_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_note_does_not_outlive_its_segment, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_file_that_is_cut_off_gives_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(where_nobody_noted_nothing_is_made, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_first_ones_make_room, setup, teardown),
	    cmocka_unit_test_setup_teardown(all_of_many_that_count_no_more_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_file_may_be_replaced_while_it_is_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_repository_has_a_file_of_its_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_past_has_no_notes, setup, teardown),
	};
	return cmocka_run_group_tests_name("catalog/commit_notes", tests, NULL, NULL);
}

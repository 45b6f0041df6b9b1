/* The notes of verify --read, when a run does not read all that it wanted to, or an earlier run noted only a part. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/archive.h"
#include "support/cmocka.h"
#include "support/wal_writer.h"
#include "verify/verify_read.h"

#define MIB ARCHIVE_SEGMENT_BYTES
#define FIRST 3ULL
#define NOW 1000
#define NEWEST 900 /* when the newest object was stored */

static struct archive archive;
static struct error err;
static struct verified verified;
static struct commit_notes commits;
static struct cluster_reading reading;
static char url[128];
static uint64_t outage; /* no answer comes for this segment; 0: for none */

/*
 * The archive's store, as each connection sees it.
 */

struct view {
	struct store store;
	struct store *inner; /* of the repository's URL: not used */
};

static enum status view_read(struct store *store, const struct call *call, const char *name, struct sink *into,
			     struct error *error)
{
	(void)store;
	struct wal_name broken;
	char object[WAL_OBJECT_NAME_MAX];
	wal_name_of_number(&broken, 1, outage, MIB);
	wal_object_name(object, ARCHIVE_SYSTEM_ID, &broken);
	if (outage != 0 && strcmp(name, object) == 0)
		return error_set(error, STATUS_UNREACHABLE, "no answer");
	return store_read(archive.store, call, name, into, error);
}

static enum status view_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			     void *arg, struct error *error)
{
	(void)store;
	return store_list(archive.store, call, prefix, each, arg, error);
}

static void view_free(struct store *store)
{
	store_free(((struct view *)store)->inner);
	free(store);
}

static const struct store_ops view_ops = {.read = view_read, .list = view_list, .free = view_free};

static enum status view_wrap(void *arg, struct store *inner, struct store **out, struct error *error)
{
	(void)arg, (void)error;
	struct view *view = malloc(sizeof *view);
	if (view == NULL)
		abort();
	*view = (struct view){.store = {&view_ops}, .inner = inner};
	*out = &view->store;
	return STATUS_OK;
}

/*
 * Segments and runs.
 */

/* Segments FIRST and FIRST + 1, with a commit at this time that crosses. number: the one to store. */
static void store_segment(uint64_t number, int64_t time_us)
{
	struct wal_writer writer;
	struct wal_name name;
	char path[64];
	uint64_t end = (FIRST + 1) * MIB;
	wal_writer_init(&writer, 1, FIRST * MIB, MIB);
	while (wal_writer_lsn(&writer) + 2048 < end)
		(void)wal_writer_record(&writer, 1000);
	(void)wal_writer_record(&writer, (size_t)(end - wal_writer_lsn(&writer)) - 24 - 24);
	assert_true(wal_writer_commit(&writer, 700, time_us) < end && wal_writer_lsn(&writer) > end);
	wal_writer_fill(&writer, end, 1000);
	wal_name_of_number(&name, 1, number, MIB);
	(void)snprintf(path, sizeof path, "data/pg_wal/%s", name.text);
	scratch_put(&archive.dir, path, writer.bytes.data + (number - FIRST) * MIB, MIB, 0600);
	assert_ok(archive_push(&archive, name.text), archive.err);
	wal_writer_fini(&writer);
}

static void note_lost(uint64_t number)
{
	assert_ok(verified_remove(&verified, 1, number, &err), err);
	commit_notes_remove(&commits, 1, number);
}

static bool is_verified(uint64_t number)
{
	return verified_has(&verified, 1, number, 1);
}

static bool is_noted(uint64_t number)
{
	return commit_notes_find(&commits, 1, number) != NULL;
}

static enum status mark(void *arg, uint32_t timeline, uint64_t number, struct error *error)
{
	(void)arg, (void)timeline, (void)number, (void)error;
	return STATUS_OK;
}

static enum status mark_range(void *arg, const struct level_range *range, struct error *error)
{
	(void)arg, (void)range, (void)error;
	return STATUS_OK;
}

/* One thread: the jobs end in the order of the segments. */
static enum status run(void)
{
	const struct repository_settings settings = {.url = url};
	const struct repository_wrapper wrapper = {.wrap = view_wrap};
	const struct repository repo = {.store = archive.store,
					.keys = archive.keys,
					.encrypt = true,
					.settings = &settings,
					.search = {.call = &archive.world.call},
					.wrapper = &wrapper};
	struct console console = {.call = &archive.world.call, .out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
	struct progress progress = {0};
	progress_begin(&progress, 0, &archive.world.clock);
	reading = (struct cluster_reading){.call = &archive.world.call,
					   .console = &console,
					   .repo = &repo,
					   .threads = 1,
					   .progress = &progress,
					   .verified = &verified,
					   .commits = &commits,
					   .system_id = ARCHIVE_SYSTEM_ID,
					   .segment_bytes = MIB,
					   .newest_s = NEWEST,
					   .lost = mark,
					   .minimal = mark_range};
	enum status st = verify_read(&reading, &err);
	assert_int_equal(close(console.out_fd), 0);
	return st;
}

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	scratch_put(&archive.dir, "repo/x", "", 0, 0600);
	(void)snprintf(url, sizeof url, "file://%s", scratch_path(&archive.dir, "repo"));
	archive.world.utc_s = NOW;
	verified = (struct verified){0};
	commits = (struct commit_notes){0};
	outage = 0;
	store_segment(FIRST, 8000);
	store_segment(FIRST + 1, 8000);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	verified_fini(&verified);
	commit_notes_fini(&commits);
	archive_fini(&archive);
	return 0;
}

static void what_is_noted_is_not_read(void **unused)
{
	(void)unused;
	assert_ok(run(), err);
	assert_int_equal(reading.totals.objects, 2);
	assert_true(is_verified(FIRST) && is_verified(FIRST + 1) && is_noted(FIRST));
	assert_int_equal(commit_notes_find(&commits, 1, FIRST + 1)->crossing_us, 8000);
	assert_ok(run(), err);
	assert_int_equal(reading.totals.objects, 0);
	assert_int_equal(reading.totals.remembered, 2);
}

static void commits_are_noted_again_once_they_are_lost(void **unused)
{
	(void)unused;
	assert_ok(run(), err);
	commit_notes_fini(&commits);
	assert_ok(run(), err);
	assert_true(is_noted(FIRST) && is_noted(FIRST + 1));
	assert_int_equal(commit_notes_find(&commits, 1, FIRST + 1)->crossing_us, 8000);
}

/* The record between two segments is checked, whichever of the two was noted when the other could not be read. */
static void an_outage_leaves_no_crossing_record_unread(void **unused)
{
	(void)unused;
	for (uint64_t noted = FIRST; noted <= FIRST + 1; noted++) {
		outage = 0;
		assert_ok(run(), err);
		note_lost(FIRST + (noted == FIRST));
		outage = noted;
		assert_int_equal(run(), STATUS_UNREACHABLE);
		assert_false(is_verified(FIRST) && is_verified(FIRST + 1));
		assert_true(is_noted(noted));
		outage = 0;
		assert_ok(run(), err);
		assert_int_equal(reading.totals.objects, 2);
		assert_true(is_verified(FIRST) && is_verified(FIRST + 1));
	}
}

/* What crossed from an earlier segment of this name tells nothing about the new one. */
static void a_damaged_boundary_has_no_crossing_time(void **unused)
{
	(void)unused;
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	assert_ok(run(), err);
	wal_name_of_number(&name, 1, FIRST, MIB);
	wal_object_name(object, ARCHIVE_SYSTEM_ID, &name);
	assert_ok(store_remove(archive.store, &archive.world.call, object, &err), err);
	store_segment(FIRST, 9000);
	note_lost(FIRST);
	assert_ok(run(), err);
	assert_int_equal(reading.totals.damaged, 1);
	assert_false(is_verified(FIRST) || is_verified(FIRST + 1));
	assert_int_equal(commit_notes_find(&commits, 1, FIRST + 1)->crossing_us, COMMIT_NOTE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_noted_is_not_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(commits_are_noted_again_once_they_are_lost, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_outage_leaves_no_crossing_record_unread, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_damaged_boundary_has_no_crossing_time, setup, teardown),
	};
	return cmocka_run_group_tests_name("verify/verify_read", tests, NULL, NULL);
}

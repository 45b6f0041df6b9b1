/* What is particular to the directory store; test_directory_suite.c has what all stores do. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/directory/directory.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "support/scratch.h"
#include "support/world.h"

static struct scratch dir;
static struct world world;
static struct error err;

static struct store *open_store(const struct scratch *where)
{
	struct store *store = NULL;
	enum status st = directory_store_open(where->path, &store, &err);
	assert_ok(st, err);
	return store;
}

static enum status put(struct store *store, const char *name)
{
	struct sink *writer = NULL;
	enum status st = store_create(store, &world.call, name, &writer, &err);
	if (!st)
		st = sink_write(writer, "content", 7, &err);
	if (!st)
		st = sink_finish(writer, &err);
	sink_free(writer);
	return st;
}

static enum status get(struct store *store, const char *name)
{
	struct collect state = {0};
	struct sink *sink = collect_new(&state);
	enum status st = store_read(store, &world.call, name, sink, &err);
	sink_free(sink);
	buffer_fini(&state.bytes);
	return st;
}

static enum status count(void *arg, const struct object_info *info, struct error *error)
{
	int *seen = arg; /* NULL: nobody asks */
	if (seen != NULL)
		(*seen)++;
	(void)info;
	(void)error;
	return STATUS_OK;
}

static enum status join_level(void *arg, const struct object_info *info, struct error *error)
{
	return buffer_printf(arg, error, "%s ", info->name);
}

/* An unmounted disk leaves no root, or an empty one: neither is "no such object". */
static void an_absent_repository_is_no_answer(void **unused)
{
	(void)unused;
	struct store *store = NULL;
	struct object_info info;
	int64_t clock_s;
	const char *root = scratch_path(&dir, "mnt");
	assert_int_equal(directory_store_open(root, &store, &err), STATUS_OK);
	for (int exists = 0; exists < 2; exists++) {
		assert_int_equal(get(store, "42/wal/x"), STATUS_UNREACHABLE);
		assert_non_null(strstr(err.text, exists ? "has no directory 42" : "/mnt: No such file or directory"));
		assert_int_equal(store_stat(store, &world.call, "42/wal/x", &info, &err), STATUS_UNREACHABLE);
		if (exists)
			continue;
		assert_int_equal(put(store, "42/wal/x"), STATUS_UNREACHABLE);
		assert_non_null(strstr(err.hint, "mkdir"));
		assert_int_equal(store_reach(store, &world.call, &clock_s, &err), STATUS_UNREACHABLE);
		assert_int_equal(store_list(store, &world.call, "", count, NULL, &err), STATUS_UNREACHABLE);
		assert_int_equal(store_remove(store, &world.call, "42/wal/x", &err), STATUS_UNREACHABLE);
		assert_int_equal(mkdir(root, 0700), 0);
	}
	assert_int_equal(put(store, "42/wal/y"), STATUS_OK);
	assert_int_equal(get(store, "42/wal/x"), STATUS_MISSING);
	assert_int_equal(get(store, "43/wal/x"), STATUS_UNREACHABLE);
	assert_int_equal(get(store, "x"), STATUS_MISSING);
	store_free(store);
}

static void what_is_in_the_way_is_named(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	struct object_info info;
	char first[16];
	size_t first_len = sizeof first;
	scratch_put(&dir, "9/plain", "", 0, 0600);
	scratch_put(&dir, "9/folder/x", "", 0, 0600);
	assert_int_equal(put(store, "9/plain/x"), STATUS_LOCAL);
	assert_int_equal(get(store, "9/plain/x"), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "Not a directory"));
	assert_int_equal(get(store, "9/folder"), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "/9/folder is a directory, but walship expects an object"));
	assert_non_null(strstr(err.hint, "move it away"));
	assert_int_equal(store_read_first(store, &world.call, "9/folder", first, &first_len, &err), STATUS_DAMAGED);
	assert_int_equal(store_stat(store, &world.call, "9/folder", &info, &err), STATUS_DAMAGED);
	assert_int_equal(put(store, "9/folder"), STATUS_EXISTS);
	assert_int_equal(store_remove(store, &world.call, "9/folder", &err), STATUS_LOCAL);
	store_free(store);
}

static void nothing_is_begun_after_the_deadline(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	struct sink *writer = NULL;
	assert_int_equal(put(store, "8/x"), STATUS_OK);
	assert_int_equal(store_create(store, &world.call, "8/y", &writer, &err), STATUS_OK);
	world.monotonic_ms = world.call.deadline_ms;
	assert_int_equal(sink_write(writer, "x", 1, &err), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "8/y: timed out"));
	sink_free(writer);
	assert_int_equal(get(store, "8/x"), STATUS_UNREACHABLE);
	assert_int_equal(store_list(store, &world.call, "", count, NULL, &err), STATUS_UNREACHABLE);
	world.monotonic_ms = 0;
	assert_int_equal(get(store, "8/x"), STATUS_OK);
	store_free(store);
}

static enum status linger(void *arg, const struct object_info *info, struct error *error)
{
	(void)info, (void)error;
	++*(int *)arg;
	world.monotonic_ms += world.call.deadline_ms;
	return STATUS_OK;
}

static void each_dir_may_have_time_of_its_own(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	struct call call = world.call;
	int seen = 0;
	scratch_put(&dir, "6/a/x", "", 0, 0600);
	scratch_put(&dir, "6/b/x", "", 0, 0600);
	assert_int_equal(store_list(store, &call, "6/", linger, &seen, &err), STATUS_UNREACHABLE);
	assert_int_equal(seen, 1);
	call.step_ms = 1000;
	assert_int_equal(store_list(store, &call, "6/", linger, &seen, &err), STATUS_OK);
	assert_int_equal(seen, 3);
	world.monotonic_ms = 0;
	store_free(store);
}

static void unfinished_files_are_not_objects(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	int seen = 0;
	scratch_put(&dir, "7/.walship-0123.tmp", "", 0, 0600);
	scratch_put(&dir, "7/.walship-0123456789abcdef.tmp", "", 0, 0600);
	assert_int_equal(store_list(store, &world.call, "7/", count, &seen, &err), STATUS_OK);
	assert_int_equal(seen, 0);
	assert_int_equal(scratch_entries(&dir, "7"), 2);
	/* What a killed process left goes after a day. */
	world.utc_s = time(NULL) + 2 * 24 * 3600;
	assert_int_equal(store_list(store, &world.call, "8/", count, &seen, &err), STATUS_OK);
	assert_int_equal(scratch_entries(&dir, "7"), 2);
	assert_int_equal(store_list(store, &world.call, "7/", count, &seen, &err), STATUS_OK);
	assert_int_equal(scratch_entries(&dir, "7"), 1);
	store_free(store);
}

static void a_loop_of_dirs_is_named(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	char expected[300];
	int seen = 0;
	scratch_put(&dir, "10/a/x", "", 0, 0600);
	scratch_put(&dir, "11/a", "", 0, 0600);
	/* Two links, of which the first one alone is no loop. */
	assert_int_equal(symlink("../../11", scratch_path(&dir, "10/a/there")), 0);
	assert_int_equal(store_list(store, &world.call, "10/", count, NULL, &err), STATUS_OK);
	assert_int_equal(symlink("../10/a", scratch_path(&dir, "11/back")), 0);
	assert_int_equal(store_list(store, &world.call, "10/", count, &seen, &err), STATUS_LOCAL);
	assert_int_equal(seen, 1); /* not gone through even once more: two such links would make it two to the 16th */
	(void)snprintf(expected, sizeof expected,
		       "the symbolic link %s/10/a/there/back leads back to a directory above it", dir.path);
	assert_string_equal(err.text, expected);
	assert_non_null(strstr(err.hint, "remove the link"));
	assert_int_equal(unlink(scratch_path(&dir, "10/a/there")), 0);
	scratch_put(&dir, "12/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/x", "", 0, 0600);
	assert_int_equal(store_list(store, &world.call, "12/", count, NULL, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "directories nested too deeply: /"));
	assert_non_null(strstr(err.text, "/12/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/"));
	store_free(store);
}

/* Only the directory that the prefix names is read: not its neighbours, and at one level not what is below. */
static void a_listing_reads_no_other_dir(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	struct buffer got = {0};
	scratch_put(&dir, "20/good/x", "", 0, 0600);
	scratch_put(&dir, "20/other/x", "", 0, 0600);
	assert_int_equal(symlink("../other", scratch_path(&dir, "20/other/loop")), 0);
	assert_int_equal(store_list(store, &world.call, "20/", count, NULL, &err), STATUS_LOCAL);
	assert_int_equal(store_list(store, &world.call, "20/good/", count, NULL, &err), STATUS_OK);
	assert_int_equal(store_list_level(store, &world.call, "20/", join_level, &got, &err), STATUS_OK);
	assert_string_equal(buffer_text(&got), "20/good/ 20/other/ ");
	buffer_clear(&got);
	assert_int_equal(store_list_level(store, &world.call, "20/other/", join_level, &got, &err), STATUS_OK);
	assert_string_equal(buffer_text(&got), "20/other/loop/ 20/other/x ");
	/* A file in the place of a directory has nothing below it. */
	assert_int_equal(store_list(store, &world.call, "20/good/x/", count, NULL, &err), STATUS_OK);
	assert_int_equal(unlink(scratch_path(&dir, "20/other/loop")), 0);
	buffer_fini(&got);
	store_free(store);
}

static enum status join_refused(void *arg, const struct store_refusal *refusal, struct error *error)
{
	assert_int_equal(refusal->status, STATUS_LOCAL);
	assert_non_null(strstr(refusal->why->text, "remove file://"));
	return buffer_printf(arg, error, "%s;", refusal->name);
}

/* What is no file is refused by name, and the others go; without the repository nothing is "removed". */
static void a_removal_goes_on_behind_a_refusal(void **unused)
{
	(void)unused;
	static const char *const names[] = {"21/a", "21", "21/b"};
	struct store *store = open_store(&dir);
	struct buffer got = {0};
	const struct store_removal removal = {.names = names, .count = 3, .refused = join_refused, .arg = &got};
	assert_int_equal(put(store, "21/a"), STATUS_OK);
	assert_int_equal(put(store, "21/b"), STATUS_OK);
	assert_int_equal(store_remove_many(store, &world.call, &removal, &err), STATUS_OK);
	assert_string_equal(buffer_text(&got), "21;");
	assert_int_equal(get(store, "21/a"), STATUS_MISSING);
	assert_int_equal(get(store, "21/b"), STATUS_MISSING);
	assert_int_equal(store_remove(store, &world.call, "21", &err), STATUS_LOCAL);
	buffer_fini(&got);
	store_free(store);
	const struct scratch gone = {.path = "/nonexistent/repository"};
	store = open_store(&gone);
	assert_int_equal(store_remove_many(store, &world.call, &removal, &err), STATUS_UNREACHABLE);
	store_free(store);
}

struct order {
	char last[OBJECT_NAME_MAX];
	size_t count;
};

static enum status follow(void *arg, const struct object_info *info, struct error *error)
{
	struct order *order = arg;
	(void)error;
	if (strcmp(info->name, order->last) <= 0)
		fail_msg("%s behind %s", info->name, order->last);
	(void)strcpy(order->last, info->name);
	order->count++;
	return STATUS_OK;
}

/* More names than are kept at once: each comes once, in order, directories among them. */
static void a_dir_may_have_any_number(void **unused)
{
	(void)unused;
	struct store *store = open_store(&dir);
	struct order order = {{0}, 0};
	const size_t files = 2 * 65536 + 100; /* more than two batches */
	char name[64];
	scratch_put(&dir, "8/x", "", 0, 0600);
	for (size_t i = 1; i < files; i++) {
		/* In another order than that of their names. */
		(void)snprintf(name, sizeof name, "8/%08zx", i * 40503 % 0x1000000);
		int fd = open(scratch_path(&dir, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(close(fd), 0);
	}
	scratch_put(&dir, "8/00800000.d/y", "", 0, 0600);
	scratch_put(&dir, "8/y/y", "", 0, 0600);
	assert_ok(store_list(store, &world.call, "8/", follow, &order, &err), err);
	assert_int_equal(order.count, files + 2);
	assert_string_equal(order.last, "8/y/y");
	store_free(store);
}

static void paths_have_a_bound(void **unused)
{
	(void)unused;
	static char root[5000];
	struct store *store = NULL;
	memset(root, 'x', sizeof root - 1);
	root[0] = '/';
	assert_int_equal(directory_store_open(root, &store, &err), STATUS_USAGE);
	root[4090] = '\0';
	assert_int_equal(directory_store_open(root, &store, &err), STATUS_OK);
	assert_int_equal(get(store, "1/wal/x"), STATUS_USAGE);
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_absent_repository_is_no_answer),   cmocka_unit_test(what_is_in_the_way_is_named),
	    cmocka_unit_test(nothing_is_begun_after_the_deadline), cmocka_unit_test(each_dir_may_have_time_of_its_own),
	    cmocka_unit_test(unfinished_files_are_not_objects),    cmocka_unit_test(a_loop_of_dirs_is_named),
	    cmocka_unit_test(a_listing_reads_no_other_dir),        cmocka_unit_test(a_removal_goes_on_behind_a_refusal),
	    cmocka_unit_test(a_dir_may_have_any_number),           cmocka_unit_test(paths_have_a_bound),
	};
	scratch_init(&dir);
	world_init(&world);
	int failed = cmocka_run_group_tests_name("store/directory/directory", tests, NULL, NULL);
	world_fini(&world);
	scratch_fini(&dir);
	return failed;
}

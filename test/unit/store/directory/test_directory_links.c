/* A repository of which parts lie elsewhere, or belong to somebody else. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/directory/directory.h"
#include "support/cmocka.h"
#include "support/collect.h"
#include "support/scratch.h"
#include "support/world.h"

#define SEGMENT "42/wal/0000000100000000/000000010000000000000001"
#define OTHER "42/wal/0000000100000000/000000010000000000000002"

static struct world world;
static struct store *store;
static struct error err;

static int setup(void **unused)
{
	world_init(&world);
	return test_dir_make(unused) || mkdir(scratch_path(&test_dir, "repo"), 0700) ||
	       directory_store_open(scratch_path(&test_dir, "repo"), &store, &err);
}

static int teardown(void **unused)
{
	store_free(store);
	world_fini(&world);
	return test_dir_remove(unused);
}

static enum status put(const char *name)
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

static enum status get(const char *name)
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
	(void)info, (void)error;
	++*(int *)arg;
	return STATUS_OK;
}

static enum status list(const char *prefix, int *seen)
{
	*seen = 0;
	return store_list(store, &world.call, prefix, count, seen, &err);
}

/* Moves a part of the repository to "elsewhere", which the test may take away, and links the part. */
static void move_away(const char *part)
{
	char path[300];
	(void)snprintf(path, sizeof path, "%s/repo/%s", test_dir.path, part);
	assert_int_equal(rename(path, scratch_path(&test_dir, "elsewhere")), 0);
	assert_int_equal(symlink(scratch_path(&test_dir, "elsewhere"), path), 0);
}

static void move_back(const char *part)
{
	char path[300];
	(void)snprintf(path, sizeof path, "%s/repo/%s", test_dir.path, part);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(scratch_path(&test_dir, "elsewhere"), path), 0);
}

static void unmount(void)
{
	assert_int_equal(rename(scratch_path(&test_dir, "elsewhere"), scratch_path(&test_dir, "away")), 0);
}

static void mount(void)
{
	assert_int_equal(rename(scratch_path(&test_dir, "away"), scratch_path(&test_dir, "elsewhere")), 0);
}

static void assert_dangling(enum status st)
{
	assert_int_equal(st, STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, " is a symbolic link to "));
	assert_non_null(strstr(err.text, "elsewhere, which does not exist"));
	assert_non_null(strstr(err.hint, "mount the disk"));
}

/* mkdir, which is right where nothing is, would fail at the link. */
static void a_repository_that_is_a_link_to_nothing(void **unused)
{
	(void)unused;
	int seen;
	assert_ok(put(SEGMENT), err);
	assert_int_equal(rename(scratch_path(&test_dir, "repo"), scratch_path(&test_dir, "elsewhere")), 0);
	assert_int_equal(symlink(scratch_path(&test_dir, "elsewhere"), scratch_path(&test_dir, "repo")), 0);
	assert_ok(get(SEGMENT), err);
	unmount();
	assert_dangling(get(SEGMENT));
	assert_dangling(put(OTHER));
	assert_dangling(list("", &seen));
}

/* PostgreSQL must not take a disk that is not mounted for the end of the WAL. */
static void a_link_to_nothing_is_no_answer(void **unused)
{
	(void)unused;
	static const char *const parts[] = {"42", "42/wal", "42/wal/0000000100000000", SEGMENT};
	char first[16];
	int seen;
	assert_ok(put(SEGMENT), err);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct object_info info;
		size_t len = sizeof first;
		bool is_object = strcmp(parts[i], SEGMENT) == 0;
		move_away(parts[i]);
		assert_ok(get(SEGMENT), err);
		assert_int_equal(get(OTHER), STATUS_MISSING);
		assert_ok(list("", &seen), err);
		assert_int_equal(seen, 1);
		assert_ok(store_examine(store, &world.call, "", &err), err);
		unmount();
		assert_dangling(get(SEGMENT));
		assert_dangling(store_stat(store, &world.call, SEGMENT, &info, &err));
		assert_dangling(store_read_first(store, &world.call, SEGMENT, first, &len, &err));
		assert_dangling(list("", &seen));
		assert_dangling(list("42/wal/0000000100000000/", &seen));
		assert_dangling(list(SEGMENT, &seen));
		assert_ok(list("43/", &seen), err);
		assert_dangling(store_examine(store, &world.call, "42/", &err));
		assert_ok(store_examine(store, &world.call, "43/", &err), err);
		assert_dangling(put(SEGMENT));
		if (is_object) {
			assert_int_equal(get(OTHER), STATUS_MISSING);
			assert_ok(put(OTHER), err);
		} else {
			assert_dangling(get(OTHER));
			assert_dangling(put(OTHER));
			assert_dangling(store_remove(store, &world.call, OTHER, &err));
		}
		mount();
		assert_ok(get(SEGMENT), err);
		move_back(parts[i]);
	}
}

static void a_link_in_a_circle_is_no_answer(void **unused)
{
	(void)unused;
	int seen;
	assert_ok(put(OTHER), err);
	assert_int_equal(symlink("000000010000000000000001", scratch_path(&test_dir, "repo/" SEGMENT)), 0);
	assert_true(get(SEGMENT) != STATUS_MISSING && get(SEGMENT) != STATUS_OK);
	assert_int_equal(list("42/", &seen), STATUS_UNREACHABLE);
}

/* The disk's mount point itself is linked. */
static void a_link_to_an_empty_directory_is_no_answer(void **unused)
{
	(void)unused;
	char hint[300];
	assert_int_equal(mkdir(scratch_path(&test_dir, "disk"), 0700), 0);
	assert_int_equal(symlink(scratch_path(&test_dir, "disk"), scratch_path(&test_dir, "repo/42")), 0);
	assert_int_equal(get(SEGMENT), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "/repo/42 is a symbolic link to an empty directory"));
	assert_int_equal(put(SEGMENT), STATUS_UNREACHABLE);
	(void)snprintf(hint, sizeof hint, "touch %s/repo/42/.in-use", test_dir.path);
	assert_non_null(strstr(err.hint, hint));
	scratch_put(&test_dir, "disk/.in-use", "", 0, 0600);
	assert_int_equal(get(SEGMENT), STATUS_MISSING);
	assert_ok(put(SEGMENT), err);
	assert_ok(get(SEGMENT), err);
}

/* As the user that owns the repository, and as root, who may read everything. */
static void an_object_of_another_user_is_found(void **unused)
{
	(void)unused;
	const char *segment = scratch_path(&test_dir, "repo/" SEGMENT), *root = scratch_path(&test_dir, "repo");
	char hint[300];
	if (geteuid() != 0)
		skip();
	assert_ok(put(SEGMENT), err);
	assert_ok(store_examine(store, &world.call, "", &err), err);
	assert_int_equal(chmod(scratch_path(&test_dir, "repo/42"), 0700), 0);
	assert_int_equal(chown(root, 1, 1), 0);
	assert_int_equal(chmod(test_dir.path, 0711), 0);
	(void)snprintf(hint, sizeof hint, "chown -R --reference=%s %s", root, root);
	for (int own = 0; own < 2; own++) {
		assert_int_equal(seteuid(own ? 1 : 0), 0);
		enum status st = store_examine(store, &world.call, "42/", &err);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(st, STATUS_LOCAL);
		assert_non_null(strstr(own ? err.text : err.hint, own ? "Permission denied" : hint));
	}
	/* Others may read them: that is enough, except where new directories are made. */
	assert_int_equal(chmod(scratch_path(&test_dir, "repo/42"), 0755), 0);
	assert_int_equal(chmod(scratch_path(&test_dir, "repo/42/wal"), 0755), 0);
	assert_int_equal(chmod(scratch_path(&test_dir, "repo/42/wal/0000000100000000"), 0755), 0);
	assert_int_equal(store_examine(store, &world.call, "42/", &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "repo/42/wal/ belongs to user id 0"));
	assert_int_equal(chown(scratch_path(&test_dir, "repo/42/wal"), 1, 1), 0);
	assert_int_equal(store_examine(store, &world.call, "42/", &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, SEGMENT " belongs to user id 0"));
	assert_int_equal(chmod(segment, 0644), 0);
	assert_ok(store_examine(store, &world.call, "42/", &err), err);
}

/* A call as root must not lock out the user of the repository. */
static void what_root_makes_belongs_to_the_owner(void **unused)
{
	(void)unused;
	static const char *const parts[] = {"repo/42", "repo/42/wal", "repo/42/wal/0000000100000000",
					    ("repo/" SEGMENT)};
	struct stat info;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(scratch_path(&test_dir, "repo"), 12, 34), 0);
	mode_t before = umask(0777);
	enum status st = put(SEGMENT);
	(void)umask(before);
	assert_ok(st, err);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		assert_int_equal(stat(scratch_path(&test_dir, parts[i]), &info), 0);
		assert_int_equal(info.st_uid, 12);
		assert_int_equal(info.st_gid, 34);
		assert_int_equal(info.st_mode & 07777, S_ISDIR(info.st_mode) ? 0700 : 0600);
	}
	/* A directory that is there keeps its owner. */
	assert_int_equal(chown(scratch_path(&test_dir, parts[2]), 13, 35), 0);
	assert_ok(put(OTHER), err);
	assert_int_equal(stat(scratch_path(&test_dir, parts[2]), &info), 0);
	assert_int_equal(info.st_uid, 13);
	assert_int_equal(stat(scratch_path(&test_dir, "repo/" OTHER), &info), 0);
	assert_int_equal(info.st_uid, 13);
	assert_int_equal(info.st_mode & 07777, 0640 & ~before);
}

/* The owner of the repository can link any directory, but must not get a file there by root's hand. */
static void root_gives_nothing_away_behind_a_link(void **unused)
{
	(void)unused;
	static const char *const parts[] = {"42/wal/0000000100000000", "42"};
	static const char *const made[] = {"elsewhere/000000010000000000000002", "elsewhere/wal/0000000200000000"};
	static const char *const names[] = {OTHER, "42/wal/0000000200000000/000000020000000000000003"};
	struct stat info;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(scratch_path(&test_dir, "repo"), 12, 34), 0);
	assert_ok(put(SEGMENT), err);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		move_away(parts[i]);
		assert_int_equal(chown(scratch_path(&test_dir, "elsewhere"), 0, 0), 0);
		if (i == 1)
			assert_int_equal(chown(scratch_path(&test_dir, "elsewhere/wal"), 0, 0), 0);
		assert_ok(put(names[i]), err);
		assert_int_equal(stat(scratch_path(&test_dir, made[i]), &info), 0);
		assert_int_equal(info.st_uid, 0);
		assert_int_equal(info.st_gid, 0);
		move_back(parts[i]);
	}
}

/* Neither a missing object nor a disk that is not mounted. */
static void a_forbidden_root_is_told(void **unused)
{
	(void)unused;
	int64_t clock_s;
	int seen;
	if (geteuid() != 0)
		skip();
	assert_ok(put(SEGMENT), err);
	assert_int_equal(chmod(test_dir.path, 0700), 0);
	assert_int_equal(seteuid(1), 0);
	enum status statuses[] = {get(SEGMENT), put(OTHER), list("", &seen),
				  store_reach(store, &world.call, &clock_s, &err)};
	assert_int_equal(seteuid(0), 0);
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		assert_int_equal(statuses[i], STATUS_LOCAL);
	assert_non_null(strstr(err.text, "Permission denied"));
	assert_non_null(strstr(err.hint, "user id 1 must be able to read and write there"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_repository_that_is_a_link_to_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_link_to_nothing_is_no_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_link_in_a_circle_is_no_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_link_to_an_empty_directory_is_no_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_object_of_another_user_is_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_root_makes_belongs_to_the_owner, setup, teardown),
	    cmocka_unit_test_setup_teardown(root_gives_nothing_away_behind_a_link, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_forbidden_root_is_told, setup, teardown),
	};
	return cmocka_run_group_tests_name("store/directory/directory_links", tests, NULL, NULL);
}

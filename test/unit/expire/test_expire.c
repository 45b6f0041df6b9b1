/* expire as a whole, on a repository in a directory. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/begun.h"
#include "expire/backup_remove.h"
#include "expire/expire.h"
#include "expire/wal_note.h"
#include "pg/wal/name.h"
#include "support/cmocka.h"
#include "support/made_backup.h"
#include "support/scratch.h"
#include "support/world.h"

#define ID UINT64_C(7601921254259666965)
#define SEGMENT_BYTES (16UL * 1024 * 1024)
#define ONE "20261101T020000Z-full"
#define TWO "20261108T020000Z-full"
#define DIFF "20261109T020000Z-diff"
#define THREE "20261115T020000Z-full"

static struct world world;
static char url[128], spool[128];
static struct repository_settings settings;
static struct repository repo;
static struct error err;
static struct console console;

static int setup(void **unused)
{
	(void)unused;
	test_dir_make(NULL);
	assert_int_equal(mkdir(scratch_path(&test_dir, "repo"), 0700), 0);
	world_init(&world);
	world.utc_s = time(NULL);
	(void)snprintf(url, sizeof url, "file://%s", scratch_path(&test_dir, "repo"));
	(void)snprintf(spool, sizeof spool, "%s", scratch_path(&test_dir, "spool"));
	settings = (struct repository_settings){.url = url, .spool = spool};
	int fd = open(scratch_path(&test_dir, "printed"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	console = (struct console){.call = &world.call, .out_fd = fd};
	assert_ok(repository_open(&repo, &settings, &world.call, &err), err);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	(void)close(console.out_fd);
	repository_fini(&repo);
	world_fini(&world);
	return test_dir_remove(NULL);
}

/* What was printed since the last call. */
static const char *printed(void)
{
	static char text[8192];
	ssize_t len = pread(console.out_fd, text, sizeof text - 1, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	assert_int_equal(ftruncate(console.out_fd, 0), 0);
	assert_int_equal(lseek(console.out_fd, 0, SEEK_SET), 0);
	return text;
}

static void put_wal_file(const char *text)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	assert_ok(wal_name_parse(&name, text, &err), err);
	wal_object_name(object, ID, &name);
	assert_ok(object_create(&repo, &world.call, object, text, strlen(text), &err), err);
}

static void put_wal(uint32_t timeline, uint64_t first, uint64_t last)
{
	for (uint64_t number = first; number <= last; number++) {
		struct wal_name name;
		wal_name_of_number(&name, timeline, number, SEGMENT_BYTES);
		put_wal_file(name.text);
	}
}

static void set_age(uint32_t timeline, uint64_t number, int days)
{
	char object[WAL_OBJECT_NAME_MAX + 8] = "repo/";
	struct wal_name name;
	wal_name_of_number(&name, timeline, number, SEGMENT_BYTES);
	wal_object_name(object + strlen(object), ID, &name);
	const struct timespec then = {.tv_sec = world.utc_s - days * 86400L - 10};
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&test_dir, object), (struct timespec[]){then, then}, 0), 0);
}

static void put_backup(const char *label, const char *needs, uint64_t segment, bool unfinished)
{
	made_backup_put(&repo, &world.call, ID,
			&(struct made_backup){.label = label,
					      .needs = needs,
					      .start_lsn = segment * SEGMENT_BYTES + 0x28,
					      .stop_lsn = segment * SEGMENT_BYTES + 0x1000,
					      .unfinished = unfinished});
}

static enum status expire(struct retention rules, bool dry_run)
{
	const struct expire_params params = {.settings = &settings,
					     .call = &world.call,
					     .console = &console,
					     .cluster = {.system_id = ID},
					     .rules = rules,
					     .dry_run = dry_run};
	return expire_run(&params, &err);
}

static struct retention keep_full(uint64_t count)
{
	return (struct retention){.full = count, .silence_s = 86400};
}

static enum status add_name(void *arg, const struct object_info *info, struct error *error)
{
	return buffer_printf(arg, error, "%s\n", strchr(info->name, '/') + 1);
}

/* The names below the cluster. */
static void list(struct buffer *out, const char *part)
{
	char prefix[64];
	buffer_clear(out);
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/%s", ID, part);
	assert_ok(store_list(repo.store, &world.call, prefix, add_name, out, &err), err);
}

static void expect_wal(const char *names)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	list(&text, "wal/");
	assert_string_equal(buffer_text(&text), names);
}

static size_t objects_of(const char *label)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char part[64];
	size_t count = 0;
	(void)snprintf(part, sizeof part, "backup/%s/", label);
	list(&text, part);
	for (const char *at = buffer_text(&text); *at != '\0'; at++)
		count += *at == '\n';
	return count;
}

#define IN_1 "wal/0000000100000000/0000000100000000000000"
#define IN_2 "wal/0000000200000000/0000000200000000000000"

static void make_archive(void)
{
	put_wal(1, 1, 9);
	put_wal(2, 4, 8);
	put_wal_file("000000010000000000000004.partial");
	put_wal_file("000000010000000000000003.00000028.backup");
	put_wal_file("000000010000000000000007.00000028.backup");
	put_wal_file("00000002.history");
	put_backup(ONE, NULL, 3, false);
	put_backup(TWO, NULL, 5, false);
	put_backup(DIFF, TWO, 6, false);
	put_backup(THREE, NULL, 7, false);
}

static void removes_backups_and_wal(void **unused)
{
	(void)unused;
	make_archive();
	assert_ok(expire(keep_full(1), false), err);
	assert_int_equal(objects_of(ONE) + objects_of(TWO) + objects_of(DIFF), 0);
	assert_int_equal(objects_of(THREE), 6);
	expect_wal(IN_1 "07\n" IN_1 "07.00000028.backup\n" IN_1 "08\n" IN_1 "09\nwal/00000002.history\n" IN_2
			"07\n" IN_2 "08\n");
	(void)printed();
	assert_ok(expire(keep_full(1), false), err);
	assert_non_null(strstr(printed(), "keep all WAL: no base backup is removed"));
}

static void a_dry_run_prints_the_same(void **unused)
{
	CLEANUP(buffer_fini) struct buffer before = {0};
	CLEANUP(buffer_fini) struct buffer after = {0};
	char dry[8192];
	(void)unused;
	make_archive();
	list(&before, "");
	assert_ok(expire(keep_full(2), true), err);
	list(&after, "");
	assert_string_equal(buffer_text(&before), buffer_text(&after));
	(void)snprintf(dry, sizeof dry, "%s", printed());
	char *end = strstr(dry, "dry run: nothing was removed\n");
	assert_non_null(end);
	*end = '\0';
	assert_ok(expire(keep_full(2), false), err);
	const char *text = printed();
	assert_string_equal(dry, text);
	assert_non_null(strstr(text, "remove base backup " ONE ": "));
	assert_non_null(strstr(text, "keep base backup " TWO ": retention-full, needed by " DIFF "\n"));
	assert_non_null(strstr(text, "keep base backup " DIFF ": its full backup is kept\n"));
	assert_non_null(strstr(text, "keep base backup " THREE ": the newest full backup, retention-full\n"));
	assert_non_null(
	    strstr(text, "remove WAL from 000000010000000000000001 to 000000010000000000000004: 6 objects"));
	assert_non_null(
	    strstr(text, "remove WAL from 000000020000000000000004 to 000000020000000000000004: 1 object,"));
}

/* They may belong to base backups of another tool. */
static void the_first_backup_removes_no_wal(void **unused)
{
	(void)unused;
	put_wal(1, 1, 3);
	assert_ok(expire((struct retention){.full = 1, .wal_days = 1}, false), err);
	assert_non_null(strstr(printed(), "keep all WAL: there is no base backup"));
	put_backup(ONE, NULL, 3, false);
	assert_ok(expire(keep_full(1), false), err);
	expect_wal(IN_1 "01\n" IN_1 "02\n" IN_1 "03\n");
}

static void days_of_wal(void **unused)
{
	const struct retention rules = {.wal_days = 10, .silence_s = 86400};
	(void)unused;
	put_wal(1, 1, 7);
	put_wal(2, 4, 6);
	put_backup(ONE, NULL, 6, false);
	for (uint64_t number = 1; number <= 4; number++)
		set_age(1, number, 20);
	set_age(2, 4, 20);
	set_age(2, 5, 20);
	/* Stored late, by backfill: the WAL behind it stays too, on all timelines. */
	set_age(1, 3, 5);
	assert_ok(expire(rules, false), err);
	expect_wal(IN_1 "03\n" IN_1 "04\n" IN_1 "05\n" IN_1 "06\n" IN_1 "07\n" IN_2 "04\n" IN_2 "05\n" IN_2 "06\n");
	set_age(1, 3, 20);
	assert_ok(expire(rules, false), err);
	expect_wal(IN_1 "05\n" IN_1 "06\n" IN_1 "07\n" IN_2 "05\n" IN_2 "06\n");
	/* What a backup needs stays at any age. */
	for (uint64_t number = 5; number <= 7; number++)
		set_age(1, number, 30);
	set_age(2, 5, 30);
	set_age(2, 6, 30);
	assert_ok(expire(rules, false), err);
	expect_wal(IN_1 "06\n" IN_1 "07\n" IN_2 "06\n");
}

/* Without the syncs of a store, which take most of the time. */
static void put_many(uint32_t timeline, uint64_t first, uint64_t last)
{
	for (uint64_t number = first; number <= last; number++) {
		char object[WAL_OBJECT_NAME_MAX + 8] = "repo/";
		struct wal_name name;
		wal_name_of_number(&name, timeline, number, SEGMENT_BYTES);
		wal_object_name(object + strlen(object), ID, &name);
		scratch_put(&test_dir, object, "x", 1, 0600);
	}
}

static void many_segments(void **unused)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	(void)unused;
	put_many(1, 1, 1500);
	put_many(3, 300, 1400);
	put_backup(ONE, NULL, 3, false);
	put_backup(TWO, NULL, 1300, false);
	assert_ok(expire(keep_full(1), false), err);
	list(&text, "wal/");
	size_t count = 0;
	for (const char *at = buffer_text(&text); *at != '\0'; at++)
		count += *at == '\n';
	assert_int_equal(count, 201 + 101);
}

static void what_never_finished(void **unused)
{
	(void)unused;
	put_wal(1, 1, 9);
	put_backup(ONE, NULL, 3, false);
	put_backup(TWO, NULL, 5, false);
	put_backup("20261110T020000Z-incr", ONE, 6, true);
	assert_ok(expire(keep_full(1), false), err);
	/* It is younger than a day by the store's clock. */
	assert_int_equal(objects_of("20261110T020000Z-incr"), 5);
	assert_int_equal(objects_of(ONE), 6);
	world.utc_s += 86400 + 60;
	assert_ok(expire(keep_full(1), false), err);
	assert_non_null(strstr(printed(), "remove base backup 20261110T020000Z-incr: never finished, "));
	assert_int_equal(objects_of("20261110T020000Z-incr"), 0);
	assert_int_equal(objects_of(ONE), 0);
	assert_int_equal(objects_of(TWO), 6);
}

/* As a kill leaves them: without a manifest, with a part of the content. */
static void goes_on_after_a_kill(void **unused)
{
	(void)unused;
	make_archive();
	for (size_t i = 0; i < 2; i++)
		assert_ok(store_remove(repo.store, &world.call,
				       made_backup_object(ID, ONE, i == 0 ? "manifest" : "data/00000001"), &err),
			  err);
	assert_ok(expire(keep_full(1), false), err);
	assert_int_equal(objects_of(ONE), 4);
	world.utc_s += 86400 + 60;
	assert_ok(expire(keep_full(1), false), err);
	assert_int_equal(objects_of(ONE), 0);
	assert_int_equal(objects_of(THREE), 6);
}

/* What `backup remove`, or an expire that was killed, leaves is WAL without its backup. */
static void wal_follows_in_a_later_run(void **unused)
{
	struct backup_label label;
	(void)unused;
	make_archive();
	assert_true(backup_label_parse(&label, ONE));
	wal_note_put(&settings, ID, &label);
	/* The backup is still there: it was not removed after all. */
	assert_ok(expire(keep_full(3), false), err);
	assert_non_null(strstr(printed(), "keep all WAL: no base backup is removed"));
	const struct chosen_params params = {.settings = &settings,
					     .call = &world.call,
					     .console = &console,
					     .cluster = {.system_id = ID},
					     .label = ONE};
	assert_ok(backup_remove(&params, false, &err), err);
	(void)printed();
	assert_ok(expire(keep_full(3), true), err);
	assert_non_null(strstr(printed(), "remove WAL from 000000010000000000000001 to 000000010000000000000004"));
	assert_ok(expire(keep_full(3), false), err);
	assert_non_null(strstr(printed(), "remove WAL from 000000010000000000000001 to 000000010000000000000004"));
	put_wal(1, 1, 4);
	assert_ok(expire(keep_full(3), false), err);
	assert_non_null(strstr(printed(), "keep all WAL: no base backup is removed"));
	/* A note of another repository says nothing. */
	settings.url = "file:///elsewhere";
	wal_note_put(&settings, ID, &label);
	settings.url = url;
	assert_ok(expire(keep_full(3), false), err);
	assert_non_null(strstr(printed(), "keep all WAL: no base backup is removed"));
}

static void a_manifest_that_cannot_be_opened(void **unused)
{
	char path[160];
	(void)unused;
	make_archive();
	(void)snprintf(path, sizeof path, "repo/%s", made_backup_object(ID, DIFF, "manifest"));
	assert_int_equal(truncate(scratch_path(&test_dir, path), 100), 0);
	assert_int_equal(expire(keep_full(1), false), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "1 manifest cannot be opened"));
	assert_int_equal(objects_of(ONE), 6);
	const char *text = printed();
	assert_non_null(strstr(text, "possibly needed by " DIFF));
	assert_non_null(strstr(text, "keep all WAL: no base backup is removed"));
	assert_int_equal(expire((struct retention){.full = 1, .wal_days = 1, .silence_s = 86400}, false),
			 STATUS_DAMAGED);
	assert_non_null(
	    strstr(printed(), "keep all WAL: it is not known from where on base backup " DIFF " needs WAL"));
}

static void wants_an_option_and_a_cluster(void **unused)
{
	(void)unused;
	assert_int_equal(expire((struct retention){0}, false), STATUS_USAGE);
	assert_non_null(strstr(err.hint, "retention-full = 4"));
	const struct expire_params params = {.settings = &settings,
					     .call = &world.call,
					     .console = &console,
					     .cluster = {.system_id = 0},
					     .rules = keep_full(1)};
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(expire_run(&params, &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "system identifier is not known"));
}

static void other_clusters_are_left_alone(void **unused)
{
	(void)unused;
	make_archive();
	made_backup_put(&repo, &world.call, 42, &(struct made_backup){.label = ONE});
	assert_ok(expire(keep_full(1), false), err);
	struct object_info info;
	assert_ok(store_stat(repo.store, &world.call, made_backup_object(42, ONE, "manifest"), &info, &err), err);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(removes_backups_and_wal),
	    TEST(a_dry_run_prints_the_same),
	    TEST(the_first_backup_removes_no_wal),
	    TEST(days_of_wal),
	    TEST(many_segments),
	    TEST(what_never_finished),
	    TEST(goes_on_after_a_kill),
	    TEST(wal_follows_in_a_later_run),
	    TEST(a_manifest_that_cannot_be_opened),
	    TEST(wants_an_option_and_a_cluster),
	    TEST(other_clusters_are_left_alone),
	};
	return cmocka_run_group_tests_name("expire/expire", tests, NULL, NULL);
}

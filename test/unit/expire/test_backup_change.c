/* backup keep and backup remove, on a repository in a directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "expire/backup_keep.h"
#include "expire/backup_remove.h"
#include "support/cmocka.h"
#include "support/made_backup.h"
#include "support/scratch.h"
#include "support/world.h"

#define ID 7601921254259666965
#define FULL "20261122T020000Z-full"
#define DIFF "20261123T020000Z-diff"
#define INCR "20261123T080000Z-incr"
#define LATER "20261124T080000Z-incr"

static struct world world;
static char url[128], spool[128];
static struct repository_settings settings;
static struct repository repo;
static struct error err;
static struct buffer printed;
static struct console console;

static int setup(void **unused)
{
	(void)unused;
	test_dir_make(NULL);
	assert_int_equal(mkdir(scratch_path(&test_dir, "repo"), 0700), 0);
	world_init(&world);
	(void)snprintf(url, sizeof url, "file://%s", scratch_path(&test_dir, "repo"));
	(void)snprintf(spool, sizeof spool, "%s", scratch_path(&test_dir, "spool"));
	settings = (struct repository_settings){.url = url, .spool = spool};
	console = (struct console){.call = &world.call, .out_fd = STDERR_FILENO};
	assert_ok(repository_open(&repo, &settings, &world.call, &err), err);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	repository_fini(&repo);
	buffer_fini(&printed);
	world_fini(&world);
	return test_dir_remove(NULL);
}

static void put(const char *label, const char *needs, bool unfinished)
{
	made_backup_put(&repo, &world.call, ID,
			&(struct made_backup){.label = label, .needs = needs, .packs = 2, .unfinished = unfinished});
}

static struct chosen_params params_of(const char *label)
{
	return (struct chosen_params){.settings = &settings,
				      .call = &world.call,
				      .console = &console,
				      .cluster = {.pg_data = NULL, .system_id = ID},
				      .label = label};
}

static enum status keep(const char *label, bool release)
{
	const struct chosen_params params = params_of(label);
	return backup_keep(&params, release, &err);
}

static enum status drop(const char *label, bool abandoned)
{
	const struct chosen_params params = params_of(label);
	return backup_remove(&params, abandoned, &err);
}

static enum status count_one(void *arg, const struct object_info *info, struct error *ignored)
{
	(void)info, (void)ignored;
	(*(size_t *)arg)++;
	return STATUS_OK;
}

static size_t objects_of(const char *label)
{
	size_t count = 0;
	assert_ok(store_list(repo.store, &world.call, made_backup_object(ID, label, ""), count_one, &count, &err), err);
	return count;
}

static void refused(enum status st, const char *why)
{
	if (st != STATUS_CONFLICT || strstr(err.text, why) == NULL)
		fail_msg("status %d, %s", (int)st, err.text);
}

static void removes_what_nobody_needs(void **unused)
{
	(void)unused;
	world.utc_s = time(NULL);
	put(FULL, NULL, false);
	put(DIFF, FULL, false);
	put(INCR, FULL " " DIFF, false);
	refused(drop(FULL, false), DIFF " and 1 more need this one");
	refused(drop(DIFF, false), INCR " needs this one");
	assert_int_equal(objects_of(FULL), 7);
	assert_ok(drop(INCR, false), err);
	assert_int_equal(objects_of(INCR), 0);
	assert_ok(drop(DIFF, false), err);
	assert_ok(drop(FULL, false), err);
	assert_int_equal(objects_of(FULL), 0);
	assert_int_equal(drop(FULL, false), STATUS_USAGE);
	assert_int_equal(drop("latest", false), STATUS_USAGE);
}

static void keeps_what_is_pinned(void **unused)
{
	(void)unused;
	world.utc_s = time(NULL);
	put(FULL, NULL, false);
	put(DIFF, FULL, false);
	assert_ok(keep(DIFF, false), err);
	assert_ok(keep(DIFF, false), err);
	refused(drop(DIFF, false), "this backup is kept");
	refused(drop(FULL, false), DIFF " needs this one");
	assert_ok(keep(DIFF, true), err);
	assert_ok(keep(DIFF, true), err);
	assert_ok(drop(DIFF, false), err);
	put(LATER, FULL, true);
	refused(keep(LATER, false), "not finished");
}

/* The times are those of the store, which are now. */
static void waits_for_a_backup_under_way(void **unused)
{
	(void)unused;
	world.utc_s = time(NULL);
	put(FULL, NULL, false);
	put(LATER, FULL, true);
	refused(drop(FULL, false), LATER ", which is not finished, may need this one");
	refused(drop(LATER, false), "began less than a day ago");
	assert_int_equal(objects_of(LATER), 6);
	world.utc_s = time(NULL) + 86400 + 60;
	assert_ok(drop(LATER, false), err);
	assert_int_equal(objects_of(LATER), 0);
	world.utc_s = time(NULL);
	put(LATER, FULL, true);
	assert_ok(drop(LATER, true), err);
	assert_ok(drop(FULL, false), err);
}

/* A full backup does not need a parent, and an earlier one needs nothing that came later. */
static void does_not_wait_for_others(void **unused)
{
	(void)unused;
	world.utc_s = time(NULL);
	put(FULL, NULL, false);
	put("20261121T020000Z-full", NULL, false);
	put("20261121T080000Z-incr", "20261121T020000Z-full", true);
	put("20261125T080000Z-full", NULL, true);
	assert_ok(drop(FULL, false), err);
}

static void a_manifest_that_cannot_be_opened_may_need_it(void **unused)
{
	(void)unused;
	char path[160];
	world.utc_s = time(NULL);
	put(FULL, NULL, false);
	put(DIFF, FULL, false);
	(void)snprintf(path, sizeof path, "repo/%s", made_backup_object(ID, DIFF, "manifest"));
	assert_int_equal(truncate(scratch_path(&test_dir, path), 100), 0);
	refused(drop(FULL, false), DIFF " may need this one");
	/* The damaged one itself may go. */
	assert_ok(drop(DIFF, false), err);
	assert_ok(drop(FULL, false), err);
}

/* What a killed removal leaves can be removed again. */
static void goes_on_after_a_kill(void **unused)
{
	(void)unused;
	world.utc_s = time(NULL);
	put(FULL, NULL, false);
	assert_ok(store_remove(repo.store, &world.call, made_backup_object(ID, FULL, "manifest"), &err), err);
	refused(drop(FULL, false), "not finished");
	assert_ok(drop(FULL, true), err);
	assert_int_equal(objects_of(FULL), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(removes_what_nobody_needs),
	    TEST(keeps_what_is_pinned),
	    TEST(waits_for_a_backup_under_way),
	    TEST(does_not_wait_for_others),
	    TEST(a_manifest_that_cannot_be_opened_may_need_it),
	    TEST(goes_on_after_a_kill),
	};
	return cmocka_run_group_tests_name("expire/backup_change", tests, NULL, NULL);
}

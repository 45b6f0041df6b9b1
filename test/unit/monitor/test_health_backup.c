/* Which base backups walship status finds, and how it judges them. */
#include <string.h>

#include "base/cleanup.h"
#include "monitor/health.h"
#include "support/cmocka.h"
#include "support/made_backup.h"
#include "support/memory_store.h"
#include "support/world.h"

#define ID 7601921254259666965
#define HOUR 3600
#define FULL "20261122T020000Z-full" /* ended a minute later */
#define FULL_ENDED_S 1795312860
#define DIFF "20261122T080000Z-diff"
#define DIFF_ENDED_S (FULL_ENDED_S + 6 * HOUR)

static struct world world;
static const struct repository_settings settings = {.url = "file:///unused"};
static struct repository repo;
static struct error err;
static struct health health;

static const struct thresholds thresholds = {
    .age_ms = {1, 1}, .full_ms = {25 * 3600000, 49 * 3600000}, .backup_ms = {7 * 3600000, 25 * 3600000}};

static int setup(void **unused)
{
	(void)unused;
	world_init(&world);
	repo = (struct repository){.store = memory_store_open(), .settings = &settings};
	health = (struct health){.system_id = ID};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	store_free(repo.store);
	world_fini(&world);
	return 0;
}

static void put(const char *label, const char *needs, uint64_t wrong_pages, bool unfinished)
{
	made_backup_put(&repo, &world.call, ID,
			&(struct made_backup){
			    .label = label, .needs = needs, .wrong_pages = wrong_pages, .unfinished = unfinished});
}

static void judged(int64_t now_s, bool expected, enum health_level level, const char *text)
{
	struct health_report report;
	struct thresholds these = thresholds;
	const struct health_check *check = &report.checks[HEALTH_CHECK_BACKUP];
	these.backup_expected = expected;
	health.now_s = now_s;
	health_judge(&health, &these, &report);
	if (check->level != level || strstr(check->text, text) == NULL)
		fail_msg("%s: %s", health_level_name(check->level), check->text);
}

static void look(void)
{
	health = (struct health){.system_id = ID};
	assert_ok(health_look_backup(&health, &repo, &world.call, &err), err);
}

static void without_any(void **unused)
{
	(void)unused;
	look();
	judged(FULL_ENDED_S, false, HEALTH_OK, "not checked");
	judged(FULL_ENDED_S, true, HEALTH_CRITICAL, "has no base backup");
	health.backup.known = false;
	judged(FULL_ENDED_S, false, HEALTH_UNKNOWN, "cannot read the repository");
}

static void the_first_is_under_way(void **unused)
{
	(void)unused;
	put(FULL, NULL, 0, true);
	look();
	judged(FULL_ENDED_S, false, HEALTH_OK, "no base backup has finished; one began 1 min ago");
	judged(FULL_ENDED_S, true, HEALTH_OK, "no base backup has finished");
	judged(FULL_ENDED_S + 25 * HOUR, false, HEALTH_WARNING, "one began 1 d 1 h ago");
	judged(FULL_ENDED_S + 49 * HOUR, false, HEALTH_CRITICAL, "no base backup has finished");
}

static void ages_count_from_the_end(void **unused)
{
	(void)unused;
	put(FULL, NULL, 0, false);
	look();
	judged(FULL_ENDED_S + 7 * HOUR - 1, false, HEALTH_OK, "the newest is " FULL ", 6 h 59 min old");
	judged(FULL_ENDED_S + 7 * HOUR, false, HEALTH_WARNING, "7 h 0 min old");
	judged(FULL_ENDED_S + 25 * HOUR, false, HEALTH_CRITICAL, "1 d 1 h old");
	put("20261121T020000Z-full", NULL, 0, false);
	put(DIFF, FULL, 0, false);
	put("20261122T090000Z-incr", FULL, 0, true);
	look();
	assert_string_equal(health.backup.full.text, FULL);
	assert_string_equal(health.backup.newest.text, DIFF);
	judged(DIFF_ENDED_S + HOUR, false, HEALTH_OK,
	       "the newest is " DIFF ", 1 h 0 min old; the newest full one is " FULL);
	judged(DIFF_ENDED_S + 7 * HOUR, false, HEALTH_WARNING, DIFF);
	/* The differential one is recent enough, the full one is not. */
	health.backup.newest_s += 20 * HOUR;
	judged(FULL_ENDED_S + 25 * HOUR, false, HEALTH_WARNING, FULL ", 1 d 1 h old");
	judged(FULL_ENDED_S - 3 * HOUR, false, HEALTH_WARNING, "clock says");
}

/* One of them may be running. */
static void backups_that_do_not_finish(void **unused)
{
	(void)unused;
	put("20261121T020000Z-full", NULL, 0, true);
	put(FULL, NULL, 0, false);
	put("20261122T090000Z-incr", FULL, 0, true);
	look();
	assert_int_equal(health.backup.unfinished, 1);
	judged(FULL_ENDED_S + HOUR, false, HEALTH_OK, "the newest is " FULL);
	put("20261122T100000Z-diff", FULL, 0, true);
	look();
	assert_int_equal(health.backup.unfinished, 2);
	judged(FULL_ENDED_S + HOUR, false, HEALTH_WARNING,
	       "2 backups began after the newest one and have not finished; the newest is");
	judged(FULL_ENDED_S + 25 * HOUR, false, HEALTH_CRITICAL, "2 backups began after the newest one");
}

static void wrong_pages_are_critical(void **unused)
{
	(void)unused;
	put(FULL, NULL, 3, false);
	put(DIFF, FULL, 0, false);
	look();
	judged(DIFF_ENDED_S + HOUR, false, HEALTH_CRITICAL, "3 pages had a wrong checksum in the server when " FULL);
	put("20261122T090000Z-incr", FULL, 1, false);
	look();
	judged(DIFF_ENDED_S + HOUR, false, HEALTH_CRITICAL,
	       "1 page had a wrong checksum in the server when 20261122T09");
}

static void a_manifest_that_cannot_be_opened(void **unused)
{
	(void)unused;
	put(FULL, NULL, 0, false);
	put(DIFF, FULL, 0, false);
	memory_store_bytes(repo.store, made_backup_object(ID, DIFF, "manifest"))->data[80] ^= 1;
	look();
	judged(FULL_ENDED_S + HOUR, false, HEALTH_WARNING, "base backup " DIFF " cannot be opened: ");
	memory_store_bytes(repo.store, made_backup_object(ID, FULL, "manifest"))->data[80] ^= 1;
	look();
	judged(FULL_ENDED_S + HOUR, false, HEALTH_UNKNOWN, "base backup " DIFF " cannot be opened: ");
	memory_store_break(repo.store, STATUS_UNREACHABLE);
	health = (struct health){.system_id = ID};
	assert_int_equal(health_look_backup(&health, &repo, &world.call, &err), STATUS_UNREACHABLE);
	assert_false(health.backup.known);
}

/* A survey finds the same. */
static void from_a_list(void **unused)
{
	(void)unused;
	CLEANUP(backup_list_fini) struct backup_list list = {0};
	put("20261121T020000Z-full", NULL, 9, false);
	put(FULL, NULL, 0, false);
	put(DIFF, FULL, 2, false);
	look();
	struct health_backup found = health.backup, taken = {.known = true};
	assert_ok(backup_list_read(&list, &repo, &world.call, ID, &err), err);
	health_take_backups(&taken, &list, 0);
	assert_string_equal(taken.newest.text, found.newest.text);
	assert_string_equal(taken.full.text, FULL);
	assert_int_equal(taken.full_s, FULL_ENDED_S);
	assert_int_equal(taken.newest_s, found.newest_s);
	assert_int_equal(taken.wrong_pages, 2);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(without_any),
	    TEST(the_first_is_under_way),
	    TEST(ages_count_from_the_end),
	    TEST(backups_that_do_not_finish),
	    TEST(wrong_pages_are_critical),
	    TEST(a_manifest_that_cannot_be_opened),
	    TEST(from_a_list),
	};
	return cmocka_run_group_tests_name("monitor/health_backup", tests, NULL, NULL);
}

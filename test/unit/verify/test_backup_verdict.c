/* Which base backups can be restored, and until when. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support/cmocka.h"
#include "support/made_backup.h"
#include "support/memory_store.h"
#include "support/world.h"
#include "verify/verify_backups.h"

#define ID 7601921254259666965
#define FULL "20261122T020000Z-full"
#define DIFF "20261123T020000Z-diff"
#define SEGMENT 16777216UL
#define AT(segment) ((segment)*SEGMENT + 40)

static struct world world;
static const struct repository_settings settings = {.url = "file:///unused"};
static struct repository repo;
static struct error err;
static struct coverage coverage;
static struct backup_list list;
static struct backup_parts parts;
static struct backup_totals totals;

static int setup(void **unused)
{
	(void)unused;
	world_init(&world);
	repo = (struct repository){.store = memory_store_open(), .settings = &settings};
	coverage_init(&coverage, ID, SEGMENT);
	totals = (struct backup_totals){0};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	coverage_fini(&coverage);
	backup_list_fini(&list);
	backup_parts_fini(&parts);
	store_free(repo.store);
	world_fini(&world);
	return 0;
}

static void add_wal(uint32_t timeline, uint64_t first, uint64_t last)
{
	struct wal_name name;
	for (uint64_t number = first; number <= last; number++) {
		wal_name_of_number(&name, timeline, number, SEGMENT);
		assert_ok(coverage_add(&coverage, &name, 1000, (int64_t)(1000 * timeline + number), &err), err);
	}
}

static void put(const char *label, const char *needs, uint32_t timeline, uint64_t start, uint64_t stop)
{
	made_backup_put(&repo, &world.call, ID,
			&(struct made_backup){.label = label,
					      .needs = needs,
					      .packs = 3,
					      .timeline = timeline,
					      .start_lsn = start,
					      .stop_lsn = stop});
}

static enum status note(void *arg, const struct object_info *info, struct error *error)
{
	struct backup_object object;
	(void)arg;
	assert_true(backup_object_parse(&object, info->name));
	enum status st = backup_list_note(&list, &object, info, error);
	return st ? st : backup_parts_add(&parts, &object, info, error);
}

/* The verdict on the newest backup; the caller frees. */
static struct backup_verdict *judge(void)
{
	struct backup_verdict *verdicts;
	const struct backup_judge judge = {.repo = &repo, .call = &world.call, .coverage = &coverage, .parts = &parts};
	backup_list_fini(&list);
	backup_parts_fini(&parts);
	assert_ok(store_list(repo.store, &world.call, "", note, NULL, &err), err);
	assert_ok(backup_list_open(&list, &repo, &world.call, ID, &err), err);
	backup_parts_sort(&parts);
	assert_ok(verify_backups_judge(&judge, &list, &verdicts, &totals, &err), err);
	return verdicts;
}

static void has(const struct backup_verdict *verdict, enum status status, const char *reason)
{
	if (verdict->status != status || strstr(verdict->reason, reason) == NULL)
		fail_msg("status %d: %s", (int)verdict->status, verdict->reason);
}

static void good_ones_can_be_restored(void **unused)
{
	(void)unused;
	add_wal(1, 3, 9);
	assert_ok(coverage_end(&coverage, &err), err);
	put(FULL, NULL, 1, AT(3), AT(4));
	put(DIFF, FULL, 1, AT(5), AT(9));
	CLEANUP(freep) struct backup_verdict *verdicts = judge();
	for (size_t i = 0; i < 2; i++) {
		has(&verdicts[i], STATUS_OK, "");
		assert_true(verdicts[i].has_window);
		assert_int_equal(verdicts[i].window.end_lsn, 10 * SEGMENT);
	}
	assert_ok(verify_backups_conclude(&totals, &err), err);
}

/* Whatever object of the differential one is missing or shorter, and the pack of the full one that it needs. */
static void each_object_is_needed(void **unused)
{
	(void)unused;
	static const struct {
		const char *label, *part;
	} needed[] = {{DIFF, "data/00000001"},   {DIFF, "data/00000003"},  {DIFF, "index/00000001"},
		      {DIFF, "hashes/00000001"}, {DIFF, "packs/00000001"}, {FULL, "data/00000001"}};
	add_wal(1, 3, 9);
	assert_ok(coverage_end(&coverage, &err), err);
	put(FULL, NULL, 1, AT(3), AT(4));
	put(DIFF, FULL, 1, AT(5), AT(9));
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		const char *name = made_backup_object(ID, needed[i].label, needed[i].part);
		CLEANUP(buffer_fini) struct buffer saved = {0};
		struct buffer *bytes = memory_store_bytes(repo.store, name);
		assert_ok(buffer_append(&saved, bytes->data, bytes->len, &err), err);
		assert_ok(store_remove(repo.store, &world.call, name, &err), err);
		CLEANUP(freep) struct backup_verdict *verdicts = judge();
		has(&verdicts[1], STATUS_INCOMPLETE, name);
		assert_int_equal(verdicts[1].faults, 1);
		CLEANUP(sink_freep) struct sink *object = NULL;
		assert_ok(store_create(repo.store, &world.call, name, &object, &err), err);
		assert_ok(sink_write(object, saved.data, saved.len - 1, &err), err);
		assert_ok(sink_finish(object, &err), err);
		if (strstr(name, "/data/") != NULL) {
			CLEANUP(freep) struct backup_verdict *shorter = judge();
			has(&shorter[1], STATUS_DAMAGED, "bytes, not");
		}
		struct buffer *cut = memory_store_bytes(repo.store, name);
		buffer_fini(cut);
		*cut = saved;
		saved = (struct buffer){0};
	}
	/* Of the full one the differential needs the first pack alone. */
	assert_ok(store_remove(repo.store, &world.call, made_backup_object(ID, FULL, "data/00000002"), &err), err);
	CLEANUP(freep) struct backup_verdict *verdicts = judge();
	has(&verdicts[0], STATUS_INCOMPLETE, "data/00000002 is missing");
	has(&verdicts[1], STATUS_OK, "");
	assert_int_equal(verify_backups_conclude(&totals, &err), STATUS_DAMAGED);
}

static void damage_and_what_is_not_finished(void **unused)
{
	(void)unused;
	add_wal(1, 3, 9);
	assert_ok(coverage_end(&coverage, &err), err);
	put(FULL, NULL, 1, AT(3), AT(4));
	put(DIFF, FULL, 1, AT(5), AT(9));
	memory_store_bytes(repo.store, made_backup_object(ID, FULL, "packs/00000001"))->data[100] ^= 1;
	assert_ok(store_remove(repo.store, &world.call, made_backup_object(ID, DIFF, "manifest"), &err), err);
	CLEANUP(freep) struct backup_verdict *verdicts = judge();
	has(&verdicts[0], STATUS_DAMAGED, "packs/00000001");
	has(&verdicts[1], STATUS_EXISTS, "");
	assert_int_equal(totals.damaged, 1);
	assert_int_equal(totals.incomplete, 0);
}

static const struct {
	const char *name;
	uint32_t timeline;
	uint64_t start, stop;
	uint64_t end; /* segment behind the window; 0: cannot be restored */
	uint32_t follows;
} wal[] = {
    {"before the first segment", 1, AT(2), AT(3), 0, 0},
    {"up to a gap", 1, AT(3), 4 * SEGMENT, 4, 1},
    {"through a gap", 1, AT(3), AT(5), 0, 0},
    {"before a switch: the line goes on with the child", 1, AT(5), AT(6), 10, 2},
    {"at the switch", 1, AT(5), AT(7), 10, 2},
    {"of the child", 2, AT(7) + 100, AT(9), 10, 2},
    {"of the parent, behind the switch", 1, AT(8), AT(9), 0, 0},
    {"beyond the end", 2, AT(8), AT(10), 0, 0},
    {"of a timeline that is not there", 3, AT(8), AT(9), 0, 0},
};

/* Timeline 1 has segments 3 and 5 to 8; timeline 2 left it in segment 7 and has 7 to 9. */
static void wal_decides(void **unused)
{
	(void)unused;
	static const char history[] = "1\t0/7000028\tno recovery target specified\n";
	add_wal(1, 3, 3);
	add_wal(1, 5, 8);
	add_wal(2, 7, 9);
	assert_ok(coverage_history(&coverage, 2, history, strlen(history), &err), err);
	assert_ok(coverage_end(&coverage, &err), err);
	for (size_t i = 0; i < sizeof wal / sizeof wal[0]; i++) {
		const struct manifest manifest = {.start_timeline = wal[i].timeline,
						  .stop_timeline = wal[i].timeline,
						  .start_lsn = wal[i].start,
						  .stop_lsn = wal[i].stop};
		struct coverage_window window = {0};
		bool found = backup_window(&coverage, &manifest, &window);
		if (found != (wal[i].end != 0) || window.end_lsn != wal[i].end * SEGMENT ||
		    window.timeline != wal[i].follows)
			fail_msg("%s: %d, segment %llu, timeline %u", wal[i].name, (int)found,
				 (unsigned long long)(window.end_lsn / SEGMENT), window.timeline);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(good_ones_can_be_restored),
	    TEST(each_object_is_needed),
	    TEST(damage_and_what_is_not_finished),
	    TEST(wal_decides),
	};
	return cmocka_run_group_tests_name("verify/backup_verdict", tests, NULL, NULL);
}

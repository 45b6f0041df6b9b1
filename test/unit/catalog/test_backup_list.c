#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/backup_list.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/world.h"

#define ID 7601921254259666965
#define FULL "20261122T020000Z-full"
#define DIFF "20261123T020000Z-diff"
#define INCR "20261123T080000Z-incr"

static struct world world;
static const struct repository_settings settings = {.url = "file:///unused"};
static struct repository repo;
static struct error err;
static struct backup_list list;

static int setup(void **unused)
{
	(void)unused;
	world_init(&world);
	repo = (struct repository){.store = memory_store_open(), .settings = &settings};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	backup_list_fini(&list);
	store_free(repo.store);
	world_fini(&world);
	return 0;
}

static const char *name_of(const char *label, const char *part)
{
	static char name[128];
	(void)snprintf(name, sizeof name, "%llu/backup/%s/%s", (unsigned long long)ID, label, part);
	return name;
}

static void put(const char *label, const char *part)
{
	assert_ok(object_create(&repo, &world.call, name_of(label, part), "x", 1, &err), err);
}

/* needs: labels, divided by a space; "": none. */
static void put_manifest(const char *label, const char *says, const char *needs)
{
	CLEANUP(manifest_fini) struct manifest manifest = {.system_id = ID};
	CLEANUP(buffer_fini) struct buffer text = {0};
	char each[64];
	assert_true(backup_label_parse(&manifest.label, says));
	for (const char *at = needs; sscanf(at, "%63s", each) == 1; at += strlen(each) + (at[strlen(each)] == ' ')) {
		struct backup_label need;
		assert_true(backup_label_parse(&need, each));
		assert_ok(manifest_add_need(&manifest, &need, &err), err);
	}
	assert_ok(manifest_write(&text, &manifest, &err), err);
	assert_ok(object_create(&repo, &world.call, name_of(label, "manifest"), text.data, text.len, &err), err);
}

static void put_backup(const char *label, const char *needs)
{
	put(label, "begun");
	put(label, "data/00000001");
	put_manifest(label, label, needs);
}

static void read_list(void)
{
	assert_ok(backup_list_read(&list, &repo, &world.call, ID, &err), err);
}

static const struct listed_backup *find(const char *text)
{
	struct backup_label label;
	assert_true(backup_label_parse(&label, text));
	return backup_list_find(&list, &label);
}

static void nothing_is_a_list(void **unused)
{
	(void)unused;
	read_list();
	assert_int_equal(list.count, 0);
	assert_null(find(FULL));
	assert_null(backup_list_parent(&list, BACKUP_INCR));
}

static void has_each_backup(void **unused)
{
	(void)unused;
	put_backup(INCR, FULL " " DIFF);
	put_backup(FULL, "");
	put_backup(DIFF, FULL);
	put(FULL, "keep");
	put("20261124T020000Z-full", "begun");         /* not finished */
	put("20261125T020000Z-full", "data/00000001"); /* a removal was killed, or begun is gone */
	/* Not walship's, or of another cluster. */
	put("latest", "manifest");
	put("20261126T020000Z-full", "manifest.old");
	assert_ok(object_create(&repo, &world.call, "7601921254259666965/backup/readme", "x", 1, &err), err);
	assert_ok(object_create(&repo, &world.call, "42/backup/20261127T020000Z-full/manifest", "x", 1, &err), err);
	read_list();
	static const char *const labels[] = {
	    FULL, DIFF, INCR, "20261124T020000Z-full", "20261125T020000Z-full", "20261126T020000Z-full"};
	assert_int_equal(list.count, 6);
	for (size_t i = 0; i < list.count; i++) {
		assert_string_equal(list.items[i].label.text, labels[i]);
		assert_int_equal(list.items[i].complete, i < 3);
		assert_int_equal(list.items[i].pinned, i == 0);
		assert_int_equal(list.items[i].status, STATUS_OK);
		assert_int_equal(list.items[i].begun_s != 0, i < 4);
		assert_int_equal(list.items[i].stored_s != 0, i < 3);
	}
	assert_int_equal(find(INCR)->manifest.need_count, 2);
	assert_string_equal(backup_list_parent(&list, BACKUP_DIFF)->label.text, FULL);
	assert_string_equal(backup_list_parent(&list, BACKUP_INCR)->label.text, INCR);
	assert_null(backup_list_parent(&list, BACKUP_FULL));
}

static void a_bad_manifest_hides_no_other(void **unused)
{
	(void)unused;
	put_backup(FULL, "");
	put_backup(DIFF, FULL);
	put("20261124T020000Z-full", "manifest");                           /* not JSON */
	put_manifest("20261125T020000Z-full", "20261124T020000Z-full", ""); /* another's, at this name */
	put_backup(INCR, FULL " " DIFF);
	memory_store_bytes(repo.store, name_of(DIFF, "manifest"))->data[100] ^= 1;
	/* A header that says encrypted, by a key that nobody has. */
	put("20261126T020000Z-full", "manifest");
	memory_store_bytes(repo.store, name_of("20261126T020000Z-full", "manifest"))->data[9] = 1;
	read_list();
	assert_int_equal(list.count, 6);
	assert_true(backup_list_is_usable(&list, find(FULL)));
	static const char *const bad[] = {DIFF, "20261124T020000Z-full", "20261125T020000Z-full",
					  "20261126T020000Z-full"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const struct listed_backup *backup = find(bad[i]);
		assert_true(backup->complete);
		assert_int_equal(backup->status, STATUS_DAMAGED);
		assert_non_null(strstr(backup->error, backup->label.text));
		assert_int_equal(backup->lack.lacks, i == 3);
		assert_false(backup_list_is_usable(&list, backup));
	}
	/* The incremental one is good itself, and needs the damaged one. */
	assert_int_equal(find(INCR)->status, STATUS_OK);
	assert_false(backup_list_is_usable(&list, find(INCR)));
	assert_string_equal(backup_list_parent(&list, BACKUP_INCR)->label.text, FULL);
	assert_string_equal(backup_list_parent(&list, BACKUP_DIFF)->label.text, FULL);
}

static void a_need_that_is_gone_makes_no_parent(void **unused)
{
	(void)unused;
	put_backup(DIFF, FULL);
	read_list();
	assert_int_equal(list.count, 1);
	assert_true(list.items[0].complete);
	assert_null(backup_list_parent(&list, BACKUP_INCR));
}

static void an_outage_is_no_list(void **unused)
{
	(void)unused;
	put_backup(FULL, "");
	memory_store_break_reads(repo.store, STATUS_UNREACHABLE);
	assert_int_equal(backup_list_read(&list, &repo, &world.call, ID, &err), STATUS_UNREACHABLE);
	backup_list_fini(&list);
	memory_store_break(repo.store, STATUS_UNREACHABLE);
	assert_int_equal(backup_list_read(&list, &repo, &world.call, ID, &err), STATUS_UNREACHABLE);
}

static void one_manifest(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct backup_label label;
	assert_true(backup_label_parse(&label, DIFF));
	assert_int_equal(backup_manifest_read(&manifest, &repo, &world.call, ID, &label, NULL, &err), STATUS_MISSING);
	manifest_fini(&manifest);
	put_backup(DIFF, FULL);
	assert_ok(backup_manifest_read(&manifest, &repo, &world.call, ID, &label, NULL, &err), err);
	assert_string_equal(manifest.needs[0].text, FULL);
	manifest_fini(&manifest);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_a_list),
	    TEST(has_each_backup),
	    TEST(a_bad_manifest_hides_no_other),
	    TEST(a_need_that_is_gone_makes_no_parent),
	    TEST(an_outage_is_no_list),
	    TEST(one_manifest),
	};
	return cmocka_run_group_tests_name("catalog/backup_list", tests, NULL, NULL);
}

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/pack_table.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/world.h"

static struct world world;
static struct repository repo;
static struct error err;
static struct manifest manifest;

static int setup(void **unused)
{
	(void)unused;
	struct backup_label need;
	world_init(&world);
	memset(&repo, 0, sizeof repo);
	repo.store = memory_store_open();
	manifest = (struct manifest){.system_id = 42};
	assert_true(backup_label_parse(&manifest.label, "20261129T064210Z-diff"));
	assert_true(backup_label_parse(&need, "20261128T064210Z-full"));
	assert_ok(manifest_add_need(&manifest, &need, &err), err);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	manifest_fini(&manifest);
	store_free(repo.store);
	world_fini(&world);
	return 0;
}

static struct pack_entry entry_of(uint32_t backup, uint32_t number)
{
	struct pack_entry entry = {.backup = backup,
				   .number = number,
				   .bytes = number * (uint64_t)1000000007,
				   .stored_bytes = number * (uint64_t)1000000007};
	memset(&entry.header, (int)number, sizeof entry.header);
	return entry;
}

static struct series_writer writer_of(void)
{
	return (struct series_writer){.series = {&repo, &world.call, 42, manifest.label, PART_PACKS},
				      .settings = {.codec = codec_by_name("none"), .level = 1, .threads = 1}};
}

static void finish(const struct series_writer *writer)
{
	manifest.packs_objects = writer->count;
	manifest.packs_bytes = writer->bytes;
}

static void comes_back_in_order(void **unused)
{
	(void)unused;
	CLEANUP(pack_table_fini) struct pack_table table = {0};
	CLEANUP(pack_table_fini) struct pack_table again = {0};
	struct series_writer writer = writer_of();
	for (uint32_t number = 70000; number > 0; number--) {
		struct pack_entry entry = entry_of(number % 2, number);
		assert_ok(pack_table_add(&table, &entry, &err), err);
	}
	assert_ok(pack_table_write(&table, &writer, &err), err);
	assert_ok(series_writer_end(&writer, &err), err);
	finish(&writer);
	assert_true(writer.count > 1);
	assert_ok(pack_table_read(&again, &repo, &world.call, &manifest, &err), err);
	assert_int_equal(again.count, 70000);
	for (uint32_t number = 1; number <= 70000; number++) {
		struct pack_entry entry = entry_of(number % 2, number);
		const struct pack_entry *found = pack_table_find(&again, number % 2, number);
		assert_non_null(found);
		assert_memory_equal(found, &entry, sizeof entry);
		assert_null(pack_table_find(&again, (number + 1) % 2, number));
	}
}

static void an_empty_table_comes_back(void **unused)
{
	(void)unused;
	CLEANUP(pack_table_fini) struct pack_table table = {0};
	struct series_writer writer = writer_of();
	assert_ok(pack_table_write(&table, &writer, &err), err);
	assert_ok(series_writer_end(&writer, &err), err);
	finish(&writer);
	assert_ok(pack_table_read(&table, &repo, &world.call, &manifest, &err), err);
	assert_null(pack_table_find(&table, 0, 1));
}

static void what_walship_does_not_write_is_damaged(void **unused)
{
	(void)unused;
#define DIGITS_16 "0123456789abcdef"
#define DIGITS DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16
	static const char *const texts[] = {
	    "p\t0\t1\t5\t" DIGITS,       /* no newline */
	    "p\t0\t1\t5\t" DIGITS "0\n", /* a digit too many */
	    "p\t0\t1\t5\t0\n",           /* too few */
	    "p\t2\t1\t5\t" DIGITS "\n",  /* a backup that the manifest does not name */
	    "p\t0\t0\t5\t" DIGITS "\n",  /* packs count from 1 */
	    "q\t0\t1\t5\t" DIGITS "\n",
	    "\n",
	    "p\n",
	    "p\t0\t1\n",
	    "p\t0\t2\t5\t" DIGITS "\np\t0\t1\t5\t" DIGITS "\n", /* the wrong order */
	    "p\t0\t1\t5\t" DIGITS "\np\t0\t1\t5\t" DIGITS "\n", /* twice */
	    "p\t0\t1\t99999999999999999999\t" DIGITS "\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		CLEANUP(pack_table_fini) struct pack_table table = {0};
		struct series_writer writer = writer_of();
		manifest.label.begun_s++;
		assert_true(backup_label_make(&manifest.label, manifest.label.begun_s, BACKUP_DIFF));
		writer.series.label = manifest.label;
		assert_ok(series_write(&writer, texts[i], strlen(texts[i]), &err), err);
		assert_ok(series_writer_end(&writer, &err), err);
		finish(&writer);
		assert_int_equal(pack_table_read(&table, &repo, &world.call, &manifest, &err), STATUS_DAMAGED);
	}
}

static void a_name_has_the_label_of_its_backup(void **unused)
{
	(void)unused;
	char name[BACKUP_OBJECT_NAME_MAX];
	pack_name(name, &manifest, 0, 7);
	assert_string_equal(name, "42/backup/20261129T064210Z-diff/data/00000007");
	pack_name(name, &manifest, 1, 8);
	assert_string_equal(name, "42/backup/20261128T064210Z-full/data/00000008");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(comes_back_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_empty_table_comes_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_walship_does_not_write_is_damaged, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_name_has_the_label_of_its_backup, setup, teardown),
	};
	return cmocka_run_group_tests_name("catalog/pack_table", tests, NULL, NULL);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/label.h"
#include "support/cmocka.h"

static void makes_and_reads_labels(void **unused)
{
	(void)unused;
	static const struct {
		int64_t begun_s;
		enum backup_type type;
		const char *text;
	} cases[] = {
	    {0, BACKUP_FULL, "19700101T000000Z-full"},          {1795934530, BACKUP_FULL, "20261129T064210Z-full"},
	    {1795934530, BACKUP_DIFF, "20261129T064210Z-diff"}, {1709164799, BACKUP_INCR, "20240228T235959Z-incr"},
	    {1709208000, BACKUP_INCR, "20240229T120000Z-incr"}, {253402300799, BACKUP_FULL, "99991231T235959Z-full"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct backup_label label;
		assert_true(backup_label_make(&label, cases[i].begun_s, cases[i].type));
		assert_string_equal(label.text, cases[i].text);
		assert_true(backup_label_parse(&label, cases[i].text));
		assert_int_equal(label.begun_s, cases[i].begun_s);
		assert_int_equal(label.type, cases[i].type);
		assert_string_equal(label.text, cases[i].text);
	}
	struct backup_label label;
	assert_false(backup_label_make(&label, -1, BACKUP_FULL));
	assert_false(backup_label_make(&label, 253402300800, BACKUP_FULL));
}

static void refuses_other_labels(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
	    "",
	    "full",
	    "20261129T064210Z",
	    "20261129T064210Z-",
	    "20261129T064210Z-FULL",
	    "20261129T064210Z-fulls",
	    "20261129T064210-full",
	    "20261129 064210Z-full",
	    "2026112T0642100Z-full",
	    "20261329T064210Z-full",
	    "20260230T064210Z-full",
	    "20261129T244210Z-full",
	    "20261129T064260Z-full",
	    "20261129T064210Z/full",
	    " 20261129T064210Z-full",
	    "+0261129T064210Z-full",
	    "19691231T235959Z-full",
	    "20261129T064210Z-full ",
	    "20261129T064210Z-full/..",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct backup_label label;
		if (backup_label_parse(&label, texts[i]))
			fail_msg("%s is not a label", texts[i]);
	}
}

static void names_objects(void **unused)
{
	(void)unused;
	static const struct {
		enum backup_part part;
		uint32_t number;
		const char *name;
	} cases[] = {
	    {PART_BEGUN, 0, "42/backup/20261129T064210Z-diff/begun"},
	    {PART_DATA, 1, "42/backup/20261129T064210Z-diff/data/00000001"},
	    {PART_DATA, 4294967295, "42/backup/20261129T064210Z-diff/data/4294967295"},
	    {PART_INDEX, 12, "42/backup/20261129T064210Z-diff/index/00000012"},
	    {PART_HASHES, 99999999, "42/backup/20261129T064210Z-diff/hashes/99999999"},
	    {PART_PACKS, 3, "42/backup/20261129T064210Z-diff/packs/00000003"},
	    {PART_MANIFEST, 0, "42/backup/20261129T064210Z-diff/manifest"},
	    {PART_KEEP, 0, "42/backup/20261129T064210Z-diff/keep"},
	};
	struct backup_label label;
	char name[BACKUP_OBJECT_NAME_MAX];
	assert_true(backup_label_parse(&label, "20261129T064210Z-diff"));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct backup_object object;
		backup_object_name(name, 42, &label, cases[i].part, cases[i].number);
		assert_string_equal(name, cases[i].name);
		assert_true(backup_object_parse(&object, name));
		assert_int_equal(object.system_id, 42);
		assert_string_equal(object.label.text, label.text);
		assert_int_equal(object.part, cases[i].part);
		assert_int_equal(object.number, cases[i].number);
	}
	backup_prefix(name, 42);
	assert_string_equal(name, "42/backup/");
}

static void refuses_other_names(void **unused)
{
	(void)unused;
	static const char *const names[] = {
	    "",
	    "42",
	    "42/backup",
	    "42/backup/",
	    "42/backup/20261129T064210Z-diff",
	    "42/backup/20261129T064210Z-diff/",
	    "42/backup/20261129T064210Z-diff/data",
	    "42/backup/20261129T064210Z-diff/data/",
	    "42/backup/20261129T064210Z-diff/data/1",
	    "42/backup/20261129T064210Z-diff/data/00000000",
	    "42/backup/20261129T064210Z-diff/data/000000001",
	    "42/backup/20261129T064210Z-diff/data/4294967296",
	    "42/backup/20261129T064210Z-diff/data/0000000x",
	    "42/backup/20261129T064210Z-diff/data/00000001/",
	    "42/backup/20261129T064210Z-diff/manifest/00000001",
	    "42/backup/20261129T064210Z-diff/manifest/",
	    "42/backup/20261129T064210Z-diff/manifests",
	    "42/backup/../manifest",
	    "042/backup/20261129T064210Z-diff/manifest",
	    "0/backup/20261129T064210Z-diff/manifest",
	    "42/wal/00000002.history",
	    "42/backups/20261129T064210Z-diff/manifest",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct backup_object object;
		if (backup_object_parse(&object, names[i]))
			fail_msg("%s is not an object's name", names[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(makes_and_reads_labels),
	    cmocka_unit_test(refuses_other_labels),
	    cmocka_unit_test(names_objects),
	    cmocka_unit_test(refuses_other_names),
	};
	return cmocka_run_group_tests_name("catalog/label", tests, NULL, NULL);
}

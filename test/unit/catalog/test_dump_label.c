#include <string.h>

#include "catalog/dump_label.h"
#include "support/cmocka.h"

#define ID 7601921254259666965

static void names_objects(void **unused)
{
	(void)unused;
	static const struct {
		enum dump_part part;
		uint32_t number;
		const char *name;
	} rows[] = {
	    {DUMP_BEGUN, 0, "7601921254259666965/dump/20261129T064210Z-dump/begun"},
	    {DUMP_DATA, 1, "7601921254259666965/dump/20261129T064210Z-dump/data/00000001"},
	    {DUMP_DATA, 123456789, "7601921254259666965/dump/20261129T064210Z-dump/data/123456789"},
	    {DUMP_MANIFEST, 0, "7601921254259666965/dump/20261129T064210Z-dump/manifest"},
	};
	struct dump_label label;
	assert_true(dump_label_make(&label, 1795934530));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char name[BACKUP_OBJECT_NAME_MAX];
		struct dump_object object;
		dump_object_name(name, ID, &label, rows[i].part, rows[i].number);
		assert_string_equal(name, rows[i].name);
		assert_true(dump_object_parse(&object, name));
		assert_true(object.system_id == ID && object.part == rows[i].part && object.number == rows[i].number);
		assert_string_equal(object.label.text, "20261129T064210Z-dump");
		assert_int_equal(object.label.begun_s, 1795934530);
	}
}

static void refuses_other_names(void **unused)
{
	(void)unused;
	static const char *const names[] = {
	    "",
	    "7601921254259666965/dump/20261129T064210Z-dump",
	    "7601921254259666965/dump/20261129T064210Z-dump/",
	    "7601921254259666965/dump/20261129T064210Z-dump/data",
	    "7601921254259666965/dump/20261129T064210Z-dump/data/",
	    "7601921254259666965/dump/20261129T064210Z-dump/data/1",
	    "7601921254259666965/dump/20261129T064210Z-dump/data/00000000",
	    "7601921254259666965/dump/20261129T064210Z-dump/data/99999999999",
	    "7601921254259666965/dump/20261129T064210Z-dump/data/00000001/x",
	    "7601921254259666965/dump/20261129T064210Z-dump/manifests",
	    "7601921254259666965/dump/20261129T064210Z-dump/begun/00000001",
	    "7601921254259666965/dump/20261129T064210Z-full/manifest",
	    "7601921254259666965/dump/20260230T064210Z-dump/manifest",
	    "7601921254259666965/dump/20261129T064210Z-dumpster/manifest",
	    "7601921254259666965/backup/20261129T064210Z-dump/manifest",
	    "07601921254259666965/dump/20261129T064210Z-dump/manifest",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct dump_object object;
		if (dump_object_parse(&object, names[i]))
			fail_msg("%s", names[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_objects),
	    cmocka_unit_test(refuses_other_names),
	};
	return cmocka_run_group_tests_name("catalog/dump_label", tests, NULL, NULL);
}

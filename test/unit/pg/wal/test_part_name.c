/* Names of streamed parts. */
#include "pg/wal/part_name.h"
#include "support/cmocka.h"

static void test_each_part_has_one_name(void **unused)
{
	char name[WAL_OBJECT_NAME_MAX];
	struct wal_part part = {.first = 0x1000, .end = 0x40000000}, again;
	uint64_t system_id;
	struct error err;
	(void)unused;
	assert_int_equal(wal_name_parse(&part.segment, "0000000A0000000B0000000C", &err), STATUS_OK);
	wal_part_object_name(name, 7, &part);
	assert_string_equal(name, "7/stream/0000000A0000000B/0000000A0000000B0000000C/00001000-40000000");
	assert_true(wal_part_parse(name, &system_id, &again));
	assert_true(system_id == 7 && again.first == part.first && again.end == part.end);
	assert_string_equal(again.segment.text, part.segment.text);
	wal_part_prefix(name, 7, &part.segment);
	assert_string_equal(name, "7/stream/0000000A0000000B/0000000A0000000B0000000C/");
}

static void test_other_names_are_no_parts(void **unused)
{
	static const char *const names[] = {
	    "",
	    "7/wal/0000000A0000000B/0000000A0000000B0000000C",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/00001000",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/00001000-00001000",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/00001000-00000fff",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/00001000-0000200a",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/00001000-00002000x",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/1000-2000",
	    "7/stream/0000000A0000000B/0000000A0000000B0000000C/00000000-40000001",
	    "7/stream/0000000A0000000C/0000000A0000000B0000000C/00001000-00002000",
	    "07/stream/0000000A0000000B/0000000A0000000B0000000C/00001000-00002000",
	};
	(void)unused;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct wal_part part;
		uint64_t system_id;
		if (wal_part_parse(names[i], &system_id, &part))
			fail_msg("%s", names[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_part_has_one_name),
	    cmocka_unit_test(test_other_names_are_no_parts),
	};
	return cmocka_run_group_tests_name("pg/wal/part_name", tests, NULL, NULL);
}

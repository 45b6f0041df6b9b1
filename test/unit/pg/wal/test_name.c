#include <string.h>

#include "pg/wal/name.h"
#include "support/cmocka.h"

static struct error err;

static void tells_the_four_kinds(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		enum wal_kind kind;
		uint32_t timeline, log, segment;
		const char *object;
	} cases[] = {
	    {"000000010000000000000001", WAL_SEGMENT, 1, 0, 1, "42/wal/0000000100000000/000000010000000000000001"},
	    {"0000000A000000FF000000A3", WAL_SEGMENT, 10, 255, 163, "42/wal/0000000A000000FF/0000000A000000FF000000A3"},
	    {"FFFFFFFFFFFFFFFF00000FFF", WAL_SEGMENT, UINT32_MAX, UINT32_MAX, 4095,
	     "42/wal/FFFFFFFFFFFFFFFF/FFFFFFFFFFFFFFFF00000FFF"},
	    {"000000010000000000000003.partial", WAL_PARTIAL, 1, 0, 3,
	     "42/wal/0000000100000000/000000010000000000000003.partial"},
	    {"000000010000000000000002.00000028.backup", WAL_BACKUP, 1, 0, 2,
	     "42/wal/0000000100000000/000000010000000000000002.00000028.backup"},
	    {"00000002.history", WAL_HISTORY, 2, 0, 0, "42/wal/00000002.history"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wal_name name;
		char object[WAL_OBJECT_NAME_MAX];
		assert_int_equal(wal_name_parse(&name, cases[i].text, &err), STATUS_OK);
		assert_int_equal(name.kind, cases[i].kind);
		assert_int_equal(name.timeline, cases[i].timeline);
		assert_int_equal(name.log, cases[i].log);
		assert_int_equal(name.segment, cases[i].segment);
		assert_string_equal(name.text, cases[i].text);
		wal_object_name(object, 42, &name);
		assert_string_equal(object, cases[i].object);

		struct wal_name again;
		uint64_t system_id;
		assert_true(wal_object_parse(object, &system_id, &again));
		assert_int_equal(system_id, 42);
		assert_memory_equal(&again, &name, sizeof name);
	}
}

static void refuses_all_others(void **unused)
{
	(void)unused;
	static const char *const cases[] = {
	    "",
	    "RECOVERYXLOG",
	    "00000001000000000000000",
	    "0000000100000000000000011",
	    "00000001000000000000000g",
	    "00000001000000000000000a",
	    "000000000000000000000001",
	    "00000000.history",
	    "00000002.histor",
	    "00000002.history2",
	    "0000000200000000.history",
	    "000000010000000000000001.",
	    "000000010000000000000001.backup",
	    "000000010000000000000001.0000028.backup",
	    "000000010000000000000001.00000028.backup.gz",
	    "000000010000000000000001.00000028_backup",
	    "000000010000000000000001.partial.partial",
	    "000000010000000000000001.gz",
	    "../000000010000000000000001",
	    "000000010000000000000001/",
	    " 000000010000000000000001",
	    "000000010000000000000001\n",
	    "0000000100000000000000010000000100000000000000010000000100000000000000010000000100000000",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wal_name name;
		assert_int_equal(wal_name_parse(&name, cases[i], &err), STATUS_USAGE);
		assert_non_null(strstr(err.text, "is not the name of a WAL file"));
		assert_true(err.hint[0] != '\0');
	}
}

static void takes_the_end_of_a_path(void **unused)
{
	(void)unused;
	struct wal_name name;
	assert_int_equal(wal_name_from_path(&name, "pg_wal/000000010000000000000001", &err), STATUS_OK);
	assert_string_equal(name.text, "000000010000000000000001");
	assert_int_equal(wal_name_from_path(&name, "00000002.history", &err), STATUS_OK);
	assert_int_equal(wal_name_from_path(&name, "pg_wal/", &err), STATUS_USAGE);
}

#define MIB (1024 * 1024UL)

static const struct {
	const char *name;
	uint64_t segment_bytes;
	const char *next; /* NULL: none */
} steps[] = {
    {"000000010000000000000001", MIB, "000000010000000000000002"},
    {"0000000A00000000000000FF", MIB, "0000000A0000000000000100"},
    {"000000010000000000000FFF", MIB, "000000010000000100000000"},
    {"0000000100000000000007FF", 2 * MIB, "000000010000000100000000"},
    {"0000000100000000000003FF", 4 * MIB, "000000010000000100000000"},
    {"0000000100000000000001FF", 8 * MIB, "000000010000000100000000"},
    {"0000000100000000000000FE", 16 * MIB, "0000000100000000000000FF"},
    {"0000000100000000000000FF", 16 * MIB, "000000010000000100000000"},
    {"00000001000000000000007F", 32 * MIB, "000000010000000100000000"},
    {"00000001000000000000003F", 64 * MIB, "000000010000000100000000"},
    {"00000001000000000000001F", 128 * MIB, "000000010000000100000000"},
    {"00000001000000000000000F", 256 * MIB, "000000010000000100000000"},
    {"000000010000000000000007", 512 * MIB, "000000010000000100000000"},
    {"000000010000000000000003", 1024 * MIB, "000000010000000100000000"},
    {"0000000100000009000000FF", 16 * MIB, "000000010000000A00000000"},
    {"FFFFFFFFFFFFFFFE000000FF", 16 * MIB, "FFFFFFFFFFFFFFFF00000000"},
    /* The last possible segment. */
    {"00000001FFFFFFFF000000FF", 16 * MIB, NULL},
    {"00000001FFFFFFFF00000FFF", MIB, NULL},
    {"00000001FFFFFFFF00000003", 1024 * MIB, NULL},
    {"00000001FFFFFFFF00000002", 1024 * MIB, "00000001FFFFFFFF00000003"},
    /* Names that are impossible with this size. */
    {"000000010000000000000100", 16 * MIB, NULL},
    {"0000000100000000FFFFFFFF", 16 * MIB, NULL},
    {"0000000100000000FFFFFFFF", MIB, NULL},
    /* Invalid wal_segment_size. */
    {"000000010000000000000001", 0, NULL},
    {"000000010000000000000001", 1, NULL},
    {"000000010000000000000001", MIB / 2, NULL},
    {"000000010000000000000001", 3 * MIB, NULL},
    {"000000010000000000000001", 2048 * MIB, NULL},
    {"000000010000000000000001", UINT64_MAX, NULL},
    /* Other kinds. */
    {"000000010000000000000001.partial", 16 * MIB, NULL},
    {"000000010000000000000001.00000028.backup", 16 * MIB, NULL},
    {"00000002.history", 16 * MIB, NULL},
};

static void names_the_next(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct wal_name name, parsed;
		const char *expected = steps[i].next == NULL ? steps[i].name : steps[i].next;
		assert_int_equal(wal_name_parse(&name, steps[i].name, &err), STATUS_OK);
		assert_int_equal(wal_name_next(&name, steps[i].segment_bytes), steps[i].next != NULL);
		assert_string_equal(name.text, expected);
		assert_int_equal(wal_name_parse(&parsed, expected, &err), STATUS_OK);
		assert_int_equal(name.timeline, parsed.timeline);
		assert_int_equal(name.log, parsed.log);
		assert_int_equal(name.segment, parsed.segment);
	}
}

/* Two whole logs of each segment size: as many steps as segments. */
static void walks_through_every_size(void **unused)
{
	(void)unused;
	for (uint64_t bytes = WAL_SEGMENT_MIN; bytes <= WAL_SEGMENT_MAX; bytes *= 2) {
		struct wal_name name;
		uint64_t count = 0;
		assert_int_equal(wal_name_parse(&name, "000000030000000700000000", &err), STATUS_OK);
		while (name.log < 9) {
			assert_true(wal_name_next(&name, bytes));
			count++;
		}
		assert_int_equal(count, 2 * (0x100000000 / bytes));
		assert_string_equal(name.text, "000000030000000900000000");
	}
}

static void other_objects_are_none_of_ours(void **unused)
{
	(void)unused;
	static const char *const cases[] = {
	    "",
	    "/",
	    "x",
	    "000000010000000000000001",
	    "42",
	    "42/wal",
	    "42/wal/000000010000000000000001",
	    "42/wal/0000000100000001/000000010000000000000001",
	    "42/wal/0000000100000000/x/000000010000000000000001",
	    "42/wal/0000000100000000/00000002.history",
	    "042/wal/00000002.history",
	    "+42/wal/00000002.history",
	    "0/wal/00000002.history",
	    "18446744073709551616/wal/00000002.history",
	    "42/log/00000002.history",
	    "42/wal/00000002.history/",
	    "42/wal/0000000100000000/0000000100000000000000010000000000000000000000000000000000000000",
	};
	struct wal_name name;
	uint64_t system_id;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (wal_object_parse(cases[i], &system_id, &name))
			fail_msg("%s", cases[i]);
	assert_true(wal_object_parse("18446744073709551615/wal/00000002.history", &system_id, &name));
}

static void a_system_identifier_has_64_bits(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		uint64_t value; /* 0: invalid */
		const char *behind;
	} cases[] = {
	    {"7601921254259666965", 7601921254259666965, ""},
	    {"18446744073709551615/", UINT64_MAX, "/"},
	    {"1x", 1, "x"},
	    {"18446744073709551616", 0, NULL},
	    {"99999999999999999999999999/", 0, NULL},
	    {"0", 0, NULL},
	    {"042", 0, NULL},
	    {"+42", 0, NULL},
	    {"-1", 0, NULL},
	    {" 42", 0, NULL},
	    {"", 0, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t value;
		const char *behind = wal_system_id_read(cases[i].text, &value);
		if ((behind != NULL) != (cases[i].value != 0))
			fail_msg("'%s'", cases[i].text);
		if (behind == NULL)
			continue;
		assert_int_equal(value, cases[i].value);
		assert_string_equal(behind, cases[i].behind);
	}
}

static void segments_have_numbers(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		uint32_t mib;
		uint64_t number;
		bool good;
	} cases[] = {
	    {"000000010000000000000000", 16, 0, true},    {"0000000100000000000000FF", 16, 255, true},
	    {"000000010000000100000000", 16, 256, true},  {"000000010000000000000100", 16, 0, false},
	    {"000000010000000100000FFF", 1, 8191, true},  {"000000020000000200000003", 1024, 11, true},
	    {"000000020000000200000004", 1024, 0, false}, {"00000001FFFFFFFF000000FF.partial", 16, 0xFFFFFFFFFF, true},
	    {"00000002.history", 16, 0, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wal_name name, again;
		uint64_t number;
		assert_int_equal(wal_name_parse(&name, cases[i].text, &err), STATUS_OK);
		assert_int_equal(wal_name_number(&name, cases[i].mib << 20, &number), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(number, cases[i].number);
		wal_name_of_number(&again, name.timeline, number, cases[i].mib << 20);
		assert_int_equal(strncmp(again.text, name.text, 24), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_next),
	    cmocka_unit_test(walks_through_every_size),
	    cmocka_unit_test(tells_the_four_kinds),
	    cmocka_unit_test(refuses_all_others),
	    cmocka_unit_test(takes_the_end_of_a_path),
	    cmocka_unit_test(other_objects_are_none_of_ours),
	    cmocka_unit_test(a_system_identifier_has_64_bits),
	    cmocka_unit_test(segments_have_numbers),
	};
	return cmocka_run_group_tests_name("pg/wal/name", tests, NULL, NULL);
}

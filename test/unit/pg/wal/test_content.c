#include <string.h>

#include "pg/wal/content.h"
#include "support/cmocka.h"
#include "support/segment.h"

#define MIB (1024 * 1024)

static struct error err;

static enum status check(const char *text, const void *head, size_t len, uint64_t size, uint64_t *system_id)
{
	struct wal_name name;
	struct wal_head known = {.bytes = head, .len = len, .size = size};
	assert_int_equal(wal_name_parse(&name, text, &err), STATUS_OK);
	return wal_content_check(&name, &known, system_id, &err);
}

static void accepts_segments_of_every_size(void **unused)
{
	(void)unused;
	for (uint32_t bytes = MIB; bytes <= 1024u * MIB; bytes *= 2) {
		struct segment_header header = segment_header_make(1, 0, 3, bytes);
		uint64_t system_id = 0;
		assert_int_equal(check("000000010000000000000003", &header, sizeof header, bytes, &system_id),
				 STATUS_OK);
		assert_int_equal(system_id, 42);
		assert_int_equal(check("000000010000000000000003.partial", &header, sizeof header, bytes, NULL),
				 STATUS_OK);
	}
	struct segment_header last = segment_header_make(7, 0xFFFFFFFF, 255, 16 * MIB);
	assert_int_equal(check("00000007FFFFFFFF000000FF", &last, sizeof last, 16 * MIB, NULL), STATUS_OK);
}

/* The first segment of a new timeline begins as a copy of the old one. */
static void accepts_an_older_timeline_on_the_first_page(void **unused)
{
	(void)unused;
	struct segment_header header = segment_header_make(1, 0, 3, 16 * MIB);
	assert_int_equal(check("000000020000000000000003", &header, sizeof header, 16 * MIB, NULL), STATUS_OK);
}

static void accepts_the_releases(void **unused)
{
	(void)unused;
	/* 9.6, 10, 11, 12, 13, 14, 15, 16, 17, 18 */
	static const uint16_t magics[] = {0xD093, 0xD097, 0xD098, 0xD101, 0xD106,
					  0xD10D, 0xD110, 0xD113, 0xD116, 0xD118};
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
		struct segment_header header = segment_header_make(1, 0, 3, 16 * MIB);
		header.magic = magics[i];
		assert_int_equal(check("000000010000000000000003", &header, sizeof header, 16 * MIB, NULL), STATUS_OK);
	}
}

static void refuses_damaged_segments(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		struct segment_header header;
		size_t len;
		uint64_t size;
		const char *text;
	} cases[] = {
	    {"000000010000000000000003", {0}, 0, 0, "damaged: is empty"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     39,
	     39,
	     "damaged: too short for a page header"},
	    {"000000010000000000000003",
	     {0},
	     40,
	     16 * MIB,
	     "damaged: does not begin with a WAL page header (magic 0000)"},
	    {"000000010000000000000003",
	     {0x10D1, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "damaged: does not begin with a WAL page header (magic 10D1)"},
	    {"000000010000000000000003",
	     {0xD110, 5, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "damaged: does not begin with a WAL page header (magic D110)"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 0, 8192},
	     40,
	     16 * MIB,
	     "damaged: its first page header has no valid segment size"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB + 1, 8192},
	     40,
	     16 * MIB,
	     "damaged: its first page header has no valid segment size"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 512 * 1024, 8192},
	     40,
	     512 * 1024,
	     "damaged: its first page header has no valid segment size"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB - 1,
	     "damaged: 16777215 bytes, but its header says 16777216"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB + 1,
	     "damaged: 16777217 bytes, but its header says 16777216"},
	    {"000000010000000000000004",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "its first page is at 0/3000000, but the name says 0/4000000"},
	    {"000000010000000100000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "its first page is at 0/3000000, but the name says 1/3000000"},
	    {"000000010000000000000100",
	     {0xD110, 2, 1, 0, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "no segment of 16777216 bytes has this name"},
	    {"000000010000000000000003",
	     {0xD110, 2, 2, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "its first page belongs to timeline 2, but the name says 1"},
	    {"000000010000000000000003",
	     {0xD110, 2, 0, 3 * 16 * MIB, 0, 0, 42, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "its first page belongs to timeline 0, but the name says 1"},
	    {"000000010000000000000003",
	     {0xD110, 2, 1, 3 * 16 * MIB, 0, 0, 0, 16 * MIB, 8192},
	     40,
	     16 * MIB,
	     "damaged: its first page header has no system identifier"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(check(cases[i].name, &cases[i].header, cases[i].len, cases[i].size, NULL),
				 STATUS_CONFLICT);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void judges_text_files(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *content;
		enum status expected;
	} cases[] = {
	    {"00000002.history", "1\t0/3000158\tno recovery target specified\n", STATUS_OK},
	    {"00000003.history", "# comment\n\n1\t0/3000158\tx\n\n2\t0/5000000\ty\n", STATUS_OK},
	    {"00000003.history", "  2 \t0/5000000\ty", STATUS_OK},
	    {"00000002.history", "", STATUS_CONFLICT},
	    {"00000002.history", "\n\n", STATUS_CONFLICT},
	    {"00000002.history", "# only a comment", STATUS_CONFLICT},
	    {"00000002.history", "2\t0/3000158\titself\n", STATUS_CONFLICT},
	    {"00000002.history", "99999999999999999999\t0/3000158\tx\n", STATUS_CONFLICT},
	    {"00000002.history", "1", STATUS_CONFLICT},
	    {"00000002.history", "1\tno address\n", STATUS_CONFLICT},
	    {"00000002.history", "one\t0/3000158\n", STATUS_CONFLICT},
	    {"000000010000000000000002.00000028.backup", "START WAL LOCATION: 0/2000028 (file 0)\n", STATUS_OK},
	    {"000000010000000000000002.00000028.backup", "START WAL LOCATION", STATUS_CONFLICT},
	    {"000000010000000000000002.00000028.backup", "", STATUS_CONFLICT},
	    {"000000010000000000000002.00000028.backup", "STOP WAL LOCATION: 0/2000028 (file 0)\n", STATUS_CONFLICT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t len = strlen(cases[i].content);
		uint64_t system_id = 7;
		assert_int_equal(check(cases[i].name, cases[i].content, len, len, &system_id), cases[i].expected);
		assert_int_equal(system_id, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts_segments_of_every_size),
	    cmocka_unit_test(accepts_an_older_timeline_on_the_first_page),
	    cmocka_unit_test(accepts_the_releases),
	    cmocka_unit_test(refuses_damaged_segments),
	    cmocka_unit_test(judges_text_files),
	};
	return cmocka_run_group_tests_name("pg/wal/content", tests, NULL, NULL);
}

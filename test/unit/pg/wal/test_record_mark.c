#include <string.h>

#include "pg/wal/records.h"
#include "support/cmocka.h"
#include "support/wal_writer.h"

#define MIB (1024 * 1024)
#define BEGIN (3ULL * MIB)
#define NOW 1795934530123456

static struct error err;

struct seen {
	struct record_mark marks[16];
	size_t count;
};

static void see(void *arg, const struct record_mark *mark)
{
	struct seen *seen = arg;
	assert_true(seen->count < 16);
	seen->marks[seen->count++] = *mark;
}

static struct seen read_in(const struct wal_writer *writer, size_t piece)
{
	struct seen seen = {0};
	struct records records;
	records_init(&records, &writer->crc32c, 42, 1, BEGIN, MIB);
	records.marked = see;
	records.mark_arg = &seen;
	for (size_t done = 0; done < writer->bytes.len; done += piece) {
		size_t left = writer->bytes.len - done;
		assert_ok(records_feed(&records, writer->bytes.data + done, left < piece ? left : piece, &err), err);
	}
	return seen;
}

/* In order, with their places, whatever the pieces in which the bytes come; also one that lies on two pages. */
static void reports_what_targets_refer_to(void **unused)
{
	(void)unused;
	static const size_t pieces[] = {1, 7, 8192, 10 * MIB};
	struct wal_writer writer;
	uint64_t lsn[5];
	wal_writer_init(&writer, 1, BEGIN, MIB);
	(void)wal_writer_record(&writer, 100);
	lsn[0] = wal_writer_commit(&writer, 731, NOW);
	(void)wal_writer_level(&writer, 1);
	lsn[1] = wal_writer_abort(&writer, 732, NOW + 1);
	lsn[2] = wal_writer_restore_point(&writer, "before the upgrade", NOW + 2);
	lsn[3] = wal_writer_end_of_recovery(&writer, NOW + 3);
	/* Its header ends with the page. */
	while (wal_writer_lsn(&writer) % WAL_WRITER_PAGE != WAL_WRITER_PAGE - 32)
		(void)wal_writer_record(&writer, 0);
	lsn[4] = wal_writer_commit(&writer, 733, NOW + 4);
	(void)wal_writer_record(&writer, 100);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct seen seen = read_in(&writer, pieces[i]);
		static const enum record_mark_kind kinds[] = {MARK_COMMIT, MARK_ABORT, MARK_RESTORE_POINT, MARK_TIME,
							      MARK_COMMIT};
		static const uint32_t xids[] = {731, 732, 0, 0, 733};
		assert_int_equal(seen.count, 5);
		for (size_t k = 0; k < 5; k++) {
			assert_int_equal(seen.marks[k].kind, kinds[k]);
			assert_int_equal(seen.marks[k].lsn, lsn[k]);
			assert_int_equal(seen.marks[k].xid, xids[k]);
			assert_int_equal(seen.marks[k].time_us, NOW + (int64_t)k);
			assert_string_equal(seen.marks[k].name, k == 2 ? "before the upgrade" : "");
		}
		assert_int_equal(seen.marks[0].end_lsn, lsn[0] + 34);
	}
	wal_writer_fini(&writer);
}

/* What may precede a record's own data, and data that is not what the kind says. */
static void reads_layouts(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		uint8_t manager, info;
		uint8_t data[24];
		size_t len;
		bool expected;
	} cases[] = {
	    {"plain", 1, 0x00, {255, 8, 1}, 10, true},
	    {"with XLOG_XACT_HAS_INFO", 1, 0x80, {255, 12, 1}, 14, true},
	    {"with an origin", 1, 0x80, {253, 9, 9, 255, 8, 1}, 13, true},
	    {"with a transaction above it", 1, 0x80, {252, 9, 9, 9, 9, 255, 8, 1}, 15, true},
	    {"with both", 1, 0x80, {253, 9, 9, 252, 9, 9, 9, 9, 255, 8, 1}, 18, true},
	    {"long", 1, 0x80, {254, 0, 2, 0, 0, 1}, 24, true},
	    {"prepared", 1, 0xB0, {255, 12, 1}, 14, true},
	    {"too short", 1, 0x00, {255, 7, 1}, 9, false},
	    {"shorter than it says", 1, 0x00, {255, 8, 1}, 6, false},
	    {"empty", 1, 0x00, {0}, 0, false},
	    {"with a block", 1, 0x00, {0, 8, 1}, 10, false},
	    {"the assignment of a transaction", 1, 0x50, {255, 8, 1}, 10, false},
	    {"a preparation", 1, 0x10, {255, 8, 1}, 10, false},
	    {"of another manager", 2, 0x00, {255, 8, 1}, 10, false},
	    {"a checkpoint that is cut off", 0, 0x10, {255, 8, 1}, 10, false},
	    {"a restore point without a name", 0, 0x70, {255, 8, 1}, 10, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct record_mark mark;
		bool read = record_mark_read(&mark, cases[i].manager, cases[i].info, 731, cases[i].data, cases[i].len);
		if (read != cases[i].expected)
			fail_msg("%s", cases[i].name);
		if (read)
			assert_int_equal(mark.time_us, 946684800000001);
		if (read)
			assert_int_equal(mark.xid, (cases[i].info & 0x70) == 0x30 ? 0 : 731);
	}
}

/* The ID of a prepared transaction follows parts of any length. */
static void finds_prepared_transactions(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		uint32_t words[24]; /* behind the time */
		size_t count;
		uint32_t xid;
	} cases[] = {
	    {"alone", {0x10, 731}, 2, 731},
	    {"with a database", {0x11, 5, 1663, 731}, 4, 731},
	    {"with subtransactions", {0x13, 5, 1663, 2, 732, 733, 731}, 7, 731},
	    {"with relations", {0x14, 1, 1663, 5, 16384, 731}, 6, 731},
	    {"with invalidations", {0x18, 2, 0, 0, 0, 0, 0, 0, 0, 0, 731}, 11, 731},
	    {"with all of it", {0x1F, 5, 1663, 1, 732, 1, 1663, 5, 16384, 1, 0, 0, 0, 0, 731}, 15, 731},
	    {"with dropped statistics", {0x110, 1, 0, 0, 0, 731}, 6, 0},
	    {"cut off", {0x18, 200, 0, 0, 0, 0, 0, 0, 0, 0, 731}, 11, 0},
	    {"cut off before it", {0x11, 5, 1663}, 3, 0},
	    {"cut off in the database", {0x11, 5}, 2, 0},
	    {"a count beyond all bounds", {0x12, UINT32_MAX, 731}, 3, 0},
	    {"not prepared", {0x01, 5, 1663}, 3, 0},
	    {"empty", {0}, 0, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t data[128] = {255, (uint8_t)(8 + 4 * cases[i].count)};
		struct record_mark mark;
		memcpy(data + 10, cases[i].words, 4 * cases[i].count);
		for (uint8_t info = 0xB0; info <= 0xC0; info += 0x10) {
			assert_true(record_mark_read(&mark, 1, info, 7, data, 10 + 4 * cases[i].count));
			assert_int_equal(mark.kind, info == 0xB0 ? MARK_COMMIT : MARK_ABORT);
			if (mark.xid != cases[i].xid)
				fail_msg("%s: %u", cases[i].name, mark.xid);
		}
	}
}

static void reads_new_tablespaces(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		uint8_t info;
		uint8_t data[16];
		size_t len;
		const char *location; /* NULL: no mark */
	} cases[] = {
	    {"a directory", 0x00, {255, 10, 1, 2, 3, 4, '/', 'f', 'a', 'r', '/', 0}, 12, "/far/"},
	    {"in place", 0x00, {255, 5, 1, 2, 3, 4, 0}, 7, ""},
	    {"a drop", 0x10, {255, 4, 1, 2, 3, 4}, 6, NULL},
	    {"without an end", 0x00, {255, 9, 1, 2, 3, 4, '/', 'f', 'a', 'r', '/'}, 11, NULL},
	    {"without a path", 0x00, {255, 4, 1, 2, 3, 4}, 6, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct record_mark mark;
		bool read = record_mark_read(&mark, 5, cases[i].info, 0, cases[i].data, cases[i].len);
		if (read != (cases[i].location != NULL))
			fail_msg("%s", cases[i].name);
		if (read) {
			assert_int_equal(mark.kind, MARK_TABLESPACE);
			assert_string_equal(mark.location, cases[i].location);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reports_what_targets_refer_to),
	    cmocka_unit_test(reads_layouts),
	    cmocka_unit_test(finds_prepared_transactions),
	    cmocka_unit_test(reads_new_tablespaces),
	};
	return cmocka_run_group_tests_name("pg/wal/record_mark", tests, NULL, NULL);
}

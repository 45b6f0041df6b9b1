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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reports_what_targets_refer_to),
	    cmocka_unit_test(reads_layouts),
	};
	return cmocka_run_group_tests_name("pg/wal/record_mark", tests, NULL, NULL);
}

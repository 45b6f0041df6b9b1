#include "pg/wal/segment_check.h"

#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/wal_writer.h"

#define SEGMENT_BYTES (1024 * 1024)
#define NAME "000000010000000000000003"
#define LSN (3 * SEGMENT_BYTES)

static struct scratch dir;
static struct wal_writer writer;
static struct error err;
static uint64_t switch_lsn;
static bool newer;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	wal_writer_init(&writer, 1, LSN, SEGMENT_BYTES);
	switch_lsn = 0;
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	wal_writer_fini(&writer);
	scratch_fini(&dir);
	return 0;
}

/* The first segment, of which only this many bytes have reached the disk. */
static enum status check(size_t written)
{
	static uint8_t bytes[SEGMENT_BYTES];
	struct wal_name name;
	memset(bytes, 0, sizeof bytes);
	memcpy(bytes, writer.bytes.data, written < writer.bytes.len ? written : writer.bytes.len);
	scratch_put(&dir, NAME, bytes, sizeof bytes, 0600);
	err = (struct error){0};
	assert_int_equal(wal_name_parse(&name, NAME, &err), STATUS_OK);
	struct segment_check whole = {
	    scratch_path(&dir, NAME), &name, writer.system_id, SEGMENT_BYTES, switch_lsn, false};
	enum status st = segment_check(&whole, &err);
	newer = whole.newer;
	assert_int_equal(unlink(scratch_path(&dir, NAME)), 0);
	return st;
}

static void a_full_one_is_whole(void **unused)
{
	(void)unused;
	wal_writer_fill(&writer, LSN, 500);
	enum status st = check(SEGMENT_BYTES);
	assert_ok(st, err);
	/* Missing: the last page, a page in the middle, almost all, and all. */
	static const size_t written[] = {SEGMENT_BYTES - WAL_WRITER_PAGE, SEGMENT_BYTES / 2, SEGMENT_BYTES / 2 + 1000,
					 40, 0};
	for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
		assert_int_equal(check(written[i]), STATUS_CONFLICT);
		assert_non_null(strstr(err.text, "the segment is incomplete: at 0/003"));
		assert_non_null(strstr(err.hint, "copied while it was written"));
	}
}

static void one_that_was_switched_is_whole(void **unused)
{
	(void)unused;
	(void)wal_writer_record(&writer, 20000);
	size_t before = writer.bytes.len;
	wal_writer_switch(&writer);
	enum status st = check(SEGMENT_BYTES);
	assert_ok(st, err);
	/* The same without XLOG_SWITCH: the server may continue there at any time. */
	assert_int_equal(check(before), STATUS_CONFLICT);
}

static void a_few_bytes_that_are_wrong(void **unused)
{
	(void)unused;
	wal_writer_fill(&writer, LSN, 500);
	/* More than the alignment padding, which no CRC covers. */
	for (size_t i = 0; i < 8; i++)
		writer.bytes.data[SEGMENT_BYTES / 3 + i] ^= 1;
	assert_int_equal(check(SEGMENT_BYTES), STATUS_CONFLICT);
}

/* A standby that archives received WAL has the last segment of a timeline only up to the switch point. */
static void one_whose_timeline_was_left(void **unused)
{
	(void)unused;
	while (wal_writer_lsn(&writer) < LSN + 3 * WAL_WRITER_PAGE)
		(void)wal_writer_record(&writer, 500);
	uint64_t last = wal_writer_record(&writer, 300);
	switch_lsn = wal_writer_lsn(&writer);
	switch_lsn += -switch_lsn % 8;
	size_t written = (size_t)(switch_lsn - LSN);
	(void)wal_writer_record(&writer, 300);
	enum status st = check(written);
	assert_ok(st, err);
	assert_int_equal(check((size_t)(last - LSN)), STATUS_CONFLICT);
	/* In another segment. */
	switch_lsn += SEGMENT_BYTES;
	assert_int_equal(check(written), STATUS_CONFLICT);
	switch_lsn = LSN;
	assert_int_equal(check(written), STATUS_CONFLICT);
}

/* A later PostgreSQL may have new flags and records. */
static void one_of_a_release_to_come(void **unused)
{
	(void)unused;
	wal_writer_fill(&writer, LSN, 500);
	assert_int_equal(check(SEGMENT_BYTES / 2), STATUS_CONFLICT);
	assert_false(newer);
	for (size_t page = 0; page < SEGMENT_BYTES; page += WAL_WRITER_PAGE)
		writer.bytes.data[page] = 0x19;
	enum status st = check(SEGMENT_BYTES);
	assert_ok(st, err);
	assert_true(newer);
	assert_int_equal(check(SEGMENT_BYTES / 2), STATUS_CONFLICT);
	assert_true(newer);
	writer.bytes.data[3] = 0x10;
	assert_int_equal(check(SEGMENT_BYTES), STATUS_CONFLICT);
	assert_non_null(strstr(err.text, "unknown flags"));
	assert_true(newer);
}

static void what_cannot_be_read(void **unused)
{
	(void)unused;
	struct wal_name name;
	assert_int_equal(wal_name_parse(&name, NAME, &err), STATUS_OK);
	struct segment_check whole = {scratch_path(&dir, NAME), &name, writer.system_id, SEGMENT_BYTES, 0, false};
	assert_int_equal(segment_check(&whole, &err), STATUS_LOCAL);
	whole.segment_bytes = 12345;
	assert_int_equal(segment_check(&whole, &err), STATUS_CONFLICT);
	whole.segment_bytes = SEGMENT_BYTES;
	scratch_put(&dir, NAME, "", 0, 0600);
	assert_int_equal(segment_check(&whole, &err), STATUS_CONFLICT);
	assert_non_null(strstr(err.text, "was cut off while it was read"));
}

#define WITH_WAL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WAL(a_full_one_is_whole),        WITH_WAL(one_that_was_switched_is_whole),
	    WITH_WAL(a_few_bytes_that_are_wrong), WITH_WAL(one_whose_timeline_was_left),
	    WITH_WAL(one_of_a_release_to_come),   WITH_WAL(what_cannot_be_read),
	};
	return cmocka_run_group_tests_name("pg/wal/segment_check", tests, NULL, NULL);
}

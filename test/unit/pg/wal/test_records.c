#include <stdlib.h>
#include <string.h>

#include "pg/wal/records.h"
#include "support/cmocka.h"
#include "support/wal_writer.h"

#define MIB (1024 * 1024)
#define BEGIN (3ULL * MIB)

static struct error err;

static enum status feed(struct records *records, const struct wal_writer *writer, size_t from, size_t len, size_t piece)
{
	enum status st = STATUS_OK;
	for (size_t done = 0; !st && done < len; done += piece) {
		size_t now = len - done < piece ? len - done : piece;
		st = records_feed(records, writer->bytes.data + from + done, now, &err);
	}
	return st;
}

static struct records begin(const struct wal_writer *writer, uint64_t lsn)
{
	struct records records;
	records_init(&records, &writer->crc32c, 42, 1, lsn, MIB);
	return records;
}

/* Records of every length, on one page and over many, with all splits of the data. */
static void reads_what_is_right(void **unused)
{
	(void)unused;
	static const size_t lengths[] = {0, 1, 7, 8, 100, 2000, 8168, 8169, 30000, 3 * MIB};
	static const size_t pieces[] = {1, 13, 4096, 65536, 10 * MIB};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct wal_writer writer;
		wal_writer_init(&writer, 1, BEGIN, MIB);
		uint64_t count = 0;
		while (wal_writer_lsn(&writer) < BEGIN + 2 * MIB + 5000) {
			(void)wal_writer_record(&writer, lengths[i]);
			count++;
		}
		for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
			if (pieces[k] == 1 && i % 3 != 0)
				continue;
			struct records records = begin(&writer, BEGIN);
			assert_ok(feed(&records, &writer, 0, writer.bytes.len, pieces[k]), err);
			assert_int_equal(records.count, count);
			assert_false(records_are_open(&records));
			assert_int_equal(records.begun_lsn, BEGIN + 40);
		}
		wal_writer_fini(&writer);
	}
}

/* A record that began before the run is skipped; with the previous segment it is checked. */
static void a_record_from_the_segment_before(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	wal_writer_fill(&writer, BEGIN, 30000);
	assert_true(wal_writer_lsn(&writer) > BEGIN + MIB);
	wal_writer_fill(&writer, BEGIN + MIB, 3000);
	struct records second = begin(&writer, BEGIN + MIB);
	assert_ok(feed(&second, &writer, MIB, MIB, 1000), err);
	assert_true(second.count > 300);
	assert_true(second.begun_lsn > BEGIN + MIB + 40);

	struct records first = begin(&writer, BEGIN);
	assert_ok(feed(&first, &writer, 0, MIB, 1000), err);
	assert_true(records_are_open(&first));
	uint64_t count = first.count;
	assert_ok(feed(&first, &writer, MIB, (size_t)(second.begun_lsn - BEGIN - MIB), 1000), err);
	assert_int_equal(first.count, count + 1);
	wal_writer_fini(&writer);
}

/* Levels in the order of their records, with all splits of the data. */
static void sees_wal_level(void **unused)
{
	(void)unused;
	static const struct {
		int levels[3]; /* ends with -1 */
		struct wal_level_seen expected;
	} cases[] = {
	    {{-1}, {false, false, false}},     {{1, -1}, {true, false, false}},  {{0, -1}, {true, true, true}},
	    {{0, 1, -1}, {true, true, false}}, {{2, 0, -1}, {true, true, true}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t piece = 1; piece < 100; piece += 7) {
			struct wal_writer writer;
			wal_writer_init(&writer, 1, BEGIN, MIB);
			(void)wal_writer_record(&writer, 8100);
			for (const int *level = cases[i].levels; *level >= 0; level++) {
				(void)wal_writer_level(&writer, (uint32_t)*level);
				(void)wal_writer_record(&writer, 30);
			}
			struct records records = begin(&writer, BEGIN);
			assert_ok(feed(&records, &writer, 0, writer.bytes.len, piece), err);
			assert_int_equal(records.level.told, cases[i].expected.told);
			assert_int_equal(records.level.fell, cases[i].expected.fell);
			assert_int_equal(records.level.minimal, cases[i].expected.minimal);
			wal_writer_fini(&writer);
		}
}

/* The layout before PostgreSQL 12, and data that is none. */
static void sees_older_layouts(void **unused)
{
	(void)unused;
	uint8_t data[WAL_LEVEL_RECORD_BYTES] = {255, 24};
	struct wal_level_seen seen = {0};
	memset(data + 2, 1, sizeof data - 2);
	memset(data + 2 + 16, 0, 4);
	wal_level_see(&seen, data, 26);
	assert_true(seen.fell);
	seen = (struct wal_level_seen){0};
	wal_level_see(&seen, data, 25);
	wal_level_see(&seen, data, 1);
	data[0] = 254;
	wal_level_see(&seen, data, 26);
	data[0] = 255;
	data[1] = 20;
	wal_level_see(&seen, data, 22);
	assert_false(seen.told);
}

static void a_switch_ends_the_segment(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	(void)wal_writer_record(&writer, 50);
	wal_writer_switch(&writer);
	(void)wal_writer_record(&writer, 60);
	wal_writer_switch(&writer);
	struct records records = begin(&writer, BEGIN);
	assert_ok(feed(&records, &writer, 0, writer.bytes.len, 777), err);
	assert_int_equal(records.count, 4);
	assert_int_equal(records.lsn, BEGIN + 2 * MIB);

	/* Up to the last byte of the segment, so nothing is left to skip. */
	struct wal_writer full;
	wal_writer_init(&full, 1, BEGIN, MIB);
	while (wal_writer_lsn(&full) < BEGIN + MIB - 8192 + 24)
		(void)wal_writer_record(&full, 8144);
	uint64_t room = BEGIN + MIB - 24 - wal_writer_lsn(&full);
	(void)wal_writer_record(&full, (size_t)room - 24);
	wal_writer_switch(&full);
	assert_int_equal(wal_writer_lsn(&full), BEGIN + MIB);
	(void)wal_writer_record(&full, 60);
	records = begin(&full, BEGIN);
	assert_ok(feed(&records, &full, 0, full.bytes.len, 777), err);
	assert_true(records.begun_lsn != 0);
	assert_false(records_are_open(&records));
	/* Releases before 11 left page headers after it. */
	memset(writer.bytes.data + MIB - WAL_WRITER_PAGE, 0x5A, 24);
	records = begin(&writer, BEGIN);
	assert_ok(feed(&records, &writer, 0, writer.bytes.len, 777), err);
	wal_writer_fini(&full);
	wal_writer_fini(&writer);
}

/* A switch across two segments fills all of the second, which can be checked without the first. */
static void a_switch_ends_the_segment_behind(void **unused)
{
	(void)unused;
	for (uint64_t left = 8; left < 24; left += 8) {
		struct wal_writer writer;
		wal_writer_init(&writer, 1, BEGIN, MIB);
		while (wal_writer_lsn(&writer) < BEGIN + MIB - 8192 + 24)
			(void)wal_writer_record(&writer, 8144);
		(void)wal_writer_record(&writer, (size_t)(BEGIN + MIB - left - wal_writer_lsn(&writer)) - 24);
		assert_int_equal(wal_writer_lsn(&writer), BEGIN + MIB - left);
		wal_writer_switch(&writer);
		assert_int_equal(wal_writer_lsn(&writer), BEGIN + 2 * MIB);
		(void)wal_writer_record(&writer, 60);
		struct records records = begin(&writer, BEGIN);
		assert_ok(feed(&records, &writer, 0, writer.bytes.len, 777), err);
		uint64_t count = records.count;
		records = begin(&writer, BEGIN + MIB);
		assert_ok(feed(&records, &writer, MIB, writer.bytes.len - MIB, 777), err);
		assert_int_equal(records.count, 1);
		assert_true(count > 1);
		/* The rest of another record is not a switch. */
		uint8_t *kind = &writer.bytes.data[MIB + 40 + (24 - left) - 8];
		*kind = 0x20;
		records = begin(&writer, BEGIN + MIB);
		assert_int_equal(feed(&records, &writer, MIB, writer.bytes.len - MIB, 777), STATUS_CONFLICT);
		assert_non_null(strstr(err.text, "the WAL records end before the segment ends, without"));
		wal_writer_fini(&writer);
	}
}

/* The rest of a record before the first complete one may have any length and is skipped. */
static void any_rest_of_a_record_is_passed_over(void **unused)
{
	(void)unused;
	for (size_t left = 1; left < 64; left++) {
		struct wal_writer writer;
		wal_writer_init(&writer, 1, BEGIN, MIB);
		while (wal_writer_lsn(&writer) < BEGIN + MIB - 8192 + 24)
			(void)wal_writer_record(&writer, 8144);
		(void)wal_writer_record(&writer, (size_t)(BEGIN + MIB - 64 - wal_writer_lsn(&writer)) - 24);
		(void)wal_writer_record(&writer, 64 - 24 + left);
		uint64_t next = wal_writer_record(&writer, 60);
		wal_writer_switch(&writer);
		assert_int_equal(next, BEGIN + MIB + 40 + (left + 7) / 8 * 8);
		for (size_t piece = 1; piece < 1000; piece += 333) {
			struct records records = begin(&writer, BEGIN + MIB);
			assert_ok(feed(&records, &writer, MIB, writer.bytes.len - MIB, piece), err);
			assert_int_equal(records.begun_lsn, next);
			assert_int_equal(records.count, 2);
		}
		wal_writer_fini(&writer);
	}
}

/* After a crash lost the rest of a record, the next page says so and begins with a new one. */
static void a_record_that_was_given_up(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	struct wal_writer next;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	uint64_t last = wal_writer_record(&writer, 50);
	uint64_t lost = wal_writer_record(&writer, 20000);
	wal_writer_init(&next, 1, BEGIN + WAL_WRITER_PAGE, MIB);
	next.previous = last;
	(void)wal_writer_record(&next, 50);
	next.bytes.data[2] |= 8;
	memcpy(writer.bytes.data + WAL_WRITER_PAGE, next.bytes.data, next.bytes.len);
	struct records records = begin(&writer, BEGIN);
	assert_true(lost > last);
	assert_ok(feed(&records, &writer, 0, WAL_WRITER_PAGE + next.bytes.len, 500), err);
	assert_int_equal(records.count, 2);
	wal_writer_fini(&next);
	wal_writer_fini(&writer);
}

/* Any altered bit is found, except in unused bytes between records. */
static void every_altered_bit_is_found(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	size_t means_nothing = 0;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	while (wal_writer_lsn(&writer) < BEGIN + 3 * WAL_WRITER_PAGE)
		(void)wal_writer_record(&writer, 1001);
	for (size_t at = 0; at < writer.bytes.len; at++) {
		struct records records = begin(&writer, BEGIN);
		writer.bytes.data[at] ^= (uint8_t)(1 << at % 8);
		enum status st = feed(&records, &writer, 0, writer.bytes.len, writer.bytes.len);
		writer.bytes.data[at] ^= (uint8_t)(1 << at % 8);
		/* A larger length makes a record that does not end here. */
		if (!st && !records_are_open(&records))
			means_nothing++;
	}
	/*
	 * Undetected: 7 bytes after each record, and in each page header 4 bytes of padding and 1 of magic (the first
	 * page has no such bytes).
	 */
	assert_in_range(means_nothing, 1, 7 * 24 + 4 * 16 + 16);
	wal_writer_fini(&writer);
}

struct fault {
	const char *name;
	size_t at; /* byte */
	uint8_t value;
	const char *text;
};

static void says_what_is_wrong(void **unused)
{
	(void)unused;
	static const struct fault faults[] = {
	    {"system id", 24, 0x99, "at 0/00300000: the page belongs to another cluster"},
	    {"segment size", 35, 0x77,
	     "at 0/00300000: the page belongs to a cluster with a different wal_segment_size"},
	    {"page size", 36, 0x01, "no valid page size"},
	    {"long header", 2, 0, "a short header"},
	    {"timeline", 4, 2, "another timeline"},
	    {"address", 9, 1, "a different address"},
	    {"flags", 3, 1, "unknown flags"},
	    {"length", 40, 1, "at 0/00300028: the WAL record length is invalid"},
	    {"data", 70, 0xEE, "at 0/00300028: the CRC of the WAL record does not match"},
	    {"second page's magic", 8192, 0, "at 0/00302000: the page header does not belong to this segment"},
	    {"second page's rest", 8192 + 16, 0xEE, "at 0/00302000: continuation length does not match the record"},
	    {"second page's flag", 8192 + 2, 0,
	     "at 0/00302000: the page does not continue the record of the previous page"},
	};
	struct wal_writer writer;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	(void)wal_writer_record(&writer, 15 * 16 + 15 - 24);
	while (wal_writer_lsn(&writer) < BEGIN + 3 * WAL_WRITER_PAGE)
		(void)wal_writer_record(&writer, 1001);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct records records = begin(&writer, BEGIN);
		uint8_t kept = writer.bytes.data[faults[i].at];
		writer.bytes.data[faults[i].at] = faults[i].value;
		enum status st = feed(&records, &writer, 0, writer.bytes.len, 100);
		writer.bytes.data[faults[i].at] = kept;
		if (st != STATUS_CONFLICT || strstr(err.text, faults[i].text) == NULL)
			fail_msg("%s: status %d, '%s'", faults[i].name, st, err.text);
	}
	wal_writer_fini(&writer);
}

static void records_are_linked_and_do_not_end_early(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	static const uint8_t zero[64];
	struct records records;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	(void)wal_writer_record(&writer, 40);
	writer.previous -= 8;
	(void)wal_writer_record(&writer, 40);
	records = begin(&writer, BEGIN);
	assert_int_equal(feed(&records, &writer, 0, writer.bytes.len, 100), STATUS_CONFLICT);
	assert_non_null(strstr(err.text, "at 0/00300068: the WAL record does not link to the previous record"));
	wal_writer_fini(&writer);

	wal_writer_init(&writer, 1, BEGIN, MIB);
	(void)wal_writer_record(&writer, 40);
	assert_ok(buffer_append(&writer.bytes, zero, sizeof zero, &err), err);
	records = begin(&writer, BEGIN);
	assert_int_equal(feed(&records, &writer, 0, writer.bytes.len, 100), STATUS_CONFLICT);
	assert_non_null(strstr(err.text, "the WAL records end before the segment ends, without"));
	wal_writer_fini(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_is_right),
	    cmocka_unit_test(a_record_from_the_segment_before),
	    cmocka_unit_test(any_rest_of_a_record_is_passed_over),
	    cmocka_unit_test(sees_wal_level),
	    cmocka_unit_test(sees_older_layouts),
	    cmocka_unit_test(a_switch_ends_the_segment),
	    cmocka_unit_test(a_switch_ends_the_segment_behind),
	    cmocka_unit_test(a_record_that_was_given_up),
	    cmocka_unit_test(every_altered_bit_is_found),
	    cmocka_unit_test(says_what_is_wrong),
	    cmocka_unit_test(records_are_linked_and_do_not_end_early),
	};
	return cmocka_run_group_tests_name("pg/wal/records", tests, NULL, NULL);
}

/* Records that cross segments, of every length: each is checked, or counted once as skipped. */
#include <string.h>

#include "support/archive.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/wal_writer.h"
#include "verify/record_boundary.h"

#define MIB ARCHIVE_SEGMENT_BYTES
#define FIRST 3ULL /* number of the first segment */
#define SEGMENTS 4

static struct archive archive;
static struct repository repo;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	repo = (struct repository){.store = archive.store, .keys = archive.keys, .encrypt = true};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

static void store_segment(const struct wal_writer *writer, const struct wal_name *name, size_t number)
{
	char path[64] = "data/pg_wal/";
	(void)strcat(path, name->text);
	scratch_put(&archive.dir, path, writer->bytes.data + number * MIB, MIB, 0600);
	assert_ok(archive_push(&archive, name->text), archive.err);
}

struct found {
	uint64_t records, skipped, damaged;
};

static void count(struct found *found, enum record_boundary_outcome outcome)
{
	found->records += outcome == RECORD_BOUNDARY_GOOD;
	found->skipped += outcome == RECORD_BOUNDARY_SKIPPED;
	found->damaged += outcome == RECORD_BOUNDARY_DAMAGED;
}

/* Reads the segments in this order of jobs, as the threads of verify --read may end. */
static struct found read_all(const struct crc32c *crc32c, const size_t order[SEGMENTS])
{
	struct found found = {0};
	struct record_boundaries boundaries;
	assert_ok(record_boundaries_init(&boundaries, SEGMENTS, &err), err);
	for (size_t i = 0; i < SEGMENTS; i++) {
		struct wal_name name;
		struct inspected inspected;
		wal_name_of_number(&name, 1, FIRST + order[i], MIB);
		struct inspection inspection = {&repo, &archive.world.call, crc32c, ARCHIVE_SYSTEM_ID, &name};
		assert_ok(inspect(&inspection, &inspected, &err), err);
		found.records += inspected.records.count;
		count(&found, record_boundaries_begin(&boundaries, order[i] + 1, &inspected, order[i] > 0, &err));
		count(&found, record_boundaries_end(&boundaries, order[i] + 1, &inspected, &err));
		inspected_fini(&inspected);
	}
	record_boundaries_fini(&boundaries);
	return found;
}

/*
 * A record of data_bytes begins before_end bytes before the end of the second segment, between small records. Returns
 * how many records are complete in the segments.
 */
static uint64_t write_segments(struct wal_writer *writer, size_t before_end, size_t data_bytes)
{
	uint64_t records = 0, begin = FIRST * MIB, end = begin + SEGMENTS * MIB;
	wal_writer_init(writer, 1, begin, MIB);
	for (; wal_writer_lsn(writer) < begin + 2 * MIB - before_end; records++)
		(void)wal_writer_record(writer, 1000);
	(void)wal_writer_record(writer, data_bytes);
	for (records++; wal_writer_lsn(writer) < end; records++)
		(void)wal_writer_record(writer, 1000);
	/* The last record goes on in a segment that nobody reads. */
	records -= wal_writer_lsn(writer) > end;
	for (size_t i = 0; i < SEGMENTS; i++) {
		struct wal_name name;
		wal_name_of_number(&name, 1, FIRST + i, MIB);
		store_segment(writer, &name, i);
	}
	return records;
}

static void each_record_is_checked_or_counted_as_skipped(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		size_t before_end, data_bytes;
		uint64_t skipped;
	} cases[] = {
	    {"a small record", 3000, 6000, 0},
	    {"32 full pages, as an index build of PostgreSQL 17 writes", 8000, 32 * 8192 + 32 * 20, 0},
	    {"the same, nearly all in the first segment", 250 * 1024, 32 * 8192 + 32 * 20, 0},
	    {"more than is kept", 3000, 600 * 1024, 1},
	    {"over three segments", 3000, MIB + 300 * 1024, 1},
	    {"over three segments, with a long rest", 3000, MIB + 900 * 1024, 1},
	};
	static const size_t orders[][SEGMENTS] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wal_writer writer;
		assert_int_equal(setup(NULL), 0);
		uint64_t records = write_segments(&writer, cases[i].before_end, cases[i].data_bytes);
		for (size_t k = 0; k < sizeof orders / sizeof orders[0]; k++) {
			struct found found = read_all(&writer.crc32c, orders[k]);
			print_message("# %s: %ju records, %ju skipped\n", cases[i].name, (uintmax_t)found.records,
				      (uintmax_t)found.skipped);
			assert_int_equal(found.damaged, 0);
			assert_int_equal(found.skipped, cases[i].skipped);
			assert_int_equal(found.records, records - cases[i].skipped);
		}
		wal_writer_fini(&writer);
		(void)teardown(NULL);
	}
}

/* A commit that crosses belongs to neither segment; the boundary has its time, whichever job ends last. */
static void a_commit_that_crosses_is_told(void **unused)
{
	(void)unused;
	static const size_t orders[][2] = {{0, 1}, {1, 0}};
	struct wal_writer writer;
	uint64_t end = (FIRST + 1) * MIB;
	wal_writer_init(&writer, 1, FIRST * MIB, MIB);
	(void)wal_writer_commit(&writer, 700, 7000);
	while (wal_writer_lsn(&writer) + 2048 < end)
		(void)wal_writer_record(&writer, 1000);
	(void)wal_writer_record(&writer, (size_t)(end - wal_writer_lsn(&writer)) - RECORD_HEADER_BYTES - 24);
	assert_true(wal_writer_commit(&writer, 701, 8000) < end && wal_writer_lsn(&writer) > end);
	(void)wal_writer_commit(&writer, 702, 9000);
	wal_writer_fill(&writer, end, 1000);
	for (size_t i = 0; i < 2; i++) {
		struct wal_name name;
		wal_name_of_number(&name, 1, FIRST + i, MIB);
		store_segment(&writer, &name, i);
	}
	for (size_t k = 0; k < 2; k++) {
		struct record_boundaries boundaries;
		assert_ok(record_boundaries_init(&boundaries, 2, &err), err);
		for (size_t i = 0; i < 2; i++) {
			size_t at = orders[k][i];
			struct wal_name name;
			struct inspected inspected;
			wal_name_of_number(&name, 1, FIRST + at, MIB);
			struct inspection inspection = {&repo, &archive.world.call, &writer.crc32c, ARCHIVE_SYSTEM_ID,
							&name};
			assert_ok(inspect(&inspection, &inspected, &err), err);
			assert_int_equal(inspected.first_end_us, at == 0 ? 7000 : 9000);
			assert_int_equal(inspected.last_end_us, at == 0 ? 7000 : 9000);
			(void)record_boundaries_begin(&boundaries, at + 1, &inspected, at > 0, &err);
			assert_int_equal(boundaries.joined, i == 1 && at == 1);
			if (!boundaries.joined)
				(void)record_boundaries_end(&boundaries, at + 1, &inspected, &err);
			assert_int_equal(boundaries.joined, i == 1);
			inspected_fini(&inspected);
		}
		assert_int_equal(boundaries.crossing_us, 8000);
		record_boundaries_fini(&boundaries);
	}
	wal_writer_fini(&writer);
}

/* Of a segment only the bytes that the boundary needs are kept. */
static void no_more_is_kept_than_a_boundary_needs(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	(void)write_segments(&writer, 8000, 300000);
	for (size_t i = 0; i < SEGMENTS; i++) {
		struct wal_name name;
		struct inspected inspected;
		wal_name_of_number(&name, 1, FIRST + i, MIB);
		struct inspection inspection = {&repo, &archive.world.call, &writer.crc32c, ARCHIVE_SYSTEM_ID, &name};
		assert_ok(inspect(&inspection, &inspected, &err), err);
		if (i == 2)
			assert_in_range(inspected.head.len, 290000, 310000);
		else
			assert_int_equal(inspected.head.len, WAL_WRITER_PAGE);
		assert_memory_equal(inspected.head.data, writer.bytes.data + i * MIB, inspected.head.len);
		inspected_fini(&inspected);
	}
	wal_writer_fini(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_record_is_checked_or_counted_as_skipped),
	    cmocka_unit_test_setup_teardown(a_commit_that_crosses_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(no_more_is_kept_than_a_boundary_needs, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

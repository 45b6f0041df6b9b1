/* Parts become a segment that ends with the last whole record, whatever is missing, damaged or there twice. */
#include <string.h>
#include <unistd.h>

#include "archive/fetch/part_join.h"
#include "repo/object.h"
#include "support/archive.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/scratch.h"
#include "support/wal_writer.h"

#define MIB (1024 * 1024)
#define SEGMENT "000000010000000000000003"
#define BEGIN (3ULL * MIB)

static struct archive archive;
static struct repository repo;
static struct wal_writer wal;
static struct wal_name segment;
static struct newfile file;
static struct part_join join;
static struct error err;
static uint32_t ends[8]; /* offsets at which records end */

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	repo = (struct repository){.store = archive.store, .keys = archive.keys, .encrypt = true};
	err = (struct error){0};
	assert_ok(wal_name_parse(&segment, SEGMENT, &err), err);
	wal_writer_init(&wal, 1, BEGIN, MIB);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		(void)wal_writer_record(&wal, 3000);
		ends[i] = (uint32_t)wal.bytes.len;
	}
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	newfile_fini(&file);
	wal_writer_fini(&wal);
	archive_fini(&archive);
	return 0;
}

static const char *object_of(uint32_t first, uint32_t end)
{
	static char name[WAL_OBJECT_NAME_MAX];
	const struct wal_part part = {segment, first, end};
	wal_part_object_name(name, ARCHIVE_SYSTEM_ID, &part);
	return name;
}

static void put(uint32_t first, uint32_t end)
{
	assert_ok(
	    object_create(&repo, &archive.world.call, object_of(first, end), wal.bytes.data + first, end - first, &err),
	    err);
}

static void damage(uint32_t first, uint32_t end)
{
	struct buffer *bytes = memory_store_bytes(archive.store, object_of(first, end));
	bytes->data[bytes->len / 2] ^= 1;
}

static enum status run(void)
{
	newfile_fini(&file);
	join = (struct part_join){
	    .repo = &repo, .call = &archive.world.call, .system_id = ARCHIVE_SYSTEM_ID, .segment = &segment};
	assert_ok(newfile_open(&file, scratch_path(&archive.dir, "joined"), 0600, &err), err);
	return part_join(&join, &file, &err);
}

/* The file has these bytes of the WAL, and zeros up to its size. */
static void expect_kept(uint32_t kept, uint32_t joined, bool continues)
{
	static uint8_t content[MIB + 1];
	assert_ok(run(), err);
	assert_int_equal(join.segment_bytes, MIB);
	assert_int_equal(join.joined, joined);
	assert_int_equal(join.kept, kept);
	assert_int_equal(join.continues, continues);
	assert_int_equal(pread(file.fd, content, sizeof content, 0), MIB);
	assert_memory_equal(content, wal.bytes.data, kept);
	for (size_t i = kept; i < MIB; i++)
		assert_int_equal(content[i], 0);
}

static void whole_records(void **unused)
{
	(void)unused;
	put(0, 100);
	put(100, ends[2]);
	expect_kept(ends[2], ends[2], false);
	put(ends[2], ends[3] + 500);
	expect_kept(ends[3], ends[3] + 500, false);
}

static void a_gap_ends_it(void **unused)
{
	(void)unused;
	put(0, ends[1]);
	put(ends[1] + 8, ends[3]);
	expect_kept(ends[1], ends[1], true);
	put(ends[1], ends[1] + 8);
	expect_kept(ends[3], ends[3], false);
}

static void repeated_bytes_agree(void **unused)
{
	(void)unused;
	put(0, ends[0]);
	put(0, ends[3]);
	put(ends[2], ends[5]);
	expect_kept(ends[5], ends[5], false);
	/* The part that repeats others is damaged: fetch uses the repeated parts. */
	put(ends[0], ends[2]);
	damage(0, ends[3]);
	expect_kept(ends[5], ends[5], false);
	assert_non_null(strstr(buffer_text(&archive.world.logged), "a streamed part cannot be used"));
}

static void repeated_bytes_differ(void **unused)
{
	(void)unused;
	put(0, ends[3]);
	wal.bytes.data[ends[3] - 10] ^= 1;
	put(ends[2], ends[5]);
	wal.bytes.data[ends[3] - 10] ^= 1;
	expect_kept(ends[3], ends[3], true);
}

static void a_damaged_part_ends_it(void **unused)
{
	(void)unused;
	put(0, ends[1]);
	put(ends[1], ends[2]);
	put(ends[2], ends[3]);
	damage(ends[1], ends[2]);
	expect_kept(ends[1], ends[1], true);
}

static void another_key_is_no_end(void **unused)
{
	(void)unused;
	put(0, ends[1]);
	put(ends[1], ends[2]);
	struct keyring others = archive.keys;
	memset(&others.keys[0], 1, sizeof others.keys[0]);
	repo.keys = others;
	assert_int_not_equal(run(), STATUS_MISSING);
	assert_int_not_equal(run(), STATUS_OK);
}

static void nothing_to_join(void **unused)
{
	(void)unused;
	assert_int_equal(run(), STATUS_MISSING);
	put(8, ends[1]);
	assert_int_equal(run(), STATUS_MISSING);
	put(0, 30);
	assert_int_equal(run(), STATUS_OK);
	assert_int_equal(join.joined, ends[1]);
}

static void a_store_that_fails_is_no_end(void **unused)
{
	(void)unused;
	put(0, ends[1]);
	memory_store_break_reads(archive.store, STATUS_UNREACHABLE);
	assert_int_equal(run(), STATUS_UNREACHABLE);
	memory_store_break_reads(archive.store, STATUS_OK);
	memory_store_break(archive.store, STATUS_UNREACHABLE);
	assert_int_equal(run(), STATUS_UNREACHABLE);
	memory_store_break(archive.store, STATUS_OK);
	expect_kept(ends[1], ends[1], false);
}

static void all_of_a_segment(void **unused)
{
	(void)unused;
	wal_writer_fill(&wal, BEGIN, 3000);
	put(0, ends[1]);
	put(ends[1], MIB);
	expect_kept(MIB, MIB, false);
}

static void the_first_page_is_not_valid(void **unused)
{
	(void)unused;
	wal.bytes.data[32] ^= 1;
	put(0, ends[1]);
	assert_int_equal(run(), STATUS_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(whole_records, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_gap_ends_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(repeated_bytes_agree, setup, teardown),
	    cmocka_unit_test_setup_teardown(repeated_bytes_differ, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_damaged_part_ends_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_key_is_no_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing_to_join, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_store_that_fails_is_no_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(all_of_a_segment, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_first_page_is_not_valid, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

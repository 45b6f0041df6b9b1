#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drill/later_wal.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/wal_writer.h"

#define MIB (1024 * 1024)
#define BEGIN (3ULL * MIB)
#define LAST "000000010000000000000003"

static struct error err;

/* restore_command is cp in these tests. The last segment is filled with zeros, as one that was made from parts. */
static void archive(const struct wal_writer *writer)
{
	static char full[MIB];
	for (size_t at = 0; at < writer->bytes.len; at += MIB) {
		struct wal_name name;
		char path[WAL_NAME_MAX + 8];
		size_t left = writer->bytes.len - at, len = left < MIB ? left : MIB;
		memset(full, 0, sizeof full);
		memcpy(full, writer->bytes.data + at, len);
		wal_name_of_number(&name, 1, (BEGIN + at) / MIB, MIB);
		(void)snprintf(path, sizeof path, "from%%/%s", name.text);
		scratch_put(&test_dir, path, full, MIB, 0600);
	}
}

static enum status fetch(struct later_wal *wal, const char *command)
{
	static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
	static struct workspace workspace;
	static struct call call;
	scratch_put(&test_dir, "data/PG_VERSION", "15", 2, 0600);
	scratch_put(&test_dir, "wal/none", "", 0, 0600);
	(void)snprintf(workspace.data, PATH_MAX, "%s", scratch_path(&test_dir, "data"));
	(void)snprintf(workspace.wal, PATH_MAX, "%s", scratch_path(&test_dir, "wal"));
	call = (struct call){.clock = &system_clock, .deadline_ms = clock_monotonic_ms(&system_clock) + 60000};
	*wal = (struct later_wal){.workspace = &workspace,
				  .call = &call,
				  .environment = environment,
				  .restore_command = command,
				  .system_id = 42,
				  .last = LAST};
	err = (struct error){0};
	return later_wal_fetch(wal, &err);
}

#define COPY "test -f '../from%%/%f' && cp '../from%%/%f' %p"

static bool is_there(const char *name)
{
	return access(scratch_path(&test_dir, name), F_OK) == 0;
}

static void takes_what_follows(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	struct later_wal wal;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	wal_writer_fill(&writer, BEGIN, 5000);
	archive(&writer);
	unlink(scratch_path(&test_dir, "from%/000000010000000000000004"));
	assert_ok(fetch(&wal, COPY), err);
	assert_int_equal(wal.segments, 0);
	wal_writer_fill(&writer, BEGIN + MIB, 5000);
	(void)wal_writer_tablespace(&writer, "");
	archive(&writer);
	assert_ok(fetch(&wal, COPY), err);
	assert_int_equal(wal.segments, 2);
	assert_int_equal(wal.lsn, BEGIN + 2 * MIB);
	assert_true(is_there("wal/000000010000000000000004"));
	assert_true(is_there("wal/000000010000000000000005"));
	wal_writer_fini(&writer);
}

/* The record may begin in the segment that was looked at, and end in the next one. */
static void refuses_a_tablespace(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	struct later_wal wal;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	while (wal_writer_lsn(&writer) < BEGIN + MIB - 64)
		(void)wal_writer_record(&writer, 8);
	uint64_t lsn = wal_writer_tablespace(&writer, "/srv/space/that/has/a/long/path");
	assert_true(lsn < BEGIN + MIB && wal_writer_lsn(&writer) > BEGIN + MIB);
	archive(&writer);
	assert_int_equal(fetch(&wal, COPY), STATUS_CONFLICT);
	assert_string_equal(err.text, "a tablespace was created after the backup, in 000000010000000000000004: a copy "
				      "would make it in its original directory");
	wal_writer_fini(&writer);
}

/* Behind the damage may be a tablespace: the server must not get what nobody could read. */
static void leaves_out_what_it_cannot_read(void **unused)
{
	(void)unused;
	struct wal_writer writer;
	struct later_wal wal;
	wal_writer_init(&writer, 1, BEGIN, MIB);
	wal_writer_fill(&writer, BEGIN, 5000);
	wal_writer_fill(&writer, BEGIN + MIB, 5000);
	wal_writer_fill(&writer, BEGIN + 2 * MIB, 5000);
	writer.bytes.data[MIB + 400000] ^= 1;
	archive(&writer);
	assert_ok(fetch(&wal, COPY), err);
	assert_int_equal(wal.segments, 0);
	assert_false(is_there("wal/000000010000000000000004"));
	assert_false(is_there("wal/000000010000000000000005"));
	wal_writer_fini(&writer);
}

static void tells_how_the_command_failed(void **unused)
{
	(void)unused;
	static const struct {
		const char *command, *text;
	} cases[] = {
	    {"echo first >&2; echo second >&2; (exit 200)", "restore_command ended with code 200 for " LAST ": first"},
	    {"kill -9 $$", "restore_command for " LAST ": killed by signal 9"},
	    {"echo 1234567890123456", "restore_command for " LAST ": restore_command printed something"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct later_wal wal;
		assert_int_equal(fetch(&wal, cases[i].command), STATUS_UNREACHABLE);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void refuses_files_that_are_no_segments(void **unused)
{
	(void)unused;
	struct later_wal wal;
	assert_int_equal(fetch(&wal, "true"), STATUS_LOCAL);
	assert_int_equal(fetch(&wal, "echo >%p"), STATUS_DAMAGED);
	assert_string_equal(err.text, LAST " has no size of a WAL segment");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(takes_what_follows, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(refuses_a_tablespace, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(leaves_out_what_it_cannot_read, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(tells_how_the_command_failed, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(refuses_files_that_are_no_segments, test_dir_make, test_dir_remove),
	};
	return cmocka_run_group_tests_name("drill/later_wal", tests, NULL, NULL);
}

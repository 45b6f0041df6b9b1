/* Indexes that no walship would write, and backups of unusual size. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/series.h"
#include "restore/tree_restore.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/stored_backup.h"
#include "support/world.h"

static struct world world;
static struct repository_settings repository_settings;
static struct repository repo;
static struct error err;
static char directory[128];
static int64_t begun_s = 4000000000;

static int setup(void **state)
{
	(void)test_dir_make(state);
	world_init(&world);
	stored_backup_repository(&repo, &repository_settings, &world.call);
	(void)snprintf(directory, sizeof directory, "%s/restored", test_dir.path);
	return 0;
}

static int teardown(void **state)
{
	repository_fini(&repo);
	world_fini(&world);
	return test_dir_remove(state);
}

static void run(const char *command)
{
	char line[512];
	(void)snprintf(line, sizeof line, "set -e; cd %s; %s", test_dir.path, command);
	if (system(line) != 0)
		fail_msg("failed: %s", line);
}

static struct series_writer writer_of(const struct manifest *manifest)
{
	return (struct series_writer){
	    .series = {&repo, &world.call, STORED_BACKUP_SYSTEM_ID, manifest->label, PART_INDEX},
	    .settings = {.codec = codec_by_name("gzip"), .level = 1, .threads = 1}};
}

static void end_index(struct manifest *manifest, struct series_writer *writer)
{
	assert_ok(series_writer_end(writer, &err), err);
	manifest->index_objects = writer->count;
	manifest->index_bytes = writer->bytes;
}

/* A backup with this index, and without a pack. */
static void put_index(struct manifest *manifest, const char *lines)
{
	stored_backup_describe(manifest, NULL, begun_s++);
	struct series_writer writer = writer_of(manifest);
	assert_ok(series_write(&writer, lines, strlen(lines), &err), err);
	end_index(manifest, &writer);
}

static enum status restore(const struct manifest *manifest, bool delta, struct tree_restore_figures *figures)
{
	const struct tree_restore_settings settings = {.repo = &repo,
						       .call = &world.call,
						       .manifest = manifest,
						       .directory = directory,
						       .delta = delta,
						       .threads = 4};
	return tree_restore_write(&settings, figures, &err);
}

#define FILE_LINE(path) "f\t600\t0\t1\t1\t1\t" path "\n"
#define FRAME "100\t100\t0\t0\n"

static void an_index_that_leads_elsewhere_is_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *lines;
		enum status status;
	} cases[] = {
	    {FILE_LINE("a") FILE_LINE("b"), STATUS_OK},
	    {FILE_LINE("../a"), STATUS_DAMAGED},
	    {FILE_LINE("/tmp/a"), STATUS_DAMAGED},
	    {FILE_LINE("a/b"), STATUS_DAMAGED},
	    {FILE_LINE("a") FILE_LINE("a/b"), STATUS_DAMAGED},
	    {"d\t700\ta\n" FILE_LINE("b/c"), STATUS_DAMAGED},
	    {"d\t700\ta\n" FILE_LINE("ab/c"), STATUS_DAMAGED},
	    {"d\t700\ta\nd\t700\tb\n" FILE_LINE("a/c"), STATUS_DAMAGED},
	    {FILE_LINE("a") FILE_LINE("a"), STATUS_DAMAGED},
	    /* A link to a directory becomes a directory. */
	    {"d\t700\ta\t../victim\n" FILE_LINE("a/kept"), STATUS_OK},
	    {"f\t600\t0\t1\t1\t1\ta\t../victim/kept\n", STATUS_OK},
	    {"d\t700\tpg_tblspc\nd\t700\tpg_tblspc/5\t../../victim\n" FILE_LINE("pg_tblspc/5/kept"), STATUS_OK},
	    /* Packs that do not exist, and a file that is shorter or longer than its runs. */
	    {"f\t600\t5\t1\t1\t1\ta\nr\t0\t1\t0\t1\t" FRAME, STATUS_DAMAGED},
	    {"f\t600\t5\t1\t1\t1\ta\nr\t0\t1\t7\t1\t" FRAME, STATUS_DAMAGED},
	    {"f\t600\t8193\t1\t1\t1\ta\nz\t0\t1\n", STATUS_DAMAGED},
	    {"f\t600\t8192\t1\t1\t1\ta\nz\t0\t2\n", STATUS_DAMAGED},
	};
	run("mkdir victim; echo kept > victim/kept");
	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		struct manifest manifest;
		struct tree_restore_figures figures;
		bool delta = i % 2 == 1;
		put_index(&manifest, cases[i / 2].lines);
		/* With delta, links that are there lead elsewhere too. */
		run(delta ? "mkdir restored; ln -s ../victim restored/a; mkdir restored/pg_tblspc; "
			    "ln -s ../../victim restored/pg_tblspc/5"
			  : "rm -rf restored");
		enum status st = restore(&manifest, delta, &figures);
		if (st != cases[i / 2].status)
			fail_msg("case %zu: status %d, not %d: %s", i, st, cases[i / 2].status, err.text);
		run("test \"$(cat victim/kept)\" = kept; test $(ls -A victim | wc -l) = 1; test ! -e a; test ! -e b; "
		    "rm -rf restored");
		manifest_fini(&manifest);
	}
}

/* The hashes are those of the manifest's own index, or there is no comparison. */
static void hashes_that_are_missing_are_damage(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct tree_restore_figures figures;
	put_index(&manifest, "f\t600\t5\t1\t1\t1\ta\nr\t0\t1\t0\t1\t" FRAME);
	run("mkdir restored; printf 12345 > restored/a");
	assert_int_equal(restore(&manifest, true, &figures), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "too few hashes"));
	manifest_fini(&manifest);
}

#define TERABYTE (1UL << 40)

static void a_terabyte_of_holes_takes_no_room(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct tree_restore_figures figures;
	struct stat info;
	char lines[256];
	/* The largest file of ext4 has 16 TiB less a block; that of a tmpfs more. */
	(void)snprintf(lines, sizeof lines, "f\t600\t%lu\t1\t1\t1\ta\nz\t0\t%lu\n", TERABYTE, TERABYTE / 8192);
	put_index(&manifest, lines);
	assert_ok(restore(&manifest, false, &figures), err);
	assert_int_equal(figures.bytes, TERABYTE);
	assert_int_equal(figures.written_bytes, 0);
	assert_int_equal(stat(scratch_path(&test_dir, "restored/a"), &info), 0);
	assert_int_equal(info.st_size, TERABYTE);
	assert_true(info.st_blocks < 100);
	manifest_fini(&manifest);
}

/* The index of these files is larger than what a restore may hold in memory. */
#define MANY 600000
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_KIB_MAX LONG_MAX /* freed memory is kept for a while */
#else
#define GROWTH_KIB_MAX (42 * 1024)
#endif
#define MANY_PATH "base/5/a_file_with_a_rather_long_name_so_that_the_memory_for_the_names_would_be_seen_%08d"

static void memory_does_not_grow_with_the_number_of_files(void **unused)
{
	(void)unused;
	struct manifest manifest;
	struct rusage before, after;
	const struct tree_restore_settings settings = {
	    .repo = &repo, .call = &world.call, .manifest = &manifest, .directory = directory, .threads = 4};
	struct tree_restore_figures figures;
	CLEANUP(buffer_fini) struct buffer line = {0};
	stored_backup_describe(&manifest, NULL, begun_s++);
	struct series_writer writer = writer_of(&manifest);
	assert_ok(series_write(&writer, "d\t700\tbase\nd\t700\tbase/5\n", 24, &err), err);
	for (int i = 0; i < MANY; i++) {
		buffer_clear(&line);
		assert_ok(buffer_printf(&line, &err, FILE_LINE(MANY_PATH), i), err);
		assert_ok(series_write(&writer, line.data, line.len, &err), err);
	}
	end_index(&manifest, &writer);
	assert_true(manifest.index_objects > 1);
	(void)getrusage(RUSAGE_SELF, &before);
	assert_ok(tree_restore_plan(&settings, &figures, &err), err);
	(void)getrusage(RUSAGE_SELF, &after);
	assert_int_equal(figures.files, MANY);
	tree_restore_figures_fini(&figures);
	/* In KiB: an object of the index, two rounds, and what the threads have. */
	long grown = after.ru_maxrss - before.ru_maxrss;
	if (grown > GROWTH_KIB_MAX)
		fail_msg("memory has grown by %ld KiB", grown);
	manifest_fini(&manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_index_that_leads_elsewhere_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(hashes_that_are_missing_are_damage, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_terabyte_of_holes_takes_no_room, setup, teardown),
	    cmocka_unit_test_setup_teardown(memory_does_not_grow_with_the_number_of_files, setup, teardown),
	};
	return cmocka_run_group_tests_name("restore/hostile", tests, NULL, NULL);
}

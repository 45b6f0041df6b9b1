/*
 * A full backup and its children of a directory that changes at random: each of them is the directory as it was. The
 * seed is printed; TEST_SEED repeats it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/planner.h"
#include "base/cleanup.h"
#include "stream/terminal_sink.h"
#include "support/cmocka.h"
#include "support/random_tree.h"
#include "support/scratch.h"
#include "support/world.h"

#define SYSTEM_ID 42
#define BACKUPS 4
#define ROUNDS 4

static struct world world;
static struct repository_settings repository_settings;
static struct repository repo;
static struct error err;

static int setup(void **state)
{
	static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static char url[128], key_path[128];
	(void)test_dir_make(state);
	world_init(&world);
	scratch_put(&test_dir, "key", key, sizeof key - 1, 0600);
	scratch_put(&test_dir, "repo/x", "", 0, 0600);
	(void)snprintf(url, sizeof url, "file://%s/repo", test_dir.path);
	(void)snprintf(key_path, sizeof key_path, "%s/key", test_dir.path);
	repository_settings = (struct repository_settings){.url = url, .encrypt = true, .key_count = 1};
	repository_settings.keys[0] = (struct secret_source){SECRET_FILE, "cipher-key-file", key_path};
	memset(&repo, 0, sizeof repo);
	assert_ok(repository_open(&repo, &repository_settings, &world.call, &err), err);
	return 0;
}

static int teardown(void **state)
{
	repository_fini(&repo);
	world_fini(&world);
	return test_dir_remove(state);
}

/* A backup that is made, and then known by its manifest and its packs. */
struct backup {
	struct manifest manifest;
	struct object_header headers[1000]; /* of its own packs, from number 1 on */
	uint64_t changed_bytes;
};

struct making {
	struct batch batch;
	struct batch_thread thread;
	struct series_writer lines, hashes;
	struct backup *backup;
};

static enum status run_batch(void *arg, struct error *error)
{
	struct making *making = arg;
	struct batch *batch = &making->batch;
	enum status st = batch_run(&making->thread, batch, error);
	if (!st)
		st = series_write(&making->lines, batch->lines.data, batch->lines.len, error);
	if (!st)
		st = series_write(&making->hashes, batch->hashes.data, batch->hashes.len, error);
	making->backup->changed_bytes += batch->changed_bytes;
	batch_clear(batch);
	return st;
}

static struct series_writer series_of(const struct manifest *manifest, enum backup_part part)
{
	return (struct series_writer){
	    .series = {&repo, &world.call, SYSTEM_ID, manifest->label, part},
	    .settings = {.codec = codec_by_name("gzip"), .level = 1, .threads = 1},
	};
}

static void describe(struct backup *backup, const struct backup *parent, int64_t begun_s)
{
	struct manifest *manifest = &backup->manifest;
	manifest->system_id = SYSTEM_ID;
	manifest->begun = begun_s;
	assert_true(backup_label_make(&manifest->label, begun_s, parent == NULL ? BACKUP_FULL : BACKUP_INCR));
	for (size_t i = 0; parent != NULL && i < parent->manifest.need_count; i++)
		assert_ok(manifest_add_need(manifest, &parent->manifest.needs[i], &err), err);
	if (parent != NULL)
		assert_ok(manifest_add_need(manifest, &parent->manifest.label, &err), err);
}

static void make(struct backup *backup, const struct backup *parent, int64_t begun_s, bool read_all)
{
	static const uint8_t seed[BLOCK_HASH_SEED_BYTES] = {9};
	struct block_hash hash;
	struct pack_pool *pool = NULL;
	struct past past;
	const struct pack_info *infos;
	size_t count;
	memset(backup, 0, sizeof *backup);
	describe(backup, parent, begun_s);
	block_hash_init(&hash, seed);
	const struct pack_pool_settings pool_settings = {
	    .repo = &repo,
	    .call = &world.call,
	    .system_id = SYSTEM_ID,
	    .label = backup->manifest.label,
	    .object = {.codec = codec_by_name("gzip"), .level = 1, .threads = 1},
	    .most = 2,
	    .pack_bytes = 256UL * 1024};
	assert_ok(pack_pool_new(&pool, &pool_settings, &err), err);
	CLEANUP(fd_closep) int data = open(scratch_path(&test_dir, "data"), O_RDONLY | O_DIRECTORY);
	struct batch_settings settings = {.directory = data, .hash = &hash, .pool = pool};
	struct making making = {.thread.settings = &settings,
				.lines = series_of(&backup->manifest, PART_INDEX),
				.hashes = series_of(&backup->manifest, PART_HASHES),
				.backup = backup};
	assert_ok(past_begin(&past, &repo, &world.call, parent == NULL ? NULL : &parent->manifest, &err), err);
	struct planner planner = {
	    .submit = run_batch, .arg = &making, .batch = &making.batch, .past = &past, .read_all = read_all};
	char directory[128];
	(void)snprintf(directory, sizeof directory, "%s/data", test_dir.path);
	const struct tree_options tree = {.data_directory = directory, .tablespace_version = "PG_15_202209061"};
	assert_ok(tree_walk(&tree, planner_take, &planner, &err), err);
	assert_ok(run_batch(&making, &err), err);
	assert_ok(batch_thread_end(&making.thread, &err), err);
	assert_ok(pack_pool_end(pool, &infos, &count, &err), err);
	assert_ok(series_writer_end(&making.lines, &err), err);
	assert_ok(series_writer_end(&making.hashes, &err), err);
	assert_true(count < sizeof backup->headers / sizeof backup->headers[0]);
	for (size_t i = 0; i < count; i++)
		backup->headers[i] = infos[i].header;
	backup->manifest.index_objects = making.lines.count;
	backup->manifest.index_bytes = making.lines.bytes;
	backup->manifest.hashes_objects = making.hashes.count;
	backup->manifest.hashes_bytes = making.hashes.bytes;
	past_fini(&past);
	batch_thread_fini(&making.thread);
	batch_fini(&making.batch);
	pack_pool_free(pool);
}

static struct buffer open_frame(const struct backup *backup, const struct index_run *at)
{
	char name[BACKUP_OBJECT_NAME_MAX], path[160];
	uint8_t *bytes = malloc(at->frame.bytes);
	struct buffer content = {0};
	struct buffer_sink sink = terminal_sink_buffer(&content, FRAME_CONTENT_BYTES);
	struct pack_reader *reader = NULL;
	backup_object_name(name, SYSTEM_ID, &backup->manifest.label, PART_DATA, at->pack);
	(void)snprintf(path, sizeof path, "repo/%s", name);
	CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, path), O_RDONLY);
	if (fd < 0)
		fail_msg("there is no %s", path);
	assert_int_equal(pread(fd, bytes, at->frame.bytes, (off_t)at->frame.offset), at->frame.bytes);
	const struct unseal_params params = {.keys = &repo.keys, .name = name};
	assert_ok(pack_reader_new(&reader, &backup->headers[at->pack - 1], &params, &err), err);
	assert_ok(pack_reader_open(reader, &at->frame, bytes, &sink.sink, &err), err);
	pack_reader_free(reader);
	free(bytes);
	return content;
}

static void restore_file(struct index_reader *reader, const struct backup *backups, size_t number)
{
	char path[256];
	struct index_run run;
	bool more;
	(void)snprintf(path, sizeof path, "restored/%s", reader->entry.path);
	scratch_put(&test_dir, path, "", 0, 0600);
	CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, path), O_RDWR);
	assert_int_equal(ftruncate(fd, (off_t)reader->entry.size), 0);
	for (;;) {
		assert_ok(index_reader_run(reader, &run, &more, &err), err);
		if (!more)
			break;
		if (run.is_zero)
			continue;
		/* Backup n of the list needs 1 to n, in this order; 0 is itself. */
		struct buffer content = open_frame(&backups[run.backup == 0 ? number : run.backup - 1], &run);
		uint64_t from = run.block * PAGE_BYTES, to = from + run.count * PAGE_BYTES;
		size_t len = (size_t)((to < reader->entry.size ? to : reader->entry.size) - from);
		assert_true(run.at + len <= content.len);
		assert_int_equal(pwrite(fd, content.data + run.at, len, (off_t)from), len);
		buffer_fini(&content);
	}
}

static void restore(const struct backup *backups, size_t number)
{
	struct index_reader reader;
	char command[256];
	bool more;
	(void)snprintf(command, sizeof command, "rm -rf %s/restored; mkdir %s/restored", test_dir.path, test_dir.path);
	assert_int_equal(system(command), 0);
	index_reader_init(&reader, &repo, &world.call, &backups[number].manifest);
	for (;;) {
		assert_ok(index_reader_next(&reader, &more, &err), err);
		if (!more)
			break;
		if (reader.entry.is_directory) {
			char path[256];
			(void)snprintf(path, sizeof path, "restored/%s", reader.entry.path);
			assert_int_equal(mkdir(scratch_path(&test_dir, path), 0700), 0);
		} else {
			restore_file(&reader, backups, number);
		}
	}
	index_reader_fini(&reader);
}

static void assert_same(const char *directory)
{
	char command[256];
	(void)snprintf(command, sizeof command, "diff -r %s/%s %s/restored", test_dir.path, directory, test_dir.path);
	assert_int_equal(system(command), 0);
}

static void copy_data(size_t number)
{
	char command[256];
	(void)snprintf(command, sizeof command, "cp -a --sparse=always %s/data %s/was%zu", test_dir.path, test_dir.path,
		       number);
	assert_int_equal(system(command), 0);
}

static void each_backup_is_the_directory_as_it_was(void **unused)
{
	(void)unused;
	const char *given = getenv("TEST_SEED");
	uint64_t seed = given == NULL ? (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20 : strtoull(given, NULL, 10);
	print_message("# TEST_SEED=%" PRIu64 "\n", seed);
	srandom((unsigned)seed);
	static struct backup backups[BACKUPS];
	for (int round = 0; round < ROUNDS; round++) {
		char command[256];
		(void)snprintf(command, sizeof command, "rm -rf %s/was* %s/data", test_dir.path, test_dir.path);
		assert_int_equal(system(command), 0);
		random_tree_put("data/PG_VERSION", 3);
		for (unsigned i = 0; i < RANDOM_TREE_FILES; i++)
			random_tree_change("data");
		for (size_t number = 0; number < BACKUPS; number++) {
			/* Half of them believe the times, from a clock on which all files are old. */
			int64_t begun_s = 4000000000 + round * 100 + (int64_t)number;
			make(&backups[number], number == 0 ? NULL : &backups[number - 1], begun_s, random() % 2 == 0);
			copy_data(number);
			for (int i = 0; i < 4; i++)
				random_tree_change("data");
		}
		for (size_t number = 0; number < BACKUPS; number++) {
			char was[16];
			(void)snprintf(was, sizeof was, "was%zu", number);
			restore(backups, number);
			assert_same(was);
		}
		for (size_t number = 0; number < BACKUPS; number++)
			manifest_fini(&backups[number].manifest);
	}
}

static void nothing_is_stored_where_nothing_changed(void **unused)
{
	(void)unused;
	static struct backup backups[3];
	for (unsigned i = 0; i < RANDOM_TREE_FILES; i++)
		random_tree_put(random_tree_name("data", i), 50000);
	make(&backups[0], NULL, 4000000000, false);
	make(&backups[1], &backups[0], 4000000001, false);
	make(&backups[2], &backups[1], 4000000002, true);
	assert_true(backups[0].changed_bytes > 0);
	assert_int_equal(backups[1].changed_bytes, 0);
	assert_int_equal(backups[2].changed_bytes, 0);
	for (size_t i = 0; i < 3; i++) {
		restore(backups, i);
		assert_same("data");
	}
	for (size_t i = 0; i < 3; i++)
		manifest_fini(&backups[i].manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_backup_is_the_directory_as_it_was, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_stored_where_nothing_changed, setup, teardown),
	};
	return cmocka_run_group_tests_name("backup/chain", tests, NULL, NULL);
}

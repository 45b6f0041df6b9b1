#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/batch.h"
#include "base/cleanup.h"
#include "stream/terminal_sink.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/world.h"

#define SYSTEM_ID 42
#define PACK_BYTES (1024UL * 1024)

static struct world world;
static struct repository_settings repository_settings;
static struct repository repo;
static struct block_hash hash;
static struct error err;
static int data_directory;

static int setup(void **state)
{
	static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static const uint8_t seed[BLOCK_HASH_SEED_BYTES] = {5};
	static char url[128], key_path[128];
	(void)test_dir_make(state);
	world_init(&world);
	scratch_put(&test_dir, "key", key, sizeof key - 1, 0600);
	scratch_put(&test_dir, "repo/x", "", 0, 0600);
	scratch_put(&test_dir, "data/PG_VERSION", "15\n", 3, 0600);
	(void)snprintf(url, sizeof url, "file://%s/repo", test_dir.path);
	(void)snprintf(key_path, sizeof key_path, "%s/key", test_dir.path);
	repository_settings = (struct repository_settings){.url = url, .encrypt = true, .key_count = 1};
	repository_settings.keys[0] = (struct secret_source){SECRET_FILE, "cipher-key-file", key_path};
	memset(&repo, 0, sizeof repo);
	assert_ok(repository_open(&repo, &repository_settings, &world.call, &err), err);
	data_directory = open(scratch_path(&test_dir, "data"), O_RDONLY | O_DIRECTORY);
	block_hash_init(&hash, seed);
	return 0;
}

static int teardown(void **state)
{
	repository_fini(&repo);
	world_fini(&world);
	(void)close(data_directory);
	return test_dir_remove(state);
}

/* One backup of the files that a test names. */
struct run {
	struct backup_label label;
	struct pack_pool *pool;
	struct batch_settings settings;
	struct batch_thread thread;
	struct batch batch;
	const struct pack_info *infos;
	size_t info_count;
};

static void begin(struct run *run, const char *label)
{
	*run = (struct run){0};
	assert_true(backup_label_parse(&run->label, label));
	const struct pack_pool_settings pool = {.repo = &repo,
						.call = &world.call,
						.system_id = SYSTEM_ID,
						.label = run->label,
						.object = {.codec = codec_by_name("gzip"), .level = 1, .threads = 1},
						.most = 2,
						.pack_bytes = PACK_BYTES};
	assert_ok(pack_pool_new(&run->pool, &pool, &err), err);
	run->settings = (struct batch_settings){
	    .directory = data_directory, .page_checksums = true, .hash = &hash, .pool = run->pool};
	run->thread.settings = &run->settings;
}

static void end(struct run *run)
{
	assert_ok(batch_run(&run->thread, &run->batch, &err), err);
	assert_ok(batch_thread_end(&run->thread, &err), err);
	assert_ok(pack_pool_end(run->pool, &run->infos, &run->info_count, &err), err);
}

static void fini(struct run *run)
{
	batch_thread_fini(&run->thread);
	batch_fini(&run->batch);
	pack_pool_free(run->pool);
}

static struct batch_item item_of(struct run *run, const char *path)
{
	char name[128];
	struct stat info;
	struct batch_item item = {.link = SIZE_MAX, .begins = true};
	(void)snprintf(name, sizeof name, "data/%s", path);
	assert_int_equal(stat(scratch_path(&test_dir, name), &info), 0);
	assert_ok(batch_add_text(&run->batch, path, &item.path, &err), err);
	item.entry.mode = info.st_mode & 07777;
	item.entry.size = (uint64_t)info.st_size;
	item.count = block_count(item.entry.size);
	return item;
}

static void add(struct run *run, const char *path)
{
	struct batch_item item = item_of(run, path);
	assert_ok(batch_add_item(&run->batch, &item, &err), err);
}

/* The content of a frame, as a restore reads it; the caller's to fini. */
static struct buffer open_frame(const struct run *run, const struct index_run *at)
{
	char name[BACKUP_OBJECT_NAME_MAX], path[160];
	uint8_t *bytes = malloc(at->frame.bytes);
	struct buffer content = {0};
	struct buffer_sink sink = terminal_sink_buffer(&content, FRAME_CONTENT_BYTES);
	struct pack_reader *reader = NULL;
	backup_object_name(name, SYSTEM_ID, &run->label, PART_DATA, at->pack);
	(void)snprintf(path, sizeof path, "repo/%s", name);
	CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, path), O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, bytes, at->frame.bytes, (off_t)at->frame.offset), at->frame.bytes);
	assert_true(at->pack <= run->info_count);
	const struct unseal_params params = {.keys = &repo.keys, .name = name};
	assert_ok(pack_reader_new(&reader, &run->infos[at->pack - 1].header, &params, &err), err);
	assert_ok(pack_reader_open(reader, &at->frame, bytes, &sink.sink, &err), err);
	pack_reader_free(reader);
	free(bytes);
	return content;
}

/* Follows the lines, and writes what they say to restored/PATH. parent: where runs of backup 1 lie. */
static void restore(const struct run *run, const struct run *parent)
{
	char *lines = strndup((const char *)run->batch.lines.data, run->batch.lines.len), *rest = lines, *line;
	int fd = -1;
	uint64_t size = 0;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		struct index_line parsed;
		char path[128];
		assert_ok(index_parse(&parsed, line, &err), err);
		if (parsed.kind == INDEX_LINE_ENTRY) {
			fd_closep(&fd);
			(void)snprintf(path, sizeof path, "restored/%s", parsed.entry.path);
			scratch_put(&test_dir, path, "", 0, 0600);
			fd = open(scratch_path(&test_dir, path), O_RDWR);
			size = parsed.entry.size;
			assert_int_equal(ftruncate(fd, (off_t)size), 0);
		} else if (!parsed.run.is_zero) {
			struct buffer content = open_frame(parsed.run.backup == 0 ? run : parent, &parsed.run);
			uint64_t from = parsed.run.block * PAGE_BYTES, to = from + parsed.run.count * PAGE_BYTES;
			size_t len = (size_t)((to < size ? to : size) - from);
			assert_true(parsed.run.at + len <= content.len);
			assert_int_equal(pwrite(fd, content.data + parsed.run.at, len, (off_t)from), len);
			buffer_fini(&content);
		}
	}
	fd_closep(&fd);
	free(lines);
}

static void assert_restored(const char *path)
{
	char command[512];
	(void)snprintf(command, sizeof command, "cmp %s/data/%s %s/restored/%s", test_dir.path, path, test_dir.path,
		       path);
	assert_int_equal(system(command), 0);
}

static void put_random(const char *name, size_t len)
{
	uint8_t *bytes = malloc(len);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)random();
	scratch_put(&test_dir, name, bytes, len, 0600);
	free(bytes);
}

static void change(const char *name, off_t offset, const char *text)
{
	CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, name), O_WRONLY);
	assert_int_equal(pwrite(fd, text, strlen(text), offset), strlen(text));
}

static void everything_comes_back(void **unused)
{
	(void)unused;
	static const char *const files[] = {"PG_VERSION", "empty", "large", "pages", "short", "sparse", "tail"};
	struct run run;
	scratch_put(&test_dir, "data/empty", "", 0, 0600);
	put_random("data/large", 3 * 1024 * 1024 + 777);
	put_random("data/pages", (size_t)3 * PAGE_BYTES);
	put_random("data/short", 100);
	put_random("data/tail", PAGE_BYTES + 1);
	scratch_put(&test_dir, "data/sparse", "", 0, 0600);
	assert_int_equal(truncate(scratch_path(&test_dir, "data/sparse"), (1L << 30) + 5), 0);
	change("data/sparse", 12345678, "not zero");
	begin(&run, "20261129T064210Z-full");
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		add(&run, files[i]);
	end(&run);
	restore(&run, NULL);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		assert_restored(files[i]);
	assert_int_equal(run.batch.hashes.len, run.batch.blocks * sizeof(uint64_t));
	assert_int_equal(run.batch.files, 7);
	assert_true(run.info_count >= 3); /* packs of 1 MiB */
	for (size_t i = 0; i < run.info_count; i++) {
		struct backup_label label = run.label;
		char name[BACKUP_OBJECT_NAME_MAX], path[160];
		struct stat info;
		backup_object_name(name, SYSTEM_ID, &label, PART_DATA, (uint32_t)i + 1);
		(void)snprintf(path, sizeof path, "repo/%s", name);
		assert_int_equal(stat(scratch_path(&test_dir, path), &info), 0);
		assert_int_equal(info.st_size, run.infos[i].bytes);
	}
	/* The two pages that are not in a hole, and nothing of the rest of the sparse file. */
	assert_in_range(run.batch.changed_bytes, 3 * 1024 * 1024 + 777 + 4 * PAGE_BYTES,
			3 * 1024 * 1024 + 777 + 7 * PAGE_BYTES);
	fini(&run);
}

/* What the parent's index says of its only file becomes the item's past. */
static struct batch_item item_with_parent(struct run *run, const char *path, const struct run *parent)
{
	struct batch_item item = item_of(run, path);
	char *lines = strndup((const char *)parent->batch.lines.data, parent->batch.lines.len), *rest = lines, *line;
	item.has_parent = true;
	item.old_runs = run->batch.old_run_count;
	item.old_hashes = run->batch.old_hashes.len / sizeof(uint64_t);
	item.old_hash_count = parent->batch.hashes.len / sizeof(uint64_t);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		struct index_line parsed;
		assert_ok(index_parse(&parsed, line, &err), err);
		if (parsed.kind != INDEX_LINE_RUN)
			continue;
		parsed.run.backup = 1;
		item.old_run_count++;
		assert_ok(batch_add_old_run(&run->batch, &parsed.run, &err), err);
	}
	assert_ok(buffer_append(&run->batch.old_hashes, parent->batch.hashes.data, parent->batch.hashes.len, &err),
		  err);
	free(lines);
	return item;
}

static void only_changed_blocks_are_stored(void **unused)
{
	(void)unused;
	struct run full, diff;
	put_random("data/large", (size_t)300 * PAGE_BYTES + 55);
	begin(&full, "20261129T064210Z-full");
	add(&full, "large");
	end(&full);
	change("data/large", 7 * PAGE_BYTES + 9, "changed");
	change("data/large", 250 * PAGE_BYTES, "changed");
	change("data/large", 300 * PAGE_BYTES + 54, "grown"); /* by four bytes */
	begin(&diff, "20261130T064210Z-diff");
	struct batch_item item = item_with_parent(&diff, "large", &full);
	assert_ok(batch_add_item(&diff.batch, &item, &err), err);
	end(&diff);
	assert_int_equal(diff.batch.changed_bytes, 2 * PAGE_BYTES + 59);
	restore(&diff, &full);
	assert_restored("large");
	fini(&diff);
	/* Unchanged, as its times say: not even looked at. */
	begin(&diff, "20261130T064211Z-diff");
	put_random("data/large", (size_t)300 * PAGE_BYTES + 55);
	item = item_with_parent(&diff, "large", &full);
	item.is_unchanged = true;
	assert_ok(batch_add_item(&diff.batch, &item, &err), err);
	end(&diff);
	assert_int_equal(diff.batch.changed_bytes, 0);
	assert_int_equal(diff.info_count, 0);
	assert_int_equal(diff.batch.hashes.len, full.batch.hashes.len);
	assert_memory_equal(diff.batch.hashes.data, full.batch.hashes.data, full.batch.hashes.len);
	fini(&diff);
	fini(&full);
}

static void a_file_that_is_gone_has_no_line(void **unused)
{
	(void)unused;
	struct run run;
	put_random("data/a", 10);
	put_random("data/gone", (size_t)2 * PAGE_BYTES);
	begin(&run, "20261129T064210Z-full");
	add(&run, "a");
	add(&run, "gone");
	/* The second part of a file whose first line is in another batch. */
	struct batch_item item = item_of(&run, "gone");
	item.begins = false;
	item.block = 1;
	item.count = 1;
	assert_ok(batch_add_item(&run.batch, &item, &err), err);
	assert_int_equal(unlink(scratch_path(&test_dir, "data/gone")), 0);
	end(&run);
	assert_null(strstr(buffer_text(&run.batch.lines), "gone"));
	assert_non_null(strstr(buffer_text(&run.batch.lines), "\nz\t1\t1\n"));
	assert_int_equal(run.batch.files, 1);
	assert_int_equal(run.batch.hashes.len, 2 * sizeof(uint64_t));
	fini(&run);
}

/* The batches of a large file must fit together, whether the file was gone for the first, for a later one, or all. */
static void the_first_part_of_a_file_that_is_gone_has_its_line(void **unused)
{
	(void)unused;
	struct run run;
	put_random("data/large", (size_t)3 * PAGE_BYTES);
	begin(&run, "20261129T064210Z-full");
	struct batch_item item = item_of(&run, "large");
	item.count = 2;
	assert_ok(batch_add_item(&run.batch, &item, &err), err);
	assert_int_equal(unlink(scratch_path(&test_dir, "data/large")), 0);
	end(&run);
	assert_non_null(strstr(buffer_text(&run.batch.lines), "\tlarge\nz\t0\t2\n"));
	assert_int_equal(run.batch.files, 1);
	assert_int_equal(run.batch.hashes.len, 2 * sizeof(uint64_t));
	fini(&run);
}

static void a_wrong_page_is_named_and_kept(void **unused)
{
	(void)unused;
	struct run run;
	put_random("data/16384.1", (size_t)3 * PAGE_BYTES);
	begin(&run, "20261129T064210Z-full");
	run.settings.start_lsn = UINT64_MAX;
	struct batch_item item = item_of(&run, "16384.1");
	item.has_checksums = true;
	item.first_page = 131072;
	assert_ok(batch_add_item(&run.batch, &item, &err), err);
	end(&run);
	assert_int_equal(run.batch.wrong_page_count, 3);
	assert_int_equal(run.batch.wrong_pages[2].page, 131074);
	assert_string_equal(batch_text(&run.batch, run.batch.wrong_pages[2].path), "16384.1");
	restore(&run, NULL);
	assert_restored("16384.1");
	fini(&run);
}

/* A failing store ends the work and leaves nothing running. */
/* A database user made a link, before or after the walk, to a file that only root may read. */
static void root_follows_no_link_where_the_owner_may_not_go(void **unused)
{
	(void)unused;
	struct run run;
	if (geteuid() != 0)
		skip();
	scratch_put(&test_dir, "secret", "of root", 7, 0600);
	scratch_put(&test_dir, "public", "of root", 7, 0644);
	assert_int_equal(chmod(test_dir.path, 0755), 0);
	assert_int_equal(chown(scratch_path(&test_dir, "data"), 4711, 4711), 0);
	assert_int_equal(symlink("../public", scratch_path(&test_dir, "data/public")), 0);
	assert_int_equal(symlink("../secret", scratch_path(&test_dir, "data/secret")), 0);
	begin(&run, "20261129T064210Z-full");
	add(&run, "public");
	end(&run);
	assert_int_equal(run.batch.files, 1);
	fini(&run);
	begin(&run, "20261129T064211Z-full");
	add(&run, "secret");
	assert_int_equal(batch_run(&run.thread, &run.batch, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "open secret: Permission denied"));
	fini(&run);
}

static void a_full_disk_ends_it(void **unused)
{
	(void)unused;
	struct run run;
	put_random("data/large", 3 * 1024 * 1024);
	begin(&run, "20261129T064210Z-full");
	scratch_put(&test_dir, "repo/42", "in the way", 10, 0600);
	add(&run, "large");
	enum status st = batch_run(&run.thread, &run.batch, &err);
	if (!st)
		st = batch_thread_end(&run.thread, &err);
	if (!st)
		st = pack_pool_end(run.pool, &run.infos, &run.info_count, &err);
	assert_int_not_equal(st, STATUS_OK);
	fini(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(everything_comes_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(only_changed_blocks_are_stored, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_file_that_is_gone_has_no_line, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_first_part_of_a_file_that_is_gone_has_its_line, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_wrong_page_is_named_and_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(root_follows_no_link_where_the_owner_may_not_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_full_disk_ends_it, setup, teardown),
	};
	return cmocka_run_group_tests_name("backup/batch", tests, NULL, NULL);
}

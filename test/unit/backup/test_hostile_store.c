/*
 * A store that alters, cuts, repeats and exchanges the objects of a backup: a reader refuses each object that differs
 * in what is read of it, and restore writes the right files or fails. The seed is printed; TEST_SEED repeats it.
 * TEST_EXTENT=full tries 100,000 times.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/planner.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "catalog/backup_list.h"
#include "catalog/pack_table.h"
#include "restore/tree_restore.h"
#include "stream/terminal_sink.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/scratch.h"
#include "support/world.h"
#include "text/hex.h"

#define CLUSTERS 2
#define BACKUPS 3 /* a full one, one that refers to it, and a later full one */
#define FILES 8
#define SYSTEM_ID 42
#define CONTENT_MAX (1024UL * 1024)
#define NAMES_MAX 64
#define RESTORE_EACH 50 /* mutations */

static struct world world;
static struct repository repo; /* in memory, once all backups are made */
static struct repository disk; /* the same objects as files, for restore, each of whose threads opens the store anew */
static struct error err;
static struct buffer truth;                 /* the backup that is read, as it is read without a hostile store */
static struct backup_label labels[BACKUPS]; /* the same in each cluster */
static char names[NAMES_MAX][BACKUP_OBJECT_NAME_MAX];
static size_t name_count, wanted_count; /* the first wanted_count are those that are read for labels[1] of SYSTEM_ID */

/* The parts of packs that a reader of the backup asks for. */
static struct part {
	char name[BACKUP_OBJECT_NAME_MAX];
	size_t offset, bytes;
} parts[FILES * 4];
static size_t part_count;

/* The files of the backup, as they lie in truth. */
static struct true_file {
	char path[64];
	size_t offset, bytes;
} true_files[FILES + 1];
static size_t true_file_count;

/* Whether the last reader found an alteration by the hash of a block alone: restore does not read these hashes. */
static bool only_hash_differs;

/* One backup that is being made. */
struct making {
	struct batch batch;
	struct batch_thread thread;
	struct series_writer lines, hashes, packs;
	struct planner planner;
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
	batch_clear(batch);
	return st;
}

/* A batch for each file, so that a pack has many small frames. */
static enum status take(void *arg, const struct tree_entry *entry, struct error *error)
{
	struct making *making = arg;
	enum status st = planner_take(&making->planner, entry, error);
	return st ? st : run_batch(making, error);
}

static struct series_writer series_of(const struct manifest *manifest, enum backup_part part)
{
	return (struct series_writer){.series = {&repo, &world.call, manifest->system_id, manifest->label, part},
				      .settings = {.codec = codec_by_name("none"), .level = 1, .threads = 1}};
}

static void fresh_random(void)
{
	world.random_byte++;
}

static void note(const struct manifest *manifest, enum backup_part part, uint32_t number)
{
	assert_true(name_count < NAMES_MAX);
	backup_object_name(names[name_count], manifest->system_id, &manifest->label, part, number);
	name_count++;
}

static void store_manifest(const struct manifest *manifest)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char name[BACKUP_OBJECT_NAME_MAX];
	backup_object_name(name, manifest->system_id, &manifest->label, PART_MANIFEST, 0);
	assert_ok(manifest_write(&text, manifest, &err), err);
	assert_ok(object_create(&repo, &world.call, name, text.data, text.len, &err), err);
}

/* The table of packs: those of the parent, and then the new ones. */
static void list_packs(struct making *making, const struct manifest *parent, const struct pack_info *infos,
		       size_t count)
{
	CLEANUP(pack_table_fini) struct pack_table table = {0};
	if (parent != NULL)
		assert_ok(pack_table_read(&table, &repo, &world.call, parent, &err), err);
	for (size_t i = 0; i < table.count; i++)
		table.items[i].backup = 1;
	for (size_t i = 0; i < count; i++) {
		const struct pack_entry entry = {
		    .number = infos[i].number, .bytes = infos[i].bytes, .header = infos[i].header};
		assert_ok(pack_table_add(&table, &entry, &err), err);
	}
	assert_ok(pack_table_write(&table, &making->packs, &err), err);
}

static void fill(struct making *making, struct manifest *manifest, const struct manifest *parent)
{
	struct block_hash hash;
	struct pack_pool *pool = NULL;
	struct past past;
	const struct pack_info *infos;
	size_t count;
	char directory[128];
	uint8_t seed[BLOCK_HASH_SEED_BYTES] = {9};
	block_hash_init(&hash, seed);
	const struct pack_pool_settings pool_settings = {
	    &repo, &world.call, manifest->system_id, manifest->label, making->lines.settings, 2, 64UL * 1024};
	assert_ok(pack_pool_new(&pool, &pool_settings, &err), err);
	CLEANUP(fd_closep) int data = open(scratch_path(&test_dir, "data"), O_RDONLY | O_DIRECTORY);
	const struct batch_settings settings = {.directory = data, .hash = &hash, .pool = pool};
	making->thread.settings = &settings;
	assert_ok(past_begin(&past, &repo, &world.call, parent, &err), err);
	making->planner = (struct planner){
	    .submit = run_batch, .arg = making, .batch = &making->batch, .past = &past, .read_all = true};
	(void)snprintf(directory, sizeof directory, "%s/data", test_dir.path);
	const struct tree_options tree = {.data_directory = directory, .tablespace_version = "PG_15_202209061"};
	assert_ok(tree_walk(&tree, take, making, &err), err);
	assert_ok(batch_thread_end(&making->thread, &err), err);
	assert_ok(pack_pool_end(pool, &infos, &count, &err), err);
	assert_true(count > 1 || parent != NULL);
	list_packs(making, parent, infos, count);
	manifest->data_packs = count;
	past_fini(&past);
	batch_thread_fini(&making->thread);
	batch_fini(&making->batch);
	pack_pool_free(pool);
}

static void make(struct manifest *manifest, uint64_t system_id, const struct backup_label *label,
		 const struct manifest *parent)
{
	uint8_t seed[BLOCK_HASH_SEED_BYTES] = {9};
	char digits[2 * sizeof seed + 1];
	hex_encode(digits, seed, sizeof seed);
	fresh_random();
	*manifest =
	    (struct manifest){.system_id = system_id, .label = *label, .begun = label->begun_s, .directory_mode = 0700};
	manifest->hash_seed = strdup(digits);
	if (parent != NULL)
		assert_ok(manifest_add_need(manifest, &parent->label, &err), err);
	struct making making = {.lines = series_of(manifest, PART_INDEX),
				.hashes = series_of(manifest, PART_HASHES),
				.packs = series_of(manifest, PART_PACKS)};
	fill(&making, manifest, parent);
	assert_ok(series_writer_end(&making.lines, &err), err);
	assert_ok(series_writer_end(&making.hashes, &err), err);
	assert_ok(series_writer_end(&making.packs, &err), err);
	manifest->index_objects = making.lines.count;
	manifest->index_bytes = making.lines.bytes;
	manifest->hashes_objects = making.hashes.count;
	manifest->hashes_bytes = making.hashes.bytes;
	manifest->packs_objects = making.packs.count;
	manifest->packs_bytes = making.packs.bytes;
	store_manifest(manifest);
}

static void note_all(const struct manifest *manifest)
{
	note(manifest, PART_MANIFEST, 0);
	note(manifest, PART_INDEX, 1);
	note(manifest, PART_HASHES, 1);
	note(manifest, PART_PACKS, 1);
	for (uint32_t number = 1; number <= manifest->data_packs; number++)
		note(manifest, PART_DATA, number);
}

static void change_files(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		uint8_t bytes[3 * PAGE_BYTES];
		char name[64];
		for (size_t at = 0; at < sizeof bytes; at++)
			bytes[at] = (uint8_t)random();
		(void)snprintf(name, sizeof name, "data/base/5/%u", 16384 + i);
		(void)unlink(scratch_path(&test_dir, name));
		scratch_put(&test_dir, name, bytes, sizeof bytes - i, 0600);
	}
}

/* Reads one run from its pack, as a restore does: the header is the table's. */
static enum status read_run(const struct manifest *manifest, const struct pack_table *table,
			    const struct index_run *run, size_t len, struct buffer *out)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct pack_reader *reader = NULL;
	CLEANUP(buffer_fini) struct buffer content = {0};
	struct buffer_sink sink = terminal_sink_buffer(&content, FRAME_CONTENT_BYTES);
	const struct pack_entry *pack = pack_table_find(table, run->backup, run->pack);
	if (pack == NULL)
		return STATUS_DAMAGED;
	pack_name(name, manifest, run->backup, run->pack);
	const struct buffer *object = memory_store_bytes(repo.store, name);
	if (object == NULL || run->frame.offset > object->len || object->len - run->frame.offset < run->frame.bytes)
		return STATUS_DAMAGED;
	if (truth.len == 0) {
		assert_true(part_count < sizeof parts / sizeof parts[0]);
		struct part *part = &parts[part_count++];
		(void)snprintf(part->name, sizeof part->name, "%s", name);
		part->offset = (size_t)run->frame.offset;
		part->bytes = run->frame.bytes;
	}
	CLEANUP(freep) uint8_t *bytes = malloc(run->frame.bytes);
	assert_non_null(bytes);
	memcpy(bytes, object->data + run->frame.offset, run->frame.bytes);
	const struct unseal_params params = {.keys = &repo.keys, .name = name};
	enum status st = pack_reader_new(&reader, &pack->header, &params, &err);
	if (!st)
		st = pack_reader_open(reader, &run->frame, bytes, &sink.sink, &err);
	pack_reader_free(reader);
	if (!st && (run->at > content.len || content.len - run->at < len))
		st = STATUS_DAMAGED;
	return st ? st : buffer_append(out, content.data + run->at, len, &err);
}

/* The file behind its path, with its hashes, which must match. */
static enum status read_file(struct index_reader *reader, const struct manifest *manifest,
			     const struct pack_table *table, const struct block_hash *hash, struct buffer *out)
{
	static const uint8_t zeros[PAGE_BYTES];
	size_t begin = out->len, size = reader->entry.is_directory ? 0 : (size_t)reader->entry.size;
	struct index_run run;
	bool more;
	enum status st;
	while (!(st = index_reader_run(reader, &run, &more, &err)) && more) {
		uint64_t from = run.block * PAGE_BYTES, to = from + run.count * PAGE_BYTES;
		size_t len = (size_t)((to < size ? to : size) - from);
		if (len > CONTENT_MAX - out->len)
			return STATUS_DAMAGED;
		for (size_t done = 0; !st && run.is_zero && done < len; done += PAGE_BYTES)
			st = buffer_append(out, zeros, len - done < PAGE_BYTES ? len - done : PAGE_BYTES, &err);
		if (!st && !run.is_zero)
			st = read_run(manifest, table, &run, len, out);
		if (st)
			return st;
	}
	for (size_t at = 0; !st && at < size; at += PAGE_BYTES) {
		uint64_t said;
		size_t len = size - at < PAGE_BYTES ? size - at : PAGE_BYTES;
		st = index_reader_hashes(reader, 1, &said, &err);
		only_hash_differs = !st && said != block_hash(hash, out->data + begin + at, len);
		if (only_hash_differs)
			st = STATUS_DAMAGED;
	}
	return st;
}

static void note_file(const struct index_entry *entry, size_t offset)
{
	if (truth.len != 0 || entry->is_directory)
		return;
	assert_true(true_file_count < sizeof true_files / sizeof true_files[0]);
	struct true_file *file = &true_files[true_file_count++];
	(void)snprintf(file->path, sizeof file->path, "%s", entry->path);
	file->offset = offset;
	file->bytes = (size_t)entry->size;
}

static enum status read_content(const struct manifest *manifest, struct buffer *out)
{
	CLEANUP(pack_table_fini) struct pack_table table = {0};
	CLEANUP(index_reader_fini) struct index_reader reader;
	struct block_hash hash;
	uint8_t seed[BLOCK_HASH_SEED_BYTES];
	bool more = false;
	index_reader_init(&reader, &repo, &world.call, manifest);
	if (strlen(manifest->hash_seed) != 2 * sizeof seed || !hex_decode(seed, manifest->hash_seed, sizeof seed))
		return STATUS_DAMAGED;
	block_hash_init(&hash, seed);
	enum status st = pack_table_read(&table, &repo, &world.call, manifest, &err);
	while (!st && !(st = index_reader_next(&reader, &more, &err)) && more) {
		st = buffer_append(out, reader.entry.path, strlen(reader.entry.path) + 1, &err);
		note_file(&reader.entry, out->len);
		if (!st)
			st = read_file(&reader, manifest, &table, &hash, out);
	}
	return st;
}

static enum status read_backup(struct buffer *out)
{
	CLEANUP(manifest_fini) struct manifest manifest = {0};
	enum status st = backup_manifest_read(&manifest, &repo, &world.call, SYSTEM_ID, &labels[1], NULL, &err);
	return st ? st : read_content(&manifest, out);
}

/* Packs need a store to which each thread opens a connection of its own: a directory. */
static void open_directory(void)
{
	static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static struct repository_settings settings;
	static char url[128], key_path[128];
	scratch_put(&test_dir, "key", key, sizeof key - 1, 0600);
	scratch_put(&test_dir, "repo/x", "", 0, 0600);
	(void)snprintf(url, sizeof url, "file://%s/repo", test_dir.path);
	(void)snprintf(key_path, sizeof key_path, "%s/key", test_dir.path);
	settings = (struct repository_settings){.url = url, .encrypt = true, .key_count = 1};
	settings.keys[0] = (struct secret_source){SECRET_FILE, "cipher-key-file", key_path};
	memset(&repo, 0, sizeof repo);
	assert_ok(repository_open(&repo, &settings, &world.call, &err), err);
}

/* The hostile store has all objects in memory. */
static void move_to_memory(void)
{
	struct store *memory = memory_store_open();
	for (size_t i = 0; i < name_count; i++) {
		CLEANUP(sink_freep) struct sink *object = NULL;
		assert_ok(store_create(memory, &world.call, names[i], &object, &err), err);
		assert_ok(store_read(repo.store, &world.call, names[i], object, &err), err);
		assert_ok(sink_finish(object, &err), err);
	}
	store_free(repo.store);
	repo.store = memory;
}

static int setup(void **state)
{
	struct manifest made[CLUSTERS][BACKUPS];
	(void)test_dir_make(state);
	world_init(&world);
	open_directory();
	scratch_put(&test_dir, "data/PG_VERSION", "15\n", 3, 0600);
	for (int i = 0; i < BACKUPS; i++)
		assert_true(backup_label_make(&labels[i], 1795934530 + i, i == 1 ? BACKUP_INCR : BACKUP_FULL));
	for (uint64_t cluster = 0; cluster < CLUSTERS; cluster++) {
		change_files(0, FILES);
		make(&made[cluster][0], SYSTEM_ID + cluster, &labels[0], NULL);
		change_files(2, 4);
		make(&made[cluster][1], SYSTEM_ID + cluster, &labels[1], &made[cluster][0]);
		make(&made[cluster][2], SYSTEM_ID + cluster, &labels[2], NULL);
	}
	note_all(&made[0][1]);
	for (uint32_t number = 1; number <= made[0][0].data_packs; number++)
		note(&made[0][0], PART_DATA, number);
	wanted_count = name_count;
	note_all(&made[1][1]);
	note_all(&made[0][2]);
	note_all(&made[1][0]);
	for (size_t cluster = 0; cluster < CLUSTERS; cluster++)
		for (size_t i = 0; i < BACKUPS; i++)
			manifest_fini(&made[cluster][i]);
	assert_ok(repository_join(&disk, &repo, &err), err);
	move_to_memory();
	struct buffer content = {0};
	true_file_count = part_count = 0;
	assert_ok(read_backup(&content), err);
	truth = content;
	assert_int_equal(true_file_count, FILES + 1);
	assert_true(truth.len > (FILES - 1) * 3UL * PAGE_BYTES);
	return 0;
}

static int teardown(void **state)
{
	buffer_fini(&truth);
	repository_fini(&disk);
	repository_fini(&repo);
	world_fini(&world);
	return test_dir_remove(state);
}

static size_t below(size_t limit)
{
	return limit == 0 ? 0 : (size_t)random() % limit;
}

static void put(struct buffer *out, const uint8_t *bytes, size_t len)
{
	assert_ok(buffer_append(out, bytes, len, &err), err);
}

/* Where frame number begins in an object; its end where there are fewer frames. */
static size_t frame_at(const struct buffer *object, size_t number)
{
	size_t at = HEADER_BYTES, len;
	while (number-- > 0 && at + FRAME_MIN <= object->len && !frame_body_len(object->data + at, &len, &err))
		at += len + FRAME_MIN;
	return at < object->len ? at : object->len;
}

/* Two frames change places, or the second takes the place of the first as well. */
static void move_frames(const struct buffer *was, struct buffer *out, bool repeat)
{
	size_t first = below(4), second = first + 1 + below(3);
	size_t a = frame_at(was, first), a_end = frame_at(was, first + 1);
	size_t b = frame_at(was, second), b_end = frame_at(was, second + 1);
	put(out, was->data, a);
	put(out, was->data + b, b_end - b);
	put(out, was->data + a_end, b - a_end);
	put(out, was->data + (repeat ? b : a), repeat ? b_end - b : a_end - a);
	put(out, was->data + b_end, was->len - b_end);
}

/* Appends what a hostile store has instead of the object. */
static void mutate(const struct buffer *was, struct buffer *out)
{
	size_t from = below(was->len), len = 1 + below(was->len - from);
	const struct buffer *other = memory_store_bytes(repo.store, names[below(name_count)]);
	switch (random() % 9) {
	case 0: /* one bit */
		put(out, was->data, was->len);
		out->data[from] ^= (uint8_t)(1U << below(8));
		break;
	case 1: /* some bytes */
		put(out, was->data, was->len);
		for (size_t i = 0; i < len; i++)
			out->data[from + i] = (uint8_t)random();
		break;
	case 2: /* cut off */
		put(out, was->data, from);
		break;
	case 3: /* repeated, also behind the end */
		put(out, was->data, from + len);
		put(out, was->data + from, was->len - from);
		break;
	case 4: /* a part is missing */
		put(out, was->data, from);
		put(out, was->data + from + len, was->len - from - len);
		break;
	case 5: /* another object */
		put(out, other->data, other->len);
		break;
	case 6: /* the header of another object */
		put(out, other->data, HEADER_BYTES);
		put(out, was->data + HEADER_BYTES, was->len - HEADER_BYTES);
		break;
	default:
		move_frames(was, out, random() % 2 == 0);
	}
}

/* Whether a reader of the backup gets the same bytes from both: of a pack it reads parts, of other objects all. */
static bool is_same_for_reader(const char *name, const struct buffer *was, const struct buffer *altered)
{
	struct backup_object object;
	assert_true(backup_object_parse(&object, name));
	for (size_t i = 0; i < part_count; i++) {
		const struct part *part = &parts[i];
		if (strcmp(part->name, name) != 0)
			continue;
		if (part->offset + part->bytes > altered->len ||
		    memcmp(was->data + part->offset, altered->data + part->offset, part->bytes) != 0)
			return false;
	}
	return object.part == PART_DATA;
}

/* The altered object is refused; where its alteration lies in no part that is read, the backup is read as it was. */
static bool is_refused(const char *name, const struct buffer *was, const struct buffer *altered)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	only_hash_differs = false;
	enum status st = read_backup(&out);
	if (st) {
		assert_int_equal(st, STATUS_DAMAGED);
		assert_false(is_same_for_reader(name, was, altered));
		if (only_hash_differs)
			fail_msg("only the hash of a block found an altered %s", name);
		return true;
	}
	if (!is_same_for_reader(name, was, altered))
		fail_msg("accepted an altered %s", name);
	assert_int_equal(out.len, truth.len);
	assert_memory_equal(out.data, truth.data, truth.len);
	return false;
}

static void put_on_disk(const char *name, const struct buffer *content)
{
	char path[BACKUP_OBJECT_NAME_MAX + 8];
	(void)snprintf(path, sizeof path, "repo/%s", name);
	(void)unlink(scratch_path(&test_dir, path));
	scratch_put(&test_dir, path, content->data, content->len, 0600);
}

static enum status restore(const char *directory)
{
	CLEANUP(manifest_fini) struct manifest manifest = {0};
	struct tree_restore_figures figures;
	/* Threads look at the clock: not at the one that each look moves. */
	struct call call = world.call;
	call.clock = &system_clock;
	call.deadline_ms = INT64_MAX;
	enum status st = backup_manifest_read(&manifest, &disk, &call, SYSTEM_ID, &labels[1], NULL, &err);
	const struct tree_restore_settings settings = {
	    .repo = &disk, .call = &call, .manifest = &manifest, .directory = directory, .threads = 2};
	return st ? st : tree_restore_write(&settings, &figures, &err);
}

static void assert_restored(const char *altered)
{
	for (size_t i = 0; i < true_file_count; i++) {
		static uint8_t content[CONTENT_MAX];
		const struct true_file *file = &true_files[i];
		char path[128];
		(void)snprintf(path, sizeof path, "restored/%.63s", file->path);
		CLEANUP(fd_closep) int fd = open(scratch_path(&test_dir, path), O_RDONLY);
		if (fd < 0 || read(fd, content, sizeof content) != (ssize_t)file->bytes ||
		    memcmp(content, truth.data + file->offset, file->bytes) != 0)
			fail_msg("restore wrote another %s from an altered %s", file->path, altered);
	}
}

/* From files: the altered object for a moment among them. Whether restore fails. */
static bool is_restore_refused(const char *name, const struct buffer *was, const struct buffer *altered)
{
	char directory[128], remove[192];
	(void)snprintf(directory, sizeof directory, "%s/restored", test_dir.path);
	(void)snprintf(remove, sizeof remove, "rm -rf %s", directory);
	put_on_disk(name, altered);
	enum status st = restore(directory);
	put_on_disk(name, was);
	if (st)
		assert_int_equal(st, STATUS_DAMAGED);
	else
		assert_restored(name);
	assert_int_equal(system(remove), 0);
	return st != STATUS_OK;
}

static void nothing_altered_is_accepted(void **unused)
{
	(void)unused;
	const char *given = getenv("TEST_SEED"), *extent = getenv("TEST_EXTENT");
	uint64_t seed = given == NULL ? (uint64_t)time(NULL) ^ (uint64_t)getpid() << 20 : strtoull(given, NULL, 10);
	size_t tries = extent != NULL && strcmp(extent, "full") == 0 ? 100000 : 2000, refused = 0, done = 0;
	size_t restores_refused = 0;
	print_message("# TEST_SEED=%" PRIu64 "\n", seed);
	srandom((unsigned)seed);
	while (done < tries) {
		const char *name = names[below(wanted_count)];
		struct buffer *object = memory_store_bytes(repo.store, name);
		struct buffer altered = {0}, was = *object;
		mutate(&was, &altered);
		if (altered.len != was.len || memcmp(altered.data, was.data, was.len) != 0) {
			*object = altered;
			refused += is_refused(name, &was, &altered);
			if (done++ % RESTORE_EACH == 0)
				restores_refused += is_restore_refused(name, &was, &altered);
		}
		*object = was;
		buffer_fini(&altered);
	}
	print_message("# %zu of %zu refused, %zu of %zu restores\n", refused, tries, restores_refused,
		      tries / RESTORE_EACH);
	assert_true(refused > tries * 8 / 10);
	assert_true(restores_refused > tries / RESTORE_EACH / 4 && restores_refused < tries / RESTORE_EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_altered_is_accepted, setup, teardown),
	};
	return cmocka_run_group_tests_name("backup/hostile_store", tests, NULL, NULL);
}

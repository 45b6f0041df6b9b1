#include "restore/tree_writer.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "restore/directory_maker.h"

#define ROUND_BYTES (8UL * 1024 * 1024) /* two rounds are in memory, in arrays that may be half empty */
#define RUN_BLOCKS_MAX (FRAME_CONTENT_BYTES / PAGE_BYTES)
#define DISK_BLOCK 4096 /* what file systems allocate at least */
#define ALL_RIGHTS (S_IRUSR | S_IWUSR)
#define STAT_BLOCK 512 /* of st_blocks */

static struct round *current(struct tree_writer *writer)
{
	return &writer->rounds[writer->filling];
}

/* Plans the packs of a sorted round: what is counted is what the threads will do. */
static enum status count_packs(struct tree_writer *writer, struct round *round, struct error *err)
{
	struct tree_restore_figures *figures = writer->figures;
	struct target target = {.roots = writer->roots, .round = round};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < round->pack_count; i++) {
		struct pack_job job = {
		    .target = &target, .pack = &round->packs[i], .manifest = writer->settings->manifest};
		st = pack_job_plan(&job, writer->table, err);
		figures->packs++;
		figures->requests += job.requests;
		figures->read_bytes += job.read_bytes;
		if (writer->roots->plans)
			figures->written_bytes += job.written_bytes;
		pack_job_fini(&job);
	}
	return st;
}

/* Gives the round to the threads, and begins the other one. */
static enum status flush(struct tree_writer *writer, struct error *err)
{
	struct round *round = current(writer);
	enum status st = stages_wait(writer->stages, err);
	if (!st && writer->settings->delta) {
		stages_begin(writer->stages, STAGE_COMPARE, round);
		st = stages_wait(writer->stages, err);
	}
	if (!st)
		st = round_sort(round, err);
	if (!st)
		st = count_packs(writer, round, err);
	if (!st && !writer->roots->plans)
		stages_begin(writer->stages, STAGE_WRITE, round);
	writer->filling = !writer->filling;
	round_clear(current(writer));
	return st;
}

static enum status add_file(struct tree_writer *writer, bool is_there, struct error *err)
{
	const struct index_entry *entry = &writer->reader.entry;
	const struct round_file file = {.size = entry->size, .mode = entry->mode, .is_there = is_there};
	return round_add_file(current(writer), &file, entry->path, err);
}

/* The hashes of all blocks of a file are read, or skipped, in their order. */
static enum status add_run(struct tree_writer *writer, const struct index_run *run, bool is_there, struct error *err)
{
	uint64_t hashes[RUN_BLOCKS_MAX];
	bool compares = is_there && !run->is_zero;
	enum status st = STATUS_OK;
	if (writer->settings->delta)
		st = index_reader_hashes(&writer->reader, run->count, compares ? hashes : NULL, err);
	if (st || (run->is_zero && !is_there))
		return st;
	return round_add_run(current(writer), run, compares ? hashes : NULL, err);
}

static void count_room(struct tree_writer *writer, uint64_t stored_bytes, const struct stat *there)
{
	const char *below;
	uint64_t allocated = (uint64_t)there->st_blocks * STAT_BLOCK;
	uint64_t needed = (stored_bytes + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
	if (needed > allocated)
		writer->needed[roots_find(writer->roots, writer->reader.entry.path, &below)] += needed - allocated;
}

static enum status take_file(struct tree_writer *writer, const struct stat *there, struct error *err)
{
	bool is_there = there->st_mode != 0;
	uint64_t stored_bytes = 0, zero_bytes = 0;
	enum status st = add_file(writer, is_there, err);
	writer->figures->files++;
	writer->figures->bytes += writer->reader.entry.size;
	writer->lesser_modes |= (writer->reader.entry.mode & ALL_RIGHTS) != ALL_RIGHTS;
	for (bool more = true; !st && more;) {
		struct index_run run;
		st = index_reader_run(&writer->reader, &run, &more, err);
		if (st || !more)
			break;
		st = add_run(writer, &run, is_there, err);
		*(run.is_zero ? &zero_bytes : &stored_bytes) += run.count * PAGE_BYTES;
		if (!st && round_bytes(current(writer)) >= ROUND_BYTES) {
			st = flush(writer, err);
			if (!st)
				st = add_file(writer, is_there, err);
		}
	}
	stages_count(writer->stages, zero_bytes);
	count_room(writer, stored_bytes, there);
	return st ? st : round_bytes(current(writer)) >= ROUND_BYTES ? flush(writer, err) : STATUS_OK;
}

static enum status take_directory(struct tree_writer *writer, const struct stat *there, struct error *err)
{
	const struct index_entry *entry = &writer->reader.entry;
	const struct stat nothing = {0};
	writer->figures->directories++;
	if (there->st_mode == 0)
		count_room(writer, DISK_BLOCK, &nothing);
	if (entry->link != NULL && roots_tablespace(writer->roots, entry->path) == 0)
		log_line(writer->settings->call->log, LEVEL_INFO,
			 "%s was a symbolic link to %s; the restore makes it a directory", entry->path, entry->link);
	return writer->roots->plans ? STATUS_OK : directory_make(writer->roots, entry, there, err);
}

/* Each directory comes before its content; so no file can lie below something that is not a directory. */
static enum status check_parent(struct tree_writer *writer, struct error *err)
{
	const struct index_entry *entry = &writer->reader.entry;
	const char *last = buffer_text(&writer->directory);
	size_t len = path_dir_len(entry->path);
	len -= len > 0;
	if (len > 0 && (strncmp(last, entry->path, len) != 0 || (last[len] != '\0' && last[len] != '/')))
		return error_set(err, STATUS_DAMAGED, "damaged: the index has %s, but not its directory", entry->path);
	if (entry->is_directory)
		len = strlen(entry->path);
	buffer_clear(&writer->directory);
	return buffer_append(&writer->directory, entry->path, len, err);
}

static enum status take_entry(struct tree_writer *writer, struct error *err)
{
	const struct index_entry *entry = &writer->reader.entry;
	struct stat there = {0};
	enum status st = check_parent(writer, err);
	if (!st && writer->settings->delta)
		st = existing_seek(&writer->existing, entry->path, entry->is_directory, &there, err);
	if (st)
		return st;
	return entry->is_directory ? take_directory(writer, &there, err) : take_file(writer, &there, err);
}

static enum status take_all(struct tree_writer *writer, struct error *err)
{
	for (;;) {
		bool more;
		enum status st = index_reader_next(&writer->reader, &more, err);
		if (!st && more)
			st = take_entry(writer, err);
		if (st || !more)
			return st;
	}
}

/* A thread may open a file several times to write to it: only now may its owner lose the right to do so. */
static enum status set_lesser_modes(struct tree_writer *writer, struct error *err)
{
	struct index_reader *reader = &writer->reader;
	writer->figures->requests += reader->lines.count;
	if (writer->roots->plans)
		return STATUS_OK;
	index_reader_fini(reader);
	index_reader_init(reader, writer->settings->repo, writer->settings->call, writer->settings->manifest);
	for (;;) {
		bool more;
		enum status st = index_reader_next(reader, &more, err);
		if (st || !more)
			return st;
		if (reader->entry.is_directory || (reader->entry.mode & ALL_RIGHTS) == ALL_RIGHTS)
			continue;
		CLEANUP(fd_closep) int fd = target_open_path(writer->roots, reader->entry.path, O_RDONLY);
		st = roots_adopt(writer->roots, fd, reader->entry.mode, reader->entry.path, err);
		if (st)
			return st;
	}
}

enum status tree_writer_run(struct tree_writer *writer, struct error *err)
{
	const struct tree_restore_settings *settings = writer->settings;
	enum status st = STATUS_OK;
	index_reader_init(&writer->reader, settings->repo, settings->call, settings->manifest);
	if (settings->delta)
		st = existing_begin(&writer->existing, writer->roots, err);
	if (!st)
		st = take_all(writer, err);
	if (!st)
		st = flush(writer, err);
	if (!st)
		st = stages_wait(writer->stages, err);
	if (!st && settings->delta)
		st = existing_end(&writer->existing, err);
	writer->figures->removed = writer->existing.removed;
	writer->figures->requests +=
	    TREE_RESTORE_PASSES * (writer->reader.lines.count + (settings->delta ? writer->reader.hashes.count : 0));
	return st || !writer->lesser_modes ? st : set_lesser_modes(writer, err);
}

void tree_writer_fini(struct tree_writer *writer)
{
	index_reader_fini(&writer->reader);
	existing_fini(&writer->existing);
	round_fini(&writer->rounds[0]);
	round_fini(&writer->rounds[1]);
	buffer_fini(&writer->directory);
}

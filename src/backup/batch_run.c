#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/batch.h"
#include "backup/include.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "sys/open_as.h"
#include "sys/page_cache.h"

/* The work on one batch. Runs wait here until the frame that has their blocks is sealed. */
struct work {
	struct batch_thread *thread;
	struct batch *batch;
	const struct batch_item *item;
	struct block_source source;
	size_t old_run; /* in batch->old_runs: where to look for the next block */
	struct {
		size_t item; /* in batch->items */
		struct index_run run;
	} * runs;
	size_t run_count, run_capacity;
	size_t unsealed; /* the runs from here on that are not zero and have no pack are of the frame in the thread */
};

static size_t item_number(const struct work *work)
{
	return (size_t)(work->item - work->batch->items);
}

/* Whether the run goes on where the last one ends, in the file and in the frame. */
static bool extends(const struct index_run *last, const struct index_run *run)
{
	return last->block + last->count == run->block && last->is_zero == run->is_zero &&
	       (run->is_zero ||
		(last->backup == run->backup && last->pack == run->pack && last->frame.number == run->frame.number &&
		 last->frame.offset == run->frame.offset && last->at + last->count * PAGE_BYTES == run->at));
}

static enum status add_run(struct work *work, const struct index_run *run, struct error *err)
{
	size_t number = item_number(work);
	if (work->run_count > 0 && work->runs[work->run_count - 1].item == number &&
	    extends(&work->runs[work->run_count - 1].run, run)) {
		work->runs[work->run_count - 1].run.count += run->count;
		return STATUS_OK;
	}
	void *grown = array_grow(work->runs, work->run_count, &work->run_capacity, sizeof *work->runs);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	work->runs = grown;
	work->runs[work->run_count].item = number;
	work->runs[work->run_count++].run = *run;
	return STATUS_OK;
}

static enum status add_zeros(struct work *work, uint64_t block, uint64_t count, struct error *err)
{
	const struct index_run run = {.block = block, .count = count, .is_zero = true};
	return add_run(work, &run, err);
}

/* Seals the frame, and sets its place in its runs. */
static enum status flush(struct work *work, struct error *err)
{
	struct batch_thread *thread = work->thread;
	uint32_t pack;
	struct pack_place place;
	if (thread->content_len == 0)
		return STATUS_OK;
	enum status st = pack_pool_add(thread->settings->pool, &thread->pack, thread->content, thread->content_len,
				       &pack, &place, err);
	if (st)
		return st;
	for (size_t i = work->unsealed; i < work->run_count; i++) {
		struct index_run *run = &work->runs[i].run;
		if (run->is_zero || run->pack != 0)
			continue;
		run->pack = pack;
		run->frame = place;
	}
	work->unsealed = work->run_count;
	thread->content_len = 0;
	return STATUS_OK;
}

static enum status add_hash(struct work *work, uint64_t hash, struct error *err)
{
	return buffer_append(&work->batch->hashes, &hash, sizeof hash, err);
}

/* The parent's run that has this block; NULL when the parent does not have the block. Calls are in order of blocks. */
static const struct index_run *find_old(struct work *work, uint64_t block)
{
	const struct batch_item *item = work->item;
	for (; work->old_run < item->old_runs + item->old_run_count; work->old_run++) {
		const struct index_run *run = &work->batch->old_runs[work->old_run];
		if (block < run->block + run->count)
			return block >= run->block ? run : NULL;
	}
	return NULL;
}

/* Whether the parent has the same bytes; *run says where. A short last block gets another hash when its file grows. */
static bool is_old(struct work *work, uint64_t block, uint64_t hash, struct index_run *run)
{
	const struct batch_item *item = work->item;
	uint64_t number = block - item->block, old_hash;
	if (!item->has_parent || number >= item->old_hash_count)
		return false;
	memcpy(&old_hash, work->batch->old_hashes.data + (item->old_hashes + number) * sizeof old_hash,
	       sizeof old_hash);
	const struct index_run *old = old_hash == hash ? find_old(work, block) : NULL;
	if (old == NULL || old->is_zero)
		return false;
	*run = *old;
	run->block = block;
	run->count = 1;
	run->at += (uint32_t)((block - old->block) * PAGE_BYTES);
	return true;
}

static enum status note_wrong_page(struct work *work, uint64_t block, struct error *err)
{
	struct batch *batch = work->batch;
	struct wrong_page *grown =
	    array_grow(batch->wrong_pages, batch->wrong_page_count, &batch->wrong_page_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	batch->wrong_pages = grown;
	grown[batch->wrong_page_count++] = (struct wrong_page){work->item->path, work->source.first_page + block};
	return STATUS_OK;
}

static bool is_zero(const uint8_t *block, size_t len)
{
	return block[0] == 0 && memcmp(block, block + 1, len - 1) == 0;
}

/* Judges one block, which lies at the end of the frame's content, and keeps it there if it is to be stored. */
static enum status take_block(struct work *work, uint64_t block, uint8_t *bytes, struct error *err)
{
	struct batch_thread *thread = work->thread;
	size_t len = block_bytes(work->source.size, block);
	struct index_run run = {.block = block, .count = 1, .at = (uint32_t)thread->content_len};
	bool wrong;
	enum status st = block_source_check(&work->source, block, bytes, &wrong, err);
	if (!st && wrong)
		st = note_wrong_page(work, block, err);
	if (st)
		return st;
	uint64_t hash = block_hash(thread->settings->hash, bytes, len);
	st = add_hash(work, hash, err);
	if (st)
		return st;
	if (is_zero(bytes, len))
		return add_zeros(work, block, 1, err);
	if (is_old(work, block, hash, &run))
		return add_run(work, &run, err);
	if (thread->content + thread->content_len != bytes)
		memmove(thread->content + thread->content_len, bytes, len);
	thread->content_len += len;
	work->batch->changed_bytes += len;
	return add_run(work, &run, err);
}

static enum status take_hole(struct work *work, uint64_t block, uint64_t count, struct error *err)
{
	enum status st = STATUS_OK;
	for (uint64_t i = 0; !st && i < count; i++) {
		static const uint8_t zeros[PAGE_BYTES];
		size_t len = block_bytes(work->source.size, block + i);
		st = add_hash(work,
			      len == PAGE_BYTES ? work->thread->settings->hash->zero_page
						: block_hash(work->thread->settings->hash, zeros, len),
			      err);
	}
	return st ? st : add_zeros(work, block, count, err);
}

static enum status read_range(struct work *work, struct error *err)
{
	const struct batch_item *item = work->item;
	struct batch_thread *thread = work->thread;
	uint64_t end = item->block + item->count;
	enum status st = STATUS_OK;
	work->old_run = item->old_runs;
	for (uint64_t block = item->block; !st && block < end;) {
		uint64_t hole = block_source_hole(&work->source, block, end - block);
		if (hole > 0) {
			st = take_hole(work, block, hole, err);
			block += hole;
			continue;
		}
		if (FRAME_CONTENT_BYTES - thread->content_len < PAGE_BYTES)
			st = flush(work, err);
		size_t room = (FRAME_CONTENT_BYTES - thread->content_len) / PAGE_BYTES;
		size_t count = end - block < room ? (size_t)(end - block) : room;
		uint8_t *bytes = thread->content + thread->content_len;
		if (!st)
			st = block_source_read(&work->source, block, count, bytes, err);
		for (size_t i = 0; !st && i < count; i++, block++)
			st = take_block(work, block, bytes + i * PAGE_BYTES, err);
	}
	return st;
}

/* Takes the parent's blocks without reading the file. */
static enum status copy_range(struct work *work, struct error *err)
{
	const struct batch_item *item = work->item;
	enum status st = STATUS_OK;
	if (item->old_hash_count > 0)
		st = buffer_append(&work->batch->hashes,
				   work->batch->old_hashes.data + item->old_hashes * sizeof(uint64_t),
				   item->old_hash_count * sizeof(uint64_t), err);
	for (size_t i = 0; !st && i < item->old_run_count; i++)
		st = add_run(work, &work->batch->old_runs[item->old_runs + i], err);
	return st;
}

/* *gone: the file has disappeared, as a dropped table's do. */
static enum status open_file(struct work *work, bool *gone, struct error *err)
{
	const struct batch_item *item = work->item;
	const char *path = batch_text(work->batch, item->path);
	int root = work->thread->settings->directory;
	int fd = open_as_owner(root, root, include_place(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	*gone = fd < 0 && errno == ENOENT;
	if (fd < 0 && !*gone)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	work->source =
	    (struct block_source){.fd = fd,
				  .path = path,
				  .size = item->entry.size,
				  .has_checksums = item->has_checksums && work->thread->settings->page_checksums,
				  .first_page = item->first_page,
				  .start_lsn = work->thread->settings->start_lsn};
	return STATUS_OK;
}

/* The blocks that were read are not needed again: this leaves the page cache to the server's own pages. */
static void drop_from_cache(const struct work *work)
{
	(void)posix_fadvise(work->source.fd, (off_t)(work->item->block * PAGE_BYTES),
			    (off_t)(work->item->count * PAGE_BYTES), POSIX_FADV_DONTNEED);
}

static enum status run_file(struct work *work, bool *gone, struct error *err)
{
	const struct batch_item *item = work->item;
	*gone = false;
	if (item->count == 0 || item->is_unchanged)
		return copy_range(work, err);
	enum status st = open_file(work, gone, err);
	if (st)
		return st;
	/*
	 * Other batches, which know nothing of this one, have the rest of a larger file: each has lines in any case.
	 * Replay of the WAL removes the file again.
	 */
	if (*gone && item->count < block_count(item->entry.size)) {
		*gone = false;
		return take_hole(work, item->block, item->count, err);
	}
	if (*gone)
		return STATUS_OK;
	bool cached = page_cache_has(work->source.fd, item->block * PAGE_BYTES, item->count * PAGE_BYTES);
	st = read_range(work, err);
	if (!cached)
		drop_from_cache(work);
	(void)close(work->source.fd);
	return st;
}

static enum status write_entry(const struct work *work, const struct batch_item *item, struct error *err)
{
	struct batch *batch = work->batch;
	struct index_entry entry = item->entry;
	entry.path = batch_text(batch, item->path);
	entry.link = item->link == SIZE_MAX ? NULL : batch_text(batch, item->link);
	return index_put_entry(&batch->lines, &entry, err);
}

static void count_entry(struct batch *batch, const struct batch_item *item)
{
	batch->directories += item->entry.is_directory;
	batch->files += !item->entry.is_directory;
	batch->bytes += item->entry.size;
}

/* gone has a bit for each item. */
static enum status write_lines(struct work *work, const bool *gone, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0, run = 0; !st && i < work->batch->item_count; i++) {
		const struct batch_item *item = &work->batch->items[i];
		if (item->begins && !gone[i]) {
			st = write_entry(work, item, err);
			count_entry(work->batch, item);
		}
		for (; !st && run < work->run_count && work->runs[run].item == i; run++)
			st = index_put_run(&work->batch->lines, &work->runs[run].run, err);
	}
	return st;
}

enum status batch_run(struct batch_thread *thread, struct batch *batch, struct error *err)
{
	struct work work = {.thread = thread, .batch = batch};
	CLEANUP(freep) bool *gone = calloc(batch->item_count + 1, sizeof *gone);
	if (thread->content == NULL)
		thread->content = malloc(FRAME_CONTENT_BYTES);
	if (gone == NULL || thread->content == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = STATUS_OK;
	thread->content_len = 0;
	for (size_t i = 0; !st && i < batch->item_count; i++) {
		work.item = &batch->items[i];
		if (!work.item->entry.is_directory)
			st = run_file(&work, &gone[i], err);
	}
	if (!st)
		st = flush(&work, err);
	if (!st)
		st = write_lines(&work, gone, err);
	free(work.runs);
	return st;
}

enum status batch_thread_end(struct batch_thread *thread, struct error *err)
{
	return pack_pool_close(thread->settings->pool, &thread->pack, err);
}

void batch_thread_fini(struct batch_thread *thread)
{
	if (thread->pack != NULL)
		pack_pool_abandon(thread->settings->pool, &thread->pack);
	free(thread->content);
	thread->content = NULL;
}

#include "backup/planner.h"

#include "base/clock.h"

#define PERMISSIONS 07777

static enum status add_old_run(void *arg, const struct index_run *run, struct error *err)
{
	struct planner *planner = arg;
	return batch_add_old_run(planner->batch, run, err);
}

static struct batch_item describe(const struct tree_entry *entry)
{
	struct batch_item item = {
	    .entry = {.is_directory = entry->is_directory, .mode = entry->info.st_mode & PERMISSIONS},
	    .has_checksums = entry->has_checksums,
	    .first_page = entry->first_page,
	};
	if (!entry->is_directory) {
		item.entry.size = (uint64_t)entry->info.st_size;
		item.entry.modified_ns = clock_ns(entry->info.st_mtim);
		item.entry.changed_ns = clock_ns(entry->info.st_ctim);
		item.entry.inode = entry->info.st_ino;
	}
	return item;
}

static enum status add_texts(struct planner *planner, const struct tree_entry *entry, struct batch_item *item,
			     struct error *err)
{
	enum status st = batch_add_text(planner->batch, entry->path, &item->path, err);
	item->link = SIZE_MAX;
	if (!st && entry->link != NULL)
		st = batch_add_text(planner->batch, entry->link, &item->link, err);
	return st;
}

static enum status add_past(struct planner *planner, struct batch_item *item, struct error *err)
{
	struct batch *batch = planner->batch;
	item->old_runs = batch->old_run_count;
	item->old_hashes = batch->old_hashes.len / sizeof(uint64_t);
	enum status st =
	    past_take(planner->past, item->block, item->count, add_old_run, planner, &batch->old_hashes, err);
	item->old_run_count = batch->old_run_count - item->old_runs;
	item->old_hash_count = batch->old_hashes.len / sizeof(uint64_t) - item->old_hashes;
	return st;
}

/* A range of the file, as long as the batch has room. */
static enum status add_range(struct planner *planner, const struct tree_entry *entry, struct batch_item *item,
			     struct error *err)
{
	uint64_t blocks = block_count(item->entry.size), room = BATCH_BLOCKS - planner->batch->blocks;
	item->count = blocks - item->block < room ? blocks - item->block : room;
	item->begins = item->block == 0;
	enum status st = add_texts(planner, entry, item, err);
	if (!st && item->has_parent)
		st = add_past(planner, item, err);
	return st ? st : batch_add_item(planner->batch, item, err);
}

static bool is_full(const struct batch *batch)
{
	return batch->blocks >= BATCH_BLOCKS || batch->item_count >= BATCH_ITEMS ||
	       batch->texts.len >= BATCH_TEXT_BYTES;
}

enum status planner_take(void *arg, const struct tree_entry *entry, struct error *err)
{
	struct planner *planner = arg;
	struct batch_item item = describe(entry);
	enum status st = past_seek(planner->past, entry, err);
	if (!st && !entry->is_directory && planner->past->matches) {
		item.has_parent = true;
		item.is_unchanged = !planner->read_all && past_is_unchanged(planner->past, entry);
	}
	do {
		if (!st)
			st = add_range(planner, entry, &item, err);
		item.block += item.count;
		if (!st && is_full(planner->batch))
			st = planner->submit(planner->arg, err);
	} while (!st && item.block < block_count(item.entry.size));
	return st;
}

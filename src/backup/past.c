#include "backup/past.h"

#include "backup/block_source.h"
#include "base/clock.h"

/* A file may be written twice within the resolution of its times, and the clock of a file system lags a little. */
#define RACY_NS (10 * 1000000000LL)

static uint64_t entry_blocks(const struct index_entry *entry)
{
	return entry->is_directory ? 0 : block_count(entry->size);
}

/* Skips the rest of this entry and goes on to the parent's next entry. */
static enum status advance(struct past *past, struct error *err)
{
	enum status st = index_reader_hashes(&past->reader, past->hashes_left, NULL, err);
	past->hashes_left = 0;
	past->rest.count = 0;
	if (!st)
		st = index_reader_next(&past->reader, &past->more, err);
	if (!st && past->more)
		past->hashes_left = entry_blocks(&past->reader.entry);
	return st;
}

enum status past_begin(struct past *past, struct repository *repo, const struct call *call,
		       const struct manifest *parent, struct error *err)
{
	*past = (struct past){.parent = parent};
	if (parent == NULL)
		return STATUS_OK;
	index_reader_init(&past->reader, repo, call, parent);
	return advance(past, err);
}

void past_fini(struct past *past)
{
	index_reader_fini(&past->reader);
}

enum status past_seek(struct past *past, const struct tree_entry *entry, struct error *err)
{
	enum status st = STATUS_OK;
	int order = 1;
	while (!st && past->more && (order = tree_compare(past->reader.entry.path, entry->path)) < 0)
		st = advance(past, err);
	past->matches = !st && past->more && order == 0 && past->reader.entry.is_directory == entry->is_directory;
	return st;
}

/* A file with such pages is read again, so that this backup names them too, or finds them mended. */
static bool may_have_wrong_pages(const struct manifest *parent, const char *path)
{
	return parent->wrong_pages != parent->wrong_page_list.count ||
	       manifest_value(&parent->wrong_page_list, path) != NULL;
}

bool past_is_unchanged(const struct past *past, const struct tree_entry *entry)
{
	const struct index_entry *old = &past->reader.entry;
	int64_t settled_ns = past->parent->begun * 1000000000 - RACY_NS;
	return old->inode == entry->info.st_ino && old->size == (uint64_t)entry->info.st_size &&
	       old->modified_ns == clock_ns(entry->info.st_mtim) && old->changed_ns == clock_ns(entry->info.st_ctim) &&
	       old->modified_ns < settled_ns && old->changed_ns < settled_ns &&
	       !may_have_wrong_pages(past->parent, old->path);
}

/* The next run of the parent's file, with at most count blocks. *more is false behind the last. */
static enum status next_run(struct past *past, uint64_t count, struct index_run *out, bool *more, struct error *err)
{
	struct index_run *rest = &past->rest;
	*more = true;
	if (rest->count == 0) {
		enum status st = index_reader_run(&past->reader, rest, more, err);
		if (st || !*more)
			return st;
		rest->backup = rest->backup == 0 ? (uint32_t)past->parent->need_count + 1 : rest->backup;
		if (!rest->is_zero && rest->backup > past->parent->need_count + 1)
			return error_set(
			    err, STATUS_DAMAGED,
			    "damaged: the index of backup %s refers to a backup that its manifest does not name",
			    past->parent->label.text);
	}
	*out = *rest;
	out->count = rest->count < count ? rest->count : count;
	rest->block += out->count;
	rest->count -= out->count;
	rest->at += (uint32_t)(out->count * PAGE_BYTES);
	return STATUS_OK;
}

enum status past_take(struct past *past, uint64_t block, uint64_t count, past_run_fn each, void *arg,
		      struct buffer *hashes, struct error *err)
{
	enum status st = STATUS_OK;
	bool more = true;
	uint64_t hash_count = count < past->hashes_left ? count : past->hashes_left;
	for (uint64_t end = block + hash_count; !st && block < end;) {
		struct index_run run = {0};
		st = next_run(past, end - block, &run, &more, err);
		if (!st && !more)
			break; /* index_reader_run has checked that the file ends here */
		if (!st)
			st = each(arg, &run, err);
		block += run.count;
	}
	for (uint64_t i = 0; !st && i < hash_count; i++) {
		uint64_t hash;
		st = index_reader_hashes(&past->reader, 1, &hash, err);
		if (!st)
			st = buffer_append(hashes, &hash, sizeof hash, err);
	}
	past->hashes_left -= hash_count;
	return st;
}

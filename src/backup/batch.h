/*
 * A batch of a backup's work: directories, files and parts of large files, in the order of the index. One thread fills
 * the batch from the walk and the parent's index, another thread reads the files and stores the changed blocks, and the
 * first thread writes the results into the index.
 */
#ifndef WALSHIP_BACKUP_BATCH_H
#define WALSHIP_BACKUP_BATCH_H

#include "backup/block_source.h"
#include "backup/pack_pool.h"
#include "catalog/block_hash.h"
#include "catalog/index_line.h"

#define BATCH_BLOCKS 1024 /* 8 MiB */
#define BATCH_ITEMS 1024
#define BATCH_TEXT_BYTES (1024UL * 1024) /* so that the batch's lines are less than SERIES_WRITE_MAX */

/* A directory, or a range of a file's blocks. Texts and lists are places in the batch, so that they may grow. */
struct batch_item {
	size_t path, link;        /* of texts, in batch->texts; link is SIZE_MAX where there is none */
	struct index_entry entry; /* without its texts */
	bool begins;              /* the entry's line is written: for a file's first range */
	bool is_unchanged;        /* the parent's runs and hashes hold for the whole range: the file is not read */
	bool has_checksums;
	uint32_t first_page;
	uint64_t block, count;
	bool has_parent;
	size_t old_runs, old_run_count; /* in batch->old_runs: where the parent has the range's blocks */
	size_t old_hashes; /* in batch->old_hashes: of the range's blocks; fewer where the file has grown */
	size_t old_hash_count;
};

struct wrong_page {
	size_t path;   /* in batch->texts */
	uint64_t page; /* of the fork */
};

struct batch {
	struct buffer texts; /* 0-terminated */
	struct batch_item *items;
	size_t item_count, item_capacity;
	struct index_run *old_runs;
	size_t old_run_count, old_run_capacity;
	struct buffer old_hashes; /* 8 bytes each */
	uint64_t blocks;          /* of all items */
	/* Results. */
	struct buffer lines, hashes;
	struct wrong_page *wrong_pages;
	size_t wrong_page_count, wrong_page_capacity;
	uint64_t files, directories, bytes, changed_bytes;
};

/* Empties the batch and keeps its storage. */
void batch_clear(struct batch *batch);
/* Leaves the zero state. */
void batch_fini(struct batch *batch);

/* Adds a text; *place receives its place in batch->texts. */
enum status batch_add_text(struct batch *batch, const char *text, size_t *place, struct error *err);
enum status batch_add_item(struct batch *batch, const struct batch_item *item, struct error *err);
enum status batch_add_old_run(struct batch *batch, const struct index_run *run, struct error *err);

const char *batch_text(const struct batch *batch, size_t place);

/* Shared by the threads of a backup. */
struct batch_settings {
	int directory; /* the data directory; paths are below it */
	bool page_checksums;
	uint64_t start_lsn;
	const struct block_hash *hash;
	struct pack_pool *pool;
};

/* The state that a thread keeps from batch to batch; at first only settings is set. */
struct batch_thread {
	const struct batch_settings *settings;
	uint8_t *content; /* of the frame that is being filled */
	size_t content_len;
	struct open_pack *pack;
};

/* Reads, compares and stores the blocks. A frame has blocks of one batch only: batches do not depend on each other. */
enum status batch_run(struct batch_thread *thread, struct batch *batch, struct error *err);

/* Gives the thread's last pack to the pool. */
enum status batch_thread_end(struct batch_thread *thread, struct error *err);
/* Abandons the thread's last pack. */
void batch_thread_fini(struct batch_thread *thread);

#endif

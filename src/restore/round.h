/*
 * A round of a restore's work: files, in the order of the index, and the runs of blocks that they need. A round is as
 * large as memory allows, so that the runs of a pack are in one round, or in two where a round ends: then one request
 * reads all that is needed of a pack. The threads first compare the files that are there, then write the runs.
 */
#ifndef WALSHIP_RESTORE_ROUND_H
#define WALSHIP_RESTORE_ROUND_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "catalog/index_line.h"
#include "catalog/manifest.h"
#include "pg/data/page.h"

#define ROUND_NO_HASHES UINT32_MAX

/* A file, or the rest of a file that begins in an earlier round. A round is small enough for places of 32 bits. */
struct round_file {
	uint64_t size;
	uint32_t path; /* in round->texts, as in the index */
	uint32_t mode;
	uint32_t first_run, run_count;
	uint32_t stored_runs; /* that are not zero */
	bool is_there;        /* before the restore; else it is created */
	atomic_bool is_set;   /* size, mode and owner */
};

/* As struct index_run. */
struct round_run {
	uint64_t block, count;
	struct pack_place frame;
	uint32_t backup, pack;
	uint32_t at;
	uint32_t file;   /* in round->files */
	uint32_t hashes; /* in round->hashes: of its blocks; ROUND_NO_HASHES: all blocks are needed */
	bool is_zero;    /* only for files that are there */
	bool is_same;    /* the comparison has found no block that differs */
};

/* The runs of one pack, from the first of them on. */
struct round_pack {
	size_t first_run, run_count;
};

struct round {
	struct buffer texts;
	struct round_file *files;
	size_t file_count, file_capacity;
	struct round_run *runs;
	size_t run_count, run_capacity;
	/* The backup's hashes; the comparison puts in their place 1 for a block that is needed, and 0 for others. */
	struct buffer hashes;
	struct round_pack *packs; /* by round_sort */
	size_t pack_count, pack_capacity;
};

void round_fini(struct round *round);
/* Empties the round and keeps its storage. */
void round_clear(struct round *round);

/* What its content takes. */
size_t round_bytes(const struct round *round);

/* Adds a file, and runs of the file that was added last. hashes are those of the run's blocks, or NULL. */
enum status round_add_file(struct round *round, const struct round_file *file, const char *path, struct error *err);
enum status round_add_run(struct round *round, const struct index_run *run, const uint64_t *hashes, struct error *err);

const char *round_path(const struct round *round, const struct round_file *file);
/* NULL: all blocks are needed. */
uint64_t *round_hashes(const struct round *round, const struct round_run *run);

/* Drops the runs that need no block, and sorts the others into packs. files[].first_run has no meaning afterwards. */
enum status round_sort(struct round *round, struct error *err);

#endif

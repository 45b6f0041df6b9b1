/* Reads a backup's index, entry by entry in the order of the walk, and the hashes of its blocks beside it. */
#ifndef WALSHIP_CATALOG_INDEX_READER_H
#define WALSHIP_CATALOG_INDEX_READER_H

#include "catalog/index_line.h"
#include "catalog/manifest.h"
#include "catalog/series.h"

struct index_reader {
	struct series_reader lines, hashes; /* hashes only where they are asked for */
	char *at;                           /* the next line in lines.content */
	bool has_line;
	struct index_line line; /* the next one, if has_line */
	size_t hash_at;         /* in hashes.content */
	/* Of the current entry. */
	struct index_entry entry;
	struct buffer texts; /* of entry */
	uint64_t next_block; /* that a run must begin with */
};

/* repo, call and manifest must outlive the reader. index_reader_fini after use. */
void index_reader_init(struct index_reader *reader, const struct repository *repo, const struct call *call,
		       const struct manifest *manifest);
void index_reader_fini(struct index_reader *reader);

/*
 * Goes on to the next entry: reader->entry, whose texts hold until the next call. Runs that were not read are skipped.
 * *more is false behind the last entry. STATUS_DAMAGED: the index is not what a walship would write.
 */
enum status index_reader_next(struct index_reader *reader, bool *more, struct error *err);

/* The next run of the current entry. *more is false behind the last, which reaches the end of the file. */
enum status index_reader_run(struct index_reader *reader, struct index_run *run, bool *more, struct error *err);

/* The next count hashes, into out, which may be NULL to skip them. Hashes follow the order of the entries' blocks. */
enum status index_reader_hashes(struct index_reader *reader, uint64_t count, uint64_t *out, struct error *err);

#endif

/*
 * The parent backup's runs and hashes of each file, in step with the walk over the data directory. The runs are
 * numbered for the new backup: its list of needed backups is the parent's list, followed by the parent.
 */
#ifndef WALSHIP_BACKUP_PAST_H
#define WALSHIP_BACKUP_PAST_H

#include "catalog/index_reader.h"
#include "pg/data/tree.h"

struct past {
	const struct manifest *parent; /* NULL: a full backup; all fields below are unused then */
	struct index_reader reader;
	bool more;             /* reader->entry is the parent's next file */
	bool matches;          /* it is the file that the walk is at */
	struct index_run rest; /* of a run that a range has ended in; count 0: none */
	uint64_t hashes_left;  /* of reader->entry */
};

/* parent, which may be NULL, must outlive past. STATUS_DAMAGED: the parent's index is damaged. past_fini after use. */
enum status past_begin(struct past *past, struct repository *repo, const struct call *call,
		       const struct manifest *parent, struct error *err);
void past_fini(struct past *past);

/* Goes on to the walk's next file or directory. past->matches says whether the parent has it too, as the same kind. */
enum status past_seek(struct past *past, const struct tree_entry *entry, struct error *err);

/*
 * Whether the parent's file is the same by inode, size and times, and had not been written for some seconds when the
 * parent began: then it need not be read. A file with wrong page checksums in the parent is read all the same. With
 * past->matches only.
 */
bool past_is_unchanged(const struct past *past, const struct tree_entry *entry);

typedef enum status (*past_run_fn)(void *arg, const struct index_run *run, struct error *err);

/*
 * The runs, and the hashes (appended to hashes), of the next count blocks of the file; fewer where the parent's file
 * has fewer. With past->matches only, in the order of blocks, from block 0 on.
 */
enum status past_take(struct past *past, uint64_t block, uint64_t count, past_run_fn each, void *arg,
		      struct buffer *hashes, struct error *err);

#endif

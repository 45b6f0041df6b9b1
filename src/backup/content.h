/*
 * The content of a backup: walks the data directory, stores what the parent does not have, and writes the index, the
 * block hashes and the table of packs. The calling thread walks and writes the index; other threads read, hash,
 * compress and store.
 */
#ifndef WALSHIP_BACKUP_CONTENT_H
#define WALSHIP_BACKUP_CONTENT_H

#include "backup/include.h"
#include "catalog/manifest.h"
#include "pg/data/tree.h"
#include "repo/object.h"

/* So far. */
struct content_figures {
	uint64_t files;
	uint64_t bytes; /* of the files, read or known to be unchanged */
	uint64_t read_bytes;
};

struct content_settings {
	struct repository *repo;
	const struct call *call;
	struct tree_options tree;
	int directory; /* the data directory */
	const struct include *include;
	uint64_t start_lsn;
	const struct manifest *parent; /* NULL: store everything */
	bool read_all;                 /* also files that look unchanged */
	unsigned threads;
	size_t packs;        /* that are filled or uploaded at once; above threads */
	uint64_t pack_bytes; /* of a pack that is full */
	uint64_t rate;       /* bytes to read in a second; 0: no limit */
	struct object_settings object;
	/* Called by the calling thread, again and again, for progress and to see whether the backup still makes sense.
	 */
	enum status (*tick)(void *arg, const struct content_figures *figures, struct error *err);
	/*
	 * Called once all files are read, while the last packs are still on their way: the server need not wait for
	 * them, nor they for its WAL. NULL: nothing is to be done.
	 */
	enum status (*all_read)(void *arg, struct error *err);
	void *arg; /* of both */
};

/*
 * manifest has label, system_id, hash_seed, needs and page_checksums; its figures of the content, tablespaces and wrong
 * pages are filled. All objects are in the repository after STATUS_OK.
 */
enum status content_store(const struct content_settings *settings, struct manifest *manifest, struct error *err);

#endif

/* Judges whether a base backup can be restored, and until when. */
#ifndef WALSHIP_VERIFY_BACKUP_VERDICT_H
#define WALSHIP_VERIFY_BACKUP_VERDICT_H

#include "catalog/backup_list.h"
#include "repo/coverage.h"
#include "verify/backup_parts.h"

#define BACKUP_REASON_MAX 384

struct backup_verdict {
	/*
	 * STATUS_OK: it can be restored. STATUS_DAMAGED: an object is damaged; lacks_key: it needs a key that is not
	 * configured. STATUS_LOCAL: this machine cannot read the manifest. STATUS_INCOMPLETE: an object or WAL is
	 * missing. STATUS_EXISTS: not finished.
	 */
	enum status status;
	bool lacks_key;
	char reason[BACKUP_REASON_MAX]; /* the first fault; "" with STATUS_OK and STATUS_EXISTS */
	uint64_t faults;                /* objects that are missing, damaged or of another size */
	uint64_t archived;              /* needed objects in an archive storage class */
	bool has_window;                /* WAL from start to stop is there: the window that reaches furthest */
	struct coverage_window window;
};

struct backup_judge {
	const struct repository *repo;
	const struct call *call;
	const struct coverage *coverage;
	const struct backup_parts *parts; /* sorted */
	bool marks;                       /* verify --read: set "needed" of each object that the backup needs */
};

/*
 * Opens the table of packs. Fails when the store cannot be reached. With judge->marks, a later call also finds the
 * objects that were marked as damaged meanwhile.
 */
enum status backup_judge_one(const struct backup_judge *judge, const struct listed_backup *backup,
			     struct backup_verdict *out, struct error *err);

/*
 * The window that has the backup's WAL from start to stop, on its line of timelines. Of several, the one with the
 * newest WAL. False when there is none.
 */
bool backup_window(const struct coverage *coverage, const struct manifest *manifest, struct coverage_window *out);

#endif

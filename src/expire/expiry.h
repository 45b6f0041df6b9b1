/* One run of expire: shared by expire.c, expire_remove.c and expire_show.c. */
#ifndef WALSHIP_EXPIRE_EXPIRY_H
#define WALSHIP_EXPIRE_EXPIRY_H

#include "expire/expire.h"
#include "expire/uploads.h"
#include "expire/wal_removal.h"

/* Why all WAL stays. */
enum wal_kept {
#define WAL_KEPT(id, name, text) WAL_KEPT_##id,
#include "expire/wal_kept.def"
#undef WAL_KEPT
};

struct expiry {
	const struct expire_params *params;
	struct repository repo, removes; /* two connections: objects are removed while a listing is open */
	uint64_t system_id;
	struct retention rules;
	struct backup_list list;
	/* An item for each backup of the list. */
	struct unfinished *unfinished;
	struct verdict *verdicts;
	bool *removed; /* the manifest is gone */
	struct dump_expiry dumps;
	struct removal removal;
	struct wal_floor floor;
	enum wal_kept wal_kept;
	struct wal_removal wal;
	struct expire_uploads uploads;
	uint64_t backups, leftovers; /* removed, or to be removed in a dry run; leftovers never finished */
	bool wal_is_due;             /* a backup went before this run, or in it: the WAL has to follow */
	bool disturbed;              /* a backup began meanwhile: it may need anything */
};

/* Removes the backups without a reason to stay. */
enum status expiry_remove(struct expiry *expiry, struct error *err);

/* Sets expiry->disturbed if the repository has a backup that the list lacks. */
enum status expiry_look_for_new(struct expiry *expiry, struct error *err);

/* The backups, before the removal; then the WAL and the refusals. */
enum status expiry_show_backups(const struct expiry *expiry, struct error *err);
enum status expiry_show_rest(const struct expiry *expiry, struct error *err);

#endif

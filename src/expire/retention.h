/*
 * Which base backups of a cluster stay. A pure function of the list of backups, the options and the time: a backup that
 * several rules keep has several reasons, and a backup without a reason goes.
 *
 * Of several options the most generous one wins:
 *   retention-full N   the newest N full backups, and the backups that refer to them
 *   retention-diff N   the newest N differential backups, and all backups that are not full and began later. Others
 * that are not full then stay only with retention-days retention-days N   the backups that ended in the last N days,
 * and the newest one before: recovery is possible to any moment of these days Without retention-full and retention-days
 * no full backup goes.
 *
 * Whatever the options say, these stay: the newest full backup; a backup that is pinned, or that a backup that stays
 * needs or may need; a backup whose manifest cannot be opened; a backup that may be under way, and its parent.
 */
#ifndef WALSHIP_EXPIRE_RETENTION_H
#define WALSHIP_EXPIRE_RETENTION_H

#include "catalog/backup_list.h"

enum reason {
#define REASON(id, name, text) REASON_##id,
#include "expire/reasons.def"
#undef REASON
	REASON_COUNT
};

struct retention {
	uint64_t full, diff, days, wal_days; /* 0: not set */
	int64_t now_s;                       /* UTC, by the store's clock where it has one */
	int64_t silence_s; /* a backup without a manifest that stored nothing for so long is not under way */
};

/* A backup without a manifest. */
struct unfinished {
	bool knows_parent;          /* parent is valid; its text is "": none */
	struct backup_label parent; /* from begun */
	uint64_t redo_lsn;          /* from begun; 0: not known */
	int64_t last_s;             /* when its newest object was stored */
	uint64_t objects, bytes;
};

struct verdict {
	unsigned reasons; /* bits of enum reason; 0: the backup goes */
	/* By which the backup is needed, or may be needed; NULL: by none. */
	const struct listed_backup *needed_by, *may_be_needed_by;
};

/* unfinished and out have an item for each backup of the list; unfinished is read for backups without a manifest. */
void retention_decide(const struct backup_list *list, const struct unfinished *unfinished,
		      const struct retention *rules, struct verdict *out);

/* Keeps also what the kept backups need: after a verdict was changed. */
void retention_keep_needed(const struct backup_list *list, const struct unfinished *unfinished, struct verdict *out);

static inline unsigned reason_bit(enum reason reason)
{
	return 1U << reason;
}

/* For JSON and for people. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);

#endif

/*
 * Which dumps stay, and the removal of the others.
 *
 * Of two options the most generous one wins: retention-dump keeps the newest N dumps, retention-dump-days the dumps of
 * the last N days. Without either every dump stays. Whatever they say, the newest dump stays, and so does a dump whose
 * manifest cannot be opened. Objects without a manifest go when nothing was stored among them for silence_s: no dump
 * is under way then.
 */
#ifndef WALSHIP_EXPIRE_DUMPS_H
#define WALSHIP_EXPIRE_DUMPS_H

#include "catalog/dump_list.h"
#include "console/console.h"
#include "expire/removal.h"

/* Why a dump stays. */
enum dump_reason {
#define DUMP_REASON(id, name, text) DUMP_REASON_##id,
#include "expire/dump_reasons.def"
#undef DUMP_REASON
	DUMP_REASONS
};

struct dump_rules {
	uint64_t count, days; /* 0: not set */
	int64_t now_s;        /* UTC, by the store's clock where it has one */
	int64_t silence_s;
};

/* A pure function: *out has an item for each dump of the list, with bits of enum dump_reason. 0: the dump goes. */
void dumps_decide(const struct dump_list *list, const struct dump_rules *rules, unsigned *out);

/* The zero state is empty. */
struct dump_expiry {
	struct dump_list list;
	unsigned *reasons;         /* of each dump of the list */
	uint64_t dumps, leftovers; /* removed, or to be removed in a dry run; leftovers never finished */
};
void dump_expiry_fini(struct dump_expiry *expiry);

/* Lists the dumps and decides. */
enum status dump_expiry_decide(struct dump_expiry *out, const struct repository *repo, const struct call *call,
			       uint64_t system_id, const struct dump_rules *rules, struct error *err);

/* Keeps each dump whose manifest the repository has of which this one is a copy. */
enum status dump_expiry_keep_originals(struct dump_expiry *expiry, const struct repository *original,
				       const struct call *call, uint64_t system_id, struct error *err);

/* Prints why each dump stays, or that it goes. */
enum status dump_expiry_show(const struct dump_expiry *expiry, const struct console *console, uint64_t system_id,
			     bool json, struct error *err);

/* Removes them: the manifest first and `begun` last. A dump whose manifest the store refuses to remove stays. */
enum status dump_expiry_remove(struct dump_expiry *expiry, struct removal *removal, struct error *err);

/* For a dry run. */
void dump_expiry_count(struct dump_expiry *expiry);

#endif

/* Removes objects, many at a time, and counts those that the store refuses to remove. */
#ifndef WALSHIP_EXPIRE_REMOVAL_H
#define WALSHIP_EXPIRE_REMOVAL_H

#include "catalog/label.h"
#include "pg/wal/name.h"
#include "repo/repository.h"

struct removal {
	/* Two connections, because objects are removed while a listing is open. Both belong to the caller. */
	const struct repository *lists, *removes;
	const struct call *call;
	uint64_t system_id;
	char (*names)[WAL_OBJECT_NAME_MAX]; /* that wait for the next request */
	size_t count;
	uint64_t objects, bytes; /* of backups, that were found and not refused before */
	uint64_t refused;
	struct error why; /* of the first refusal */
};

/* Frees the names. Those that wait are not removed. */
void removal_fini(struct removal *removal);

/* Adds an object, and removes STORE_REMOVE_MAX of them together. */
enum status removal_add(struct removal *removal, const char *name, struct error *err);

/* Removes the objects that wait. */
enum status removal_flush(struct removal *removal, struct error *err);

/* Lists the prefix and calls each with removal as arg; each adds objects to the removal. Then removes these objects. */
enum status removal_listed(struct removal *removal, const char *prefix, store_list_fn each, struct error *err);

/* Removes one object at once. *refused: whether the store refused it. */
enum status removal_one(struct removal *removal, const char *name, bool *refused, struct error *err);

/* Removes one object of a backup. *refused: whether the store refused it. */
enum status removal_part(struct removal *removal, const struct backup_label *label, enum backup_part part,
			 bool *refused, struct error *err);

/*
 * Removes all of a backup but its manifest: the content, then the pin, and `begun` last, which stays if the store
 * refuses any of the others: with it, what is left can be found.
 */
enum status removal_content(struct removal *removal, const struct backup_label *label, struct error *err);

#endif

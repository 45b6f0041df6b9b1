/* The objects that a restore needs and that are in an archive storage class (store.h: archived). */
#ifndef WALSHIP_RESTORE_THAW_NEED_H
#define WALSHIP_RESTORE_THAW_NEED_H

#include "catalog/manifest.h"
#include "catalog/pack_table.h"
#include "repo/coverage.h"

/* Names of single objects. */
struct thaw_names {
	char **items; /* owned */
	size_t count, capacity;
};

enum status thaw_names_add(struct thaw_names *names, const char *name, struct error *err);

/* Leaves the zero state. */
void thaw_names_fini(struct thaw_names *names);

struct thaw_need {
	/* Two connections: objects are looked at while a listing is open. */
	const struct repository *lists, *looks;
	const struct call *call; /* each page and each object takes a step of it */
	const struct thaw_names *names;
	/* NULL: the names alone. Otherwise also the content of this backup, and the WAL [first, end). */
	const struct manifest *manifest;
	/* The backup's table of packs; empty: unreadable, and every pack of each needed backup counts. */
	const struct pack_table *table;
	bool hashes; /* the restore reads the hashes of blocks */
	const struct coverage *coverage;
	uint64_t first, end; /* segments of any timeline */
};

/*
 * Calls each for every needed object that is archived. Memory does not grow with their number. A single object that is
 * missing is left out: the restore itself reports it. exact: asks for the state of each object (HEAD), because some
 * stores list an object as archived although its copy is there.
 */
enum status thaw_need_walk(const struct thaw_need *need, bool exact, store_list_fn each, void *arg, struct error *err);

#endif

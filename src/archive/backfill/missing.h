/* Finds the files of a server that the repository lacks. */
#ifndef WALSHIP_ARCHIVE_BACKFILL_MISSING_H
#define WALSHIP_ARCHIVE_BACKFILL_MISSING_H

#include "base/call.h"
#include "pg/data/finished.h"
#include "repo/repository.h"

struct missing_query {
	const struct call *call;
	const struct repository *repo;
	const struct finished_list *list;
	uint64_t system_id;
};

struct missing {
	bool *stored; /* by the index of the list: the repository has a file with this name */
	size_t count; /* of the files that the repository lacks */
};

/*
 * Lists the repository's directories for these names. If listing is not permitted, every file counts as missing: the
 * push of a file that is stored already compares it and replaces nothing. Fails when the store cannot be reached.
 */
enum status missing_find(struct missing *missing, const struct missing_query *of, struct error *err);

/* Leaves the zero state. */
void missing_fini(struct missing *missing);

#endif

/* Which of a server's files the repository lacks. */
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
	bool *stored; /* by the index of the list: the repository has a file of this name */
	size_t count; /* of those that it has not */
};

/*
 * By listing the directories of those names. Where nothing may be listed, or a directory has nothing of this cluster,
 * everything counts as lacking: what is there already is compared when it is pushed, and nothing is ever replaced. A
 * store that is not there is another matter.
 */
enum status missing_find(struct missing *missing, const struct missing_query *of, struct error *err);

/* Leaves the zero state. */
void missing_fini(struct missing *missing);

#endif

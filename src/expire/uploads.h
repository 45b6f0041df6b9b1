/* The uploads that crashes have left behind: parts of objects, which no listing shows and which cost money. */
#ifndef WALSHIP_EXPIRE_UPLOADS_H
#define WALSHIP_EXPIRE_UPLOADS_H

#include "repo/repository.h"

struct expire_uploads {
	const struct repository *repo;
	const struct call *call;
	uint64_t system_id;
	int64_t until_s; /* those that were begun before are left behind */
	bool dry_run;
	/* out */
	uint64_t count;   /* left behind, and aborted unless the store refused it */
	uint64_t refused; /* uploads that stay, or the listing itself */
	struct error why; /* of the first refusal */
};

/* Looks below the cluster's prefix. A refusal is no failure. Nothing is done in a store that leaves no uploads. */
enum status expire_uploads_run(struct expire_uploads *uploads, struct error *err);

#endif

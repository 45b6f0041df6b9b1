/* A listing that another thread reads, over a connection of its own: two of them go side by side (mirror/merge.h). */
#ifndef WALSHIP_MIRROR_LISTING_H
#define WALSHIP_MIRROR_LISTING_H

#include "job/queue.h"
#include "mirror/merge.h"
#include "repo/repository.h"

struct listing {
	const struct call *call;
	const char *prefix;
	struct repository repo; /* the connection */
	struct queue queue;
	struct mirror_entry entries[QUEUE_ITEMS];
	pthread_t thread;
	bool running;
};

/*
 * Begins to list the names that begin with prefix, which must outlive the listing. The caller frees *out with
 * listing_freep, at any time. Call it from the thread that uses repo.
 */
enum status listing_start(struct listing **out, const struct repository *repo, const struct call *call,
			  const char *prefix, struct error *err);
void listing_freep(struct listing **listing);

/* For struct merge_input; arg is the listing. */
enum status listing_next(void *arg, struct mirror_entry *out, bool *end, struct error *err);

#endif

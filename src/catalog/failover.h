/*
 * Lets a restore that has begun go on with a mirror when its repository goes away, or lacks an object: the store of
 * each connection is wrapped in one that reads from a mirror what the repository does not give.
 */
#ifndef WALSHIP_CATALOG_FAILOVER_H
#define WALSHIP_CATALOG_FAILOVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "catalog/manifest.h"
#include "repo/mirrors.h"
#include "repo/repository.h"

#define FAILOVER_PATIENCE_MS                                                                                           \
	120000 /* of one step, before a mirror is asked: 16 MiB, the most that an object of an index has, at 1 Mbit/s  \
		*/

struct failover {
	/* Set by the owner, all of which outlive the connections. */
	const struct mirrors *mirrors;
	size_t first; /* the first mirror that may be asked; those before it are not */
	const struct call *call;
	const struct manifest *manifest; /* of the backup that a mirror must have */
	/* The struct's own; the zero state but for the mutex, which failover_init makes. */
	struct repository_wrapper wrapper;
	pthread_mutex_t mutex;                      /* guards what follows */
	bool looked;                                /* for a mirror */
	const struct repository_settings *settings; /* of the mirror that has the backup; NULL: none has */
	atomic_bool away;                           /* the repository did not answer: the mirror is asked first */
};

/* The struct must not move from here to failover_fini. */
void failover_init(struct failover *failover);
void failover_fini(struct failover *failover);

/*
 * Wraps the store of repo, and of the connections that join it. The wrapped store reads; it has none of the abilities
 * that other operations need. A read goes on in the mirror at the byte where the repository stopped. A mirror has the
 * same objects, and an object is sealed under its name, so that the reader notices one that is not the same.
 */
enum status failover_attach(struct failover *failover, struct repository *repo, struct error *err);

#endif

/* Fetches one WAL file from the repository; restore_command does this. */
#ifndef WALSHIP_FETCH_H
#define WALSHIP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

struct call;
struct keyring;
struct repository;
struct store;
struct wal_name;

struct fetch {
	struct store *store;
	const struct call *call;
	const struct keyring *keys;
	bool allow_unprotected; /* accept objects that are neither encrypted nor authenticated */
	const char *name;       /* name of the WAL file, as PostgreSQL gives it in %f */
	uint64_t system_id;     /* the cluster's system identifier; never 0 */
	/*
	 * May be NULL. fetch_file calls it with the verified content, at the beginning of fd, before dest appears.
	 * STATUS_MISSING: PostgreSQL must take the file for one that is not in the archive.
	 */
	enum status (*accept)(void *arg, const struct wal_name *name, int fd, struct error *err);
	void *accept_arg;
	const char *scratch;    /* fetch_to_fd: the directory for content that is not verified yet */
	void (*verified)(void); /* fetch_to_fd calls it before it writes the first byte; may be NULL */
};

/* Sets store, keys and allow_unprotected to the open repository's. */
void fetch_from(struct fetch *fetch, const struct repository *repo);

/*
 * Creates or replaces dest, once its content is complete and verified. After a failure dest is unchanged.
 * STATUS_MISSING: the store reported that the object does not exist.
 */
enum status fetch_file(const struct fetch *fetch, const char *dest, struct error *err);

/* Writes the content to fd, after all of the content is verified. */
enum status fetch_to_fd(const struct fetch *fetch, int fd, struct error *err);

#endif

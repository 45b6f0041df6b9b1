/* Bringing one WAL file back: what restore_command does. */
#ifndef WALSHIP_FETCH_H
#define WALSHIP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

struct call;
struct keyring;
struct repository;
struct store;

struct fetch {
	struct store *store;
	const struct call *call;
	const struct keyring *keys;
	bool allow_unprotected; /* accept objects that are not encrypted */
	const char *name;       /* of the WAL file: %f */
	uint64_t system_id;     /* of the cluster; never 0 */
	const char *scratch;    /* fetch_to_fd: the directory for content that is not verified yet */
	void (*verified)(void); /* fetch_to_fd: called before the first byte goes out; may be NULL */
};

/* Sets store, keys and allow_unprotected to the open repository's. */
void fetch_from(struct fetch *fetch, const struct repository *repo);

/*
 * Makes dest appear, complete and verified, and replaces an existing file; after a failure dest is as it
 * was. STATUS_MISSING only when the store reported that the object does not exist.
 */
enum status fetch_file(const struct fetch *fetch, const char *dest, struct error *err);

/* Writes the content to an open file descriptor once all of it is verified. */
enum status fetch_to_fd(const struct fetch *fetch, int fd, struct error *err);

#endif

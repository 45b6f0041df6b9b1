/* The parts of walship check. Each shows its steps; anything but STATUS_OK: one of them could not be shown. */
#ifndef WALSHIP_CHECK_CHECK_H
#define WALSHIP_CHECK_CHECK_H

#include "check/checklist.h"
#include "command/command.h"
#include "repo/repository.h"

#define CHECK_STORE_STEPS 6

/*
 * What the store really does, tried out with an object of its own: CHECK_STORE_STEPS steps, of which none is tried once
 * the first has failed. *usable: whether archiving and recovery can rely on it.
 */
enum status check_store(struct checklist *list, const struct repository *repo, bool *usable, struct error *err);

struct check_server {
	const struct repository *repo; /* NULL: the repository cannot be used, and nothing is waited for in it */
	uint64_t system_id;            /* of the data directory or of the option; 0: not known */
	bool wanted;                   /* no server is a failure */
};

/*
 * Whether a server archives into this repository: its settings, its archiver, and one segment that is finished for it
 * and looked for. Without a server at hand, and none wanted, a single step says so.
 */
enum status check_server(struct checklist *list, const struct check_server *check, struct error *err);

/*
 * Reads an object through to its end and keeps nothing: STATUS_OK when it is authentic and what its name says, which
 * ends in that of a WAL file. *bytes, of the file.
 */
enum status check_object(const struct repository *repo, const struct call *call, const char *object, uint64_t *bytes,
			 struct error *err);

#endif

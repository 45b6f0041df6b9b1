/* The parts of walship check. Each shows its steps; anything but STATUS_OK: one of them could not be shown. */
#ifndef WALSHIP_CHECK_CHECK_H
#define WALSHIP_CHECK_CHECK_H

#include "check/archive_command.h"
#include "check/checklist.h"
#include "repo/cluster_id.h"
#include "repo/repository.h"
#include "repo/settings.h"

/* Texts and environment are the caller's own. */
struct check_settings {
	const char *configuration;    /* where the options come from, for people */
	enum status options_status;   /* whether the options agree with each other, */
	struct error options_trouble; /* and how they do not */
	const struct repository_settings *repository;
	struct cluster_hint cluster;
	const char *spool; /* as for spool_prepare */
	uint64_t fetch_ahead_bytes;
	const char *pg_conninfo; /* NULL: not given */
	const char *const *environment;
	uint64_t rpo_s;
	/* As archive_command_compare, with our own target; STATUS_LOCAL too when the command's configuration cannot be
	 * read. */
	enum status (*compare)(const struct archive_command *command, const void *arg, struct error *err);
	const void *compare_arg;
	bool store_alone;  /* no step but those of check_store */
	bool wants_server; /* no server is a failure */
	bool json;
};

/* walship check. Anything but STATUS_OK: a step failed, or could not be shown. */
enum status check_run(const struct check_settings *settings, const struct console *console, struct error *err);

#define CHECK_STORE_STEPS 6

struct check_store {
	const struct repository *repo;
	bool looks_first; /* the configuration has walship look before each upload */
	bool only_looks;  /* the client cannot send a condition */
};

/*
 * What the store really does, tried out with an object of its own: CHECK_STORE_STEPS steps, of which none is tried once
 * the first has failed. *usable: whether archiving and recovery can rely on it.
 */
enum status check_store(struct checklist *list, const struct check_store *check, bool *usable, struct error *err);

struct check_server {
	const struct check_settings *settings;
	const struct repository *repo; /* NULL: the repository cannot be used, and nothing is waited for in it */
	uint64_t system_id;            /* of the data directory or of the option; 0: not known */
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

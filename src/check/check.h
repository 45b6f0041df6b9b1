/* walship check and its parts. Each part prints its steps; any status but STATUS_OK means that printing failed. */
#ifndef WALSHIP_CHECK_CHECK_H
#define WALSHIP_CHECK_CHECK_H

#include "check/archive_command.h"
#include "check/checklist.h"
#include "pg/server/postgres.h"
#include "repo/cluster_id.h"
#include "repo/repository.h"
#include "repo/settings.h"

/* The caller owns texts and environment. */
struct check_settings {
	const char *configuration;    /* says where the options come from */
	enum status options_status;   /* whether the options are consistent */
	struct error options_trouble; /* the inconsistency */
	const struct repository_settings *repository;
	struct cluster_hint cluster;
	const char *spool; /* as for spool_prepare */
	uint64_t fetch_ahead_bytes;
	struct postgres_settings postgres;
	uint64_t rpo_s;
	const char *stream_slot; /* of walship stream */
	bool streams;            /* the options configure walship stream; if false, the slot on the server decides */
	/*
	 * Compares the command's repository with ours, as archive_command_compare. STATUS_LOCAL also when the command's
	 * configuration cannot be read.
	 */
	enum status (*compare)(const struct archive_command *command, const void *arg, struct error *err);
	const void *compare_arg;
	bool store_alone;  /* run the steps of check_store only */
	bool wants_server; /* a missing server is a failure */
	bool promotes;     /* look whether a standby may be promoted, instead of its archiving */
	bool json;
};

/* Runs all steps. Any status but STATUS_OK: a step failed, or could not be printed. */
enum status check_run(const struct check_settings *settings, const struct console *console, struct error *err);

struct check_store {
	const struct repository *repo;
	struct cluster_hint cluster;
	bool looks_first; /* s3-no-replace = look */
};

/*
 * Tests the store with an object of its own; only the first of the steps if that fails. *usable: whether archiving and
 * recovery can rely on the store.
 */
enum status check_store(struct checklist *list, const struct check_store *check, bool *usable, struct error *err);

/* The number of steps that check_store has for this store. */
unsigned check_store_steps(const struct store *store);

#define CHECK_PLACE_MAX 64 /* a system identifier, "/wal/" and the 16 digits of a directory of segments */

/* Directories of the repository, each "" or with '/' behind it. */
struct check_place {
	char cluster[CHECK_PLACE_MAX]; /* "" if the cluster is not known */
	char next[CHECK_PLACE_MAX];    /* where check_store creates its object */
};

void check_place_find(struct check_place *out, const struct check_store *check, const struct call *call);

/*
 * Writes and removes an object of a segment's size, and looks at the free space of the disk. name: of the object, which
 * must not exist.
 */
enum status check_room(const struct repository *repo, const struct call *call, const char *name,
		       struct finding *finding, struct error *err);

struct check_server {
	const struct check_settings *settings;
	const struct repository *repo; /* NULL: not usable, so no segment is awaited in it */
	uint64_t system_id;            /* of the data directory or the option; 0: unknown */
};

/*
 * Tests whether a server archives into this repository: its settings, its archiver, and one segment that the test
 * finishes and looks for. Without a server, and if none is wanted, a single step says so.
 */
enum status check_server(struct checklist *list, const struct check_server *check, struct error *err);

/*
 * Tests whether a standby may be promoted: during a promotion PostgreSQL takes every failure of restore_command as "no
 * more WAL". repo is NULL when the store is not usable, which is a failure then.
 */
enum status check_promote(struct checklist *list, const struct check_server *check, struct repository *repo,
			  struct error *err);

/*
 * Reads an object to its end, and keeps nothing. STATUS_OK when it is authentic and its content matches its name, which
 * ends in a WAL file's name. *bytes: the size of that file.
 */
enum status check_object(const struct repository *repo, const struct call *call, const char *object, uint64_t *bytes,
			 struct error *err);

#endif

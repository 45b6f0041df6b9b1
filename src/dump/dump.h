/*
 * walship dump: the output of PostgreSQL's own pg_dump for each database, and of pg_dumpall --globals-only, in a
 * repository. It connects over the network as well as on the server's machine. Each database's dump is consistent by
 * itself; several databases are dumped one after another, so they are not of the same moment.
 */
#ifndef WALSHIP_DUMP_DUMP_H
#define WALSHIP_DUMP_DUMP_H

#include "console/console.h"
#include "pg/server/postgres.h"
#include "repo/cluster_id.h"
#include "repo/object.h"

struct dump_settings {
	const struct repository_settings *repository;
	struct postgres_settings postgres;
	struct cluster_hint cluster;  /* where the role may not ask the server for its system identifier */
	const char *bindir;           /* of pg_dump; NULL: search */
	const char *const *databases; /* NULL-terminated; none: every one that the role may connect to */
	bool plain;                   /* SQL instead of pg_dump's custom format */
	bool globals;                 /* roles and tablespaces too */
	bool json;
	uint64_t object_bytes; /* of output in one object */
	int64_t lock_wait_ms;  /* that pg_dump waits for the lock of a table */
	struct object_settings object;
};

/*
 * Makes a dump and prints what it has. The dump exists once its manifest does: after a failure of any database there is
 * none, and the objects that were stored are removed, unless the store refuses that; then expire removes them later.
 *
 * STATUS_USAGE, before anything is stored: a database does not exist or may not be connected to, no pg_dump of the
 * server's version or a newer one is installed, or the system identifier is not known. STATUS_UNREACHABLE: the server
 * or the store is away, or pg_dump failed. pg_dump's messages are logged as warnings.
 */
enum status dump_run(const struct dump_settings *settings, const struct console *console, struct error *err);

#endif

/* walship dump get: the output of pg_dump again, for pg_restore or psql. */
#ifndef WALSHIP_DUMP_GET_H
#define WALSHIP_DUMP_GET_H

#include "console/console.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

struct dump_get {
	const struct repository_settings *repository;
	const struct call *call;
	const struct console *console;
	struct cluster_hint cluster; /* if it says nothing, the repository must have one cluster with this dump */
	const char *label;           /* "latest": the newest dump */
	const char *database;        /* "globals" without a database of this name: the roles. NULL: the roles */
	const char *file;            /* NULL: standard output */
	unsigned threads;            /* that open frames */
	bool sha256;                 /* prints the sum as sha256sum does; without file nothing else is written */
};

/*
 * Writes only bytes that are authentic and in their place. A file appears when all of it is written, and never replaces
 * another one; standard output may have a part when the dump turns out to be damaged or the store goes away.
 *
 * STATUS_MISSING: no such dump, or no such database in it. STATUS_USAGE: several clusters have a dump of this label, or
 * standard output is a terminal. STATUS_DAMAGED, STATUS_EXISTS (an archive storage class), STATUS_UNREACHABLE,
 * STATUS_LOCAL, STATUS_UNREAD as for a read.
 */
enum status dump_get_run(const struct dump_get *get, struct error *err);

#endif

#include "dump/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "pg/server/identity.h"
#include "text/number.h"

#define FACTS                                                                                                          \
	"select current_setting('server_version_num'), current_database(), "                                           \
	"has_table_privilege('pg_catalog.pg_authid', 'select')"

/* A database whose DROP was interrupted has the limit -2 (DATCONNLIMIT_INVALID_DB in pg_database.h). */
#define DATABASES                                                                                                      \
	"select datname, datallowconn and datconnlimit <> -2, has_database_privilege(oid, 'connect') from "            \
	"pg_database order by datname"

static bool is_true(const struct postgres_rows *rows, size_t row, size_t column)
{
	const char *text = postgres_text(rows, row, column);
	return text != NULL && strcmp(text, "t") == 0;
}

static uint64_t number_of(const struct postgres_rows *rows)
{
	uint64_t number;
	const char *text = postgres_text(rows, 0, 0);
	return text != NULL && number_parse(text, UINT64_MAX, &number) ? number : 0;
}

/*
 * The cluster.
 */

/* Where the server does not say it, the options or the data directory do. */
static enum status find_system_id(struct dump_server *server, struct postgres *postgres,
				  const struct dump_settings *settings, const struct call *call, struct error *err)
{
	struct data_directory directory;
	uint64_t expected;
	struct error ignored = {0};
	enum status st = server_identity_read(postgres, call, &server->system_id, err);
	if (st == STATUS_USAGE &&
	    cluster_id_find(&settings->cluster, NULL, &directory, &expected, &ignored) == STATUS_OK && expected != 0) {
		server->system_id = expected;
		return STATUS_OK;
	}
	/* Of the hint the option alone counts: walship may run in the data directory of another cluster. */
	if (st || settings->cluster.system_id == 0 || settings->cluster.system_id == server->system_id)
		return st;
	(void)error_set(err, STATUS_CONFLICT, "the server belongs to cluster %" PRIu64 ", not to cluster %" PRIu64,
			server->system_id, settings->cluster.system_id);
	return error_hint(err, STATUS_CONFLICT,
			  "pg-conninfo or PGHOST names another server than pg-data or system-id does");
}

static enum status read_facts(struct dump_server *server, struct postgres *postgres, const struct call *call,
			      struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = postgres_query_rows(postgres, call, FACTS, 3, &rows, err);
	if (st)
		return st;
	const char *database = postgres_text(&rows, 0, 1);
	server->version = number_of(&rows);
	server->reads_passwords = is_true(&rows, 0, 2);
	server->own_database = strdup(database == NULL ? "postgres" : database);
	return server->own_database == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

/*
 * The databases.
 */

static enum status add(struct dump_server *server, const char *name, struct error *err)
{
	char **grown = array_grow(server->databases, server->count, &server->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	server->databases = grown;
	grown[server->count] = strdup(name);
	return grown[server->count++] == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

static enum status choose_all(struct dump_server *server, const struct postgres_rows *rows, const struct call *call,
			      struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < rows->count; i++) {
		const char *name = postgres_text(rows, i, 0);
		if (name == NULL || !is_true(rows, i, 1))
			continue;
		if (is_true(rows, i, 2))
			st = add(server, name, err);
		else
			log_line(call->log, LEVEL_WARNING,
				 "database '%s' is not in the dump: the role may not connect to it", name);
	}
	if (!st && server->count == 0)
		st = error_set(err, STATUS_USAGE, "the role may connect to no database");
	return st;
}

static enum status choose(struct dump_server *server, const struct postgres_rows *rows, const char *name,
			  struct error *err)
{
	for (size_t i = 0; i < server->count; i++)
		if (strcmp(server->databases[i], name) == 0)
			return error_set(err, STATUS_USAGE, "database '%s' is named twice", name);
	for (size_t i = 0; i < rows->count; i++) {
		const char *found = postgres_text(rows, i, 0);
		if (found == NULL || strcmp(found, name) != 0)
			continue;
		if (!is_true(rows, i, 1))
			return error_set(err, STATUS_USAGE, "database '%s' allows no connections", name);
		if (is_true(rows, i, 2))
			return add(server, name, err);
		(void)error_set(err, STATUS_USAGE, "the role may not connect to database '%s'", name);
		return error_hint(err, STATUS_USAGE, "grant connect on database ... to the role");
	}
	(void)error_set(err, STATUS_USAGE, "the server has no database '%s'", name);
	return error_hint(err, STATUS_USAGE, "psql -l lists the databases; names are case-sensitive here");
}

static enum status choose_databases(struct dump_server *server, struct postgres *postgres,
				    const struct dump_settings *settings, const struct call *call, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = postgres_query(postgres, call, DATABASES, &rows, err);
	if (!st && settings->databases[0] == NULL)
		return choose_all(server, &rows, call, err);
	for (const char *const *name = settings->databases; !st && *name != NULL; name++)
		st = choose(server, &rows, *name, err);
	return st;
}

enum status dump_server_look(struct dump_server *out, const struct dump_settings *settings, const struct call *call,
			     struct error *err)
{
	CLEANUP(postgres_freep) struct postgres *postgres = NULL;
	const struct call step = call_step(call);
	*out = (struct dump_server){0};
	enum status st = postgres_open(&postgres, &settings->postgres, &step, err);
	if (!st)
		st = read_facts(out, postgres, &step, err);
	if (!st)
		st = find_system_id(out, postgres, settings, &step, err);
	return st ? st : choose_databases(out, postgres, settings, &step, err);
}

void dump_server_fini(struct dump_server *server)
{
	for (size_t i = 0; i < server->count; i++)
		free(server->databases[i]);
	free(server->databases);
	free(server->own_database);
	*server = (struct dump_server){0};
}

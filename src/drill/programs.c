/* Where the server's programs are, and how the drill's server is reached. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drill/server.h"
#include "pg/server/postgres.h"
#include "pg/server/programs.h"

enum status server_find_programs(char out[SERVER_BINDIR_MAX], const char *given, unsigned major,
				 const struct call *call, const char *const *environment, struct error *err)
{
	struct programs found;
	const struct programs_search search = {
	    .bindir = given, .program = "postgres", .environment = environment, .least = major, .most = major};
	if (programs_find(&found, &search, call)) {
		(void)memcpy(out, found.directory, sizeof found.directory);
		return STATUS_OK;
	}
	if (found.others[0] != '\0')
		(void)error_set(err, STATUS_LOCAL, "the programs of PostgreSQL %u are not found, only %s", major,
				found.others);
	else
		(void)error_set(err, STATUS_LOCAL, "the programs of PostgreSQL %u are not found%s%s", major,
				given == NULL ? "" : " in ", given == NULL ? "" : given);
	return error_hint(err, STATUS_LOCAL,
			  "install the server (Debian: postgresql-%u), or set pg-bindir to the directory with "
			  "postgres",
			  major);
}

/* No variable leads elsewhere: see tool_environment_forget. */
static enum status connect_as(struct postgres **out, const struct drill_server *server, const char *user,
			      const char *database, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer conninfo = {0};
	enum status st = postgres_conninfo_add(&conninfo, "host", server->workspace->sockets, err);
	if (!st)
		st = postgres_conninfo_add(&conninfo, "port", SERVER_PORT, err);
	if (!st)
		st = postgres_conninfo_add(&conninfo, "sslmode", "disable", err);
	if (!st)
		st = postgres_conninfo_add(&conninfo, "user", user, err);
	if (!st)
		st = postgres_conninfo_add(&conninfo, "dbname", database, err);
	const struct postgres_settings settings = {.conninfo = buffer_text(&conninfo),
						   .environment = server->environment};
	return st ? st : postgres_open(out, &settings, server->call, err);
}

/* It answers in the private socket, and still: nothing is written to a server with another directory. */
static enum status prove(struct postgres *postgres, const struct drill_server *server, struct error *err)
{
	struct postgres_rows rows = {0};
	enum status st = postgres_query_rows(
	    postgres, server->call,
	    "select current_setting('data_directory'), (select rolsuper from pg_roles where rolname = current_user)", 2,
	    &rows, err);
	if (!st && strcmp(postgres_text(&rows, 0, 0), server->workspace->data) != 0)
		st = error_set(err, STATUS_CONFLICT, "the server that answers is that of %s",
			       postgres_text(&rows, 0, 0));
	else if (!st && strcmp(postgres_text(&rows, 0, 1), "t") != 0)
		st = error_set(err, STATUS_USAGE, "the role is not a superuser");
	postgres_rows_fini(&rows);
	return st;
}

enum status server_connect(struct postgres **out, struct drill_server *server, const char *database, struct error *err)
{
	const struct passwd *owner = getpwuid(geteuid());
	const char *const users[] = {server->user, "postgres", owner == NULL ? "" : owner->pw_name};
	enum status st = STATUS_UNREACHABLE;
	for (size_t i = 0; st && i < sizeof users / sizeof users[0]; i++) {
		if (users[i][0] == '\0' || (i > 0 && server->user[0] != '\0'))
			continue;
		*err = (struct error){0};
		st = connect_as(out, server, users[i], database, err);
		if (!st)
			st = prove(*out, server, err);
		if (!st && i > 0)
			(void)snprintf(server->user, sizeof server->user, "%s", users[i]);
		if (st)
			postgres_freep(out);
	}
	return st;
}

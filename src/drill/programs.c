/* Where the server's programs are, and how the drill's server is reached. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "drill/server.h"
#include "drill/tool.h"
#include "pg/server/postgres.h"
#include "text/number.h"

#define CONNINFO_MAX (2 * PATH_MAX)

/* The packages of Debian and of the PostgreSQL project for Red Hat. */
static const struct {
	const char *before, *behind; /* the major version */
} places[] = {{"/usr/lib/postgresql/", "/bin"}, {"/usr/pgsql-", "/bin"}, {"/usr/libexec/postgresql", ""}};

static bool has_server(const char *directory)
{
	char path[PATH_MAX];
	return (size_t)snprintf(path, sizeof path, "%s/postgres", directory) < sizeof path && access(path, X_OK) == 0;
}

static bool find_in_path(char out[SERVER_BINDIR_MAX], const char *const *environment)
{
	const char *path = environment_value(environment, "PATH", strlen("PATH"));
	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		if (len > 0 && len < SERVER_BINDIR_MAX) {
			(void)snprintf(out, SERVER_BINDIR_MAX, "%.*s", (int)len, path);
			if (has_server(out))
				return true;
		}
		path += len + (path[len] == ':');
	}
	return false;
}

static bool find(char out[SERVER_BINDIR_MAX], const char *given, unsigned major, const char *const *environment)
{
	if (given != NULL) {
		(void)snprintf(out, SERVER_BINDIR_MAX, "%s", given);
		return has_server(out);
	}
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		(void)snprintf(out, SERVER_BINDIR_MAX, "%s%u%s", places[i].before, major, places[i].behind);
		if (has_server(out))
			return true;
	}
	return find_in_path(out, environment);
}

/* "postgres (PostgreSQL) 15.18 (Debian ...)", "postgres (PostgreSQL) 19devel" */
static enum status check_version(const char *bindir, unsigned major, const struct call *call,
				 const char *const *environment, struct error *err)
{
	static const char before[] = "(PostgreSQL) ";
	CLEANUP(secret_fini) struct secret output = {0};
	const char *const argv[] = {"--version", NULL};
	const struct tool tool = {bindir, "postgres", argv, environment, NULL};
	uint64_t version = 0;
	enum status st = tool_run(&tool, call, &output, err);
	if (st)
		return st;
	const char *at = strstr(output.data == NULL ? "" : output.data, before);
	if (at != NULL)
		at += strlen(before);
	if (at == NULL || !number_take(&at, at + strspn(at, "0123456789"), 10, 1000, &version) || version != major) {
		(void)error_set(err, STATUS_LOCAL, "%s has the programs of PostgreSQL %u, but the backup is of %u",
				bindir, (unsigned)version, major);
		return error_hint(err, STATUS_LOCAL, "set pg-bindir to the directory with postgres of version %u",
				  major);
	}
	return STATUS_OK;
}

enum status server_find_programs(char out[SERVER_BINDIR_MAX], const char *given, unsigned major,
				 const struct call *call, const char *const *environment, struct error *err)
{
	if (!find(out, given, major, environment)) {
		(void)error_set(err, STATUS_LOCAL, "the programs of PostgreSQL %u are not found%s%s", major,
				given == NULL ? "" : " in ", given == NULL ? "" : given);
		return error_hint(err, STATUS_LOCAL,
				  "install the server (Debian: postgresql-%u), or set pg-bindir to the directory with "
				  "postgres",
				  major);
	}
	return check_version(out, major, call, environment, err);
}

/* In quotes, a backslash stands before a quote and a backslash (libpq, "Connection Strings"). */
static void add_value(char out[CONNINFO_MAX], const char *name, const char *value)
{
	size_t len = strlen(out);
	len += (size_t)snprintf(out + len, CONNINFO_MAX - len, " %s='", name);
	for (; *value != '\0' && len < CONNINFO_MAX - 4; value++) {
		if (*value == '\'' || *value == '\\')
			out[len++] = '\\';
		out[len++] = *value;
	}
	(void)snprintf(out + len, CONNINFO_MAX - len, "'");
}

/* Every variable that could lead elsewhere, such as PGHOSTADDR, is overridden. */
static enum status connect_as(struct postgres **out, const struct drill_server *server, const char *user,
			      const char *database, struct error *err)
{
	char conninfo[CONNINFO_MAX] = "port=" SERVER_PORT " hostaddr='' options='' service='' sslmode=disable";
	add_value(conninfo, "host", server->workspace->sockets);
	add_value(conninfo, "user", user);
	add_value(conninfo, "dbname", database);
	const struct postgres_settings settings = {.conninfo = conninfo, .environment = server->environment};
	return postgres_open(out, &settings, server->call, err);
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

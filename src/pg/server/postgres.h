/*
 * A connection to a PostgreSQL server through libpq, which is loaded on demand. libpq fills in settings missing from
 * the connection string from its own sources: PGHOST and related variables, a service file, a password file (PostgreSQL
 * documentation, "libpq - C Library": "Environment Variables", "The Password File").
 */
#ifndef WALSHIP_PG_SERVER_POSTGRES_H
#define WALSHIP_PG_SERVER_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/call.h"
#include "sys/secret.h"
#include "walship/error.h"

#define POSTGRES_CONNECT_S 5        /* for each host, unless the connection string says otherwise */
#define POSTGRES_STATEMENT_MS 10000 /* walship's statements take less than a second on a healthy server */

struct postgres;

/* How to connect. All texts belong to the caller. The zero state leaves everything to libpq. */
struct postgres_settings {
	/* libpq's connection string, keywords (host=/run/postgresql user=monitor) or a URL; NULL or "": none */
	const char *conninfo;
	const char *const *environment;
	/* Files that hold the user's name and the password, stronger than conninfo and environment; NULL: none */
	const char *user_file, *password_file;
	enum secret_files secret_files; /* which modes of these files are accepted */
};

/* What the two files hold; empty without them. */
struct postgres_login {
	struct secret user, password;
};

/* STATUS_USAGE as for secret_read_value. postgres_login_fini whatever happens. */
enum status postgres_login_read(struct postgres_login *out, const struct postgres_settings *settings,
				struct error *err);
void postgres_login_fini(struct postgres_login *login);

/*
 * Connects. STATUS_USAGE when conninfo has a password: a configuration may be shown, and other users can see a command
 * line; or when a file cannot be used. The database is "postgres", which every server has, unless conninfo or a
 * variable in environment names one. STATUS_LOCAL: libpq is not found. STATUS_UNREACHABLE: no server answers, or it
 * refuses the connection.
 */
enum status postgres_open(struct postgres **out, const struct postgres_settings *settings, const struct call *call,
			  struct error *err);

/*
 * Appends a connection string for a program of PostgreSQL that connects as postgres_open does, but to this database
 * (NULL: any): it has neither a password nor the name from user_file, because other users can see a command line.
 */
enum status postgres_program_conninfo(struct buffer *out, const struct postgres_settings *settings,
				      const char *database, struct error *err);

/* Closes; NULL is safe. */
void postgres_free(struct postgres *postgres);
void postgres_freep(struct postgres **postgres);

/* Limits the time of each later statement, instead of POSTGRES_STATEMENT_MS. Errors are those of postgres_query. */
enum status postgres_limit(struct postgres *postgres, const struct call *call, int64_t statement_ms, struct error *err);

struct pg_result; /* libpq's PGresult */

/* The result of a query. The zero state is empty. */
struct postgres_rows {
	struct pg_result *result;
	size_t count;
};

/*
 * Runs one statement. STATUS_USAGE: the role lacks the privilege. STATUS_UNREACHABLE: it failed otherwise, or the
 * statement or the call timed out; the connection may be unusable then. Fills *out on STATUS_OK only.
 */
enum status postgres_query(struct postgres *postgres, const struct call *call, const char *sql,
			   struct postgres_rows *out, struct error *err);

/*
 * Runs a query for which PostgreSQL returns at least one row and this many columns. STATUS_UNREACHABLE also when rows
 * or columns are missing: something else answered for the server.
 */
enum status postgres_query_rows(struct postgres *postgres, const struct call *call, const char *sql, size_t columns,
				struct postgres_rows *out, struct error *err);

/* Returns a value as text; NULL for SQL NULL, and for a row or column that does not exist. Owned by rows. */
const char *postgres_text(const struct postgres_rows *rows, size_t row, size_t column);

/* Leaves the zero state. */
void postgres_rows_fini(struct postgres_rows *rows);

#endif

/*
 * A connection to a PostgreSQL server, by libpq, which is loaded for it. What the connection string leaves out libpq
 * takes from its own sources: PGHOST and its kin, a service file, a password file (PostgreSQL documentation, "libpq -
 * C Library": "Environment Variables", "The Password File").
 */
#ifndef WALSHIP_PG_SERVER_POSTGRES_H
#define WALSHIP_PG_SERVER_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/call.h"
#include "walship/error.h"

#define POSTGRES_CONNECT_S 5        /* for each host, unless the connection string says otherwise */
#define POSTGRES_STATEMENT_MS 10000 /* none of ours takes a second on a server that works */

struct postgres;

/*
 * conninfo is libpq's, as words (host=/run/postgresql user=monitor) or as a URL; NULL or "" leaves all to libpq. One
 * that holds a password is STATUS_USAGE: a configuration may be shown, and a command line can be seen by others. Where
 * nothing names a database it is "postgres", which every server has. environment tells whether a variable names one.
 * STATUS_LOCAL: libpq is not there. STATUS_UNREACHABLE: no server answers, or it refuses.
 */
enum status postgres_open(struct postgres **out, const char *conninfo, const char *const *environment,
			  const struct call *call, struct error *err);

/* Closes; NULL is safe. */
void postgres_free(struct postgres *postgres);
void postgres_freep(struct postgres **postgres);

struct pg_result; /* libpq's */

/* What a query gave. The zero state holds nothing. */
struct postgres_rows {
	struct pg_result *result;
	size_t count;
};

/*
 * One statement. STATUS_USAGE: this role may not do that; STATUS_UNREACHABLE: it failed otherwise, or there was no
 * answer in time, of the statement or of the call; the connection may then be of no more use. Fills *out on STATUS_OK
 * alone.
 */
enum status postgres_query(struct postgres *postgres, const struct call *call, const char *sql,
			   struct postgres_rows *out, struct error *err);

/*
 * A query that PostgreSQL answers with one row or more of so many columns. STATUS_UNREACHABLE also when the answer has
 * none, or fewer: something else speaks for the server.
 */
enum status postgres_ask(struct postgres *postgres, const struct call *call, const char *sql, size_t columns,
			 struct postgres_rows *out, struct error *err);

/* A value as text; NULL for SQL's null, and where there is no such row or column. The rows' own. */
const char *postgres_text(const struct postgres_rows *rows, size_t row, size_t column);

/* Leaves the zero state. */
void postgres_rows_fini(struct postgres_rows *rows);

#endif

#include "pg/server/postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "pg/server/libpq.h"

#define KEYWORDS_MAX 64 /* libpq 17 knows 43 of them */
#define ARGSPLIT_MAX 512
#define DENIED "42501" /* insufficient_privilege (PostgreSQL documentation, "PostgreSQL Error Codes") */

/*
 * Nobody shadows what is asked for, nothing is waited for without end, and what the role or the database has set does
 * not matter: a standby knows no serializable transaction. The level is that of the next transaction, so that the first
 * query comes behind it. Not each version has each of the timeouts.
 */
#define PRELUDE "set search_path = ''; set default_transaction_isolation = 'read committed'; set statement_timeout = "
#define NO_TIMEOUTS                                                                                                    \
	"select set_config(name, '0', false) from pg_settings where name in ('lock_timeout', 'idle_session_timeout')"

struct postgres {
	PGconn *connection;
};

/* libpq's words as one line: the lines that begin with a tab are its advice, and ours is better. */
static void one_line(const char *words, char out[ARGSPLIT_MAX])
{
	size_t len = 0;
	out[0] = '\0';
	while (*words != '\0' && len < ARGSPLIT_MAX) {
		size_t line = strcspn(words, "\n");
		if (line > 0 && words[0] != '\t') {
			int more =
			    snprintf(out + len, ARGSPLIT_MAX - len, "%s%.*s", len == 0 ? "" : "; ", (int)line, words);
			len += more > 0 ? (size_t)more : 0;
		}
		words += line + (words[line] == '\n');
	}
}

/* A list of connection parameters, NULL behind the last. */
struct keywords {
	const char *names[KEYWORDS_MAX + 1];
	const char *values[KEYWORDS_MAX + 1];
	size_t count;
};

static void add(struct keywords *keywords, const char *name, const char *value)
{
	if (keywords->count == KEYWORDS_MAX)
		return;
	keywords->names[keywords->count] = name;
	keywords->values[keywords->count++] = value;
}

static bool is_set(const char *const *environment, const char *name)
{
	const char *value = environment_value(environment, name, strlen(name));
	return value != NULL && value[0] != '\0';
}

/* Of two parameters of one name the later counts: first what is ours, then what was asked for. */
static enum status collect(struct keywords *keywords, const PQconninfoOption *options, const char *const *environment,
			   struct error *err)
{
	bool database = is_set(environment, "PGDATABASE") || is_set(environment, "PGSERVICE");
	for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
		if (option->val == NULL)
			continue;
		/* libpq marks with '*' what must not be shown (PQconninfoOption, dispchar). */
		if (option->dispchar[0] == '*') {
			(void)error_set(err, STATUS_USAGE, "pg-conninfo holds a secret: %s", option->keyword);
			return error_hint(err, STATUS_USAGE,
					  "put it into a password file of mode 0600: ~/.pgpass, PGPASSFILE, or "
					  "passfile=FILE in pg-conninfo");
		}
		database |= strcmp(option->keyword, "dbname") == 0 || strcmp(option->keyword, "service") == 0;
	}
	if (!database)
		add(keywords, "dbname", "postgres");
	for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
		if (option->val != NULL)
			add(keywords, option->keyword, option->val);
	return STATUS_OK;
}

/* libpq's words about a string that it cannot read may quote a password out of it. */
static enum status not_a_string(const char *conninfo, char *words, struct error *err)
{
	char line[ARGSPLIT_MAX];
	one_line(words == NULL ? "out of memory" : words, line);
	if (strcasestr(conninfo, "pass") != NULL || strchr(conninfo, '@') != NULL)
		(void)error_set(err, STATUS_USAGE, "pg-conninfo cannot be read");
	else
		(void)error_set(err, STATUS_USAGE, "pg-conninfo: %s", line);
	libpq.freemem(words);
	return error_hint(err, STATUS_USAGE,
			  "words such as host=/run/postgresql port=5432 user=postgres, or postgresql://user@host/; no "
			  "password");
}

static enum status refused(const PGconn *connection, struct error *err)
{
	char line[ARGSPLIT_MAX];
	one_line(libpq.errorMessage(connection), line);
	(void)error_set(err, STATUS_UNREACHABLE, "%s", line);
	if (libpq.connectionNeedsPassword(connection))
		return error_hint(err, STATUS_UNREACHABLE,
				  "a password file holds it: ~/.pgpass, PGPASSFILE, or passfile=FILE in pg-conninfo, "
				  "mode 0600");
	return error_hint(err, STATUS_UNREACHABLE,
			  "pg-conninfo, or PGHOST, PGPORT and PGUSER, say which server and as whom: is it running, "
			  "does pg_hba.conf let this user in, and is a connection free (max_connections)?");
}

/* A server's notices are no trouble of ours, and libpq would print them. */
static void ignore(void *arg, const char *message)
{
	(void)arg, (void)message;
}

static enum status join(struct postgres **out, const struct keywords *keywords, const struct call *call,
			struct error *err)
{
	char sql[sizeof PRELUDE + 16];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	CLEANUP(postgres_freep) struct postgres *postgres = calloc(1, sizeof *postgres);
	if (postgres != NULL)
		postgres->connection = libpq.connectdbParams(keywords->names, keywords->values, 0);
	if (postgres == NULL || postgres->connection == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	if (libpq.status(postgres->connection) != CONNECTION_OK)
		return refused(postgres->connection, err);
	(void)libpq.setNoticeProcessor(postgres->connection, ignore, NULL);
	(void)snprintf(sql, sizeof sql, PRELUDE "%d", POSTGRES_STATEMENT_MS);
	enum status st = postgres_query(postgres, call, sql, &rows, err);
	postgres_rows_fini(&rows);
	if (!st)
		st = postgres_query(postgres, call, NO_TIMEOUTS, &rows, err);
	if (!st)
		*out = STEAL(postgres);
	return st;
}

enum status postgres_open(struct postgres **out, const char *conninfo, const char *const *environment,
			  const struct call *call, struct error *err)
{
	struct keywords keywords = {0};
	PQconninfoOption *options = NULL;
	char *words = NULL;
	char connect_s[16];
	enum status st = libpq_load(err);
	if (st)
		return st;
	if (conninfo != NULL && conninfo[0] != '\0') {
		options = libpq.conninfoParse(conninfo, &words);
		if (options == NULL)
			return not_a_string(conninfo, words, err);
	}
	(void)snprintf(connect_s, sizeof connect_s, "%d", POSTGRES_CONNECT_S);
	add(&keywords, "connect_timeout", connect_s);
	add(&keywords, "fallback_application_name", "walship");
	add(&keywords, "client_encoding", "UTF8");
	st = collect(&keywords, options, environment, err);
	if (!st)
		st = join(out, &keywords, call, err);
	libpq.conninfoFree(options);
	return st;
}

void postgres_free(struct postgres *postgres)
{
	if (postgres == NULL)
		return;
	if (postgres->connection != NULL)
		libpq.finish(postgres->connection);
	free(postgres);
}

void postgres_freep(struct postgres **postgres)
{
	postgres_free(*postgres);
}

/* Until the answer is there. The server itself ends the statement first; a server that hangs does not. */
static enum status wait_for_answer(struct postgres *postgres, const struct call *call, struct error *err)
{
	int64_t end_ms = clock_monotonic_ms(call->clock) + POSTGRES_STATEMENT_MS + 1000;
	if (end_ms > call->deadline_ms)
		end_ms = call->deadline_ms;
	while (libpq.isBusy(postgres->connection)) {
		struct pollfd socket = {.fd = libpq.socket(postgres->connection), .events = POLLIN};
		int64_t left_ms = end_ms - clock_monotonic_ms(call->clock);
		if (left_ms <= 0)
			return error_hint(err, error_set(err, STATUS_UNREACHABLE, "the server does not answer"),
					  "it hangs, or the network does: look at its log");
		int ready = poll(&socket, 1, left_ms > 1000 ? 1000 : (int)left_ms);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "wait for the server");
		if (ready > 0 && !libpq.consumeInput(postgres->connection))
			return refused(postgres->connection, err);
	}
	return STATUS_OK;
}

static enum status judge(const PGconn *connection, const PGresult *result, struct error *err)
{
	ExecStatusType kind = libpq.resultStatus(result);
	if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK)
		return STATUS_OK;
	const char *code = libpq.resultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char line[ARGSPLIT_MAX];
	one_line(message == NULL ? libpq.errorMessage(connection) : message, line);
	enum status st = code != NULL && strcmp(code, DENIED) == 0 ? STATUS_USAGE : STATUS_UNREACHABLE;
	return error_set(err, st, "the server says: %s", line);
}

enum status postgres_query(struct postgres *postgres, const struct call *call, const char *sql,
			   struct postgres_rows *out, struct error *err)
{
	PGconn *connection = postgres->connection;
	if (!libpq.sendQuery(connection, sql))
		return refused(connection, err);
	enum status st = STATUS_OK;
	PGresult *last = NULL;
	/* Each statement of the string has a result, and the first error is the last of them. */
	for (;;) {
		st = wait_for_answer(postgres, call, err);
		PGresult *next = st ? NULL : libpq.getResult(connection);
		if (next == NULL)
			break;
		libpq.clear(last);
		last = next;
	}
	if (!st)
		st = last == NULL ? refused(connection, err) : judge(connection, last, err);
	if (st) {
		libpq.clear(last);
		return st;
	}
	*out = (struct postgres_rows){last, (size_t)libpq.ntuples(last)};
	return STATUS_OK;
}

enum status postgres_ask(struct postgres *postgres, const struct call *call, const char *sql, size_t columns,
			 struct postgres_rows *out, struct error *err)
{
	enum status st = postgres_query(postgres, call, sql, out, err);
	if (st || (out->count > 0 && (size_t)libpq.nfields(out->result) >= columns))
		return st;
	postgres_rows_fini(out);
	(void)error_set(err, STATUS_UNREACHABLE,
			"the server's answer is not PostgreSQL's: rows or columns are missing");
	return error_hint(err, STATUS_UNREACHABLE,
			  "a pooler or a proxy may answer for it: let pg-conninfo, or PGHOST, name the server itself");
}

const char *postgres_text(const struct postgres_rows *rows, size_t row, size_t column)
{
	if (row >= rows->count || column >= (size_t)libpq.nfields(rows->result) ||
	    libpq.getisnull(rows->result, (int)row, (int)column))
		return NULL;
	return libpq.getvalue(rows->result, (int)row, (int)column);
}

void postgres_rows_fini(struct postgres_rows *rows)
{
	if (rows->result != NULL)
		libpq.clear(rows->result);
	*rows = (struct postgres_rows){0};
}

#include "pg/server/postgres.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "pg/server/postgres_private.h"

#define KEYWORDS_MAX 64 /* libpq 17 has 43 */
#define MESSAGE_MAX 512
#define DENIED "42501" /* insufficient_privilege (PostgreSQL documentation, "PostgreSQL Error Codes") */

/*
 * Protects the session: an empty search_path, so that nobody can shadow functions; a statement timeout; and read
 * committed, because a standby does not support serializable. Settings of the role or the database must not matter. The
 * isolation level applies from the next transaction, so the first query comes after it. NO_TIMEOUTS sets the timeouts
 * that this server version has.
 */
#define PRELUDE "set search_path = ''; set default_transaction_isolation = 'read committed'; set statement_timeout = "
#define NO_TIMEOUTS                                                                                                    \
	"select set_config(name, '0', false) from pg_settings where name in ('lock_timeout', 'idle_session_timeout')"

/* Copies libpq's message as one line. Lines that begin with a tab are libpq's advice; walship has its own hint. */
static void one_line(const char *message, char out[MESSAGE_MAX])
{
	size_t len = 0;
	out[0] = '\0';
	while (*message != '\0' && len < MESSAGE_MAX) {
		size_t line = strcspn(message, "\n");
		if (line > 0 && message[0] != '\t') {
			int more =
			    snprintf(out + len, MESSAGE_MAX - len, "%s%.*s", len == 0 ? "" : "; ", (int)line, message);
			len += more > 0 ? (size_t)more : 0;
		}
		message += line + (message[line] == '\n');
	}
}

/* Connection parameters; NULL ends each array. */
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

/* Of two parameters with the same name the later one wins: defaults first, then the user's values. */
static enum status collect_keywords(struct keywords *keywords, const PQconninfoOption *options,
				    const char *const *environment, struct error *err)
{
	bool database = is_set(environment, "PGDATABASE") || is_set(environment, "PGSERVICE");
	for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
		if (option->val == NULL)
			continue;
		/* libpq marks secrets with '*' (PQconninfoOption, dispchar). */
		if (option->dispchar[0] == '*') {
			(void)error_set(err, STATUS_USAGE, "pg-conninfo contains a secret: %s", option->keyword);
			return error_hint(err, STATUS_USAGE,
					  "put it in a file with mode 0600, which pg-password-file names, or in a "
					  "password file: ~/.pgpass, PGPASSFILE, or passfile=FILE in pg-conninfo");
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

/* libpq's message about an invalid string may quote a password from it. */
static enum status explain_conninfo(const char *conninfo, char *message, struct error *err)
{
	char line[MESSAGE_MAX];
	one_line(message == NULL ? "out of memory" : message, line);
	if (strcasestr(conninfo, "pass") != NULL || strchr(conninfo, '@') != NULL)
		(void)error_set(err, STATUS_USAGE, "pg-conninfo cannot be parsed");
	else
		(void)error_set(err, STATUS_USAGE, "pg-conninfo: %s", line);
	libpq.freemem(message);
	return error_hint(
	    err, STATUS_USAGE,
	    "use host=/run/postgresql port=5432 user=postgres, or postgresql://user@host/, without a password");
}

enum status postgres_connection_error(const PGconn *connection, struct error *err)
{
	char line[MESSAGE_MAX];
	one_line(libpq.errorMessage(connection), line);
	(void)error_set(err, STATUS_UNREACHABLE, "%s", line);
	if (libpq.connectionNeedsPassword(connection))
		return error_hint(err, STATUS_UNREACHABLE,
				  "put the password in a file with mode 0600: pg-password-file names it, or ~/.pgpass, "
				  "PGPASSFILE, or passfile=FILE in pg-conninfo");
	if (libpq.connectionUsedPassword(connection))
		return error_hint(err, STATUS_UNREACHABLE,
				  "the server did not accept this user with this password: check pg-user-file and "
				  "pg-password-file, or user and password file of libpq (~/.pgpass, PGPASSFILE)");
	return error_hint(err, STATUS_UNREACHABLE,
			  "check pg-conninfo or PGHOST, PGPORT and PGUSER; that the server runs, that pg_hba.conf "
			  "admits this user, and that a connection is free (max_connections)");
}

/* Drops the server's notices, which libpq would print. */
static void ignore_notice(void *arg, const char *message)
{
	(void)arg, (void)message;
}

/* Not for a connection for replication, which knows no SQL. */
static enum status prepare_session(struct postgres *postgres, const struct call *call, struct error *err)
{
	char sql[sizeof PRELUDE + 16];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	(void)snprintf(sql, sizeof sql, PRELUDE "%d", POSTGRES_STATEMENT_MS);
	enum status st = postgres_query(postgres, call, sql, &rows, err);
	postgres_rows_fini(&rows);
	return st ? st : postgres_query(postgres, call, NO_TIMEOUTS, &rows, err);
}

static enum status connect_server(struct postgres **out, const struct keywords *keywords, struct error *err)
{
	CLEANUP(postgres_freep) struct postgres *postgres = calloc(1, sizeof *postgres);
	if (postgres != NULL)
		postgres->connection = libpq.connectdbParams(keywords->names, keywords->values, 0);
	if (postgres == NULL || postgres->connection == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	postgres->statement_ms = POSTGRES_STATEMENT_MS;
	if (libpq.status(postgres->connection) != CONNECTION_OK)
		return postgres_connection_error(postgres->connection, err);
	(void)libpq.setNoticeProcessor(postgres->connection, ignore_notice, NULL);
	*out = STEAL(postgres);
	return STATUS_OK;
}

/* NULL without a conninfo. */
static enum status parse_conninfo(PQconninfoOption **out, const struct postgres_settings *settings, struct error *err)
{
	char *message = NULL;
	enum status st = libpq_load(err);
	*out = NULL;
	if (st || settings->conninfo == NULL || settings->conninfo[0] == '\0')
		return st;
	*out = libpq.conninfoParse(settings->conninfo, &message);
	return *out != NULL ? STATUS_OK : explain_conninfo(settings->conninfo, message, err);
}

enum status postgres_login_read(struct postgres_login *out, const struct postgres_settings *settings, struct error *err)
{
	enum status st = STATUS_OK;
	*out = (struct postgres_login){0};
	if (settings->user_file != NULL)
		st = secret_read_value(settings->secret_files, &out->user, "pg-user-file", settings->user_file, err);
	if (!st && settings->password_file != NULL)
		st = secret_read_value(settings->secret_files, &out->password, "pg-password-file",
				       settings->password_file, err);
	return st;
}

void postgres_login_fini(struct postgres_login *login)
{
	secret_fini(&login->user);
	secret_fini(&login->password);
}

enum status postgres_connect(struct postgres **out, const struct postgres_settings *settings, bool replication,
			     struct error *err)
{
	struct keywords keywords = {0};
	CLEANUP(postgres_login_fini) struct postgres_login login = {0};
	PQconninfoOption *options = NULL;
	char connect_s[16];
	enum status st = parse_conninfo(&options, settings, err);
	if (!st)
		st = postgres_login_read(&login, settings, err);
	(void)snprintf(connect_s, sizeof connect_s, "%d", POSTGRES_CONNECT_S);
	add(&keywords, "connect_timeout", connect_s);
	add(&keywords, "fallback_application_name", "walship");
	add(&keywords, "client_encoding", "UTF8");
	if (!st)
		st = collect_keywords(&keywords, options, settings->environment, err);
	if (login.user.len > 0)
		add(&keywords, "user", login.user.data);
	if (login.password.len > 0)
		add(&keywords, "password", login.password.data);
	if (replication)
		add(&keywords, "replication", "true");
	if (!st)
		st = connect_server(out, &keywords, err);
	if (options != NULL)
		libpq.conninfoFree(options);
	return st;
}

/* The quoting is that of "Connection Strings" in PostgreSQL's documentation. */
enum status postgres_conninfo_add(struct buffer *out, const char *name, const char *value, struct error *err)
{
	enum status st = buffer_printf(out, err, "%s%s='", out->len == 0 ? "" : " ", name);
	for (const char *at = value; !st && *at != '\0'; at++)
		st = buffer_printf(out, err, "%s%c", *at == '\'' || *at == '\\' ? "\\" : "", *at);
	return st ? st : buffer_append(out, "'", 1, err);
}

enum status postgres_program_conninfo(struct buffer *out, const struct postgres_settings *settings,
				      const char *database, struct error *err)
{
	struct keywords keywords = {0};
	PQconninfoOption *options = NULL;
	enum status st = parse_conninfo(&options, settings, err);
	if (!st)
		st = collect_keywords(&keywords, options, settings->environment, err);
	for (size_t i = 0; !st && i < keywords.count; i++)
		if (strcmp(keywords.names[i], "dbname") != 0 &&
		    (settings->user_file == NULL || strcmp(keywords.names[i], "user") != 0))
			st = postgres_conninfo_add(out, keywords.names[i], keywords.values[i], err);
	if (!st && database != NULL)
		st = postgres_conninfo_add(out, "dbname", database, err);
	if (options != NULL)
		libpq.conninfoFree(options);
	return st;
}

enum status postgres_open(struct postgres **out, const struct postgres_settings *settings, const struct call *call,
			  struct error *err)
{
	CLEANUP(postgres_freep) struct postgres *postgres = NULL;
	enum status st = postgres_connect(&postgres, settings, false, err);
	if (!st && postgres == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	if (!st)
		st = prepare_session(postgres, call, err);
	if (!st)
		*out = STEAL(postgres);
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

/* Waits for the answer. The server ends a slow statement itself; this timeout covers a server that hangs. */
enum status postgres_wait(struct postgres *postgres, const struct call *call, struct error *err)
{
	int64_t end_ms = clock_monotonic_ms(call->clock) + postgres->statement_ms + 1000;
	if (end_ms > call->deadline_ms)
		end_ms = call->deadline_ms;
	while (libpq.isBusy(postgres->connection)) {
		struct pollfd socket = {.fd = libpq.socket(postgres->connection), .events = POLLIN};
		int64_t left_ms = end_ms - clock_monotonic_ms(call->clock);
		if (left_ms <= 0)
			return error_hint(err, error_set(err, STATUS_UNREACHABLE, "the server does not answer"),
					  "the server or the network hangs: check the server's log");
		int ready = poll(&socket, 1, left_ms > 1000 ? 1000 : (int)left_ms);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "wait for the server");
		if (ready > 0 && !libpq.consumeInput(postgres->connection))
			return postgres_connection_error(postgres->connection, err);
	}
	return STATUS_OK;
}

enum status postgres_check_result(struct postgres *postgres, const PGresult *result, struct error *err)
{
	const PGconn *connection = postgres->connection;
	ExecStatusType kind = libpq.resultStatus(result);
	if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK)
		return STATUS_OK;
	const char *code = libpq.resultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char line[MESSAGE_MAX];
	one_line(message == NULL ? libpq.errorMessage(connection) : message, line);
	enum status st = code != NULL && strcmp(code, DENIED) == 0 ? STATUS_USAGE : STATUS_UNREACHABLE;
	(void)snprintf(postgres->code, sizeof postgres->code, "%s", code == NULL ? "" : code);
	return error_set(err, st, "the server says: %s", line);
}

enum status postgres_query(struct postgres *postgres, const struct call *call, const char *sql,
			   struct postgres_rows *out, struct error *err)
{
	PGconn *connection = postgres->connection;
	if (!libpq.sendQuery(connection, sql))
		return postgres_connection_error(connection, err);
	enum status st = STATUS_OK;
	PGresult *last = NULL;
	/* Each statement of the string has a result; after an error there are no more. */
	for (;;) {
		st = postgres_wait(postgres, call, err);
		PGresult *next = st ? NULL : libpq.getResult(connection);
		if (next == NULL)
			break;
		libpq.clear(last);
		last = next;
	}
	if (!st)
		st = last == NULL ? postgres_connection_error(connection, err)
				  : postgres_check_result(postgres, last, err);
	if (st) {
		libpq.clear(last);
		return st;
	}
	*out = (struct postgres_rows){last, (size_t)libpq.ntuples(last)};
	return STATUS_OK;
}

enum status postgres_query_rows(struct postgres *postgres, const struct call *call, const char *sql, size_t columns,
				struct postgres_rows *out, struct error *err)
{
	enum status st = postgres_query(postgres, call, sql, out, err);
	if (st || (out->count > 0 && (size_t)libpq.nfields(out->result) >= columns))
		return st;
	postgres_rows_fini(out);
	(void)error_set(err, STATUS_UNREACHABLE, "the answer is not from PostgreSQL: rows or columns are missing");
	return error_hint(err, STATUS_UNREACHABLE,
			  "a pooler or proxy may have answered: set pg-conninfo or PGHOST to the server itself");
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

enum status postgres_limit(struct postgres *postgres, const struct call *call, int64_t statement_ms, struct error *err)
{
	char sql[64];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	(void)snprintf(sql, sizeof sql, "set statement_timeout = %" PRId64, statement_ms);
	enum status st = postgres_query(postgres, call, sql, &rows, err);
	if (!st)
		postgres->statement_ms = statement_ms;
	return st;
}

#include "drill/checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "drill/tool.h"
#include "inventory/cluster.h"
#include "pg/server/postgres.h"
#include "sys/processors.h"
#include "text/number.h"

#define OUTPUT_LINES 3 /* of a program that found something */
#define JOBS_MAX 4
#define NUMBER_TEXT 16
#define DATABASE_MAX 256 /* a name has 63 bytes */

/* Where the recovery ended, as the server itself says; all of it stays after the promotion (xlogfuncs.c). */
static const char facts[] =
    "select coalesce((extract(epoch from pg_last_xact_replay_timestamp()) * 1000000)::bigint, 0), "
    "pg_last_wal_replay_lsn(), pg_last_wal_replay_lsn() - '0/0'::pg_lsn, "
    "current_setting('data_checksums')";

static bool take_number(const struct postgres_rows *rows, size_t column, uint64_t *out)
{
	const char *text = postgres_text(rows, 0, column);
	*out = 0;
	return text != NULL && number_parse(text, UINT64_MAX, out);
}

/* A segment that was damaged before it was archived ends a recovery early, and PostgreSQL takes that for success. */
static enum status judge_end(const struct checks *checks, uint64_t lsn, struct error *err)
{
	const struct drill_report *report = checks->report;
	char least[LSN_TEXT_MAX];
	if (!report->to_end || lsn >= report->restored.least_lsn)
		return STATUS_OK;
	lsn_text(report->restored.least_lsn, least);
	return error_set(
	    err, STATUS_DAMAGED,
	    "the recovery ended at %s, but the archived WAL goes beyond %s: a record between them is damaged",
	    report->replayed_lsn, least);
}

static enum status take_facts(const struct checks *checks, struct postgres *postgres, struct error *err)
{
	struct drill_report *report = checks->report;
	struct postgres_rows rows = {0};
	uint64_t newest_us = 0, lsn = 0;
	enum status st = postgres_query_rows(postgres, checks->call, facts, 4, &rows, err);
	if (!st && take_number(&rows, 0, &newest_us))
		report->newest_us = (int64_t)newest_us;
	if (!st) {
		const char *text = postgres_text(&rows, 0, 1);
		(void)snprintf(report->replayed_lsn, sizeof report->replayed_lsn, "%s", text == NULL ? "" : text);
		report->checksums = strcmp(postgres_text(&rows, 0, 3), "on") == 0;
	}
	if (!st && take_number(&rows, 2, &lsn))
		st = judge_end(checks, lsn, err);
	postgres_rows_fini(&rows);
	return st;
}

static enum status open_one(const struct checks *checks, const char *database, struct error *err)
{
	CLEANUP(postgres_freep) struct postgres *postgres = NULL;
	struct postgres_rows rows = {0};
	enum status st = server_connect(&postgres, checks->server, database, err);
	if (!st)
		st = postgres_query_rows(postgres, checks->call, "select count(*) from pg_class", 1, &rows, err);
	postgres_rows_fini(&rows);
	if (st)
		return error_wrap(err, STATUS_DAMAGED, "database %.64s", database);
	checks->report->databases++;
	return STATUS_OK;
}

static enum status open_all(const struct checks *checks, struct error *err)
{
	CLEANUP(postgres_freep) struct postgres *postgres = NULL;
	struct postgres_rows rows = {0};
	enum status st = server_connect(&postgres, checks->server, "template1", err);
	if (!st)
		st = take_facts(checks, postgres, err);
	if (!st)
		st = postgres_query(postgres, checks->call,
				    "select datname from pg_database where datallowconn order by 1", &rows, err);
	for (size_t i = 0; !st && i < rows.count; i++)
		st = open_one(checks, postgres_text(&rows, i, 0), err);
	postgres_rows_fini(&rows);
	return st;
}

void check_open(const struct checks *checks)
{
	struct error err = {0};
	enum status st = open_all(checks, &err);
	checks->report->opened = st == STATUS_OK;
	if (st)
		report_find(checks->report, DRILL_OPEN, st, &err);
}

/* The first lines of the output, behind the error. */
static enum status add_output(const struct secret *output, enum status st, struct error *err)
{
	const struct error without = *err;
	const char *text = output->data == NULL ? "" : output->data;
	size_t len = 0;
	for (int lines = 0; text[len] != '\0' && lines < OUTPUT_LINES; lines++) {
		len += strcspn(text + len, "\n");
		len += text[len] == '\n';
	}
	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len == 0)
		return st;
	(void)error_set(err, st, "%.400s: %.*s", without.text, (int)len, text);
	return error_hint(err, st, "%s", without.hint);
}

/* An interrupted drill is no finding about the data. */
static enum status judge(const struct checks *checks, enum status st, struct error *err)
{
	if (st == STATUS_UNREACHABLE && !call_is_interrupted(checks->call) && call_left_ms(checks->call) > 0)
		return STATUS_DAMAGED;
	if (st == STATUS_UNREACHABLE && !call_is_interrupted(checks->call))
		return error_hint(err, st, "set drill-timeout to a longer time");
	return st == STATUS_USAGE ? STATUS_LOCAL : st;
}

static enum status run(const struct checks *checks, const char *name, const char *const *argv, struct secret *output,
		       struct error *err)
{
	struct tool_environment environment;
	const struct drill_server *server = checks->server;
	enum status st =
	    tool_environment_make(&environment, server->environment, server->workspace->sockets, server->user, err);
	const struct tool tool = {server->bindir, name, argv, environment.items, NULL};
	if (!st)
		st = tool_run(&tool, checks->call, output, err);
	if (st)
		st = add_output(output, judge(checks, st, err), err);
	tool_environment_fini(&environment);
	return st;
}

/* "DATABASE=FILE" or "FILE"; a file's path is absolute. */
static const char *split_sql(const char *value, char database[DATABASE_MAX])
{
	const char *equals = strchr(value, '=');
	(void)strcpy(database, "postgres");
	if (value[0] == '/' || equals == NULL || equals - value >= DATABASE_MAX)
		return value;
	(void)snprintf(database, DATABASE_MAX, "%.*s", (int)(equals - value), value);
	return equals + 1;
}

static enum status run_sql(const struct checks *checks, const char *value, struct error *err)
{
	char database[DATABASE_MAX];
	struct drill_report *report = checks->report;
	struct secret output = {0};
	const char *file = split_sql(value, database);
	const char *const argv[] = {"-X", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", file, NULL};
	enum status st = run(checks, "psql", argv, &output, err);
	if (!st) {
		report->results[report->result_count].file = value;
		report->results[report->result_count].output = strdup(output.data == NULL ? "" : output.data);
		report->result_count++;
	}
	secret_fini(&output);
	return st ? error_wrap(err, st, "drill-sql %s", value) : STATUS_OK;
}

void check_sql(const struct checks *checks)
{
	const struct drill_params *params = checks->params;
	struct error err = {0};
	if (params->sql_count == 0)
		return;
	checks->report->results = calloc(params->sql_count, sizeof *checks->report->results);
	for (size_t i = 0; checks->report->results != NULL && i < params->sql_count; i++) {
		err = (struct error){0};
		enum status st = run_sql(checks, params->sql[i], &err);
		if (st)
			report_find(checks->report, DRILL_SQL, st, &err);
	}
}

void check_amcheck(const struct checks *checks)
{
	char jobs[NUMBER_TEXT];
	struct error err = {0};
	unsigned processors = processors_count();
	CLEANUP(secret_fini) struct secret output = {0};
	const char *const argv[] = {"--all", "--heapallindexed", "--install-missing", "--jobs", jobs, NULL};
	(void)snprintf(jobs, sizeof jobs, "%u", processors < JOBS_MAX ? processors : JOBS_MAX);
	/* PostgreSQL 13 has none. */
	if (!tool_is_there(checks->server->bindir, "pg_amcheck")) {
		checks->report->skipped_amcheck = "pg_amcheck is not installed";
		return;
	}
	enum status st = run(checks, "pg_amcheck", argv, &output, &err);
	if (st)
		report_find(checks->report, DRILL_AMCHECK, st, &err);
}

void check_checksums(const struct checks *checks)
{
	struct error err = {0};
	CLEANUP(secret_fini) struct secret output = {0};
	const char *const argv[] = {"--check", "-D", checks->server->workspace->data, NULL};
	if (!checks->report->checksums)
		return;
	enum status st = run(checks, "pg_checksums", argv, &output, &err);
	if (st)
		report_find(checks->report, DRILL_CHECKSUMS, st, &err);
}

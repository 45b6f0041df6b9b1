/* walship check: the server's own account of its archiving. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "check/archive_command.h"
#include "check/check_server_private.h"
#include "text/number.h"

#define RESTART "and restart the server"

/* archive_library exists from PostgreSQL 15 on; pg_settings has archive_timeout in seconds. */
#define FACTS                                                                                                          \
	"select current_setting('server_version'), pg_is_in_recovery(), (select system_identifier from "               \
	"pg_control_system()), current_setting('archive_mode'), current_setting('archive_command'), "                  \
	"current_setting('archive_library', true), current_setting('wal_level'), (select setting from pg_settings "    \
	"where name = 'archive_timeout'), current_user"

#define UTC_OF(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define ARCHIVED_UTC UTC_OF("last_archived_time")
#define FAILED_UTC UTC_OF("last_failed_time")
#define FAILS "coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)"
#define ARCHIVER                                                                                                       \
	"select archived_count, last_archived_wal, " ARCHIVED_UTC ", failed_count, last_failed_wal, " FAILED_UTC       \
	", " FAILS " from pg_stat_archiver"

/* Whether the user names a server, which must then be found. */
static bool is_wanted(const struct inspection *inspection)
{
	static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE"};
	const struct check_settings *settings = inspection->check->settings;
	bool wanted = settings->wants_server || settings->postgres.conninfo != NULL;
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		wanted |= environment_value(settings->postgres.environment, variables[i], strlen(variables[i])) != NULL;
	return wanted;
}

enum status check_server_open(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	const struct check_settings *settings = inspection->check->settings;
	uint64_t expected = inspection->check->system_id;
	enum status st = postgres_open(&inspection->postgres, &settings->postgres, call, err);
	if (st && !is_wanted(inspection))
		return finding_skip(finding, "no server found (set pg-conninfo or PGHOST): %s", err->text);
	if (!st)
		st = postgres_query_rows(inspection->postgres, call, FACTS, FACT_COUNT, &inspection->facts, err);
	if (st)
		return st;
	uint64_t system_id;
	(void)number_parse(fact(inspection, FACT_SYSTEM_ID), UINT64_MAX, &system_id);
	if (expected != 0 && system_id != expected) {
		(void)error_set(err, STATUS_CONFLICT,
				"the server belongs to cluster %" PRIu64 ", not to cluster %" PRIu64, system_id,
				expected);
		return error_hint(err, STATUS_CONFLICT,
				  "pg-conninfo or PGHOST names another server than pg-data or system-id does");
	}
	finding_say(finding, "PostgreSQL %s, a %s, of cluster %" PRIu64, fact(inspection, FACT_VERSION),
		    is_standby(inspection) ? "standby" : "primary", system_id);
	return STATUS_OK;
}

enum status check_server_archive_mode(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	const char *mode = fact(inspection, FACT_ARCHIVE_MODE);
	(void)call;
	inspection->archives = strcmp(mode, "off") != 0;
	finding_say(finding, "%s", mode);
	if (inspection->archives)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "off: the server archives nothing");
	return error_hint(err, STATUS_USAGE, "set archive_mode = on in postgresql.conf, " RESTART);
}

/* archive_command does not archive into this repository. */
static enum status not_here(struct inspection *inspection, struct error *err, const char *what)
{
	inspection->archives = false;
	(void)error_set(err, STATUS_USAGE, "%s", what);
	return error_hint(
	    err, STATUS_USAGE,
	    "set archive_command = 'walship push %%p' in postgresql.conf, and reload the server; a script "
	    "that calls walship needs walship in its name");
}

enum status check_server_archive_command(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	struct archive_command command;
	const char *text = fact(inspection, FACT_ARCHIVE_COMMAND);
	(void)call;
	if (strcmp(fact(inspection, FACT_ARCHIVE_MODE), "off") == 0)
		return finding_skip(finding, "the server shows it once archive_mode is on");
	if (fact(inspection, FACT_ARCHIVE_LIBRARY)[0] != '\0') {
		inspection->archives = false;
		(void)error_set(err, STATUS_USAGE,
				"archive_library is set, so the server does not call archive_command");
		return error_hint(err, STATUS_USAGE,
				  "set archive_library = '' and archive_command = 'walship push %%p' in "
				  "postgresql.conf, and reload the server");
	}
	if (text[0] == '\0')
		return not_here(inspection, err,
				"archive_command is empty: the server keeps all WAL and archives nothing");
	archive_command_read(&command, text);
	inspection->calls_walship = command.kind != ARCHIVE_COMMAND_FOREIGN;
	if (command.kind == ARCHIVE_COMMAND_FOREIGN)
		return not_here(inspection, err, "archive_command does not call walship");
	if (command.kind == ARCHIVE_COMMAND_WRONG)
		return not_here(inspection, err, command.problem);
	if (command.kind == ARCHIVE_COMMAND_SHELL) {
		finding_say(finding,
			    "a shell command or script that names walship: the last step tells whether it archives");
		return STATUS_OK;
	}
	const struct check_settings *settings = inspection->check->settings;
	enum status st = settings->compare(&command, settings->compare_arg, err);
	finding->optional = st == STATUS_LOCAL;
	inspection->archives &= st == STATUS_OK || finding->optional;
	finding_say(finding, "walship push, to this repository");
	return st;
}

enum status check_server_wal_level(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	const char *level = fact(inspection, FACT_WAL_LEVEL);
	(void)call;
	finding_say(finding, "%s", level);
	if (strcmp(level, "minimal") != 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "minimal: this WAL is not enough to recover a base backup");
	return error_hint(err, STATUS_USAGE,
			  "set wal_level = replica in postgresql.conf, " RESTART ", and take a new base backup");
}

static enum status archive_timeout(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct inspection *inspection = arg;
	uint64_t seconds;
	(void)number_parse(fact(inspection, FACT_ARCHIVE_TIMEOUT), UINT64_MAX, &seconds);
	uint64_t rpo_s = inspection->check->settings->rpo_s;
	(void)call;
	finding_say(finding, "%" PRIu64 " s, within rpo = %" PRIu64 " s", seconds, rpo_s);
	if (seconds > 0 && seconds <= rpo_s)
		return STATUS_OK;
	if (seconds == 0)
		(void)error_set(
		    err, STATUS_USAGE,
		    "0: a server that writes little keeps a segment open for hours, and all of it can be lost");
	else
		(void)error_set(err, STATUS_USAGE,
				"%" PRIu64 " s: more WAL can be lost than rpo = %" PRIu64 " s allows", seconds, rpo_s);
	return error_hint(err, STATUS_USAGE,
			  "set archive_timeout to at most %" PRIu64
			  " in postgresql.conf and reload the server, or set rpo "
			  "to the loss that you accept",
			  rpo_s);
}

enum status archiver_query(const struct inspection *inspection, const struct call *call, struct postgres_rows *out,
			   struct error *err)
{
	return postgres_query_rows(inspection->postgres, call, ARCHIVER, ARCHIVER_FACT_COUNT, out, err);
}

static enum status archiver(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = archiver_query(inspection, call, &rows, err);
	if (st)
		return st;
	const char *last = postgres_text(&rows, 0, ARCHIVED_LAST);
	const char *failed = postgres_text(&rows, 0, FAILED_LAST);
	(void)number_parse(column_text(&rows, FAILED_COUNT), UINT64_MAX, &inspection->failures);
	if (strcmp(column_text(&rows, FAILS_NOW), "t") == 0) {
		(void)error_set(err, STATUS_UNREACHABLE,
				"the archiver fails: %s at %s, failures in all: %" PRIu64 "; %s%s",
				column_text(&rows, FAILED_LAST), column_text(&rows, FAILED_AT), inspection->failures,
				last == NULL ? "nothing was archived so far" : "the last archived file is ",
				last == NULL ? "" : last);
		return error_hint(err, STATUS_UNREACHABLE,
				  inspection->calls_walship ? "see walship's error and hint in the server's log"
							    : "see the errors of archive_command in the server's log");
	}
	if (last == NULL)
		finding_say(finding, "nothing archived yet");
	else
		finding_say(finding, "%s at %s%s%s%s", last, column_text(&rows, ARCHIVED_AT),
			    failed == NULL ? "" : "; last failure ", failed == NULL ? "" : failed,
			    failed == NULL ? ", no failure" : ", recovered since");
	return STATUS_OK;
}

static const struct step {
	const char *what;
	check_fn run;
	bool (*applies)(const struct inspection *inspection, const struct call *call); /* NULL: always */
} steps[] = {
    {"archive_mode", check_server_archive_mode, NULL},
    {"archive_command", check_server_archive_command, NULL},
    {"wal_level", check_server_wal_level, NULL},
    {"archive_timeout", archive_timeout, NULL},
    {"archiver", archiver, NULL},
    {"base backup", check_server_backup, NULL},
    {"stream", check_server_stream, check_stream_applies},
    {"finish a segment", check_segment_finish, NULL},
    {"find it archived", check_segment_find, NULL},
};

enum status check_server(struct checklist *list, const struct check_server *check, struct error *err)
{
	struct inspection inspection = {.list = list, .check = check};
	bool passed;
	enum status st = checklist_run(list, "server", check_server_open, &inspection, &passed, err);
	size_t count = passed && inspection.postgres != NULL ? sizeof steps / sizeof steps[0] : 0;
	for (size_t i = 0; !st && i < count; i++) {
		const struct call call = call_step(list->console->call);
		if (steps[i].applies == NULL || steps[i].applies(&inspection, &call))
			st = checklist_run(list, steps[i].what, steps[i].run, &inspection, NULL, err);
	}
	postgres_rows_fini(&inspection.facts);
	postgres_free(inspection.postgres);
	return st;
}

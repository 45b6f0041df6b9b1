/* Whether the server archives into this repository: what it says, and one segment that is followed until it is there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "command/archive_command.h"
#include "command/check.h"
#include "net/postgres.h"
#include "wal/name.h"

#define TRIES 3          /* the archiver's, before it rests for a minute (NUM_ARCHIVE_RETRIES in pgarch.c) */
#define NAP_FIRST_MS 100 /* an archived segment takes about this */
#define NAP_MOST_MS 2000 /* each look is a request to the store */
#define LOST_MS 5000     /* a server that is stopped archives what it can before it ends */
#define RESTART "and restart the server"

/* What the steps hand on. Texts are facts' own. */
struct inspection {
	struct checklist *list;
	const struct check_server *check;
	struct postgres *postgres;
	struct postgres_rows facts;
	bool archives; /* nothing so far keeps a segment from the repository */
	struct wal_name segment;
	char object[WAL_OBJECT_NAME_MAX];
	int64_t switched_ms;
	uint64_t failures; /* of the archiver, before the switch */
};

/* The columns of FACTS. */
enum fact {
	FACT_VERSION,
	FACT_STANDBY,
	FACT_SYSTEM_ID,
	FACT_ARCHIVE_MODE,
	FACT_ARCHIVE_COMMAND,
	FACT_ARCHIVE_LIBRARY,
	FACT_WAL_LEVEL,
	FACT_ARCHIVE_TIMEOUT,
	FACT_ROLE,
};

/* archive_library is there from 15 on; pg_settings has archive_timeout in seconds. */
#define FACTS                                                                                                          \
	"select current_setting('server_version'), pg_is_in_recovery(), (select system_identifier from "               \
	"pg_control_system()), current_setting('archive_mode'), current_setting('archive_command'), "                  \
	"current_setting('archive_library', true), current_setting('wal_level'), (select setting from pg_settings "    \
	"where name = 'archive_timeout'), current_user"

#define UTC_OF(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define ARCHIVER                                                                                                       \
	"select archived_count, last_archived_wal, " UTC_OF(                                                           \
	    "last_archived_time") ", failed_count, last_failed_wal, " UTC_OF("last_failed_time") ", "                  \
												 "coalesce(last_"      \
												 "failed_time > "      \
												 "coalesce(last_"      \
												 "archived_time, "     \
												 "'-infinity'), "      \
												 "false) from "        \
												 "pg_stat_archiver"

enum archiver_fact {
	ARCHIVED_COUNT,
	ARCHIVED_LAST,
	ARCHIVED_AT,
	FAILED_COUNT,
	FAILED_LAST,
	FAILED_AT,
	FAILS_NOW,
};

static const char *fact(const struct inspection *inspection, enum fact column)
{
	const char *text = postgres_text(&inspection->facts, 0, column);
	return text == NULL ? "" : text;
}

static bool is_standby(const struct inspection *inspection)
{
	return strcmp(fact(inspection, FACT_STANDBY), "t") == 0;
}

/* Whether somebody said that there is a server: then it must be found. */
static bool is_wanted(const struct inspection *inspection)
{
	static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE"};
	const struct command_context *context = inspection->list->context;
	bool wanted = inspection->check->wanted || config_text(context->config, OPTION_ID_PG_CONNINFO) != NULL;
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		wanted |= environment_value(context->environment, variables[i], strlen(variables[i])) != NULL;
	return wanted;
}

static enum status server(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	const struct command_context *context = inspection->list->context;
	uint64_t expected = inspection->check->system_id;
	enum status st = postgres_open(&inspection->postgres, config_text(context->config, OPTION_ID_PG_CONNINFO),
				       context->environment, call, err);
	if (st && !is_wanted(inspection))
		return finding_skip(finding, "none at hand (pg-conninfo or PGHOST names one): %s", err->text);
	if (!st)
		st = postgres_query(inspection->postgres, call, FACTS, &inspection->facts, err);
	if (st)
		return st;
	uint64_t system_id = strtoull(fact(inspection, FACT_SYSTEM_ID), NULL, 10);
	if (expected != 0 && system_id != expected) {
		(void)error_set(err, STATUS_CONFLICT, "the server is of cluster %" PRIu64 ", not of %" PRIu64,
				system_id, expected);
		return error_hint(
		    err, STATUS_CONFLICT,
		    "pg-conninfo or PGHOST names another server than the data directory's or system-id's");
	}
	finding_say(finding, "PostgreSQL %s, a %s, of cluster %" PRIu64, fact(inspection, FACT_VERSION),
		    is_standby(inspection) ? "standby" : "primary", system_id);
	return STATUS_OK;
}

static enum status archive_mode(void *arg, const struct call *call, struct finding *finding, struct error *err)
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

/* Wrong: it archives, and not here. */
static enum status not_here(struct inspection *inspection, struct error *err, const char *what)
{
	inspection->archives = false;
	(void)error_set(err, STATUS_USAGE, "%s", what);
	return error_hint(
	    err, STATUS_USAGE,
	    "set archive_command = 'walship push %%p' in postgresql.conf, and reload the server; in a script "
	    "that calls it let the name have walship in it");
}

static enum status archive_command(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	struct archive_command command;
	const char *text = fact(inspection, FACT_ARCHIVE_COMMAND);
	(void)call;
	if (strcmp(fact(inspection, FACT_ARCHIVE_MODE), "off") == 0)
		return finding_skip(finding, "the server shows it once archive_mode is on");
	if (fact(inspection, FACT_ARCHIVE_LIBRARY)[0] != '\0')
		return not_here(inspection, err, "archive_library is set, so the server does not call archive_command");
	if (text[0] == '\0')
		return not_here(inspection, err, "is empty: the server keeps all WAL and archives nothing");
	archive_command_read(&command, text);
	if (command.kind == ARCHIVE_COMMAND_FOREIGN)
		return not_here(inspection, err, "does not call walship");
	if (command.kind == ARCHIVE_COMMAND_WRONG)
		return not_here(inspection, err, command.problem);
	if (command.kind == ARCHIVE_COMMAND_SHELL) {
		finding_say(finding, "a script that has walship in it: the last step tells what it does");
		return STATUS_OK;
	}
	enum status st = archive_command_compare(&command, inspection->list->context->config, err);
	finding->optional = st == STATUS_LOCAL;
	inspection->archives &= st == STATUS_OK || finding->optional;
	finding_say(finding, "walship push, to this repository");
	return st;
}

static enum status wal_level(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	const char *level = fact(inspection, FACT_WAL_LEVEL);
	(void)call;
	finding_say(finding, "%s", level);
	if (strcmp(level, "minimal") != 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "minimal: this WAL cannot bring a backup forward");
	return error_hint(err, STATUS_USAGE,
			  "set wal_level = replica in postgresql.conf, " RESTART ", and take a new base backup");
}

static enum status archive_timeout(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct inspection *inspection = arg;
	uint64_t seconds = strtoull(fact(inspection, FACT_ARCHIVE_TIMEOUT), NULL, 10);
	uint64_t rpo_s = config_number(inspection->list->context->config, OPTION_ID_RPO) / 1000;
	(void)call;
	finding_say(finding, "%" PRIu64 " s, within the wished %" PRIu64 " s", seconds, rpo_s);
	if (seconds > 0 && seconds <= rpo_s)
		return STATUS_OK;
	if (seconds == 0)
		(void)error_set(
		    err, STATUS_USAGE,
		    "0: a server with little to write keeps a segment open for hours, and that is what can be lost");
	else
		(void)error_set(err, STATUS_USAGE, "%" PRIu64 " s: more can be lost than the wished %" PRIu64 " s",
				seconds, rpo_s);
	return error_hint(err, STATUS_USAGE,
			  "set archive_timeout to at most %" PRIu64
			  " in postgresql.conf and reload the server, or wish for "
			  "less with rpo",
			  rpo_s);
}

static enum status archiver(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = postgres_query(inspection->postgres, call, ARCHIVER, &rows, err);
	if (st)
		return st;
	const char *last = postgres_text(&rows, 0, ARCHIVED_LAST);
	const char *failed = postgres_text(&rows, 0, FAILED_LAST);
	inspection->failures = strtoull(postgres_text(&rows, 0, FAILED_COUNT), NULL, 10);
	if (strcmp(postgres_text(&rows, 0, FAILS_NOW), "t") == 0) {
		(void)error_set(err, STATUS_UNREACHABLE, "fails: %s at %s, failures in all: %" PRIu64 "; %s%s", failed,
				postgres_text(&rows, 0, FAILED_AT), inspection->failures,
				last == NULL ? "nothing was archived so far" : "the last that was archived is ",
				last == NULL ? "" : last);
		return error_hint(err, STATUS_UNREACHABLE, "the server's log has walship's own words, and a hint");
	}
	if (last == NULL)
		finding_say(finding, "has archived nothing yet");
	else
		finding_say(finding, "%s at %s%s%s%s", last, postgres_text(&rows, 0, ARCHIVED_AT),
			    failed == NULL ? "" : "; last failure ", failed == NULL ? "" : failed,
			    failed == NULL ? ", no failure" : ", made good since");
	return STATUS_OK;
}

/* An empty segment is not switched: a little is written first. */
static enum status switch_wal(struct inspection *inspection, const struct call *call, struct error *err)
{
	static const char *const statements[] = {
	    "select pg_logical_emit_message(false, 'walship', 'check')",
	    "select pg_walfile_name(pg_switch_wal())",
	};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < sizeof statements / sizeof statements[0]; i++) {
		CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
		st = postgres_query(inspection->postgres, call, statements[i], &rows, err);
		const char *name = postgres_text(&rows, 0, 0);
		if (!st && i == 1)
			st = wal_name_parse(&inspection->segment, name == NULL ? "" : name, err);
	}
	return st;
}

static enum status finish_segment(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	if (is_standby(inspection)) {
		(void)error_set(err, STATUS_USAGE, "a standby cannot: only its primary finishes a segment");
		return error_hint(err, STATUS_USAGE, "run walship check on the primary; here, once it is promoted");
	}
	if (!inspection->archives)
		return finding_skip(finding, "not tried: it would not be archived here, see above");
	if (inspection->check->session == NULL)
		return finding_skip(finding, "not tried: the repository cannot be used, see above");
	enum status st = switch_wal(inspection, call, err);
	if (st == STATUS_USAGE)
		return error_hint(
		    err, st,
		    "as a superuser: GRANT EXECUTE ON FUNCTION pg_switch_wal() TO %s; or connect as another "
		    "role, with pg-conninfo",
		    fact(inspection, FACT_ROLE));
	if (st)
		return st;
	inspection->switched_ms = clock_monotonic_ms(call->clock);
	wal_object_name(inspection->object, strtoull(fact(inspection, FACT_SYSTEM_ID), NULL, 10), &inspection->segment);
	finding_say(finding, "%s is finished", inspection->segment.text);
	return STATUS_OK;
}

/* What the archiver has done since: *archived, when it says that this segment, or one behind it, is; or *fails. */
static enum status ask_archiver(struct inspection *inspection, const struct call *call, bool *archived, bool *fails,
				struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = postgres_query(inspection->postgres, call, ARCHIVER, &rows, err);
	if (st)
		return st;
	const char *last = postgres_text(&rows, 0, ARCHIVED_LAST);
	uint64_t failures = strtoull(postgres_text(&rows, 0, FAILED_COUNT), NULL, 10);
	*archived = last != NULL && strlen(last) == strlen(inspection->segment.text) &&
		    strcmp(last, inspection->segment.text) >= 0;
	*fails = failures >= inspection->failures + TRIES;
	return STATUS_OK;
}

static enum status gave_up(const struct inspection *inspection, bool archived, bool fails, int64_t waited_ms,
			   struct error *err)
{
	const char *name = inspection->segment.text;
	if (archived) {
		(void)error_set(err, STATUS_CONFLICT,
				"the server says that %s is archived, and this repository does not have it", name);
		return error_hint(
		    err, STATUS_CONFLICT,
		    "archive_command archives to somewhere else: give walship check the same configuration");
	}
	if (fails) {
		(void)error_set(err, STATUS_UNREACHABLE, "the archiver has tried %d times and failed", TRIES);
		return error_hint(err, STATUS_UNREACHABLE, "the server's log has walship's own words, and a hint");
	}
	(void)error_set(err, STATUS_UNREACHABLE, "%s is not there after %.1f s", name, (double)waited_ms / 1000);
	return error_hint(
	    err, STATUS_UNREACHABLE,
	    "others may wait before it (walship status): a longer --push-timeout waits longer; else look at the "
	    "server's log");
}

/* What the archiver has begun with may get there even so. */
static enum status lost_server(const struct inspection *inspection, const struct error *lost, struct error *err)
{
	(void)error_set(err, STATUS_UNREACHABLE, "%s is not there, and the server cannot be asked any more: %s",
			inspection->segment.text, lost->text);
	return error_hint(err, STATUS_UNREACHABLE,
			  "it was stopped, it hangs, or it ended this connection: look at its log, and run walship "
			  "check again");
}

/* The archiver is asked before the repository, so that what it has archived must be there. */
static enum status find_segment(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	struct call wait = *call;
	struct error lost = {0};
	int64_t nap_ms = NAP_FIRST_MS;
	uint64_t bytes;
	if (inspection->object[0] == '\0')
		return finding_skip(finding, "no segment was finished for it");
	for (;;) {
		bool archived = false;
		bool fails = false;
		if (lost.text[0] == '\0' && ask_archiver(inspection, call, &archived, &fails, &lost))
			wait.deadline_ms = clock_monotonic_ms(call->clock) + LOST_MS;
		enum status st = check_object(inspection->check->session, call, inspection->object, &bytes, err);
		int64_t waited_ms = clock_monotonic_ms(call->clock) - inspection->switched_ms;
		finding_say(finding, "%s opened, %.1f s after it was finished", inspection->object,
			    (double)waited_ms / 1000);
		/* A directory that nothing of this cluster was ever archived to gives no certain no. */
		if (st != STATUS_MISSING && st != STATUS_UNREACHABLE)
			return st;
		if (archived || fails || call_left_ms(call) <= nap_ms || call_left_ms(&wait) <= nap_ms)
			return lost.text[0] == '\0' ? gave_up(inspection, archived, fails, waited_ms, err)
						    : lost_server(inspection, &lost, err);
		clock_sleep_ms(call->clock, nap_ms);
		nap_ms = 2 * nap_ms < NAP_MOST_MS ? 2 * nap_ms : NAP_MOST_MS;
	}
}

static const struct step {
	const char *what;
	check_fn run;
} steps[] = {
    {"archive_mode", archive_mode},
    {"archive_command", archive_command},
    {"wal_level", wal_level},
    {"archive_timeout", archive_timeout},
    {"archiver", archiver},
    {"finish a segment", finish_segment},
    {"find it archived", find_segment},
};

enum status check_server(struct checklist *list, const struct check_server *check, struct error *err)
{
	struct inspection inspection = {.list = list, .check = check};
	bool passed;
	enum status st = checklist_run(list, "server", server, &inspection, &passed, err);
	if (passed && inspection.postgres != NULL)
		for (size_t i = 0; !st && i < sizeof steps / sizeof steps[0]; i++)
			st = checklist_run(list, steps[i].what, steps[i].run, &inspection, NULL, err);
	postgres_rows_fini(&inspection.facts);
	postgres_free(inspection.postgres);
	return st;
}

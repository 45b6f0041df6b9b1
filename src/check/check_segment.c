/* walship check: finishes a segment, and waits until it is in the repository. */
#include <stdio.h>

#include "base/cleanup.h"
#include "check/check_server_private.h"
#include "text/number.h"

#define TRIES 3          /* of the archiver before it pauses for a minute (NUM_ARCHIVE_RETRIES in pgarch.c) */
#define NAP_FIRST_MS 100 /* about the time to archive a segment */
#define NAP_MOST_MS 2000 /* each look is a request to the store */
#define LOST_MS 5000     /* a server that shuts down still archives its ready segments */

/* pg_switch_wal does nothing in an empty segment, so a message is written first. */
static enum status switch_wal(struct inspection *inspection, const struct call *call, struct error *err)
{
	static const char *const statements[] = {
	    "select pg_logical_emit_message(false, 'walship', 'check')",
	    "select pg_walfile_name(pg_switch_wal())",
	};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < sizeof statements / sizeof statements[0]; i++) {
		CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
		st = postgres_query_rows(inspection->postgres, call, statements[i], 1, &rows, err);
		const char *name = postgres_text(&rows, 0, 0);
		if (!st && i == 1)
			st = wal_name_parse(&inspection->segment, name == NULL ? "" : name, err);
	}
	return st;
}

enum status check_segment_finish(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	if (is_standby(inspection))
		return finding_skip(finding,
				    "a standby cannot: run walship check on the primary, or here after a promotion");
	if (!inspection->archives)
		return finding_skip(finding, "not tried: the server would not archive it here, see above");
	if (inspection->check->repo == NULL)
		return finding_skip(finding, "not tried: the repository is not usable, see above");
	enum status st = switch_wal(inspection, call, err);
	if (st == STATUS_USAGE)
		return error_hint(err, st,
				  "run as a superuser: GRANT EXECUTE ON FUNCTION pg_switch_wal() TO %s; or set "
				  "pg-conninfo to another role",
				  fact(inspection, FACT_ROLE));
	if (st)
		return st;
	inspection->switched_ms = clock_monotonic_ms(call->clock);
	uint64_t system_id;
	(void)number_parse(fact(inspection, FACT_SYSTEM_ID), UINT64_MAX, &system_id);
	wal_object_name(inspection->object, system_id, &inspection->segment);
	finding_say(finding, "%s is finished", inspection->segment.text);
	return STATUS_OK;
}

/*
 * *archived: the server reports this segment or a later one as archived. *fails: the archiver has failed TRIES times
 * since.
 */
static enum status ask_archiver(struct inspection *inspection, const struct call *call, bool *archived, bool *fails,
				struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = archiver_query(inspection, call, &rows, err);
	if (st)
		return st;
	const char *last = postgres_text(&rows, 0, ARCHIVED_LAST);
	uint64_t failures;
	(void)number_parse(column_text(&rows, FAILED_COUNT), UINT64_MAX, &failures);
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
				"the server reports %s as archived, but this repository does not have it", name);
		return error_hint(err, STATUS_CONFLICT,
				  "archive_command uses another repository or archives nothing: give walship check the "
				  "configuration of archive_command");
	}
	if (fails) {
		(void)error_set(err, STATUS_UNREACHABLE, "the archiver tried %d times and failed", TRIES);
		return error_hint(err, STATUS_UNREACHABLE, "see walship's error and hint in the server's log");
	}
	(void)error_set(err, STATUS_UNREACHABLE, "%s is not in the repository after %.1f s", name,
			(double)waited_ms / 1000);
	return error_hint(
	    err, STATUS_UNREACHABLE,
	    "other files may be ahead of it (see walship status): raise --push-timeout to wait longer; else look at "
	    "the "
	    "server's log: exit code 127 (command not found) ends the archiver without a counted failure");
}

/* The archiver may still finish the segment after the server is lost. */
static enum status lost_server(const struct inspection *inspection, const struct error *lost, struct error *err)
{
	(void)error_set(err, STATUS_UNREACHABLE, "%s is not in the repository, and the server no longer answers: %s",
			inspection->segment.text, lost->text);
	return error_hint(err, STATUS_UNREACHABLE,
			  "the server was stopped, hangs, or ended this connection: look at its log, and run walship "
			  "check again");
}

/* Asks the archiver before the repository: a segment reported as archived must then be there. */
enum status check_segment_find(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	struct call wait = *call;
	struct error lost = {0};
	int64_t nap_ms = NAP_FIRST_MS;
	uint64_t bytes;
	if (inspection->object[0] == '\0')
		return finding_skip(finding, "no segment was finished to look for");
	for (;;) {
		bool archived = false;
		bool fails = false;
		if (lost.text[0] == '\0' && ask_archiver(inspection, call, &archived, &fails, &lost))
			wait.deadline_ms = clock_monotonic_ms(call->clock) + LOST_MS;
		enum status st = check_object(inspection->check->repo, call, inspection->object, &bytes, err);
		int64_t waited_ms = clock_monotonic_ms(call->clock) - inspection->switched_ms;
		finding_say(finding, "%s opened, %.1f s after it was finished", inspection->object,
			    (double)waited_ms / 1000);
		/* A directory without any WAL of this cluster answers STATUS_UNREACHABLE, not STATUS_MISSING. */
		if (st != STATUS_MISSING && st != STATUS_UNREACHABLE)
			return st;
		if (archived || fails || call_left_ms(call) <= nap_ms || call_left_ms(&wait) <= nap_ms)
			return lost.text[0] == '\0' ? gave_up(inspection, archived, fails, waited_ms, err)
						    : lost_server(inspection, &lost, err);
		clock_sleep_ms(call->clock, nap_ms);
		nap_ms = 2 * nap_ms < NAP_MOST_MS ? 2 * nap_ms : NAP_MOST_MS;
	}
}

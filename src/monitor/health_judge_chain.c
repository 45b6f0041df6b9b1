/* walship status: the check of the chain of segments, up to the newest, and of the way that recovery takes. */
#include <inttypes.h>
#include <stdio.h>

#include "monitor/health_judge_private.h"

static void say_missing(struct health_check *check, const struct health_archive *archive, const char *restorable)
{
	const struct health_gap *gap = &archive->gaps[0];
	const char *first = gap->first.text;
	if (archive->missing == 1)
		health_say(check, HEALTH_CRITICAL, "%s is missing; with a base backup taken after it, %s", first,
			   restorable);
	else if (gap->segments == 1)
		health_say(check, HEALTH_CRITICAL,
			   "%" PRIu64
			   " segments are missing, the first is %s; with a base backup taken after the last one, %s",
			   archive->missing, first, restorable);
	else
		health_say(check, HEALTH_CRITICAL,
			   "%" PRIu64
			   " segments are missing, the first range is %s to %s; with a base backup taken after the "
			   "last range, %s",
			   archive->missing, first, gap->last.text, restorable);
}

/* Recovery works, but not with PostgreSQL's default. */
static void say_stray(struct health_check *check, const struct health_archive *archive)
{
	char hint[ERROR_HINT_MAX];
	char origin[64] = "which does not descend from this server's";
	if (archive->latest_parent != 0)
		(void)snprintf(origin, sizeof origin, "which left timeline %" PRIu32 " at %" PRIX32 "/%" PRIX32,
			       archive->latest_parent, (uint32_t)(archive->latest_switch_lsn >> 32),
			       (uint32_t)archive->latest_switch_lsn);
	health_say(check, HEALTH_WARNING,
		   "recovery to the latest timeline would follow timeline %" PRIu32 ", %s, and leave out newer WAL",
		   archive->latest, origin);
	(void)snprintf(hint, sizeof hint,
		       "if a copy that was recovered for a trial archived timeline %" PRIu32
		       ", stop its archiving and run walship timeline set-aside %" PRIu32,
		       archive->latest, archive->latest);
	health_advise(check, hint);
}

/* Right for a trial copy, and an accident on the server that continues the cluster. */
static void say_aside(struct health_check *check, const struct health_archive *archive)
{
	char hint[ERROR_HINT_MAX];
	health_say(check, HEALTH_WARNING,
		   "timeline %" PRIu32
		   " is set aside: recovery to the latest timeline leaves out what this server has written since",
		   archive->aside);
	(void)snprintf(hint, sizeof hint,
		       "if this server continues the cluster, run walship timeline restore %" PRIu32
		       "; if it is a copy for a trial, set archive_mode = off",
		       archive->aside);
	health_advise(check, hint);
}

/* fetch exits with 255 when PostgreSQL asks for a history, which it does at the start of a recovery. */
static void say_unreadable(struct health_check *check, const struct health_archive *archive)
{
	health_say(check, HEALTH_CRITICAL, "recovery to the latest timeline stops: %s", archive->latest_trouble.text);
	health_advise(check, "walship verify names every damaged object; restore this one from another copy of the "
			     "repository. If it is the mark of a timeline, and nobody knows who wrote it, remove it");
}

void health_judge_chain(const struct health *health, struct health_check *check)
{
	const struct health_archive *archive = &health->archive;
	char when[UTC_TEXT_SIZE], restorable[UTC_TEXT_SIZE + sizeof "restorable up to "] = "nothing is restorable";
	if (archive->known && archive->newest.text[0] == '\0') {
		health_say(check, HEALTH_OK, "nothing is archived yet");
		return;
	}
	if (!archive->coverage_known) {
		health_say(check, HEALTH_UNKNOWN, "not checked%s%s", archive->trouble.text[0] == '\0' ? "" : ": ",
			   archive->trouble.text);
		return;
	}
	if (archive->restorable_s != 0) {
		utc_text(archive->restorable_s, when);
		(void)snprintf(restorable, sizeof restorable, "restorable up to %s", when);
	}
	if (archive->gap_count == 0 && archive->latest_trouble.text[0] != '\0') {
		say_unreadable(check, archive);
		return;
	}
	if (archive->gap_count == 0 && archive->latest != 0) {
		say_stray(check, archive);
		return;
	}
	if (archive->gap_count == 0 && archive->aside != 0) {
		say_aside(check, archive);
		return;
	}
	if (archive->gap_count == 0) {
		health_say(check, HEALTH_OK, "no gap among the newest %" PRIu64 " objects; %s", archive->objects,
			   restorable);
		return;
	}
	say_missing(check, archive, restorable);
	health_advise(check,
		      "run walship backfill to push the segments that pg_wal still has; else take a new base backup, "
		      "because an older one cannot be recovered past the gap. walship verify lists every gap");
}

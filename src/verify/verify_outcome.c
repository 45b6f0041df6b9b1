#include "verify/verify_outcome.h"

#include <inttypes.h>
#include <stdio.h>

enum status verify_outcome_missing(const struct missing *missing, struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " segment%s missing, in %" PRIu64 " range%s",
			missing->segments, missing->segments == 1 ? " is" : "s are", missing->ranges,
			missing->ranges == 1 ? "" : "s");
	return error_hint(err, STATUS_INCOMPLETE,
			  "walship backfill pushes the segments that pg_wal still has; then make a new base backup: an "
			  "older backup cannot "
			  "be recovered past a gap");
}

/* A missing key and damage have different remedies. */
enum status verify_outcome_unreadable(uint64_t damaged, uint64_t missing_keys, struct error *err)
{
	char also[96] = "";
	if (damaged == 0) {
		(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " object%s a key that is not configured", missing_keys,
				missing_keys == 1 ? " needs" : "s need");
		return error_hint(err, STATUS_DAMAGED,
				  "add it as a further cipher-key-file (or cipher-key-command): walship key list");
	}
	if (missing_keys > 0)
		(void)snprintf(also, sizeof also, "; %" PRIu64 " need%s a key that is not configured", missing_keys,
			       missing_keys == 1 ? "s" : "");
	(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " object%s damaged or unreadable%s", damaged,
			damaged == 1 ? " is" : "s are", also);
	return error_hint(
	    err, STATUS_DAMAGED,
	    missing_keys > 0 ? "add the key (walship key list); for damaged objects look for another copy, "
			       "then make a new base backup"
			     : "move the object aside and run walship backfill if pg_wal still has the file; otherwise "
			       "look for another copy, then make a new base backup");
}

/* The objects themselves may be good. */
enum status verify_outcome_not_opened(uint64_t objects, struct error *err)
{
	(void)error_set(err, STATUS_LOCAL, "walship could not open %" PRIu64 " object%s", objects,
			objects == 1 ? "" : "s");
	return error_hint(err, STATUS_LOCAL,
			  "the lines above name the objects and this machine's errors: correct owner and mode, or "
			  "repair the disk, and run walship verify --read again");
}

enum status verify_outcome_stray(const struct coverage_stray *stray, const struct wal_name *last, struct error *err)
{
	(void)error_set(
	    err, STATUS_INCOMPLETE,
	    "recovery to the latest timeline would follow timeline %" PRIu32 ", which left timeline %" PRIu32
	    " at %" PRIX32 "/%" PRIX32 ", and leave out the newer WAL up to %s",
	    stray->latest, stray->parent, (uint32_t)(stray->switch_lsn >> 32), (uint32_t)stray->switch_lsn, last->text);
	return error_hint(err, STATUS_INCOMPLETE,
			  "if a copy that was recovered for a trial archived timeline %" PRIu32
			  ", stop its archiving and run walship timeline set-aside %" PRIu32,
			  stray->latest, stray->latest);
}

enum status verify_outcome_histories(uint64_t missing, struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " timeline histor%s missing", missing,
			missing == 1 ? "y is" : "ies are");
	return error_hint(err, STATUS_INCOMPLETE,
			  "push each history file from pg_wal of the primary: walship push pg_wal/NAME.history");
}

enum status verify_outcome_minimal(uint64_t ranges, struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " range%s of WAL written with wal_level = minimal", ranges,
			ranges == 1 ? "" : "s");
	return error_hint(err, STATUS_INCOMPLETE,
			  "a base backup from before such a range can only be recovered up to it: make a new base "
			  "backup, unless there is one from after the range");
}

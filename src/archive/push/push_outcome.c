#include "archive/push/push_outcome.h"

#include <string.h>

/* One more failure for the record. False when it cannot be recorded: then nobody is notified either. */
static bool record_failure(const struct notifier *notifier, struct failures *failures)
{
	struct error trouble = {0};
	if (failures_add(notifier->notes, failures, &trouble) == STATUS_OK)
		return true;
	log_line(notifier->call->log, LEVEL_INFO, "could not record the failed push: %s", trouble.text);
	return false;
}

bool push_outcome_note(const struct push_outcome_settings *settings, const struct call *call, enum status st,
		       const struct error *outcome, struct push_notes *notes)
{
	struct wal_name name;
	struct failures failures;
	struct error ignored;
	const struct notifier notifier = {&settings->notify, call, notes};
	/* A manual push of some other file says nothing about archiving. */
	if (wal_name_from_path(&name, settings->path, &ignored) ||
	    !push_notes_find(notes, settings->spool, settings->path))
		return false;
	if (!st)
		push_notes_leave_trace(notes);
	if (st) {
		failures = (struct failures){.last_s = clock_utc_s(call->clock),
					     .exit_code = status_exit_code(st, EXIT_FOR_PUSH),
					     .error = *outcome};
		(void)strcpy(failures.file, name.text);
	}
	if (st ? record_failure(&notifier, &failures) : failures_end(notes, &failures))
		notify_push(&notifier,
			    &(struct event){.failing = st != STATUS_OK,
					    .check = NOTIFIED_PUSHES,
					    .failures = &failures,
					    .system_id = cluster_id_guess(&settings->cluster, settings->path)});
	return true;
}

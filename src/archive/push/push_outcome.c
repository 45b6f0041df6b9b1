#include "archive/push/push_outcome.h"

#include "monitor/notify.h"
#include "pg/data/control.h"

/* Of the cluster; 0 when it is not known. */
static uint64_t find_system_id(const struct command_context *context)
{
	struct data_directory directory;
	struct error ignored;
	const char *given = config_text(context->config, OPTION_ID_PG_DATA);
	if (data_directory_find(&directory, given, context->operands[0], &ignored) == STATUS_OK && directory.known)
		return directory.system_id;
	return config_number(context->config, OPTION_ID_SYSTEM_ID);
}

static void note_failure(struct command_context *context, const struct push_notes *notes, const struct wal_name *name,
			 enum status st, const struct error *outcome)
{
	struct error trouble = {0};
	struct failures failures = {.last_s = clock_utc_s(context->call->clock),
				    .exit_code = status_exit_code(st, EXIT_FOR_PUSH),
				    .error = *outcome};
	struct event event = {.failing = true, .check = NOTIFIED_PUSHES, .failures = &failures};
	(void)strcpy(failures.file, name->text);
	if (failures_add(notes, &failures, &trouble)) {
		log_line(context->call->log, LEVEL_INFO, "that it failed is not noted: %s", trouble.text);
		return;
	}
	event.system_id = find_system_id(context);
	notify_push(context, notes, &event);
}

void push_outcome_note(struct command_context *context, enum status st, const struct error *outcome)
{
	struct push_notes notes;
	struct wal_name name;
	struct failures failures;
	struct error ignored;
	const char *path = context->operands[0];
	/* What somebody tries by hand with another file says nothing of archiving. */
	if (wal_name_from_path(&name, path, &ignored) || !push_notes_find(&notes, context->config, path))
		return;
	if (st)
		note_failure(context, &notes, &name, st, outcome);
	else if (failures_end(&notes, &failures))
		notify_push(context, &notes,
			    &(struct event){
				.check = NOTIFIED_PUSHES, .failures = &failures, .system_id = find_system_id(context)});
}

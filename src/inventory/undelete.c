#include "inventory/undelete.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "console/progress.h"
#include "repo/repository.h"
#include "store/object_name.h"

struct undeletion {
	const struct undelete_params *params;
	struct progress progress;
	uint64_t deleted, replaced;
	uint64_t bytes; /* of the deleted ones */
};

static bool is_of_check(const char *name)
{
	const char *slash = strrchr(name, '/');
	return strncmp(slash == NULL ? name : slash + 1, OBJECT_NAME_OF_CHECK, strlen(OBJECT_NAME_OF_CHECK)) == 0;
}

static enum status show_json(const struct undeletion *undeletion, const struct store_deletion *deletion,
			     struct error *err)
{
	return print_json(undeletion->params->console,
			  json_pack("{s:s, s:o, s:s, s:I, s:o, s:o}", "kind", "object", "object",
				    print_string(deletion->name), "result", deletion->replaced ? "replaced" : "deleted",
				    "bytes", (json_int_t)deletion->bytes, "stored_time",
				    print_time(deletion->modified_s), "deleted_time", print_time(deletion->deleted_s)),
			  err);
}

static enum status show_line(const struct undeletion *undeletion, const struct store_deletion *deletion,
			     struct error *err)
{
	CLEANUP(buffer_fini) struct buffer line = {0};
	char time[UTC_TEXT_SIZE];
	utc_text(deletion->replaced ? deletion->modified_s : deletion->deleted_s, time);
	enum status st =
	    buffer_printf(&line, err, "%s %s %12" PRIu64 " %s", deletion->replaced ? "replaced" : "deleted ", time,
			  deletion->bytes, deletion->name);
	/* A newline in a name does not begin another line. */
	for (size_t i = 0; !st && i < line.len; i++)
		if (line.data[i] == '\n')
			line.data[i] = '?';
	if (!st)
		st = buffer_append(&line, "\n", 1, err);
	return st ? st : print_text(undeletion->params->console, &line, err);
}

static enum status on_deletion(void *arg, const struct store_deletion *deletion, bool *undo, struct error *err)
{
	struct undeletion *undeletion = arg;
	if (is_of_check(deletion->name))
		return STATUS_OK;
	undeletion->deleted += !deletion->replaced;
	undeletion->replaced += deletion->replaced;
	undeletion->bytes += deletion->replaced ? 0 : deletion->bytes;
	if (progress_is_due(&undeletion->progress))
		progress_show(&undeletion->progress, "%" PRIu64 " deleted objects", undeletion->deleted);
	*undo = !undeletion->params->dry_run;
	return undeletion->params->json ? show_json(undeletion, deletion, err) : show_line(undeletion, deletion, err);
}

static enum status show_totals(const struct undeletion *undeletion, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer line = {0};
	const struct undelete_params *params = undeletion->params;
	if (params->json)
		return print_json(params->console,
				  json_pack("{s:s, s:b, s:I, s:I, s:I}", "kind", "total", "dry_run", params->dry_run,
					    "deleted_objects", (json_int_t)undeletion->deleted, "bytes",
					    (json_int_t)undeletion->bytes, "replaced_objects",
					    (json_int_t)undeletion->replaced),
				  err);
	enum status st =
	    buffer_printf(&line, err, "%" PRIu64 " deleted objects, %" PRIu64 " bytes, %s\n", undeletion->deleted,
			  undeletion->bytes, params->dry_run ? "could be brought back" : "are back");
	return st ? st : print_text(params->console, &line, err);
}

static enum status say_replaced(const struct undeletion *undeletion, struct error *err)
{
	if (undeletion->replaced == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_CONFLICT, "objects whose content was replaced since then: %" PRIu64,
			undeletion->replaced);
	return error_hint(err, STATUS_CONFLICT,
			  "walship never replaces an object: find out who did. With --s3-at-time TIME, walship cat, "
			  "fetch and restore "
			  "read the versions of that time");
}

enum status undelete_objects(const struct undelete_params *params, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct undeletion undeletion = {.params = params};
	enum status st = repository_open(&repo, params->settings, params->call, err);
	if (st)
		return st;
	if (!store_can(repo.store, STORE_UNDELETES)) {
		(void)error_set(err, STATUS_USAGE, "this store keeps no versions of deleted objects");
		return error_hint(
		    err, STATUS_USAGE,
		    "only a bucket with versioning does, read by s3-client = native; walship backfill pushes "
		    "what pg_wal still has");
	}
	progress_begin(&undeletion.progress, params->console->out_is_terminal ? 0 : params->console->terminal_fd,
		       params->call->clock);
	st = store_undelete(repo.store, params->call,
			    &(struct store_undeletion){.prefix = params->prefix == NULL ? "" : params->prefix,
						       .before_s = params->before_s,
						       .each = on_deletion,
						       .arg = &undeletion},
			    err);
	progress_clear(&undeletion.progress);
	if (!st)
		st = show_totals(&undeletion, err);
	return st ? st : say_replaced(&undeletion, err);
}

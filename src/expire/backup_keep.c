#include "expire/backup_keep.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"

/* Who opens the object by hand reads when the pin was set. */
static enum status pin(struct chosen *chosen, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX], time[UTC_TEXT_SIZE], content[UTC_TEXT_SIZE + sizeof "kept since \n"];
	const struct call *call = chosen->params->call;
	if (!chosen->backup->complete) {
		(void)error_set(err, STATUS_CONFLICT, "base backup %s is not finished", chosen->backup->label.text);
		return error_hint(err, STATUS_CONFLICT, "only a finished backup can be kept: walship backup list");
	}
	utc_text(clock_utc_s(call->clock), time);
	(void)snprintf(content, sizeof content, "kept since %s\n", time);
	chosen_object(name, chosen, PART_KEEP);
	const struct call step = call_step(call);
	enum status st = object_create(&chosen->repo, &step, name, content, strlen(content), err);
	/* Another call was faster. */
	return st == STATUS_EXISTS ? STATUS_OK : st;
}

static enum status release_pin(struct chosen *chosen, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	const struct call step = call_step(chosen->params->call);
	chosen_object(name, chosen, PART_KEEP);
	return store_remove(chosen->repo.store, &step, name, err);
}

static enum status print(const struct chosen *chosen, bool changed, bool release, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = buffer_printf(
	    &text, err, "base backup %s is %s%s\n", chosen->backup->label.text, changed ? "now " : "already ",
	    release ? "subject to expire and remove" : "kept, with all backups that it needs");
	return st ? st : print_text(chosen->params->console, &text, err);
}

static enum status change(struct chosen *chosen, bool release, struct error *err)
{
	bool changes = chosen->backup->pinned == release;
	enum status st = STATUS_OK;
	if (changes)
		st = release ? release_pin(chosen, err) : pin(chosen, err);
	return st ? st : print(chosen, changes, release, err);
}

enum status backup_keep(const struct chosen_params *params, bool release, struct error *err)
{
	struct chosen chosen;
	enum status st = chosen_open(&chosen, params, err);
	if (!st)
		st = change(&chosen, release, err);
	chosen_fini(&chosen);
	return st;
}

/* walship status: the newest drill. */
#include "base/cleanup.h"
#include "monitor/health.h"

static enum status look(struct health *health, const struct health_settings *settings, const struct call *call,
			struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(drill_names_fini) struct drill_names names = {0};
	CLEANUP(buffer_fini) struct buffer json = {0};
	struct health_drill *out = &health->drill;
	enum status st = repository_open(&repo, settings->repository, call, err);
	if (!st)
		st = drill_names_list(&names, &repo, call, health->system_id, err);
	if (st || names.count == 0)
		return st;
	out->name = names.items[names.count - 1];
	st = drill_record_read(&out->record, &json, &repo, call, &out->name, err);
	out->found = !st;
	return st;
}

void health_look_drill(struct health *health, const struct health_settings *settings, const struct call *call)
{
	health->drill = (struct health_drill){.wanted = settings->looks_at_drills};
	if (health->drill.wanted)
		health->drill.known = look(health, settings, call, &health->drill.trouble) == STATUS_OK;
}

#include "drill/keep.h"

#include "base/cleanup.h"
#include "repo/object.h"

#define NAMES_MAX 60 /* drills that begin in the same second, on several machines */

enum status keep_report(struct drill_report *report, const struct drill_params *params, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(buffer_fini) struct buffer json = {0};
	const struct call step = call_step(params->call);
	enum status st = repository_open(&repo, params->settings, params->call, err);
	for (int i = 0; !st && i < NAMES_MAX; i++) {
		buffer_clear(&json);
		if (!drill_name_make(&report->name, report->system_id, report->begun_s + i))
			return error_set(err, STATUS_LOCAL, "the clock is not set");
		st = report_json(&json, report, err);
		if (!st)
			st = object_create(&repo, &step, report->name.object, json.data, json.len, err);
		if (st != STATUS_EXISTS)
			break;
		st = STATUS_OK;
	}
	if (st)
		report->name = (struct drill_name){0};
	return st ? error_wrap(err, st, "keep the report in the repository") : STATUS_OK;
}

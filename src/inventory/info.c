#include "inventory/info.h"

#include "base/cleanup.h"
#include "console/print.h"
#include "inventory/backup_show.h"
#include "inventory/cluster.h"
#include "inventory/survey.h"

static enum status show(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	const struct info_params *params = arg;
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (params->json)
		return print_json(params->console,
				  cluster_json(coverage, backup_list_json(coverage->system_id, backups)), err);
	enum status st = cluster_show(&text, coverage, err);
	for (size_t i = 0; !st && i < backups->count; i++)
		st = backup_show(&text, &backups->items[i], err);
	return st ? st : print_text(params->console, &text, err);
}

enum status info_show(const struct info_params *params, struct error *err)
{
	struct info_params shown = *params; /* survey.arg is not const */
	struct progress progress;
	struct survey survey = {.settings = params->settings,
				.call = params->call,
				.progress = &progress,
				.system_id = params->system_id,
				.each = show,
				.arg = &shown};
	progress_begin(&progress, params->console->terminal_fd, params->call->clock);
	enum status st = survey_run(&survey, err);
	if (!st && params->system_id != 0 && survey.objects == 0)
		st = survey_nothing(&survey, err);
	return st;
}

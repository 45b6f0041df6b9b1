#include "inventory/dumps.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "inventory/dump_show.h"
#include "repo/cluster_ids.h"

struct showing {
	const struct backups_params *params;
	struct repository repo;
	uint64_t dumps, unreadable;
};

static enum status show_cluster(struct showing *showing, uint64_t system_id, struct error *err)
{
	const struct backups_params *params = showing->params;
	CLEANUP(dump_list_fini) struct dump_list list = {0};
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = dump_list_read(&list, &showing->repo, params->call, system_id, err);
	if (!st && list.count > 0 && !params->json)
		st = buffer_printf(&text, err, "cluster %" PRIu64 "\n", system_id);
	for (size_t i = 0; !st && i < list.count; i++) {
		st = params->json ? print_line(&text, dump_json(system_id, &list.items[i]), err)
				  : dump_show(&text, &list.items[i], err);
		showing->dumps++;
		showing->unreadable += list.items[i].status == STATUS_DAMAGED;
	}
	return st || text.len == 0 ? st : print_text(params->console, &text, err);
}

static enum status conclude(const struct showing *showing, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (showing->unreadable > 0) {
		(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " manifest%s cannot be opened", showing->unreadable,
				showing->unreadable == 1 ? "" : "s");
		return error_hint(err, STATUS_DAMAGED,
				  "the lines above name the dumps: add a missing key as a further cipher-key-file; "
				  "walship key list shows the keys");
	}
	if (showing->dumps > 0 || showing->params->json)
		return STATUS_OK;
	enum status st = buffer_printf(&text, err, "no dumps\n");
	return st ? st : print_text(showing->params->console, &text, err);
}

enum status dumps_show(const struct backups_params *params, struct error *err)
{
	CLEANUP(cluster_ids_fini) struct cluster_ids clusters = {0};
	struct showing showing = {.params = params};
	enum status st = repository_open(&showing.repo, params->settings, params->call, err);
	if (!st && params->system_id != 0)
		st = show_cluster(&showing, params->system_id, err);
	else if (!st)
		st = cluster_ids_list(&clusters, &showing.repo, params->call, err);
	for (size_t i = 0; !st && i < clusters.count; i++)
		st = show_cluster(&showing, clusters.ids[i], err);
	if (!st)
		st = conclude(&showing, err);
	repository_fini(&showing.repo);
	return st;
}

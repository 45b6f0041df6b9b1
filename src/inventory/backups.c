#include "inventory/backups.h"

#include "base/cleanup.h"
#include "inventory/backup_show.h"

static enum status show_cluster(struct cluster_listing *listing, uint64_t system_id, struct error *err)
{
	const struct cluster_listing_params *params = listing->params;
	CLEANUP(backup_list_fini) struct backup_list list = {0};
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = backup_list_read(&list, &listing->repo, params->call, system_id, err);
	if (!st && list.count > 0)
		st = cluster_listing_heading(listing, system_id, &text, err);
	for (size_t i = 0; !st && i < list.count; i++) {
		st = params->json ? print_line(&text, backup_json(system_id, &list.items[i]), err)
				  : backup_show(&text, &list.items[i], err);
		cluster_listing_count(listing, list.items[i].status);
	}
	return st || text.len == 0 ? st : print_text(params->console, &text, err);
}

enum status backups_show(const struct cluster_listing_params *params, struct error *err)
{
	static const struct cluster_listing_kind kind = {show_cluster, "backups", "no base backups"};
	return cluster_listing_manifests(params, &kind, err);
}

#include "inventory/backups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inventory/backup_show.h"
#include "pg/wal/name.h"

struct showing {
	const struct backups_params *params;
	struct repository repo;
	uint64_t *clusters; /* in the order of their names */
	size_t cluster_count, cluster_capacity;
	uint64_t backups, unreadable;
};

static enum status add_cluster(struct showing *showing, uint64_t system_id, struct error *err)
{
	uint64_t *grown =
	    array_grow(showing->clusters, showing->cluster_count, &showing->cluster_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	showing->clusters = grown;
	grown[showing->cluster_count++] = system_id;
	return STATUS_OK;
}

static enum status on_directory(void *arg, const struct object_info *info, struct error *err)
{
	uint64_t system_id;
	const char *end = wal_system_id_read(info->name, &system_id);
	return info->directory && end != NULL && strcmp(end, "/") == 0 ? add_cluster(arg, system_id, err) : STATUS_OK;
}

static enum status find_clusters(struct showing *showing, struct error *err)
{
	const struct backups_params *params = showing->params;
	return params->system_id != 0
		   ? add_cluster(showing, params->system_id, err)
		   : store_list_level(showing->repo.store, params->call, "", on_directory, showing, err);
}

static enum status show_cluster(struct showing *showing, uint64_t system_id, const struct backup_list *list,
				struct error *err)
{
	const struct backups_params *params = showing->params;
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = STATUS_OK;
	if (list->count > 0 && !params->json)
		st = buffer_printf(&text, err, "cluster %" PRIu64 "\n", system_id);
	for (size_t i = 0; !st && i < list->count; i++) {
		st = params->json ? print_line(&text, backup_json(system_id, &list->items[i]), err)
				  : backup_show(&text, &list->items[i], err);
		showing->backups++;
		showing->unreadable += list->items[i].status == STATUS_DAMAGED;
	}
	return st || text.len == 0 ? st : print_text(params->console, &text, err);
}

static enum status show_clusters(struct showing *showing, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < showing->cluster_count; i++) {
		CLEANUP(backup_list_fini) struct backup_list list = {0};
		st = backup_list_read(&list, &showing->repo, showing->params->call, showing->clusters[i], err);
		if (!st)
			st = show_cluster(showing, showing->clusters[i], &list, err);
	}
	return st;
}

static enum status conclude(const struct showing *showing, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (showing->unreadable > 0) {
		(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " manifest%s cannot be opened", showing->unreadable,
				showing->unreadable == 1 ? "" : "s");
		return error_hint(err, STATUS_DAMAGED,
				  "the lines above name the backups: add a missing key as a further cipher-key-file; "
				  "walship key list shows the keys");
	}
	if (showing->backups > 0 || showing->params->json)
		return STATUS_OK;
	enum status st = buffer_printf(&text, err, "no base backups\n");
	return st ? st : print_text(showing->params->console, &text, err);
}

enum status backups_show(const struct backups_params *params, struct error *err)
{
	struct showing showing = {.params = params};
	enum status st = repository_open(&showing.repo, params->settings, params->call, err);
	if (!st)
		st = find_clusters(&showing, err);
	if (!st)
		st = show_clusters(&showing, err);
	if (!st)
		st = conclude(&showing, err);
	free(showing.clusters);
	repository_fini(&showing.repo);
	return st;
}

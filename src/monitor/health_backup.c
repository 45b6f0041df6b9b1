/* walship status: the newest base backups. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "monitor/health.h"

#define LOOKS_MAX 32 /* backups that are looked at; each costs two requests */

static bool is_wanted(const struct health_backup *out, const struct backup_label *label)
{
	return out->newest.text[0] == '\0' || (out->full.text[0] == '\0' && label->type == BACKUP_FULL);
}

static void take_good(struct health_backup *out, const struct listed_backup *backup, int64_t now_s)
{
	const struct manifest *manifest = &backup->manifest;
	if (out->newest.text[0] == '\0') {
		out->newest = backup->label;
		out->newest_s = manifest->ended;
	}
	if (backup->label.type == BACKUP_FULL) {
		out->full = backup->label;
		out->full_s = manifest->ended;
	}
	if (manifest->ended > now_s - HEALTH_GROWTH_S)
		out->recent_bytes += manifest->stored_bytes;
	if (manifest->wrong_pages > 0 && out->wrong_pages == 0) {
		out->wrong_pages = manifest->wrong_pages;
		out->wrong = backup->label;
	}
}

/* Backups come from the newest on. */
static void take(struct health_backup *out, const struct listed_backup *backup, int64_t now_s)
{
	if (backup->label.text[0] == '\0')
		return;
	if (backup->complete && backup->status == STATUS_OK) {
		take_good(out, backup, now_s);
	} else if (backup->complete && out->unreadable.text[0] == '\0') {
		out->unreadable = backup->label;
		(void)snprintf(out->why, sizeof out->why, "%s", backup->error);
	} else if (!backup->complete && out->newest.text[0] == '\0') {
		out->unfinished++;
	}
	out->first_s = backup->label.begun_s;
}

void health_take_backups(struct health_backup *out, const struct backup_list *backups, int64_t now_s)
{
	for (size_t i = backups->count; i > 0; i--)
		if (is_wanted(out, &backups->items[i - 1].label))
			take(out, &backups->items[i - 1], now_s);
}

enum status health_look_backup(struct health *health, const struct repository *repo, const struct call *call,
			       struct error *err)
{
	CLEANUP(backup_list_fini) struct backup_list list = {0};
	struct health_backup *out = &health->backup;
	enum status st = backup_list_labels(&list, repo, call, health->system_id, err);
	int looks = 0;
	for (size_t i = list.count; !st && i > 0 && looks < LOOKS_MAX; i--) {
		struct listed_backup *backup = &list.items[i - 1];
		if (!is_wanted(out, &backup->label))
			continue;
		looks++;
		st = backup_list_look(backup, repo, call, health->system_id, err);
		if (!st)
			take(out, backup, health->now_s);
	}
	out->known = !st;
	return st;
}

/* backup list: the base backups in a repository. */
#ifndef WALSHIP_INVENTORY_BACKUPS_H
#define WALSHIP_INVENTORY_BACKUPS_H

#include "console/console.h"
#include "repo/settings.h"

struct backups_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	uint64_t system_id; /* the only cluster to show; 0: all clusters */
	bool json;
};

/*
 * Prints each backup, by cluster and label, as text or as doc/json.md says. STATUS_DAMAGED at the end when a manifest
 * is damaged or needs a key that is not configured. A repository without backups is STATUS_OK.
 */
enum status backups_show(const struct backups_params *params, struct error *err);

#endif

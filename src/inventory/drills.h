/* drill list: the reports of drills in a repository. */
#ifndef WALSHIP_INVENTORY_DRILLS_H
#define WALSHIP_INVENTORY_DRILLS_H

#include "console/console.h"
#include "repo/settings.h"

struct drills_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	uint64_t system_id; /* the only cluster to show; 0: all clusters */
	bool json;
};

/*
 * Prints each drill, by cluster and time, as text or as its report (doc/json.md). STATUS_DAMAGED at the end when a
 * report cannot be opened. A repository without drills is STATUS_OK.
 */
enum status drills_show(const struct drills_params *params, struct error *err);

#endif

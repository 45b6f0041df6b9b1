/* timeline set-aside, timeline restore: leave a timeline out of recovery to the latest timeline, or let it in again. */
#ifndef WALSHIP_INVENTORY_TIMELINE_H
#define WALSHIP_INVENTORY_TIMELINE_H

#include "console/console.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

struct timeline_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	struct cluster_hint cluster;
	const char *timeline; /* the operand */
	bool aside;           /* false: restore it */
};

/*
 * Creates the mark and prints what follows from it; a timeline that has the wanted state already gets no mark.
 * STATUS_USAGE when the operand is no timeline with a history in the repository, or the cluster is not known.
 * STATUS_CONFLICT when the server in the data directory is on the timeline to set aside, or on a descendant.
 */
enum status timeline_change(const struct timeline_params *params, struct error *err);

#endif

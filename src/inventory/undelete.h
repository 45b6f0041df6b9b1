/* Brings deleted objects back, where the store has kept a version of them. */
#ifndef WALSHIP_INVENTORY_UNDELETE_H
#define WALSHIP_INVENTORY_UNDELETE_H

#include "console/console.h"
#include "repo/settings.h"

struct undelete_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	const char *prefix; /* of the object names; NULL: all objects */
	int64_t before_s;   /* as in struct store_undeletion */
	bool dry_run;       /* change nothing */
	bool json;
};

/*
 * Prints a line for each object and one for the totals; JSON lines follow doc/json.md. The objects that walship check
 * makes and removes stay deleted. STATUS_USAGE when the store keeps no versions. STATUS_CONFLICT when all deletions are
 * undone, but an object was replaced since before_s.
 */
enum status undelete_objects(const struct undelete_params *params, struct error *err);

#endif

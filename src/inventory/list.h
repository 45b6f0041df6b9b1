/* Lists the objects of a repository. */
#ifndef WALSHIP_INVENTORY_LIST_H
#define WALSHIP_INVENTORY_LIST_H

#include "console/console.h"
#include "repo/settings.h"

struct list_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	const char *prefix; /* of the object names to list; NULL: all objects */
	bool json;
};

/*
 * Prints one line for each object, in the store's order, while the listing goes on. JSON lines follow doc/json.md.
 * Memory does not grow with the number of objects.
 */
enum status list_objects(const struct list_params *params, struct error *err);

#endif

/* Lists the keys that a repository needs: reads the header of each object and counts the objects of each key. */
#ifndef WALSHIP_KEYS_KEY_LIST_H
#define WALSHIP_KEYS_KEY_LIST_H

#include "console/console.h"
#include "repo/settings.h"

struct key_list_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	const char *prefix; /* of the object names to count, or a whole system identifier; NULL: all objects */
	bool json;
};

/*
 * Prints each configured key and each key found in a header, as text or as doc/json.md says. Prints each damaged header
 * as soon as it is found. STATUS_DAMAGED when an object needs a key that is not configured, or has a damaged header.
 */
enum status key_list_run(const struct key_list_params *params, struct error *err);

#endif

/*
 * Makes a new key, so that no stored object and no push under way becomes unreadable. The caller does the steps in this
 * order, and puts the key first in the configuration between the last two, where it changes the configuration itself.
 */
#ifndef WALSHIP_KEYS_KEY_ROTATE_H
#define WALSHIP_KEYS_KEY_ROTATE_H

#include <limits.h>

#include "catalog/header_scan.h"
#include "console/console.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

struct key_rotation {
	/* Set by the caller. */
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	struct cluster_hint cluster; /* whose newest object is opened; an unknown cluster: the newest of all objects */
	/* Out. */
	char path[PATH_MAX]; /* of the new key's file: absolute */
	bool made;           /* false: the file was there already */
	char id[2 * KEY_ID_BYTES + 1];
	char newest[HEADER_SCAN_NAME_MAX]; /* the object that the present keys opened; "": the repository is empty */
};

/*
 * Sets path from the operand, a file whose directory must be there. STATUS_USAGE when no key encrypts, or the operand
 * is not a valid file name.
 */
enum status key_rotation_begin(struct key_rotation *rotation, const char *operand, struct error *err);

/*
 * Opens the newest object with the present keys, which proves them, then makes the key file unless it is there. Nothing
 * is made before the proof. STATUS_USAGE when the file holds a key that is configured in another place, or encrypts
 * already.
 */
enum status key_rotation_make(struct key_rotation *rotation, struct error *err);

/*
 * Prints what was done, and the lines that the configuration must have. conf: its path, or NULL. written: it has the
 * lines now.
 */
enum status key_rotation_print(const struct key_rotation *rotation, const char *conf, bool written, struct error *err);

#endif

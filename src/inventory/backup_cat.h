/* cat of an object of a base backup, such as the manifest, or of a drill's report: its verified content on standard
 * output. */
#ifndef WALSHIP_INVENTORY_BACKUP_CAT_H
#define WALSHIP_INVENTORY_BACKUP_CAT_H

#include "console/console.h"
#include "repo/settings.h"

/* Whether the name is that of an object of a base backup, or of the report of a drill. */
bool backup_cat_takes(const char *name);

/*
 * Nothing is written before the whole object is verified. STATUS_MISSING: the object does not exist. STATUS_USAGE: it
 * is a pack, whose frames have an order only by the index.
 */
enum status backup_cat(const struct repository_settings *settings, const struct console *console, const char *name,
		       struct error *err);

#endif

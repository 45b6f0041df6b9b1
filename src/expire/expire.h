/* expire: removes the base backups, the dumps and the WAL that the retention options do not keep. */
#ifndef WALSHIP_EXPIRE_EXPIRE_H
#define WALSHIP_EXPIRE_EXPIRE_H

#include "console/console.h"
#include "expire/dumps.h"
#include "expire/retention.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

struct expire_params {
	const struct repository_settings *settings;
	/* The repository that this one is a copy of: a backup or dump that it still has stays here too. NULL: none. */
	const struct repository_settings *original;
	const struct call *call;
	const struct console *console;
	struct cluster_hint cluster;
	struct retention rules; /* now_s is set here, and below */
	struct dump_rules dumps;
	bool dry_run, json;
};

/*
 * Prints what stays and what goes, and removes it: manifests first, the newest one first, so that no manifest is left
 * whose backup needs a removed one; then the content of these backups and of those that never finished; then dumps, and
 * WAL. What is left is true whenever the removal ends.
 *
 * Objects that the store refuses to remove are counted, and no failure; a backup whose manifest stays keeps its content
 * and its WAL. STATUS_USAGE: no retention option is set. STATUS_DAMAGED, after the removal: a manifest cannot be
 * opened.
 */
enum status expire_run(const struct expire_params *params, struct error *err);

#endif

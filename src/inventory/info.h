/* Shows which WAL the repository holds, by cluster and timeline. */
#ifndef WALSHIP_INVENTORY_INFO_H
#define WALSHIP_INVENTORY_INFO_H

#include "console/console.h"
#include "recovery/target.h"
#include "repo/settings.h"

struct info_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	uint64_t system_id; /* the only cluster to show; 0: all clusters */
	bool json;
	bool commit_times;       /* read the first and last commit times of each window if the notes lack them */
	const char *notes_dir;   /* where verify --read notes the times of commits: as for spool_prepare */
	const struct target *at; /* a time: say instead whether recovery can go there; NULL: no such question */
	bool all_timelines;      /* with at: timelines that are set aside count as the others do */
};

/*
 * Prints each cluster, as text or as doc/json.md says. An empty repository is STATUS_OK; STATUS_INCOMPLETE when it
 * holds nothing of the cluster system_id. With at, STATUS_INCOMPLETE when a cluster cannot be recovered to that time,
 * STATUS_DAMAGED when damaged WAL is the reason.
 */
enum status info_show(const struct info_params *params, struct error *err);

#endif

/* The backup that an operator names by its label, for backup keep and backup remove. */
#ifndef WALSHIP_EXPIRE_CHOSEN_H
#define WALSHIP_EXPIRE_CHOSEN_H

#include "catalog/backup_list.h"
#include "console/console.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

struct chosen_params {
	const struct repository_settings *settings;
	const struct call *call;
	const struct console *console;
	struct cluster_hint cluster;
	const char *label; /* the operand */
};

struct chosen {
	const struct chosen_params *params;
	struct repository repo;
	uint64_t system_id;
	struct backup_list list;            /* of the cluster */
	const struct listed_backup *backup; /* in list */
};

/*
 * Opens the repository and finds the backup. STATUS_USAGE: the text is not a label, the repository has no such backup
 * of the cluster, or the cluster is not known. Call chosen_fini whatever happens.
 */
enum status chosen_open(struct chosen *out, const struct chosen_params *params, struct error *err);
void chosen_fini(struct chosen *chosen);

/* The name of an object of the chosen backup that is not numbered. */
void chosen_object(char out[BACKUP_OBJECT_NAME_MAX], const struct chosen *chosen, enum backup_part part);

#endif

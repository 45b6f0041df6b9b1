/* Looks at the base backups without a manifest: what they need, and when they last stored something. */
#ifndef WALSHIP_EXPIRE_UNFINISHED_H
#define WALSHIP_EXPIRE_UNFINISHED_H

#include "expire/retention.h"

/*
 * *out, an array that the caller frees, has an item for each backup of the list; those of finished backups are zero. An
 * object `begun` that cannot be opened leaves the parent unknown.
 */
enum status unfinished_look(struct unfinished **out, const struct backup_list *list, const struct repository *repo,
			    const struct call *call, uint64_t system_id, struct error *err);

#endif

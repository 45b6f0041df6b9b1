/* backup remove: removes one base backup from the repository. */
#ifndef WALSHIP_EXPIRE_BACKUP_REMOVE_H
#define WALSHIP_EXPIRE_BACKUP_REMOVE_H

#include "expire/chosen.h"

/*
 * Whether the backup may be removed. STATUS_CONFLICT: it is pinned, another backup needs it or may need it, or it is
 * under way. abandoned: no walship is making any unfinished backup of the cluster, however young it is. now_s: UTC.
 */
enum status backup_remove_check(const struct backup_list *list, const struct listed_backup *backup, bool abandoned,
				int64_t now_s, struct error *err);

/*
 * Removes the manifest first, so that what is left is no backup any more, then the content, and "begun" last, so that
 * what is left is found. Objects that the store refuses to remove are counted, and no failure once the manifest is
 * gone. STATUS_UNREACHABLE: the store refuses to remove the manifest; the backup is unchanged.
 */
enum status backup_remove(const struct chosen_params *params, bool abandoned, struct error *err);

#endif

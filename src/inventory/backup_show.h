/* Shows one base backup, for backup list, info and verify. */
#ifndef WALSHIP_INVENTORY_BACKUP_SHOW_H
#define WALSHIP_INVENTORY_BACKUP_SHOW_H

#include "base/buffer.h"
#include "catalog/backup_list.h"
#include "console/print.h"

/* The backup as doc/json.md says. NULL without memory. */
json_t *backup_json(uint64_t system_id, const struct listed_backup *backup);

/* All of them, as an array. NULL without memory. */
json_t *backup_list_json(uint64_t system_id, const struct backup_list *list);

/* Appends one line for people. */
enum status backup_show(struct buffer *out, const struct listed_backup *backup, struct error *err);

#endif

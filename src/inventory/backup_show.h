/* Shows one base backup, for backup list, info and verify. */
#ifndef WALSHIP_INVENTORY_BACKUP_SHOW_H
#define WALSHIP_INVENTORY_BACKUP_SHOW_H

#include "base/buffer.h"
#include "catalog/backup_list.h"
#include "console/print.h"

/* What is known of a restore. The zero state: nothing. */
struct backup_prospect {
	bool judged, restorable;
	const char *reason; /* why not; NULL or "": none */
	uint64_t faults, archived_objects;
	bool reaches; /* the fields below are valid: how far recovery can go */
	uint32_t timeline;
	uint64_t end_lsn;
	int64_t end_stored_s;
};

/* The backup as backup list prints it (doc/json.md). NULL without memory. */
json_t *backup_json(uint64_t system_id, const struct listed_backup *backup);

/* The backup as info and verify print it. NULL without memory. */
json_t *backup_json_of_cluster(uint64_t system_id, const struct listed_backup *backup,
			       const struct backup_prospect *prospect);

/* All of them, as an array, without prospects. NULL without memory. */
json_t *backup_list_json(uint64_t system_id, const struct backup_list *list);

/* Appends one line for people. */
enum status backup_show(struct buffer *out, const struct listed_backup *backup, struct error *err);

#endif

/* The base backups of a cluster, for verify: their verdicts, as text and JSON, and the outcome. */
#ifndef WALSHIP_VERIFY_VERIFY_BACKUPS_H
#define WALSHIP_VERIFY_VERIFY_BACKUPS_H

#include "console/print.h"
#include "verify/backup_verdict.h"

/* Of all clusters. */
struct backup_totals {
	uint64_t damaged, locked, unreadable, incomplete; /* backups by their verdict */
};

/* *out, which the caller frees, has a verdict for each backup of the list. Adds to totals. */
enum status verify_backups_judge(const struct backup_judge *judge, const struct backup_list *list,
				 struct backup_verdict **out, struct backup_totals *totals, struct error *err);

/* An array, as doc/json.md says. NULL without memory. */
json_t *verify_backups_json(uint64_t system_id, const struct backup_list *list, const struct backup_verdict *verdicts);

/* Appends a line for each backup. */
enum status verify_backups_show(struct buffer *out, const struct backup_list *list,
				const struct backup_verdict *verdicts, struct error *err);

/*
 * STATUS_OK when each finished backup can be restored; else STATUS_DAMAGED, STATUS_LOCAL or STATUS_INCOMPLETE.
 */
enum status verify_backups_conclude(const struct backup_totals *totals, struct error *err);

#endif

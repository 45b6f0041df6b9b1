/* verify --read: opens each object that the finished base backups of one cluster need, with several threads. */
#ifndef WALSHIP_VERIFY_READ_BACKUPS_H
#define WALSHIP_VERIFY_READ_BACKUPS_H

#include "catalog/backup_list.h"
#include "console/console.h"
#include "console/progress.h"
#include "verify/backup_parts.h"
#include "verify/verified.h"
#include "verify/verify_read.h"

struct backup_reading {
	const struct call *call;
	const struct console *console;
	bool json;
	const struct repository *repo; /* each thread joins it with a connection of its own */
	size_t threads;                /* at most */
	struct progress *progress;
	uint64_t system_id;
	const struct backup_list *list;
	struct backup_parts *parts; /* sorted, "needed" is set; receives what could not be read */
	/*
	 * Notes which backups were found good: type + 1 stands for the timeline, the beginning in seconds for the
	 * segment. The objects of a backup that was noted are not read.
	 */
	struct verified *notes;
	struct read_totals totals; /* out; remembered counts objects */
};

/*
 * Prints each damaged object when it is found, and at the end the missing keys and the totals. A damaged object is no
 * failure; an outage is.
 */
enum status read_backups(struct backup_reading *reading, struct error *err);

#endif

/* The object `begun` of a base backup: who makes the backup, and what it needs of the repository meanwhile. */
#ifndef WALSHIP_CATALOG_BEGUN_H
#define WALSHIP_CATALOG_BEGUN_H

#include "base/buffer.h"
#include "catalog/label.h"
#include "repo/repository.h"

#define BEGUN_HOST_MAX 256

struct backup_begun {
	struct backup_label label;
	uint64_t system_id;
	struct backup_label parent; /* its text is "" for a full backup */
	uint64_t redo_lsn;          /* of the last checkpoint: the backup needs no WAL before it. 0: not known */
	char host[BEGUN_HOST_MAX];  /* of the process that makes the backup; "": not known */
};

/* Appends the JSON. pid is that of the process that makes the backup. */
enum status backup_begun_write(struct buffer *out, const struct backup_begun *begun, int pid, struct error *err);

/*
 * Reads the object of a backup. STATUS_MISSING: there is none. STATUS_DAMAGED: the object cannot be opened, or belongs
 * to another backup. STATUS_EXISTS: it is in an archive storage class.
 */
enum status backup_begun_read(struct backup_begun *out, const struct repository *repo, const struct call *call,
			      uint64_t system_id, const struct backup_label *label, struct error *err);

#endif

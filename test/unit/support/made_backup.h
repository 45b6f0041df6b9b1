/* Small base backups that are made up: each of their objects is as walship writes it. */
#ifndef TEST_SUPPORT_MADE_BACKUP_H
#define TEST_SUPPORT_MADE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "repo/repository.h"

struct made_backup {
	const char *label;
	const char *needs; /* labels, divided by a space, whose first packs the table refers to; NULL: none */
	uint32_t packs;    /* of its own, each with two frames; 0: 1 */
	uint32_t timeline; /* 0: 1 */
	uint64_t start_lsn, stop_lsn;
	uint64_t wrong_pages;
	bool unfinished; /* without a manifest */
};

/* Fails the test when the repository does. */
void made_backup_put(struct repository *repo, const struct call *call, uint64_t system_id,
		     const struct made_backup *backup);

/* The name of an object of a backup, such as "manifest" or "data/00000001": good until eight calls later. */
const char *made_backup_object(uint64_t system_id, const char *label, const char *part);

#endif

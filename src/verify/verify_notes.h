/* Opens the notes of one cluster that verify reads and writes. */
#ifndef WALSHIP_VERIFY_VERIFY_NOTES_H
#define WALSHIP_VERIFY_VERIFY_NOTES_H

#include "catalog/commit_notes.h"
#include "repo/repository.h"
#include "verify/verified.h"
#include "verify/verify.h"

/*
 * Loads the notes of objects that were found good into *out, which must be zero or hold other notes. subject: as for
 * verified_place. Fails as spool_prepare and verified_open do. Call verified_fini whatever happens.
 */
enum status verify_notes_open(struct verified *out, const struct verify_params *params, const struct repository *repo,
			      uint64_t system_id, const char *subject, struct error *err);

/*
 * Loads the notes of commit times likewise. With params->read, verify writes these notes; without it, notes that cannot
 * be opened count as missing. Call commit_notes_fini whatever happens.
 */
enum status verify_notes_open_commits(struct commit_notes *out, const struct verify_params *params, uint64_t system_id,
				      struct error *err);

#endif

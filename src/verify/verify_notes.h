/* Opens the notes of one cluster that verify reads and writes. */
#ifndef WALSHIP_VERIFY_VERIFY_NOTES_H
#define WALSHIP_VERIFY_VERIFY_NOTES_H

#include "catalog/commit_notes.h"
#include "pg/wal/name.h"
#include "repo/repository.h"
#include "verify/verified.h"
#include "verify/verify.h"

/*
 * Loads the notes of objects that were found good into *out, which must be zero or hold other notes. subject: as for
 * verified_place. Of a repository as it was at a time (s3-at-time) there are none, and none are kept. Fails as
 * spool_prepare and verified_open do. Call verified_fini whatever happens.
 */
enum status verify_notes_open(struct verified *out, const struct verify_params *params, const struct repository *repo,
			      uint64_t system_id, const char *subject, struct error *err);

/*
 * Loads the notes of commit times likewise. With params->read, verify writes these notes; without it, notes that cannot
 * be opened count as missing. Call commit_notes_fini whatever happens.
 */
enum status verify_notes_open_commits(struct commit_notes *out, const struct verify_params *params, uint64_t system_id,
				      struct error *err);

/*
 * Whether nobody needs to read this segment, stored at stored_s: it was found good, and the times of its commits are
 * noted, or have no room.
 */
bool verify_notes_suffice(const struct verified *verified, const struct commit_notes *commits,
			  const struct wal_name *name, uint32_t segment_bytes, int64_t stored_s);

#endif

/* Compares runs of files that are there with the hashes of the backup. */
#ifndef WALSHIP_RESTORE_COMPARE_H
#define WALSHIP_RESTORE_COMPARE_H

#include "catalog/block_hash.h"
#include "restore/target.h"

/*
 * Replaces the hashes of the run by whether each block differs, and sets run->is_same. A run of zeros is made zeros in
 * the file at once, unless the roots are only planned. content has room for FRAME_CONTENT_BYTES. Nothing is done for a
 * run without hashes.
 */
enum status compare_run(struct target *target, const struct block_hash *hash, struct round_run *run, uint8_t *content,
			struct error *err);

#endif

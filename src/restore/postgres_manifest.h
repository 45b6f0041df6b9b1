/*
 * PostgreSQL's own backup_manifest of a restored directory, for pg_verifybackup (PostgreSQL documentation, "Backup
 * Manifest Format"). The sums are those of the files as they are on the disk.
 */
#ifndef WALSHIP_RESTORE_POSTGRES_MANIFEST_H
#define WALSHIP_RESTORE_POSTGRES_MANIFEST_H

#include "pg/data/control_file.h"
#include "restore/roots.h"

/*
 * Writes backup_manifest into the data directory, durably. control is the pg_control to come, which is not there yet.
 * STATUS_LOCAL: a file of the index is missing, or cannot be read.
 */
enum status postgres_manifest_write(const struct roots *roots, const struct tree_restore_settings *settings,
				    const uint8_t control[CONTROL_FILE_BYTES], struct error *err);

#endif

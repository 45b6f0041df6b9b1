/* Tablespaces that the WAL behind a backup creates: a copy beside its original would write into the original's. */
#ifndef WALSHIP_RESTORE_NEW_TABLESPACES_H
#define WALSHIP_RESTORE_NEW_TABLESPACES_H

#include "recovery/choose.h"

/*
 * Reads the segments that the recovery replays. STATUS_CONFLICT: a record creates a tablespace; replay would make it in
 * its original directory (tblspc_redo in tablespace.c), wherever the copy is. STATUS_DAMAGED as wal_scan_segment.
 */
enum status new_tablespaces_refuse(const struct choice *choice, const struct coverage *coverage,
				   const struct repository *repo, const struct call *call, struct error *err);

#endif

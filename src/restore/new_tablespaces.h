/* Tablespaces that recovery creates while it replays WAL: at their recorded places, which may be another server's. */
#ifndef WALSHIP_RESTORE_NEW_TABLESPACES_H
#define WALSHIP_RESTORE_NEW_TABLESPACES_H

#include "restore/restore_private.h"

/*
 * For a copy on the machine of the server that was backed up: reads the WAL up to the target for CREATE TABLESPACE.
 * STATUS_USAGE: the tablespace's directory is there and in use, so that copy and server would write the same files;
 * with force a warning. A directory that is missing, where recovery would stop, is a warning. STATUS_OK, with a
 * warning, also if the WAL cannot be read through.
 *
 * It cannot see WAL that is archived later, which a copy without a target, or a standby, replays too.
 */
enum status new_tablespaces_check(const struct restoration *restoration, struct error *err);

/*
 * For a copy that must share no place with the original: STATUS_CONFLICT if the WAL to replay creates any tablespace
 * outside of the data directory. STATUS_DAMAGED and STATUS_INCOMPLETE if the WAL cannot be read through.
 */
enum status new_tablespaces_refuse(const struct restoration *restoration, struct error *err);

#endif

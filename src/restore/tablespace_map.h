/* The file tablespace_map, from which the server makes the links of tablespaces when it starts from a backup_label. */
#ifndef WALSHIP_RESTORE_TABLESPACE_MAP_H
#define WALSHIP_RESTORE_TABLESPACE_MAP_H

#include "base/buffer.h"
#include "restore/roots.h"

/*
 * Appends the backup's map, each tablespace with its root in the restore: lines of an OID, a blank and a directory, in
 * which '\' stands before a newline, a carriage return or another '\' (read_tablespace_map in xlogrecovery.c).
 * STATUS_DAMAGED when the map is not of such lines.
 */
enum status tablespace_map_make(struct buffer *out, const char *map, const struct roots *roots, struct error *err);

#endif

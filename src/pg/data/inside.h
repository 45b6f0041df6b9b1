/* Where a path lies, seen from the data directory. */
#ifndef WALSHIP_PG_DATA_INSIDE_H
#define WALSHIP_PG_DATA_INSIDE_H

#include <stdbool.h>

/*
 * Whether path is the data directory, or lies in it or in its pg_wal, which may be on another disk. Compares devices
 * and inodes up to the root, so links make no difference. A path that does not exist lies where its nearest existing
 * parent lies. False when the data directory cannot be looked at.
 */
bool data_directory_contains(const char *data_directory, const char *path);

#endif

/* What a base backup leaves out, by name: for pg/data/tree.c. */
#ifndef WALSHIP_PG_DATA_TREE_RULES_H
#define WALSHIP_PG_DATA_TREE_RULES_H

#include <stdbool.h>

#define INCLUDE_DIRECTORY "walship-include" /* files of other places, which a restore has put there */

/* Whether a directory belongs in the backup without its content; path is below the data directory. */
bool tree_is_emptied(const char *path);

/*
 * Whether the entry of this name, in the directory of this path ("" for the data directory itself), is left out
 * whatever else is there. Relations are another matter, since one name may decide on the others: tree.c.
 */
bool tree_is_left_out(const char *directory, const char *name);

/*
 * Whether a path in pg_tblspc is a directory of a tablespace that another version of the server uses: pg_upgrade leaves
 * such directories. version is the name of this server's directory, such as PG_15_202209061.
 */
bool tree_is_foreign_version(const char *path, const char *version);

#endif

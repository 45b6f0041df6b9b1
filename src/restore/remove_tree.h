/* Removes a file, or a directory with its content, and follows no link. */
#ifndef WALSHIP_RESTORE_REMOVE_TREE_H
#define WALSHIP_RESTORE_REMOVE_TREE_H

#include "restore/roots.h"

/*
 * STATUS_LOCAL. The directories of roots stay, with those above them: a tablespace may lie in the data directory.
 */
enum status remove_tree(const struct roots *roots, int directory, const char *name, struct error *err);

#endif

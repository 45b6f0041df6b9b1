/* Makes the directories and the tablespaces' links of a restore. */
#ifndef WALSHIP_RESTORE_DIRECTORY_MAKER_H
#define WALSHIP_RESTORE_DIRECTORY_MAKER_H

#include "catalog/index_line.h"
#include "restore/roots.h"

/*
 * Makes the directory of an index's entry, or the link of a tablespace, or corrects those that are there. there: what
 * the path is now; st_mode 0: nothing. The owner of a directory always gets all rights to it.
 */
enum status directory_make(const struct roots *roots, const struct index_entry *entry, const struct stat *there,
			   struct error *err);

/* Removes global/pg_control, durably: a server cannot start in the data directory any more. */
enum status directory_disable(const struct roots *roots, struct error *err);

#endif

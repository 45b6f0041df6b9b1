/* backup keep: pins a base backup, or releases it. */
#ifndef WALSHIP_EXPIRE_BACKUP_KEEP_H
#define WALSHIP_EXPIRE_BACKUP_KEEP_H

#include "expire/chosen.h"

/*
 * Creates or removes the pin, and prints the result. A backup that has the wanted state already is STATUS_OK.
 * STATUS_CONFLICT: the backup is not finished.
 */
enum status backup_keep(const struct chosen_params *params, bool release, struct error *err);

#endif

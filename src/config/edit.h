/* Changes to walship.conf by walship itself. */
#ifndef WALSHIP_CONFIG_EDIT_H
#define WALSHIP_CONFIG_EDIT_H

#include "config/config.h"

/*
 * Inserts "cipher-key-file = FILE" before the first key in the walship.conf that config was loaded from. A later line
 * that names FILE is removed; everything else, including comments, stays as it is. The new file keeps owner, group and
 * mode, and replaces the old one atomically and durably.
 *
 * STATUS_USAGE: the keys are not from a walship.conf, or FILE is not a valid value there. STATUS_CONFLICT: the keys in
 * the file no longer match config. STATUS_LOCAL: the file cannot be written.
 */
enum status config_put_key_first(const struct config *config, const char *file, struct error *err);

/* Checks in advance, as far as possible, whether config_put_key_first would succeed. Returns the same statuses. */
enum status config_check_put_key_first(const struct config *config, const char *file, struct error *err);

#endif

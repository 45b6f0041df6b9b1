/* walship.conf, changed by walship itself. */
#ifndef WALSHIP_CONFIG_EDIT_H
#define WALSHIP_CONFIG_EDIT_H

#include "config/config.h"

/*
 * Puts "cipher-key-file = FILE" in front of the first key in the walship.conf that config was loaded from; a line that
 * names FILE further down goes, and everything else stays as it is, comments too. The file is replaced by one of the
 * same owner, group and mode, all at once and durably: whoever reads it sees the old one or the new one.
 *
 * STATUS_USAGE: the keys are not from a walship.conf, or FILE cannot be written there. STATUS_CONFLICT: the keys in
 * the file are not those of config any more. STATUS_LOCAL: it cannot be written.
 */
enum status config_put_key_first(const struct config *config, const char *file, struct error *err);

/* Whether config_put_key_first could do that, as far as can be seen beforehand; the statuses are the same. */
enum status config_check_put_key_first(const struct config *config, const char *file, struct error *err);

#endif

/* Where the spool is if nothing says so but TMPDIR. */
#ifndef WALSHIP_COMMAND_OPTIONS_SPOOL_PLACE_H
#define WALSHIP_COMMAND_OPTIONS_SPOOL_PLACE_H

#include "config/config.h"

/* Without the option spool: takes TMPDIR if the default spool cannot be in /var/spool or /tmp (sys/spool.h). */
enum status spool_place_complete(struct config *config, const char *const *environment, struct error *err);

#endif

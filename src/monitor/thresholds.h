/* The options that say from when on walship status warns, and from when on that is critical. */
#ifndef WALSHIP_MONITOR_THRESHOLDS_H
#define WALSHIP_MONITOR_THRESHOLDS_H

#include "config/config.h"

/*
 * STATUS_USAGE when something would be critical before it is warned of, and which option to set. For status and check
 * alone: no push must fail for it.
 */
enum status thresholds_check(const struct config *config, struct error *err);

#endif

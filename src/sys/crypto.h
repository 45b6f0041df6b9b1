/* libcrypto, before its first use. */
#ifndef WALSHIP_SYS_CRYPTO_H
#define WALSHIP_SYS_CRYPTO_H

#include "walship/error.h"

/*
 * Loads libcrypto (sys/dynlib.h: not for two threads at once), and sets up what it otherwise sets up on first use,
 * where it crashes when memory is short (3.0: its global context's locks stay NULL). STATUS_LOCAL when either cannot
 * be. Costs nothing when called again.
 */
enum status crypto_start(struct error *err);

#endif

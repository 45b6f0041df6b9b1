/* Initialization of libcrypto. */
#ifndef WALSHIP_SYS_CRYPTO_H
#define WALSHIP_SYS_CRYPTO_H

#include "walship/error.h"

/*
 * Loads libcrypto and initializes its global context. Without this, the first use initializes the context, and OpenSSL
 * 3.0 crashes there when memory is short (its locks stay NULL). STATUS_LOCAL when either step fails. Further calls are
 * cheap. Any thread may call it.
 */
enum status crypto_start(struct error *err);

/*
 * The same without the texts of libcrypto's errors, which take 0.3 MiB. walship prints none of them, but libcurl does
 * when TLS fails. The first start of a process decides.
 */
enum status crypto_start_without_texts(struct error *err);

#endif

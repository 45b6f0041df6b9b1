/* SHA-256 of bytes that come piece by piece (FIPS 180-4). */
#ifndef WALSHIP_SYS_SHA256_H
#define WALSHIP_SYS_SHA256_H

#include <stddef.h>

#include "walship/error.h"

#define SHA256_TEXT_SIZE 65 /* hexadecimal digits and a 0 byte */

/* The zero state is allowed for sha256_fini. */
struct sha256 {
	void *context;
};

/* STATUS_LOCAL: libcrypto cannot be used. sha256_fini whatever happens. */
enum status sha256_init(struct sha256 *out, struct error *err);
enum status sha256_update(struct sha256 *sha256, const void *data, size_t len, struct error *err);

/* Writes the sum, as sha256sum of coreutils does. No update may follow. */
enum status sha256_text(struct sha256 *sha256, char out[SHA256_TEXT_SIZE], struct error *err);

/* Leaves the zero state. */
void sha256_fini(struct sha256 *sha256);

#endif

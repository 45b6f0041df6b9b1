#include "base/crypto.h"

#include <stddef.h>

#include <openssl/crypto.h>

enum status crypto_start(struct error *err)
{
	return OSSL_LIB_CTX_get0_global_default() == NULL
		   ? error_set(err, STATUS_LOCAL, "libcrypto cannot be set up: out of memory")
		   : STATUS_OK;
}

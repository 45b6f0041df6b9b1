#include "sys/crypto.h"

#include <openssl/opensslv.h>

#include "sys/dynlib.h"
#include "sys/libcrypto.h"

struct libcrypto libcrypto;

static const struct dynlib_symbol symbols[] = {
#define LIBCRYPTO(function) {#function, &libcrypto.function},
#include "sys/libcrypto.def"
#undef LIBCRYPTO
};

static const struct dynlib library = {
    .soname = "libcrypto.so." DYNLIB_TEXT(OPENSSL_SHLIB_VERSION),
    .hint = "install OpenSSL's libraries (Debian: libssl3 or libssl3t64; Red Hat: openssl-libs; Alpine: libcrypto3)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};
DYNLIB_NOTE("libcrypto.so." DYNLIB_TEXT(OPENSSL_SHLIB_VERSION), "cryptography", "required");

static enum status start(uint64_t texts, struct error *err)
{
	enum status st = dynlib_load(&library, err);
	if (st)
		return st;
	return libcrypto.OPENSSL_init_crypto(texts, NULL) != 1 || libcrypto.OSSL_LIB_CTX_get0_global_default() == NULL
		   ? error_set(err, STATUS_LOCAL, "cannot initialize libcrypto: out of memory")
		   : STATUS_OK;
}

enum status crypto_start(struct error *err)
{
	return start(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, err);
}

enum status crypto_start_without_texts(struct error *err)
{
	return start(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, err);
}

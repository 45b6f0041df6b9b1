/* libcrypto's functions under their own names: libcrypto.EVP_sha256(). NULL until crypto_start. */
#ifndef WALSHIP_SYS_LIBCRYPTO_H
#define WALSHIP_SYS_LIBCRYPTO_H

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509_vfy.h>

#include "sys/crypto.h"

/* One typed pointer for each function of the list. */
struct libcrypto {
#define LIBCRYPTO(function) __typeof__ (&(function))(function);
#include "sys/libcrypto.def"
#undef LIBCRYPTO
};

extern struct libcrypto libcrypto;

#endif

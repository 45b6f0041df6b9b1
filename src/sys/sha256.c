#include "sys/sha256.h"

#include <stdint.h>

#include "sys/crypto.h"
#include "sys/libcrypto.h"
#include "text/hex.h"

#define DIGEST_BYTES 32

static enum status failed(struct error *err)
{
	return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
}

enum status sha256_init(struct sha256 *out, struct error *err)
{
	enum status st = crypto_start(err);
	*out = (struct sha256){0};
	if (st)
		return st;
	out->context = libcrypto.EVP_MD_CTX_new();
	return out->context != NULL && libcrypto.EVP_DigestInit_ex2(out->context, libcrypto.EVP_sha256(), NULL) == 1
		   ? STATUS_OK
		   : failed(err);
}

enum status sha256_update(struct sha256 *sha256, const void *data, size_t len, struct error *err)
{
	return libcrypto.EVP_DigestUpdate(sha256->context, data, len) == 1 ? STATUS_OK : failed(err);
}

enum status sha256_text(struct sha256 *sha256, char out[SHA256_TEXT_SIZE], struct error *err)
{
	uint8_t digest[DIGEST_BYTES];
	if (libcrypto.EVP_DigestFinal_ex(sha256->context, digest, NULL) != 1)
		return failed(err);
	hex_encode(out, digest, sizeof digest);
	return STATUS_OK;
}

void sha256_fini(struct sha256 *sha256)
{
	if (sha256->context != NULL)
		libcrypto.EVP_MD_CTX_free(sha256->context);
	*sha256 = (struct sha256){0};
}

#include "stream/crypto/aes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sys/libcrypto.h"

#define CHUNK (64 * 1024)
#define AES_BLOCK_BYTES 16

struct aes {
	struct sink sink;
	struct sink *next;
	EVP_CIPHER_CTX *ctx;
	bool decrypting;
	uint8_t out[CHUNK + AES_BLOCK_BYTES];
};

static void aes_free(struct sink *sink)
{
	struct aes *aes = (struct aes *)sink;
	libcrypto.EVP_CIPHER_CTX_free(aes->ctx);
	explicit_bzero(aes->out, sizeof aes->out);
	sink_free(aes->next);
	free(aes);
}

static enum status aes_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct aes *aes = (struct aes *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		int piece = len > CHUNK ? CHUNK : (int)len;
		int made = 0;
		if (libcrypto.EVP_CipherUpdate(aes->ctx, aes->out, &made, from, piece) != 1)
			return error_set(err, STATUS_LOCAL, "libcrypto: AES-256-CBC failed");
		enum status st = made == 0 ? STATUS_OK : sink_write(aes->next, aes->out, (size_t)made, err);
		if (st)
			return st;
		from += piece;
		len -= (size_t)piece;
	}
	return STATUS_OK;
}

static enum status aes_finish(struct sink *sink, struct error *err)
{
	struct aes *aes = (struct aes *)sink;
	int made = 0;
	if (libcrypto.EVP_CipherFinal_ex(aes->ctx, aes->out, &made) != 1)
		return aes->decrypting
			   ? error_set(err, STATUS_DAMAGED, "damaged AES-256-CBC data: wrong length or padding")
			   : error_set(err, STATUS_LOCAL, "libcrypto: AES-256-CBC failed");
	enum status st = made == 0 ? STATUS_OK : sink_write(aes->next, aes->out, (size_t)made, err);
	return st ? st : sink_finish(aes->next, err);
}

static const struct sink_ops aes_ops = {aes_write, aes_finish, aes_free};

static enum status aes_new(struct sink **chain, const struct aes_key *key, bool decrypting, struct error *err)
{
	struct aes *aes = calloc(1, sizeof *aes);
	if (aes == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for AES");
	aes->sink.ops = &aes_ops;
	aes->decrypting = decrypting;
	aes->ctx = libcrypto.EVP_CIPHER_CTX_new();
	if (aes->ctx == NULL || libcrypto.EVP_CipherInit_ex2(aes->ctx, libcrypto.EVP_aes_256_cbc(), key->key, key->iv,
							     decrypting ? 0 : 1, NULL) != 1) {
		aes_free(&aes->sink);
		return error_set(err, STATUS_LOCAL, "libcrypto has no AES-256-CBC");
	}
	aes->next = *chain;
	*chain = &aes->sink;
	return STATUS_OK;
}

enum status aes_encrypt(struct sink **chain, const struct aes_key *key, struct error *err)
{
	return aes_new(chain, key, false, err);
}

enum status aes_decrypt(struct sink **chain, const struct aes_key *key, struct error *err)
{
	return aes_new(chain, key, true, err);
}

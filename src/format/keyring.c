#include "format/keyring.h"

#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "sys/libcrypto.h"
#include "text/hex.h"

#define KEY_ID_INFO "walship 1 key id"
#define OBJECT_INFO "walship 2 object "
#define INFO_MAX (64 + 64 + 1024) /* the purpose, a header, and the longest object name */

_Static_assert(sizeof(struct object_keys) == AES_KEY_BYTES + 2 * MAC_KEY_BYTES,
	       "object_keys is the derived bytes in their order, without padding");

/* RFC 5869. salt_len 0: no salt. */
static enum status hkdf(void *out, size_t out_len, const uint8_t key[REPOSITORY_KEY_BYTES], const uint8_t *salt,
			size_t salt_len, const void *info, size_t info_len, struct error *err)
{
	OSSL_PARAM params[5];
	OSSL_PARAM *next = params;
	char digest[] = "SHA256";
	*next++ = libcrypto.OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	*next++ = libcrypto.OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key,
							      REPOSITORY_KEY_BYTES);
	*next++ = libcrypto.OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_len);
	if (salt_len > 0)
		*next++ =
		    libcrypto.OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_len);
	*next = libcrypto.OSSL_PARAM_construct_end();

	EVP_KDF *kdf = libcrypto.EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf == NULL ? NULL : libcrypto.EVP_KDF_CTX_new(kdf);
	int done = ctx == NULL ? 0 : libcrypto.EVP_KDF_derive(ctx, out, out_len, params);
	libcrypto.EVP_KDF_CTX_free(ctx);
	libcrypto.EVP_KDF_free(kdf);
	return done == 1 ? STATUS_OK : error_set(err, STATUS_LOCAL, "libcrypto: HKDF failed");
}

static enum status decode(struct repository_key *key, const struct secret *content, struct error *err)
{
	size_t digits = content->len;
	if (digits == REPOSITORY_KEY_BYTES) {
		memcpy(key->bytes, content->data, REPOSITORY_KEY_BYTES);
		return STATUS_OK;
	}
	while (digits > 0 && (content->data[digits - 1] == '\n' || content->data[digits - 1] == '\r'))
		digits--;
	if (digits == 2 * REPOSITORY_KEY_BYTES && hex_decode(key->bytes, content->data, REPOSITORY_KEY_BYTES))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "not a key: %zu bytes instead of 64 hexadecimal digits (or 32 raw bytes)",
			content->len);
	return error_hint(err, STATUS_USAGE, "walship keygen FILE creates a key");
}

enum status keyring_add(struct keyring *ring, const struct secret *content, struct error *err)
{
	if (ring->count == KEYRING_MAX)
		return error_set(err, STATUS_USAGE, "more than %d keys", KEYRING_MAX);
	struct repository_key *key = &ring->keys[ring->count];
	enum status st = decode(key, content, err);
	if (!st)
		st = hkdf(key->id, sizeof key->id, key->bytes, NULL, 0, KEY_ID_INFO, strlen(KEY_ID_INFO), err);
	if (st)
		return st;
	if (keyring_find(ring, key->id) != NULL)
		return error_hint(err, error_set(err, STATUS_USAGE, "contains a key that is already configured"),
				  "remove one of the two");
	ring->count++;
	return STATUS_OK;
}

const struct repository_key *keyring_find(const struct keyring *ring, const uint8_t id[KEY_ID_BYTES])
{
	for (size_t i = 0; i < ring->count; i++)
		if (memcmp(ring->keys[i].id, id, KEY_ID_BYTES) == 0)
			return &ring->keys[i];
	return NULL;
}

void keyring_fini(struct keyring *ring)
{
	explicit_bzero(ring, sizeof *ring);
}

enum status object_keys_derive(struct object_keys *out, const struct repository_key *key, const void *header,
			       size_t header_len, const char *name, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer info = {.max = INFO_MAX};
	const uint8_t *salt = (const uint8_t *)header + header_len - SALT_BYTES;
	if (strlen(OBJECT_INFO) + header_len + strlen(name) > INFO_MAX)
		return error_set(err, STATUS_USAGE, "object name too long: %.64s...", name);
	enum status st = buffer_append(&info, OBJECT_INFO, strlen(OBJECT_INFO), err);
	if (!st)
		st = buffer_append(&info, header, header_len, err);
	if (!st)
		st = buffer_append(&info, name, strlen(name), err);
	return st ? st : hkdf(out, sizeof *out, key->bytes, salt, SALT_BYTES, info.data, info.len, err);
}

void object_keys_fini(struct object_keys *keys)
{
	explicit_bzero(keys, sizeof *keys);
}

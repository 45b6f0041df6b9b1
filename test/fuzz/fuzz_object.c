/*
 * The reader of objects. No input may open as protected content: that would be a forged HMAC. Unprotected content may,
 * so the input is also tried as header and body of one frame with a proper head and SHA-256, which lets the fuzzer
 * reach the decompressor.
 */
#include <string.h>

#include "format/unseal.h"
#include "stream/terminal_sink.h"
#include "sys/libcrypto.h"
#include "target.h"

#define INPUT_MAX 65536
#define NAME "1/wal/00000002.history"

static enum status open_object(const struct keyring *ring, bool allow_unprotected, const uint8_t *data, size_t size)
{
	struct sink nowhere = terminal_sink_null();
	struct sink *chain = &nowhere;
	struct unseal_params params = {.keys = ring, .allow_unprotected = allow_unprotected, .name = NAME};
	struct error err;
	MUST(unseal_new(&chain, &params, &err) == STATUS_OK);
	enum status st = sink_write(chain, data, size / 2, &err);
	if (!st)
		st = sink_write(chain, data + size / 2, size - size / 2, &err);
	if (!st)
		st = sink_finish(chain, &err);
	sink_free(chain);
	MUST(st == STATUS_OK || st == STATUS_DAMAGED);
	return st;
}

/* Behind a header, the rest as the only frame; the length of the object. */
static size_t frame_it(uint8_t *object, size_t size)
{
	static const uint8_t number[8];
	size_t body = size - HEADER_BYTES;
	uint8_t head[FRAME_HEAD_BYTES] = {(uint8_t)body, (uint8_t)(body >> 8), (uint8_t)(body >> 16), 0x80};
	EVP_MD_CTX *digest = libcrypto.EVP_MD_CTX_new();
	memmove(object + HEADER_BYTES + FRAME_HEAD_BYTES, object + HEADER_BYTES, body);
	memcpy(object + HEADER_BYTES, head, sizeof head);
	MUST(libcrypto.EVP_DigestInit_ex2(digest, libcrypto.EVP_sha256(), NULL) == 1);
	MUST(libcrypto.EVP_DigestUpdate(digest, object, HEADER_BYTES) == 1);
	MUST(libcrypto.EVP_DigestUpdate(digest, NAME, strlen(NAME)) == 1);
	MUST(libcrypto.EVP_DigestUpdate(digest, number, sizeof number) == 1);
	MUST(libcrypto.EVP_DigestUpdate(digest, object + HEADER_BYTES, FRAME_HEAD_BYTES + body) == 1);
	MUST(libcrypto.EVP_DigestFinal_ex(digest, object + size + FRAME_HEAD_BYTES, NULL) == 1);
	libcrypto.EVP_MD_CTX_free(digest);
	return size + FRAME_MIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t object[INPUT_MAX + FRAME_MIN];
	struct keyring ring = {0};
	struct secret secret = {0};
	struct error err;
	static uint8_t bytes[INPUT_MAX];
	data = target_bytes(data, &size, bytes, sizeof bytes);
	if (size > INPUT_MAX)
		return 0;
	MUST(secret_set(&secret, "0123456789abcdef0123456789abcdef", REPOSITORY_KEY_BYTES, &err) == STATUS_OK);
	MUST(keyring_add(&ring, &secret, &err) == STATUS_OK);
	secret_fini(&secret);
	MUST(open_object(&ring, false, data, size) == STATUS_DAMAGED);
	(void)open_object(&ring, true, data, size);
	if (size >= HEADER_BYTES) {
		memcpy(object, data, size);
		size = frame_it(object, size);
		(void)open_object(&ring, true, object, size);
		/* With the key's own id in the header the HMAC is what stands in the way. */
		memcpy(object + 16, ring.keys[0].id, KEY_ID_BYTES);
		MUST(open_object(&ring, false, object, size) == STATUS_DAMAGED);
	}
	keyring_fini(&ring);
	return 0;
}

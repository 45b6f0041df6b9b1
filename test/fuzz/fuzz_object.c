/*
 * The reader of objects. No input may open as protected content: that would be a forged HMAC. Unprotected ones may,
 * so the input is also tried with a proper SHA-256 behind it, which lets the fuzzer reach the decompressor.
 */
#include <string.h>

#include "format/unseal.h"
#include "stream/terminal_sink.h"
#include "sys/libcrypto.h"
#include "target.h"

#define INPUT_MAX 65536

static enum status open_object(const struct keyring *ring, bool allow_unprotected, const uint8_t *data, size_t size)
{
	struct sink nowhere = terminal_sink_null();
	struct sink *chain = &nowhere;
	struct unseal_params params = {
	    .keys = ring, .allow_unprotected = allow_unprotected, .name = "1/wal/00000002.history"};
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t object[INPUT_MAX + TAG_BYTES];
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
	memcpy(object, data, size);
	MUST(libcrypto.EVP_Digest(object, size, object + size, NULL, libcrypto.EVP_sha256(), NULL) == 1);
	(void)open_object(&ring, true, object, size + TAG_BYTES);
	/* With the key's own id in the header the HMAC is what stands in the way. */
	if (size >= HEADER_BYTES) {
		memcpy(object + 16, ring.keys[0].id, KEY_ID_BYTES);
		MUST(open_object(&ring, false, object, size + TAG_BYTES) == STATUS_DAMAGED);
	}
	keyring_fini(&ring);
	return 0;
}

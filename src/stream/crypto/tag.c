#include "stream/crypto/tag.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sys/libcrypto.h"

struct tag {
	struct sink sink;
	struct sink *next;
	EVP_MAC_CTX *mac;   /* with a key */
	EVP_MD_CTX *digest; /* without a key */
	bool keyed;
	/* for verification: */
	uint8_t tail[TAG_BYTES]; /* the last bytes so far: the tag if nothing follows */
	size_t tail_len;
	enum status verdict; /* the next stage's status for the content */
	struct error verdict_text;
};

static void tag_free(struct sink *sink)
{
	struct tag *tag = (struct tag *)sink;
	libcrypto.EVP_MAC_CTX_free(tag->mac);
	libcrypto.EVP_MD_CTX_free(tag->digest);
	sink_free(tag->next);
	free(tag);
}

static enum status update(struct tag *tag, const void *data, size_t len, struct error *err)
{
	int done = tag->keyed ? libcrypto.EVP_MAC_update(tag->mac, data, len)
			      : libcrypto.EVP_DigestUpdate(tag->digest, data, len);
	return done == 1 ? STATUS_OK : error_set(err, STATUS_LOCAL, "libcrypto: SHA-256 failed");
}

static enum status compute(struct tag *tag, uint8_t out[TAG_BYTES], struct error *err)
{
	size_t len;
	int done = tag->keyed ? libcrypto.EVP_MAC_final(tag->mac, out, &len, TAG_BYTES)
			      : libcrypto.EVP_DigestFinal_ex(tag->digest, out, NULL);
	return done == 1 ? STATUS_OK : error_set(err, STATUS_LOCAL, "libcrypto: SHA-256 failed");
}

static enum status append_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct tag *tag = (struct tag *)sink;
	enum status st = update(tag, data, len, err);
	return st ? st : sink_write(tag->next, data, len, err);
}

static enum status append_finish(struct sink *sink, struct error *err)
{
	struct tag *tag = (struct tag *)sink;
	uint8_t value[TAG_BYTES];
	enum status st = compute(tag, value, err);
	if (!st)
		st = sink_write(tag->next, value, sizeof value, err);
	return st ? st : sink_finish(tag->next, err);
}

/* Hashes and passes on; saves the next stage's verdict for later. */
static enum status forward(struct tag *tag, const void *data, size_t len, struct error *err)
{
	enum status st = len == 0 ? STATUS_OK : update(tag, data, len, err);
	if (st || len == 0 || tag->verdict)
		return st;
	st = sink_write(tag->next, data, len, err);
	if (st != STATUS_DAMAGED && st != STATUS_CONFLICT)
		return st;
	tag->verdict = st;
	tag->verdict_text = *err;
	return STATUS_OK;
}

static enum status verify_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct tag *tag = (struct tag *)sink;
	const uint8_t *from = data;
	enum status st = STATUS_OK;
	if (len >= TAG_BYTES) {
		st = forward(tag, tag->tail, tag->tail_len, err);
		if (!st)
			st = forward(tag, from, len - TAG_BYTES, err);
		memcpy(tag->tail, from + len - TAG_BYTES, TAG_BYTES);
		tag->tail_len = TAG_BYTES;
		return st;
	}
	/* A short piece pushes the oldest bytes out of the tail. */
	size_t total = tag->tail_len + len;
	size_t out = total > TAG_BYTES ? total - TAG_BYTES : 0;
	st = forward(tag, tag->tail, out, err);
	memmove(tag->tail, tag->tail + out, tag->tail_len - out);
	memcpy(tag->tail + tag->tail_len - out, from, len);
	tag->tail_len = total - out;
	return st;
}

static enum status verify_finish(struct sink *sink, struct error *err)
{
	struct tag *tag = (struct tag *)sink;
	uint8_t value[TAG_BYTES];
	if (tag->tail_len < TAG_BYTES)
		return error_set(err, STATUS_DAMAGED, "cut off: it ends before its tag");
	enum status st = compute(tag, value, err);
	if (st)
		return st;
	if (libcrypto.CRYPTO_memcmp(value, tag->tail, sizeof value) != 0) {
		(void)error_set(err, STATUS_DAMAGED,
				tag->keyed ? "not authentic: its HMAC-SHA-256 does not match"
					   : "damaged: its SHA-256 does not match");
		return error_hint(err, STATUS_DAMAGED,
				  "the object was altered, truncated or renamed after the push; look for another copy");
	}
	if (tag->verdict) {
		*err = tag->verdict_text;
		return tag->verdict;
	}
	return sink_finish(tag->next, err);
}

static const struct sink_ops append_ops = {append_write, append_finish, tag_free};
static const struct sink_ops verify_ops = {verify_write, verify_finish, tag_free};

static bool start_mac(struct tag *tag, const uint8_t *mac_key)
{
	OSSL_PARAM params[] = {libcrypto.OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
			       libcrypto.OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = libcrypto.EVP_MAC_fetch(NULL, "HMAC", NULL);
	tag->mac = libcrypto.EVP_MAC_CTX_new(hmac);
	libcrypto.EVP_MAC_free(hmac);
	return tag->mac != NULL && libcrypto.EVP_MAC_init(tag->mac, mac_key, MAC_KEY_BYTES, params) == 1;
}

static bool start_digest(struct tag *tag)
{
	tag->digest = libcrypto.EVP_MD_CTX_new();
	return tag->digest != NULL && libcrypto.EVP_DigestInit_ex2(tag->digest, libcrypto.EVP_sha256(), NULL) == 1;
}

static enum status tag_new(struct sink **chain, const struct sink_ops *ops, const uint8_t *mac_key, struct error *err)
{
	struct tag *tag = calloc(1, sizeof *tag);
	if (tag == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for the tag");
	tag->sink.ops = ops;
	tag->keyed = mac_key != NULL;
	if (!(tag->keyed ? start_mac(tag, mac_key) : start_digest(tag))) {
		tag_free(&tag->sink);
		return error_set(err, STATUS_LOCAL, "libcrypto has no SHA-256");
	}
	tag->next = *chain;
	*chain = &tag->sink;
	return STATUS_OK;
}

enum status tag_append(struct sink **chain, const uint8_t *mac_key, struct error *err)
{
	return tag_new(chain, &append_ops, mac_key, err);
}

enum status tag_verify(struct sink **chain, const uint8_t *mac_key, const void *prefix, size_t prefix_len,
		       struct error *err)
{
	struct sink *next = *chain;
	enum status st = tag_new(chain, &verify_ops, mac_key, err);
	if (st)
		return st;
	struct tag *tag = (struct tag *)*chain;
	st = update(tag, prefix, prefix_len, err);
	if (st) {
		tag->next = NULL;
		tag_free(&tag->sink);
		*chain = next;
	}
	return st;
}

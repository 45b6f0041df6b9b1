#include "format/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/little_endian.h"
#include "sys/libcrypto.h"

#define LAST_BIT 0x80000000u
#define NUMBER_BYTES 8
#define AES_IV_BYTES 16

_Static_assert(FRAME_CONTENT_BYTES + ROW_TABLE_BYTES + CODEC_GROWTH_MAX + AES_IV_BYTES <= FRAME_BODY_MAX,
	       "a body has room for content that cannot be compressed");

struct frame_coder {
	const struct frame_object *object;
	struct object_keys keys;       /* with protection by AES and HMAC */
	struct compressor *compressor; /* for sealing */
	struct decompressor *decompressor;
	uint8_t *arranged; /* for sealing: the content as it is compressed; NULL: it is compressed as it is */
	struct row_restorer *restorer; /* for opening; NULL: likewise */
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	EVP_MD_CTX *digest; /* with protection by SHA-256 alone */
};

static bool is_sealer(const struct frame_coder *coder)
{
	return coder->compressor != NULL;
}

static bool is_encrypted(const struct frame_coder *coder)
{
	return coder->object->header.protection == PROTECTION_AES_HMAC;
}

static enum status start_mac(struct frame_coder *coder, struct error *err)
{
	/* Without memory EVP_MAC_fetch returns NULL, which EVP_MAC_CTX_new (3.0) does not check. */
	EVP_MAC *hmac = libcrypto.EVP_MAC_fetch(NULL, "HMAC", NULL);
	coder->mac = hmac == NULL ? NULL : libcrypto.EVP_MAC_CTX_new(hmac);
	libcrypto.EVP_MAC_free(hmac);
	coder->cipher = libcrypto.EVP_CIPHER_CTX_new();
	if (coder->mac == NULL || coder->cipher == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for AES and HMAC");
	return object_keys_derive(&coder->keys, coder->object->key, &coder->object->header,
				  sizeof coder->object->header, coder->object->name, err);
}

static enum status start_digest(struct frame_coder *coder, struct error *err)
{
	coder->digest = libcrypto.EVP_MD_CTX_new();
	return coder->digest == NULL ? error_set(err, STATUS_LOCAL, "out of memory for SHA-256") : STATUS_OK;
}

static enum status start_arrangement(struct frame_coder *coder, bool sealing, struct error *err)
{
	if (coder->object->header.arrangement == ARRANGEMENT_NONE)
		return STATUS_OK;
	if (sealing)
		coder->arranged = malloc(FRAME_CONTENT_BYTES + ROW_TABLE_BYTES);
	else
		coder->restorer = malloc(sizeof *coder->restorer);
	return coder->arranged == NULL && coder->restorer == NULL
		   ? error_set(err, STATUS_LOCAL, "out of memory for a frame")
		   : STATUS_OK;
}

static enum status coder_new(struct frame_coder **out, const struct frame_object *object, bool sealing, int level,
			     struct error *err)
{
	const struct codec *codec = codec_by_id(object->header.compression);
	enum status st = codec_check(codec, sealing ? STATUS_USAGE : STATUS_DAMAGED, err);
	if (st)
		return st;
	struct frame_coder *coder = calloc(1, sizeof *coder);
	if (coder == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for a frame");
	coder->object = object;
	st = sealing ? codec->compressor(&coder->compressor, level, err)
		     : codec->decompressor(&coder->decompressor, err);
	if (!st)
		st = start_arrangement(coder, sealing, err);
	if (!st)
		st = is_encrypted(coder) ? start_mac(coder, err) : start_digest(coder, err);
	if (st) {
		frame_coder_free(coder);
		return st;
	}
	*out = coder;
	return STATUS_OK;
}

enum status frame_sealer_new(struct frame_coder **out, const struct frame_object *object, int level, struct error *err)
{
	return coder_new(out, object, true, level, err);
}

enum status frame_opener_new(struct frame_coder **out, const struct frame_object *object, struct error *err)
{
	return coder_new(out, object, false, 0, err);
}

void frame_coder_free(struct frame_coder *coder)
{
	if (coder == NULL)
		return;
	compressor_free(coder->compressor);
	decompressor_free(coder->decompressor);
	free(coder->arranged);
	free(coder->restorer);
	libcrypto.EVP_CIPHER_CTX_free(coder->cipher);
	libcrypto.EVP_MAC_CTX_free(coder->mac);
	libcrypto.EVP_MD_CTX_free(coder->digest);
	object_keys_fini(&coder->keys);
	free(coder);
}

struct piece {
	const void *data;
	size_t len;
};

static enum status hmac(struct frame_coder *coder, const uint8_t key[MAC_KEY_BYTES], const struct piece *pieces,
			size_t count, uint8_t out[TAG_BYTES], struct error *err)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {libcrypto.OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
			       libcrypto.OSSL_PARAM_construct_end()};
	size_t len;
	bool done = libcrypto.EVP_MAC_init(coder->mac, key, MAC_KEY_BYTES, params) == 1;
	for (size_t i = 0; done && i < count; i++)
		done = libcrypto.EVP_MAC_update(coder->mac, pieces[i].data, pieces[i].len) == 1;
	done = done && libcrypto.EVP_MAC_final(coder->mac, out, &len, TAG_BYTES) == 1;
	return done ? STATUS_OK : error_set(err, STATUS_LOCAL, "libcrypto: HMAC-SHA-256 failed");
}

static enum status sha256(struct frame_coder *coder, const struct piece *pieces, size_t count, uint8_t out[TAG_BYTES],
			  struct error *err)
{
	const struct frame_object *object = coder->object;
	bool done = libcrypto.EVP_DigestInit_ex2(coder->digest, libcrypto.EVP_sha256(), NULL) == 1 &&
		    libcrypto.EVP_DigestUpdate(coder->digest, &object->header, sizeof object->header) == 1 &&
		    libcrypto.EVP_DigestUpdate(coder->digest, object->name, strlen(object->name)) == 1;
	for (size_t i = 0; done && i < count; i++)
		done = libcrypto.EVP_DigestUpdate(coder->digest, pieces[i].data, pieces[i].len) == 1;
	done = done && libcrypto.EVP_DigestFinal_ex(coder->digest, out, NULL) == 1;
	return done ? STATUS_OK : error_set(err, STATUS_LOCAL, "libcrypto: SHA-256 failed");
}

/* Over the number, and the head and the body, which lie together at bytes. */
static enum status compute_tag(struct frame_coder *coder, uint64_t number, const uint8_t *bytes, size_t len,
			       uint8_t out[TAG_BYTES], struct error *err)
{
	uint8_t digits[NUMBER_BYTES];
	put_little_endian(digits, number, sizeof digits);
	const struct piece pieces[] = {{digits, sizeof digits}, {bytes, len}};
	return is_encrypted(coder) ? hmac(coder, coder->keys.mac, pieces, 2, out, err)
				   : sha256(coder, pieces, 2, out, err);
}

/* In place. *len becomes that of the result. */
static enum status run_cipher(struct frame_coder *coder, uint64_t number, uint8_t *body, size_t *len, struct error *err)
{
	uint8_t digits[NUMBER_BYTES];
	uint8_t iv[TAG_BYTES];
	put_little_endian(digits, number, sizeof digits);
	enum status st = hmac(coder, coder->keys.iv, &(struct piece){digits, sizeof digits}, 1, iv, err);
	if (st)
		return st;
	int made = 0, rest = 0;
	bool done = libcrypto.EVP_CipherInit_ex2(coder->cipher, libcrypto.EVP_aes_256_cbc(), coder->keys.aes, iv,
						 is_sealer(coder), NULL) == 1 &&
		    libcrypto.EVP_CipherUpdate(coder->cipher, body, &made, body, (int)*len) == 1 &&
		    libcrypto.EVP_CipherFinal_ex(coder->cipher, body + made, &rest) == 1;
	*len = (size_t)made + (size_t)rest;
	if (done)
		return STATUS_OK;
	return is_sealer(coder) ? error_set(err, STATUS_LOCAL, "libcrypto: AES-256-CBC failed")
				: error_set(err, STATUS_DAMAGED, "damaged AES-256-CBC data: wrong length or padding");
}

/* Room for the padding is left. */
static enum status pack(struct frame_coder *sealer, struct frame *frame, bool more, struct error *err)
{
	struct block block = {.in = frame->content,
			      .in_len = frame->content_len,
			      .more = more,
			      .out = frame->bytes + FRAME_HEAD_BYTES + frame->packed_len,
			      .out_size = FRAME_BODY_MAX - AES_IV_BYTES - frame->packed_len};
	if (sealer->arranged != NULL) {
		if (more || frame->packed_len > 0)
			return error_set(err, STATUS_LOCAL, "a frame in pieces cannot be arranged");
		block.in_len = arrange_rows(sealer->arranged, frame->content, frame->content_len);
		block.in = sealer->arranged;
	}
	enum status st = compressor_run(sealer->compressor, &block, err);
	frame->packed_len += block.out_len;
	return st;
}

enum status frame_pack(struct frame_coder *sealer, struct frame *frame, struct error *err)
{
	return pack(sealer, frame, true, err);
}

enum status frame_seal(struct frame_coder *sealer, struct frame *frame, struct error *err)
{
	uint8_t *body = frame->bytes + FRAME_HEAD_BYTES;
	enum status st = pack(sealer, frame, false, err);
	size_t len = frame->packed_len;
	frame->packed_len = 0;
	if (!st && is_encrypted(sealer))
		st = run_cipher(sealer, frame->number, body, &len, err);
	if (st)
		return st;
	put_little_endian(frame->bytes, (uint32_t)len | (frame->last ? LAST_BIT : 0), FRAME_HEAD_BYTES);
	frame->bytes_len = FRAME_HEAD_BYTES + len + TAG_BYTES;
	return compute_tag(sealer, frame->number, frame->bytes, FRAME_HEAD_BYTES + len, body + len, err);
}

bool frame_head_is_last(const uint8_t head[FRAME_HEAD_BYTES])
{
	return (get_little_endian_32(head) & LAST_BIT) != 0;
}

enum status frame_body_len(const uint8_t head[FRAME_HEAD_BYTES], size_t *out, struct error *err)
{
	*out = get_little_endian_32(head) & ~LAST_BIT;
	if (*out <= FRAME_BODY_MAX)
		return STATUS_OK;
	(void)error_set(err, STATUS_DAMAGED, "damaged: a frame of %zu bytes, but the limit is %lu", *out,
			FRAME_BODY_MAX);
	return error_hint(err, STATUS_DAMAGED,
			  "the object was altered, truncated or renamed after the push; look for another copy");
}

static enum status not_authentic(const struct frame_coder *opener, struct error *err)
{
	(void)error_set(err, STATUS_DAMAGED,
			is_encrypted(opener) ? "not authentic: its HMAC-SHA-256 does not match"
					     : "damaged: its SHA-256 does not match");
	return error_hint(err, STATUS_DAMAGED,
			  "the object was altered, truncated or renamed after the push; look for another copy");
}

/* From what was authentic and is decrypted. */
static enum status unpack(struct frame_coder *opener, struct frame *frame, const uint8_t *body, size_t len,
			  struct sink *content, struct error *err)
{
	struct row_restorer *restorer = opener->restorer;
	struct packed packed = {.data = body, .len = len, .content_max = FRAME_CONTENT_BYTES};
	if (restorer == NULL) {
		enum status st = decompressor_run(opener->decompressor, &packed, content, err);
		frame->content_len = packed.content_len;
		return st;
	}
	packed.content_max += ROW_TABLE_BYTES;
	row_restorer_begin(restorer, content);
	enum status st = decompressor_run(opener->decompressor, &packed, &restorer->sink, err);
	frame->content_len = restorer->content_len;
	return st ? st : row_restorer_end(restorer, err);
}

enum status frame_open(struct frame_coder *opener, struct frame *frame, struct sink *content, struct error *err)
{
	uint8_t tag[TAG_BYTES];
	uint8_t *body = frame->bytes + FRAME_HEAD_BYTES;
	size_t len = frame->bytes_len - FRAME_MIN;
	enum status st = compute_tag(opener, frame->number, frame->bytes, FRAME_HEAD_BYTES + len, tag, err);
	if (st)
		return st;
	if (libcrypto.CRYPTO_memcmp(tag, body + len, TAG_BYTES) != 0)
		return not_authentic(opener, err);
	frame->last = frame_head_is_last(frame->bytes);
	if (is_encrypted(opener))
		st = run_cipher(opener, frame->number, body, &len, err);
	return st ? st : unpack(opener, frame, body, len, content, err);
}

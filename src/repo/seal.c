#include "repo/seal.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "stream/codec/parallel.h"

#define VERSION 1

enum protection { PROTECTION_SHA256 = 0, PROTECTION_AES_HMAC = 1 };

struct header {
	char magic[7];
	uint8_t version;
	uint8_t compression;
	uint8_t protection;
	uint8_t zero[6];
	uint8_t key_id[KEY_ID_BYTES];
	uint8_t salt[SALT_BYTES];
};
_Static_assert(sizeof(struct header) == SEAL_HEADER_BYTES, "the header is laid out as doc/format.md says");

static const char magic[7] = {'W', 'A', 'L', 'S', 'H', 'I', 'P'};

static void fill_header(struct header *header, const struct seal_params *params)
{
	*header = (struct header){.version = VERSION, .compression = params->codec->id};
	memcpy(header->magic, magic, sizeof magic);
	if (params->key == NULL)
		return;
	header->protection = PROTECTION_AES_HMAC;
	memcpy(header->key_id, params->key->id, KEY_ID_BYTES);
	memcpy(header->salt, params->salt, SALT_BYTES);
}

#define NO_COMPRESSION 0

/* Builds the chain from the store backwards: tag, header (written through the tag), cipher, compression. */
static enum status build_seal(struct sink **chain, const struct seal_params *params, const struct object_keys *keys,
			      struct error *err)
{
	struct header header;
	fill_header(&header, params);
	enum status st = tag_append(chain, keys == NULL ? NULL : keys->mac, err);
	if (!st)
		st = sink_write(*chain, &header, sizeof header, err);
	if (!st && keys != NULL)
		st = aes_encrypt(chain, &keys->aes, err);
	if (st)
		return st;
	return params->threads > 1 && params->codec->id != NO_COMPRESSION
		   ? parallel_compress(chain, params->codec, params->level, params->threads, err)
		   : params->codec->compress(chain, params->level, err);
}

enum status seal_new(struct sink **chain, const struct seal_params *params, struct error *err)
{
	struct object_keys keys;
	enum status st = codec_check(params->codec, STATUS_USAGE, err);
	if (st || params->key == NULL)
		return st ? st : build_seal(chain, params, NULL, err);
	st = object_keys_derive(&keys, params->key, params->salt, params->name, err);
	if (!st)
		st = build_seal(chain, params, &keys, err);
	object_keys_fini(&keys);
	return st;
}

struct unseal {
	struct sink sink;
	struct sink *next; /* the caller's chain; preceded by the filters once the header is complete */
	const struct unseal_params *params;
	uint8_t header[SEAL_HEADER_BYTES];
	size_t header_len;
};

static void unseal_free(struct sink *sink)
{
	struct unseal *unseal = (struct unseal *)sink;
	sink_free(unseal->next);
	free(unseal);
}

static enum status refuse(struct error *err, const char *what)
{
	(void)error_set(err, STATUS_DAMAGED, "%s", what);
	return error_hint(err, STATUS_DAMAGED,
			  "the object was altered or truncated, or walship did not write it; look for another copy");
}

static enum status hint_newer_version(struct error *err)
{
	return error_hint(err, STATUS_DAMAGED, "a newer walship may have written the object: use that version");
}

static enum status check_header(const struct header *header, bool *newer, struct error *err)
{
	*newer = false;
	static const uint8_t zero[sizeof header->zero];
	if (memcmp(header->magic, magic, sizeof magic) != 0)
		return refuse(err, "not a walship object: it does not begin with WALSHIP");
	if (header->version != VERSION) {
		*newer = true;
		(void)error_set(err, STATUS_DAMAGED, "object format version %u, but this walship reads version %d",
				(unsigned)header->version, VERSION);
		return hint_newer_version(err);
	}
	if (memcmp(header->zero, zero, sizeof zero) != 0 || header->protection > PROTECTION_AES_HMAC)
		return refuse(err, "damaged: the header has values that version 1 does not define");
	if (codec_by_id(header->compression) != NULL)
		return STATUS_OK;
	*newer = true;
	(void)error_set(err, STATUS_DAMAGED, "unknown compression %u", (unsigned)header->compression);
	return hint_newer_version(err);
}

enum status seal_header_read(struct seal_header *out, const void *bytes, size_t len, struct error *err)
{
	struct header header;
	bool newer;
	*out = (struct seal_header){0};
	if (len < sizeof header)
		return refuse(err, "truncated: the object ends within its header");
	memcpy(&header, bytes, sizeof header);
	enum status st = check_header(&header, &newer, err);
	*out = (struct seal_header){.encrypted = header.protection == PROTECTION_AES_HMAC, .newer = newer};
	memcpy(out->key_id, header.key_id, KEY_ID_BYTES);
	return st;
}

static enum status no_such_key(const struct unseal *unseal, const struct header *header, struct error *err)
{
	char id[2 * KEY_ID_BYTES + 1];
	hex_encode(id, header->key_id, KEY_ID_BYTES);
	if (unseal->params->lack != NULL) {
		unseal->params->lack->lacks = true;
		memcpy(unseal->params->lack->key_id, header->key_id, KEY_ID_BYTES);
	}
	(void)error_set(err, STATUS_DAMAGED, "encrypted with key id %s, which is not configured", id);
	return error_hint(err, STATUS_DAMAGED,
			  "keys configured: %zu; add the old key as another cipher-key-file (or cipher-key-command)",
			  unseal->params->keys->count);
}

/* Verifies the tag, decrypts, decompresses. Built from the caller's end. */
static enum status build_protected(struct unseal *unseal, const struct header *header, struct error *err)
{
	const struct repository_key *key = keyring_find(unseal->params->keys, header->key_id);
	if (key == NULL)
		return no_such_key(unseal, header, err);
	struct object_keys keys;
	enum status st = object_keys_derive(&keys, key, header->salt, unseal->params->name, err);
	if (!st)
		st = codec_by_id(header->compression)->decompress(&unseal->next, err);
	if (!st)
		st = aes_decrypt(&unseal->next, &keys.aes, err);
	if (!st)
		st = tag_verify(&unseal->next, keys.mac, header, sizeof *header, err);
	object_keys_fini(&keys);
	return st;
}

static enum status build_unprotected(struct unseal *unseal, const struct header *header, struct error *err)
{
	if (!unseal->params->allow_unprotected) {
		(void)error_set(err, STATUS_DAMAGED, "not encrypted, but the configuration requires encryption");
		return error_hint(err, STATUS_DAMAGED,
				  "anyone who can write to the store could have created this object; to read it "
				  "anyway, set cipher = none");
	}
	enum status st = codec_by_id(header->compression)->decompress(&unseal->next, err);
	return st ? st : tag_verify(&unseal->next, NULL, header, sizeof *header, err);
}

static enum status build_unseal(struct unseal *unseal, struct error *err)
{
	struct header header;
	bool newer;
	memcpy(&header, unseal->header, sizeof header);
	enum status st = check_header(&header, &newer, err);
	if (!st)
		st = codec_check(codec_by_id(header.compression), STATUS_DAMAGED, err);
	if (st)
		return st;
	return header.protection == PROTECTION_AES_HMAC ? build_protected(unseal, &header, err)
							: build_unprotected(unseal, &header, err);
}

static enum status unseal_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct unseal *unseal = (struct unseal *)sink;
	const uint8_t *from = data;
	size_t missing = SEAL_HEADER_BYTES - unseal->header_len;
	if (missing > 0) {
		size_t take = len < missing ? len : missing;
		memcpy(unseal->header + unseal->header_len, from, take);
		unseal->header_len += take;
		from += take;
		len -= take;
		if (take < missing)
			return STATUS_OK;
		enum status st = build_unseal(unseal, err);
		if (st)
			return st;
	}
	return len == 0 ? STATUS_OK : sink_write(unseal->next, from, len, err);
}

static enum status unseal_finish(struct sink *sink, struct error *err)
{
	struct unseal *unseal = (struct unseal *)sink;
	if (unseal->header_len < SEAL_HEADER_BYTES)
		return refuse(err, "truncated: the object ends within its header");
	return sink_finish(unseal->next, err);
}

static const struct sink_ops unseal_ops = {unseal_write, unseal_finish, unseal_free};

enum status unseal_new(struct sink **chain, const struct unseal_params *params, struct error *err)
{
	struct unseal *unseal = calloc(1, sizeof *unseal);
	if (unseal == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for an object");
	*unseal = (struct unseal){.sink.ops = &unseal_ops, .next = *chain, .params = params};
	*chain = &unseal->sink;
	return STATUS_OK;
}

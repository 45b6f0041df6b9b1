#include "format/header.h"

#include <string.h>

#define VERSION 2

static const char magic[7] = {'W', 'A', 'L', 'S', 'H', 'I', 'P'};

void header_make(struct object_header *out, const struct codec *codec, const struct repository_key *key,
		 const uint8_t salt[SALT_BYTES])
{
	*out = (struct object_header){.version = VERSION, .compression = codec->id};
	memcpy(out->magic, magic, sizeof magic);
	memcpy(out->salt, salt, SALT_BYTES);
	if (key == NULL)
		return;
	out->protection = PROTECTION_AES_HMAC;
	memcpy(out->key_id, key->id, KEY_ID_BYTES);
}

static enum status refuse(struct error *err, const char *what)
{
	(void)error_set(err, STATUS_DAMAGED, "%s", what);
	return error_hint(err, STATUS_DAMAGED,
			  "the object was altered or truncated, or walship did not write it; look for another copy");
}

static enum status refuse_newer(bool *newer, struct error *err)
{
	*newer = true;
	return error_hint(err, STATUS_DAMAGED, "a newer walship may have written the object: use that version");
}

static enum status check(const struct object_header *header, bool *newer, struct error *err)
{
	static const uint8_t zero[sizeof header->zero], no_key[KEY_ID_BYTES];
	if (memcmp(header->magic, magic, sizeof magic) != 0)
		return refuse(err, "not a walship object: it does not begin with WALSHIP");
	if (header->version != VERSION) {
		(void)error_set(err, STATUS_DAMAGED, "object format version %u, but this walship reads version %d",
				(unsigned)header->version, VERSION);
		return refuse_newer(newer, err);
	}
	bool has_key = memcmp(header->key_id, no_key, sizeof no_key) != 0;
	if (memcmp(header->zero, zero, sizeof zero) != 0 || header->protection > PROTECTION_AES_HMAC ||
	    (has_key && !header_is_encrypted(header)))
		return refuse(err, "damaged: the header has values that version 2 does not define");
	if (codec_by_id(header->compression) == NULL)
		(void)error_set(err, STATUS_DAMAGED, "unknown compression %u", (unsigned)header->compression);
	else if (header->arrangement > ARRANGEMENT_ROWS)
		(void)error_set(err, STATUS_DAMAGED, "unknown arrangement %u", (unsigned)header->arrangement);
	else
		return STATUS_OK;
	return refuse_newer(newer, err);
}

enum status header_read(struct object_header *out, const void *bytes, size_t len, bool *newer, struct error *err)
{
	*newer = false;
	*out = (struct object_header){0};
	if (len < sizeof *out)
		return refuse(err, "truncated: the object ends within its header");
	memcpy(out, bytes, sizeof *out);
	return check(out, newer, err);
}

/* The header of an object, format version 2: doc/format.md. */
#ifndef WALSHIP_FORMAT_HEADER_H
#define WALSHIP_FORMAT_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/arrangement.h"
#include "format/keyring.h"
#include "stream/codec/codec.h"

#define HEADER_BYTES 64

enum protection { PROTECTION_SHA256 = 0, PROTECTION_AES_HMAC = 1 };

/* As the bytes lie in the object. */
struct object_header {
	char magic[7];
	uint8_t version;
	uint8_t compression; /* the id of a codec */
	uint8_t protection;
	uint8_t arrangement;
	uint8_t zero[5];
	uint8_t key_id[KEY_ID_BYTES]; /* zero with PROTECTION_SHA256 */
	uint8_t salt[SALT_BYTES];
};
_Static_assert(sizeof(struct object_header) == HEADER_BYTES, "the header is laid out as doc/format.md says");

static inline bool header_is_encrypted(const struct object_header *header)
{
	return header->protection == PROTECTION_AES_HMAC;
}

/* key NULL: PROTECTION_SHA256. */
void header_make(struct object_header *out, const struct codec *codec, const struct repository_key *key,
		 const uint8_t salt[SALT_BYTES]);

/*
 * Reads the first HEADER_BYTES of an object. STATUS_DAMAGED for anything that version 2 does not know, with *newer set
 * where a newer walship may have written it. A codec that this walship was built without is known. Nothing proves the
 * header before the tag of a frame is verified. *out is filled in any case.
 */
enum status header_read(struct object_header *out, const void *bytes, size_t len, bool *newer, struct error *err);

#endif

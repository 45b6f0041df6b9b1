/*
 * One frame of an object: up to 1 MiB of content, compressed, encrypted and authenticated for itself. doc/format.md has
 * the layout. A frame is bound to its object by the header and the name, and to its place by its number.
 */
#ifndef WALSHIP_FORMAT_FRAME_H
#define WALSHIP_FORMAT_FRAME_H

#include "format/header.h"
#include "stream/sink.h"

#define FRAME_BODY_MAX (FRAME_CONTENT_BYTES + 1024) /* what arrangement, compression and padding may add at most */
#define FRAME_HEAD_BYTES 4
#define TAG_BYTES 32
#define FRAME_MIN (FRAME_HEAD_BYTES + TAG_BYTES)
#define FRAME_MAX (FRAME_HEAD_BYTES + FRAME_BODY_MAX + TAG_BYTES)
#define OBJECT_MIN (HEADER_BYTES + FRAME_MIN) /* the shortest object, as far as its length tells */

/* The object that frames belong to. */
struct frame_object {
	struct object_header header;
	const struct repository_key *key; /* of header.key_id; NULL with PROTECTION_SHA256 */
	const char *name;                 /* below the repository */
};

/* Seals or opens frames of one object, in one thread at a time. */
struct frame_coder;

/* level is for sealing, 0 for opening. object, its key and its name must not change while the coder is used. */
enum status frame_sealer_new(struct frame_coder **out, const struct frame_object *object, int level, struct error *err);
enum status frame_opener_new(struct frame_coder **out, const struct frame_object *object, struct error *err);

/* Wipes the keys. NULL is allowed. */
void frame_coder_free(struct frame_coder *coder);

struct frame {
	uint64_t number; /* from 0 */
	bool last;
	uint8_t *content; /* to be sealed: all of it, or the last piece */
	size_t content_len;
	uint8_t *bytes; /* head, body and tag; room for FRAME_MAX */
	size_t bytes_len;
	size_t packed_len; /* of the body that frame_pack has begun */
};

/* Compresses a piece of the content that others follow: where the codec takes pieces, and content lies as it is. */
enum status frame_pack(struct frame_coder *sealer, struct frame *frame, struct error *err);

/* From number, last and the rest of the content: bytes and bytes_len. */
enum status frame_seal(struct frame_coder *sealer, struct frame *frame, struct error *err);

/*
 * From number and bytes: last and content_len; the content is written to a sink, which is not finished. The tag is
 * verified before anything is decrypted or decompressed; STATUS_DAMAGED when it does not match, and nothing is written
 * then. What the sink returns is passed on. bytes are overwritten.
 */
enum status frame_open(struct frame_coder *opener, struct frame *frame, struct sink *content, struct error *err);

/* Whether a frame's head says that the frame is the last one: proven only once the frame is opened. */
bool frame_head_is_last(const uint8_t head[FRAME_HEAD_BYTES]);

/* The body's length from a frame's head; STATUS_DAMAGED when no frame is so long. */
enum status frame_body_len(const uint8_t head[FRAME_HEAD_BYTES], size_t *out, struct error *err);

#endif

/*
 * Packs: objects of format version 2 whose frames are read by themselves, so that each may be short (doc/format.md). A
 * base backup keeps the content of files in packs, and its index says which frame has which bytes. The last frame of a
 * pack is empty.
 */
#ifndef WALSHIP_FORMAT_PACK_H
#define WALSHIP_FORMAT_PACK_H

#include "format/unseal.h"

/* Where a frame lies in its pack. */
struct pack_place {
	uint64_t offset; /* of the frame's head, in the object */
	uint32_t bytes;  /* of the frame with head and tag */
	uint32_t number;
};

struct pack_params {
	const struct codec *codec;
	int level;
	bool has_pages; /* frames have whole pages of PostgreSQL: where they are compressed, their rows are arranged for
			   it */
	const struct repository_key *key; /* NULL: SHA-256 only */
	uint8_t salt[SALT_BYTES];         /* fresh random bytes for each pack */
	const char *name;                 /* below the repository */
};

struct pack_writer;

/*
 * Begins a pack and writes its header. The writer owns object from the call on. The key and the name must outlive the
 * writer. For one thread at a time.
 */
enum status pack_writer_new(struct pack_writer **out, const struct pack_params *params, struct sink *object,
			    struct error *err);

/* The header that readers of single frames need. */
const struct object_header *pack_writer_header(const struct pack_writer *writer);

/* Adds a frame of len bytes, from 1 to FRAME_CONTENT_BYTES. The content is only read. */
enum status pack_writer_add(struct pack_writer *writer, uint8_t *content, size_t len, struct pack_place *place,
			    struct error *err);

/* Bytes of the object so far. */
uint64_t pack_writer_bytes(const struct pack_writer *writer);

/*
 * Adds the last frame, frees the writer whatever happens, and hands over the sink, which the caller finishes and frees:
 * that may take as long as an upload does. *bytes are those of the object. *object is NULL after a failure.
 */
enum status pack_writer_close(struct pack_writer *writer, struct sink **object, uint64_t *bytes, struct error *err);

/* Abandons the pack: no object appears. NULL is allowed. */
void pack_writer_free(struct pack_writer *writer);

struct pack_reader;

/*
 * header is the pack's. STATUS_DAMAGED: it is not valid, or its key is not in the ring. Keys and name of params must
 * outlive the reader; threads do not matter.
 */
enum status pack_reader_new(struct pack_reader **out, const struct object_header *header,
			    const struct unseal_params *params, struct error *err);

/*
 * Opens one frame and writes its content to the sink, which it does not finish. bytes are those at place, and are
 * overwritten. STATUS_DAMAGED, and nothing written, when they are not that frame of this pack.
 */
enum status pack_reader_open(struct pack_reader *reader, const struct pack_place *place, uint8_t *bytes,
			     struct sink *content, struct error *err);

/* NULL is allowed. */
void pack_reader_free(struct pack_reader *reader);

#endif

/* Every implementation of every codec that this build has, and the shell for those of others. */
#ifndef TEST_STREAM_FORMATS_H
#define TEST_STREAM_FORMATS_H

#include "base/buffer.h"
#include "stream/codec/codec.h"

struct implementation {
	const char *name;     /* "isal" */
	const char *format;   /* the codec's name: "gzip" */
	int least, most;      /* levels */
	size_t longest_write; /* of the decompressor: its content needs no more memory */
	enum status (*compressor)(struct compressor **out, int level, struct error *err);
	enum status (*decompressor)(struct decompressor **out, struct error *err);
};

extern const struct implementation implementations[];
extern const struct implementation *const implementations_end;

/* The caller frees what it is given. */
struct buffer pack(const struct implementation *by, int level, const struct buffer *plain);

/* The same, where the codec takes pieces of a block. */
struct buffer pack_in_pieces(const struct implementation *by, int level, const struct buffer *plain);

/*
 * The input lies in memory of its own, so that a read beyond it is seen. Fails the test when more comes out than a
 * block. err says what was wrong.
 */
enum status unpack(const struct implementation *by, const struct buffer *packed, struct buffer *out, struct error *err);

/* Fails the test unless packed is plain. */
void assert_unpacks(const struct implementation *by, const struct buffer *packed, const struct buffer *plain);

/* What a shell command prints, given in (NULL: nothing) as its standard input. It must succeed. */
struct buffer from_shell(const char *command, const struct buffer *in);

/* Decimal numbers, a line each: what "seq count" prints. */
struct buffer numbers(int count);

#endif

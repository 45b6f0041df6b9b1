/* Every implementation of every codec in this build, and shell commands for other programs. */
#ifndef TEST_STREAM_FORMATS_H
#define TEST_STREAM_FORMATS_H

#include "stream/codec/codec.h"
#include "support/collect.h"

struct implementation {
	const char *name;   /* "isal" */
	const char *format; /* the codec's name: "gzip" */
	int least, most;    /* levels */
	enum status (*compress)(struct sink **chain, int level, struct error *err);
	enum status (*decompress)(struct sink **chain, struct error *err);
};

extern const struct implementation implementations[];
extern const struct implementation *const implementations_end;

/* The caller frees the result. */
struct buffer pack(const struct implementation *by, int level, const struct buffer *plain);

/* Writes pieces of this size, each in its own allocation, so that a read beyond it is detected. err has the error. */
enum status unpack(const struct implementation *by, const struct buffer *packed, size_t piece, struct buffer *out,
		   struct error *err);

/* Fails the test unless packed is plain, in large and in small pieces. */
void assert_unpacks(const struct implementation *by, const struct buffer *packed, const struct buffer *plain);

/* Returns the output of a shell command with `in` (NULL: nothing) as standard input. It must succeed. */
struct buffer from_shell(const char *command, const struct buffer *in);

/* Decimal numbers, one per line, like "seq count". */
struct buffer numbers(int count);

#endif

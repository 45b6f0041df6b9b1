/* The names in one directory, in one block, so that a million of them take little more than their bytes. */
#ifndef WALSHIP_PG_DATA_NAMES_H
#define WALSHIP_PG_DATA_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "walship/error.h"

struct names {
	struct buffer text;
	uint32_t *places; /* of each name in text */
	size_t count, capacity;
};

/* Whether a name is left out; directory is that of names_read. */
typedef bool (*names_left_out_fn)(const char *directory, const char *name);

/*
 * Reads the directory that is open as fd into *names, which is empty, and sorts the names byte by byte. directory is
 * for left_out, which may be NULL, and for errors. STATUS_LOCAL; names_fini whatever happens.
 */
enum status names_read(struct names *names, int fd, const char *directory, names_left_out_fn left_out,
		       struct error *err);

const char *names_at(const struct names *names, size_t i);

/* Leaves the zero state. */
void names_fini(struct names *names);

#endif

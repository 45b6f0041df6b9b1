/* Archiving one WAL file: what archive_command, and an archive module, do. */
#ifndef WALSHIP_PUSH_H
#define WALSHIP_PUSH_H

#include <stdint.h>

#include "walship/error.h"

struct call;
struct codec;
struct repository_key;
struct keyring;
struct store;

struct limiter;

/* One file as it was found: whatever is said of it holds for this one only, never for another of its name. */
struct shipped {
	uint64_t system_id; /* of its cluster */
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns; /* UTC: of the content, of the inode */
};

struct push {
	struct store *store;
	const struct call *call;
	const struct codec *codec;
	int level;
	unsigned threads;                 /* that compress; up to 1: none but the caller's */
	const struct repository_key *key; /* NULL: not encrypted */
	const struct keyring *keys;       /* to read back what has the name already */
	const char *path;                 /* the file; its last component is the WAL file's name */
	const char *pg_data;              /* NULL: looked for, see pg/data/control.h */
	uint64_t system_id;               /* 0: from the file or the data directory */
	struct limiter *limiter;          /* shared by pushes side by side; NULL for one alone */
	uint64_t buffer_bytes;            /* what the store may hold of one object: asked of the limiter */
};

/*
 * Checks the file, compresses, encrypts, and creates its object. STATUS_OK only once the store has confirmed it, or has
 * it already, identical byte for byte. Never replaces an object, never touches the file.
 * STATUS_USAGE: the name is not a WAL file's, or the system identifier is not known. STATUS_CONFLICT: the file is
 * damaged, belongs to another cluster, changes while it is read, or differs from the object that the store has under
 * this name.
 */
enum status push_file(const struct push *push, struct error *err);

#endif

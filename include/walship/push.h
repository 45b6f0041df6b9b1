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

/* Identifies a file and its content, so that another file with the same name is not mistaken for it. */
struct shipped {
	uint64_t system_id; /* of the file's cluster */
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns; /* UTC: mtime, ctime */
};

struct push {
	struct store *store;
	const struct call *call;
	const struct codec *codec;
	int level;
	unsigned threads;                 /* that compress; 0 or 1: the caller's only */
	const struct repository_key *key; /* NULL: not encrypted */
	const struct keyring *keys;       /* to compare with an object that already has the name */
	const char *path;                 /* the file; its last component is the WAL file's name */
	const char *pg_data;              /* NULL: search for it, see pg/data/control.h */
	uint64_t system_id;               /* 0: not given; the file or the data directory tells it */
	struct limiter *limiter;          /* shared by concurrent pushes; may be NULL */
	uint64_t buffer_bytes; /* the most memory that the store uses for one object: counted by the limiter */
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

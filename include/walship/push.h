/* Archives one WAL file; archive_command and an archive module do this. */
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

/* Identifies a file and its content, so that walship notices another file with the same name. */
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
	unsigned threads;                 /* threads that compress; 0 or 1: only the calling thread */
	const struct repository_key *key; /* NULL: not encrypted */
	const struct keyring *keys;       /* decrypt an existing object of the same name, for comparison */
	const char *path;                 /* the file; its last component is the WAL file's name */
	const char *pg_data;              /* NULL: search for it, see pg/data/control.h */
	uint64_t system_id;               /* 0: push reads it from the file or the data directory */
	struct limiter *limiter;          /* shared by concurrent pushes; may be NULL */
	uint64_t buffer_bytes;            /* the store's maximum memory for one object; the limiter counts it */
	int64_t compare_ms;               /* the time of a comparison with an existing object; 0: the call's deadline */
};

/*
 * Checks the file, compresses and encrypts its content, and creates its object. Never replaces an object, never changes
 * the file.
 * STATUS_OK: the store has confirmed the object, or already has an object with the same name and identical content.
 * STATUS_USAGE: the file name is not a WAL file name, or the system identifier is unknown.
 * STATUS_CONFLICT: the file is damaged, belongs to another cluster, changes during the push, or differs from the object
 * of the same name.
 */
enum status push_file(const struct push *push, struct error *err);

#endif

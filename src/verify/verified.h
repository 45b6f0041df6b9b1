/*
 * Notes which segments of one cluster verify --read found good, from one run to the next: ranges, each with the times
 * of the run that read them. If the notes are lost, the next run reads the segments again. Not safe for concurrent use.
 */
#ifndef WALSHIP_VERIFY_VERIFIED_H
#define WALSHIP_VERIFY_VERIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/keyring.h"
#include "repo/identity.h"
#include "sys/spool.h"

#define VERIFIED_RANGES_MAX 4096 /* a daily run adds one range to each timeline */
#define VERIFIED_PATH_MAX (SPOOL_PATH_MAX + 64)
#define VERIFIED_IDENTITY_MAX (IDENTITY_MAX + KEYRING_MAX * (2 * KEY_ID_BYTES + 8))

/*
 * Two clocks: this machine's says how old a note is, and the store's which objects it holds for. Either may have been
 * wrong.
 */
struct verified_run {
	int64_t began_s; /* UTC of this machine */
	int64_t
	    newest_s; /* UTC when the newest object of the listing was stored: an object stored later was not read */
};

struct verified_range {
	uint32_t timeline;
	uint64_t first, last; /* segments, as wal_name_number counts them */
	struct verified_run run;
};

struct verified {
	char path[VERIFIED_PATH_MAX]; /* "": the notes are not kept */
	char identity[VERIFIED_IDENTITY_MAX];
	struct verified_range *ranges; /* ascending, without overlap */
	size_t count, capacity;
};

struct verified_place {
	const char *dir;      /* of this user's own */
	const char *subject;  /* part of the file's name; "": WAL */
	const char *identity; /* lines of text */
	uint64_t system_id;
	int64_t not_before_s, now_s; /* UTC of this machine */
};

/*
 * Loads the cluster's notes, from the file that notes_file_read chooses. Notes made before not_before_s, after now_s
 * (the clock was ahead), or under another identity do not count. A file that is missing or incomplete is STATUS_OK and
 * gives no notes. Call verified_fini afterwards.
 */
enum status verified_open(struct verified *verified, const struct verified_place *place, struct error *err);
void verified_fini(struct verified *verified);

/* Whether the segment was found good, and was stored before that run began and listed the repository. */
bool verified_has(const struct verified *verified, uint32_t timeline, uint64_t number, int64_t stored_s);

/* Drops the oldest range when there is no room for another one. */
enum status verified_add(struct verified *verified, uint32_t timeline, uint64_t number, const struct verified_run *run,
			 struct error *err);
enum status verified_remove(struct verified *verified, uint32_t timeline, uint64_t number, struct error *err);

/* Replaces the file atomically, if the notes are kept. */
enum status verified_save(const struct verified *verified, struct error *err);

#endif

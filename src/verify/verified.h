/*
 * Notes which segments of one cluster verify --read found good, from one run to the next: ranges, each with the time
 * when they were read. If the notes are lost, the next run reads the segments again. Not safe for concurrent use.
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
#define VERIFIED_PATH_MAX (SPOOL_PATH_MAX + 48)
#define VERIFIED_IDENTITY_MAX (IDENTITY_MAX + KEYRING_MAX * (2 * KEY_ID_BYTES + 8))

struct verified_range {
	uint32_t timeline;
	uint64_t first, last; /* segments, as wal_name_number counts them */
	int64_t at_s;         /* UTC: when the run that read them began */
};

struct verified {
	char path[VERIFIED_PATH_MAX];
	char identity[VERIFIED_IDENTITY_MAX];
	struct verified_range *ranges; /* ascending, without overlap */
	size_t count, capacity;
};

/*
 * Loads the cluster's notes from dir, a directory of this user's own. Notes made before not_before_s, or under another
 * identity (lines of text), do not count. A file that is missing or incomplete is STATUS_OK and gives no notes. Call
 * verified_fini afterwards.
 */
enum status verified_open(struct verified *verified, const char *dir, const char *identity, uint64_t system_id,
			  int64_t not_before_s, struct error *err);
void verified_fini(struct verified *verified);

/* Whether the segment was found good, and was stored before that run began. */
bool verified_has(const struct verified *verified, uint32_t timeline, uint64_t number, int64_t stored_s);

/* Drops the oldest range when there is no room for another one. */
enum status verified_add(struct verified *verified, uint32_t timeline, uint64_t number, int64_t at_s,
			 struct error *err);
enum status verified_remove(struct verified *verified, uint32_t timeline, uint64_t number, struct error *err);

/* Replaces the file atomically. */
enum status verified_save(const struct verified *verified, struct error *err);

#endif

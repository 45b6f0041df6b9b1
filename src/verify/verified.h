/*
 * What verify --read has found good, remembered from one run to the next: ranges of segments of one cluster, each with
 * the time when they were read. Losing it costs reading them again. The caller sees to it that one thread at a time
 * uses it.
 */
#ifndef WALSHIP_VERIFY_VERIFIED_H
#define WALSHIP_VERIFY_VERIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repo/identity.h"
#include "format/keyring.h"
#include "sys/spool.h"

#define VERIFIED_RANGES_MAX 4096 /* a run a day leaves one range more on each timeline */
#define VERIFIED_PATH_MAX (SPOOL_PATH_MAX + 48)
#define VERIFIED_IDENTITY_MAX (IDENTITY_MAX + KEYRING_MAX * (2 * KEY_ID_BYTES + 8))

struct verified_range {
	uint32_t timeline;
	uint64_t first, last; /* segments, as wal_name_number counts them */
	int64_t at_s;         /* UTC: when the run began that read them */
};

struct verified {
	char path[VERIFIED_PATH_MAX];
	char identity[VERIFIED_IDENTITY_MAX];
	struct verified_range *ranges; /* ascending, and none overlaps another */
	size_t count, capacity;
};

/*
 * Of this cluster, from its file in the directory, which is the user's own; without what was read before not_before_s.
 * identity is lines of text: what was noted under another one does not count. A file that is not there, or not whole,
 * is an empty memory and STATUS_OK. The zero state, and after verified_fini, nothing is held.
 */
enum status verified_open(struct verified *verified, const char *dir, const char *identity, uint64_t system_id,
			  int64_t not_before_s, struct error *err);
void verified_fini(struct verified *verified);

/* Whether the segment was good when it was read, and was stored before. */
bool verified_has(const struct verified *verified, uint32_t timeline, uint64_t number, int64_t stored_s);

/* When there is no room for another range, the oldest is forgotten. */
enum status verified_add(struct verified *verified, uint32_t timeline, uint64_t number, int64_t at_s,
			 struct error *err);
enum status verified_remove(struct verified *verified, uint32_t timeline, uint64_t number, struct error *err);

/* Whole or not at all, in place of what was there. */
enum status verified_save(const struct verified *verified, struct error *err);

#endif

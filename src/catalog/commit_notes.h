/*
 * Notes of the commit times in each WAL segment of one cluster. verify --read writes the notes, so that other commands
 * need not read the segment again. Without notes these commands read the segments. Not safe for concurrent use.
 */
#ifndef WALSHIP_CATALOG_COMMIT_NOTES_H
#define WALSHIP_CATALOG_COMMIT_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repo/identity.h"
#include "sys/spool.h"

#define COMMIT_NOTES_MAX (256 * 1024)            /* 4 TiB of WAL in segments of 16 MiB, in 16 MiB of memory */
#define COMMIT_NOTES_KEPT (COMMIT_NOTES_MAX / 2) /* of the last segments: whatever is dropped for room, these stay */
#define COMMIT_NOTES_PATH_MAX (SPOOL_PATH_MAX + 64)
#define COMMIT_NOTE_UNKNOWN (-1)

/* Times are of commits and aborts, in microseconds since 1970, UTC. 0: there is none. */
struct commit_note {
	uint32_t timeline;
	uint64_t number;           /* of the segment, as wal_name_number counts */
	int64_t began_s, newest_s; /* of the run that read the segment: as in struct verified_run */
	int64_t first_us, last_us; /* of the first record that lies in this segment as a whole, and the latest time */
	/* Of the record that begins in the segment before and ends here. COMMIT_NOTE_UNKNOWN: no run joined the two. */
	int64_t crossing_us;
	bool stale; /* see commit_notes_listed: the note counts no more */
};

struct commit_notes {
	char path[COMMIT_NOTES_PATH_MAX]; /* "": the notes are not kept */
	char identity[IDENTITY_MAX];
	struct commit_note *items; /* ascending by timeline and number */
	size_t count, capacity;
	bool changed; /* since the last commit_notes_save */
};

/*
 * Loads the cluster's notes about this repository, from the file that notes_file_read chooses. directory: as for
 * spool_prepare; without create it is not created. A file that is missing or incomplete is STATUS_OK and gives no
 * notes. Of a repository as it was at a time (s3-at-time) there are none, and none are kept. Call commit_notes_fini
 * whatever happens.
 */
struct commit_notes_place {
	const char *directory;
	const struct repository_settings *settings;
	uint64_t system_id;
	bool create;
};
enum status commit_notes_open(struct commit_notes *notes, const struct commit_notes_place *place, struct error *err);
void commit_notes_fini(struct commit_notes *notes);

/* NULL: the segment has no note that counts. Valid until the notes change. notes may be NULL, and then has none. */
const struct commit_note *commit_notes_find(const struct commit_notes *notes, uint32_t timeline, uint64_t number);

/* Whether a segment without a note should be read for one: it is not before those whose notes found no room. */
bool commit_notes_want(const struct commit_notes *notes, uint32_t timeline, uint64_t number);

/* The note of a segment that was stored after the run that read one of this name counts no more. */
void commit_notes_listed(struct commit_notes *notes, uint32_t timeline, uint64_t number, int64_t stored_s);

/*
 * Notes a segment that was read. If its note has a crossing_us and the new one has none, the old one stays. When there
 * is no room, the notes of the first quarter of the segments are dropped.
 */
enum status commit_notes_add(struct commit_notes *notes, const struct commit_note *note, struct error *err);

/* Does nothing if the segment has no note. */
void commit_notes_cross(struct commit_notes *notes, uint32_t timeline, uint64_t number, int64_t crossing_us);
void commit_notes_remove(struct commit_notes *notes, uint32_t timeline, uint64_t number);

/* Replaces the file atomically, unless nothing changed. */
enum status commit_notes_save(struct commit_notes *notes, struct error *err);

#endif

/* walship check: whether the disk of a directory repository has room, for the user who runs check. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "check/check.h"
#include "text/uri.h"

#define MIB (1024 * 1024)
#define SEGMENT_BYTES (16 * MIB) /* PostgreSQL's default */
#define LOW_BYTES (16 * SEGMENT_BYTES)
#define CHUNK (128 * 1024)

/* Bytes that no file system can compress or deduplicate (xorshift64). */
static void fill(uint64_t *chunk, uint64_t *state)
{
	for (size_t i = 0; i < CHUNK / sizeof *chunk; i++) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		chunk[i] = *state;
	}
}

/* Only a write by this user shows a quota; a small object would fit on a full disk, too. */
static enum status write_segment(struct store *store, const struct call *call, const char *name, struct error *err)
{
	CLEANUP(sink_freep) struct sink *sink = NULL;
	CLEANUP(freep) uint64_t *chunk = malloc(CHUNK);
	uint64_t state = 0;
	if (chunk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = random_fill(call->random, &state, sizeof state, err);
	state |= 1;
	if (!st)
		st = store_create(store, call, name, &sink, err);
	for (uint64_t done = 0; !st && done < SEGMENT_BYTES; done += CHUNK) {
		fill(chunk, &state);
		st = sink_write(sink, chunk, CHUNK, err);
	}
	if (!st)
		st = sink_finish(sink, err);
	if (st)
		return st;
	st = store_remove(store, call, name, err);
	return st ? error_hint(err, st, "the test object %s stays in the repository", name) : STATUS_OK;
}

/* root may fill the blocks that are reserved for it, so the free space of other users counts. */
static enum status look_at_disk(const char *path, struct finding *finding, struct error *err)
{
	struct statvfs disk;
	if (statvfs(path, &disk) != 0 || disk.f_blocks == 0)
		return STATUS_OK;
	uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	finding_say(finding, "%" PRIu64 " MiB free", free_bytes / MIB);
	if (free_bytes >= LOW_BYTES)
		return STATUS_OK;
	finding->optional = free_bytes >= SEGMENT_BYTES;
	return error_hint(
	    err, error_set(err, STATUS_LOCAL, "file://%s has only %" PRIu64 " MiB free", path, free_bytes / MIB),
	    "free space on the repository's disk: archiving stops when it is full");
}

enum status check_room(const struct repository *repo, const struct call *call, const char *name,
		       struct finding *finding, struct error *err)
{
	struct repo_url url;
	enum status st = write_segment(repo->store, call, name, err);
	if (!st)
		st = repo_url_parse(&url, repo->settings->url, err);
	return st ? st : look_at_disk(url.path, finding, err);
}

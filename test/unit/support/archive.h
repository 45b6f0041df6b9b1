/* A cluster's WAL on disk and an archive in memory: what the tests of push and fetch begin with. */
#ifndef TEST_SUPPORT_ARCHIVE_H
#define TEST_SUPPORT_ARCHIVE_H

#include "format/keyring.h"
#include "store/store.h"
#include "support/scratch.h"
#include "support/world.h"
#include "walship/fetch.h"
#include "walship/push.h"

#define ARCHIVE_SEGMENT_BYTES (1024 * 1024)
#define ARCHIVE_SYSTEM_ID 42

struct archive {
	struct scratch dir; /* with data/pg_wal and data/global/pg_control of cluster 42 */
	struct world world;
	struct keyring keys;
	struct store *store;
	int64_t compare_ms; /* of archive_push */
	struct error err;
};

void archive_init(struct archive *archive);
void archive_fini(struct archive *archive);

/* Makes data/pg_wal/NAME: a segment of 1 MB that is filled from seed, or a proper file of the other kinds. */
void archive_put_wal(struct archive *archive, const char *name, unsigned seed);

/* Pushes data/pg_wal/NAME, with the archive's first key; the error is in archive->err. */
enum status archive_push(struct archive *archive, const char *name);

/* Fetches NAME to out/NAME. */
enum status archive_fetch(struct archive *archive, const char *name);

#endif

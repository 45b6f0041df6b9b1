/* Inspects one object, read to its end: whether it opens, and whether its content fits its name. */
#ifndef WALSHIP_VERIFY_INSPECT_H
#define WALSHIP_VERIFY_INSPECT_H

#include "format/unseal.h"
#include "pg/wal/name.h"
#include "pg/wal/records.h"
#include "repo/repository.h"

#define INSPECT_HEAD_BYTES (128 * 1024) /* the rest of a record in the next segment is rarely longer */

/* The result, with the data to check records that cross segment boundaries. */
struct inspected {
	bool is_segment;        /* a good segment: the fields below are valid */
	struct records records; /* state at the segment's end */
	uint8_t *head;          /* owned: the first INSPECT_HEAD_BYTES of the content, or all of it */
	size_t head_len;
	uint64_t bytes; /* of the content */
	struct unseal_lack lack;
};

struct inspection {
	const struct repository *repo;
	const struct call *call; /* takes one step of it */
	const struct crc32c *crc32c;
	uint64_t system_id;
	const struct wal_name *name;
};

/*
 * Opens the object and checks its tag, codec and content: each page header and each record CRC of a segment, the
 * beginning of other files. STATUS_DAMAGED: err says what is wrong. STATUS_MISSING: the object was removed. Call
 * inspected_fini afterwards for every status.
 */
enum status inspect(const struct inspection *inspection, struct inspected *out, struct error *err);
void inspected_fini(struct inspected *inspected);

#endif

/* One object, read to its end: whether it opens, and holds what its name says. */
#ifndef WALSHIP_VERIFY_INSPECT_H
#define WALSHIP_VERIFY_INSPECT_H

#include "pg/wal/name.h"
#include "pg/wal/records.h"
#include "repo/repository.h"
#include "format/unseal.h"

#define INSPECT_HEAD_BYTES (128 * 1024) /* a record that goes on in the next segment is rarely longer */

/* What is needed to check the record that goes from one segment into the next. */
struct inspected {
	bool is_segment;        /* and good: what follows means something */
	struct records records; /* at the segment's end */
	uint8_t *head;          /* the first bytes, INSPECT_HEAD_BYTES at most */
	size_t head_len;
	uint64_t bytes; /* of the content */
	struct unseal_lack lack;
};

struct inspection {
	const struct repository *repo;
	const struct call *call; /* one step of it */
	const struct crc32c *crc32c;
	uint64_t system_id;
	const struct wal_name *name;
};

/*
 * Opens the object and checks tag, codec and content: of a segment each page header and the CRC of each record, of the
 * others that they begin as such files do. STATUS_DAMAGED says what is wrong; STATUS_MISSING: it is gone.
 * inspected_fini after use, whatever it said.
 */
enum status inspect(const struct inspection *inspection, struct inspected *out, struct error *err);
void inspected_fini(struct inspected *inspected);

#endif

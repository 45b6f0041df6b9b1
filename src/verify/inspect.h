/* Inspects one object, read to its end: whether it opens, and whether its content fits its name. */
#ifndef WALSHIP_VERIFY_INSPECT_H
#define WALSHIP_VERIFY_INSPECT_H

#include "base/buffer.h"
#include "format/unseal.h"
#include "pg/wal/name.h"
#include "pg/wal/records.h"
#include "repo/repository.h"

/*
 * The limit for the kept beginning of a content. The longest usual record has 32 full pages, 256 KiB (XLR_MAX_BLOCK_ID
 * in xlogrecord.h): builds of indexes write such records, since PostgreSQL 17 (bulk_write.c) those of B-trees too.
 */
#define INSPECT_HEAD_BYTES (512 * 1024)

/* The result, with the data to check records that cross segment boundaries. */
struct inspected {
	bool is_segment;        /* a good segment: the fields below are valid */
	struct records records; /* state at the segment's end; its mark_arg is not valid any more */
	/* Of the commits and aborts that lie in the segment as a whole: as in struct commit_note. */
	int64_t first_end_us, last_end_us;
	/*
	 * The beginning of the content: of a segment its first page, and all bytes before the first record that begins
	 * there; of other files all of it. At most INSPECT_HEAD_BYTES.
	 */
	struct buffer head;
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

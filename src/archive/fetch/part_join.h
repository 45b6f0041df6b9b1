/* Joins the streamed parts of a segment to a segment that ends with the last whole record. */
#ifndef WALSHIP_ARCHIVE_FETCH_PART_JOIN_H
#define WALSHIP_ARCHIVE_FETCH_PART_JOIN_H

#include "pg/wal/part_name.h"
#include "repo/repository.h"
#include "sys/newfile.h"

struct part_join {
	const struct repository *repo;
	const struct call *call;
	uint64_t system_id;
	const struct wal_name *segment;
	/* out */
	uint32_t segment_bytes; /* as the first page says */
	uint32_t joined;        /* bytes of parts that follow each other from the beginning of the segment on */
	uint32_t kept;          /* of them, up to the end of the last whole record; zeros follow */
	bool continues;         /* a part behind these bytes exists: one is missing or damaged */
};

/*
 * Fills file, whose name stays the caller's to give. STATUS_MISSING: no part begins the segment, or the parts have no
 * whole record. A damaged part ends the segment before it, with a warning in the log. Other statuses are those of the
 * store: nothing is known then.
 */
enum status part_join(struct part_join *join, struct newfile *file, struct error *err);

#endif

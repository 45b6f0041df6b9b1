/*
 * Names of streamed parts of WAL segments: "<system id>/stream/<timeline><log id>/<segment>/<first byte>-<end>". First
 * byte and end are offsets in the segment, of eight hexadecimal digits each; the end is the first byte behind the part.
 */
#ifndef WALSHIP_PG_WAL_PART_NAME_H
#define WALSHIP_PG_WAL_PART_NAME_H

#include "pg/wal/name.h"

struct wal_part {
	struct wal_name segment;
	uint32_t first, end;
};

void wal_part_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_part *part);

/* The beginning of the names of all parts of a segment, with the last '/'. */
void wal_part_prefix(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_name *segment);

/* Parses such an object name. Returns false for any other. */
bool wal_part_parse(const char *object, uint64_t *system_id, struct wal_part *part);

#endif

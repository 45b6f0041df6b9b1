#include "pg/wal/part_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTORY_DIGITS 16 /* timeline and log id, the beginning of a segment's name */

void wal_part_prefix(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_name *segment)
{
	(void)snprintf(out, WAL_OBJECT_NAME_MAX, "%" PRIu64 "/stream/%.*s/%s/", system_id, DIRECTORY_DIGITS,
		       segment->text, segment->text);
}

void wal_part_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_part *part)
{
	(void)snprintf(out, WAL_OBJECT_NAME_MAX, "%" PRIu64 "/stream/%.*s/%s/%08" PRIX32 "-%08" PRIX32, system_id,
		       DIRECTORY_DIGITS, part->segment.text, part->segment.text, part->first, part->end);
}

bool wal_part_parse(const char *object, uint64_t *system_id, struct wal_part *part)
{
	char segment[WAL_NAME_MAX], same[WAL_OBJECT_NAME_MAX];
	struct error ignored;
	const char *rest = wal_system_id_read(object, system_id);
	*part = (struct wal_part){0};
	if (rest == NULL || sscanf(rest, "/stream/%*16[0-9A-F]/%24[0-9A-F]/%8" SCNx32 "-%8" SCNx32, segment,
				   &part->first, &part->end) != 3)
		return false;
	if (wal_name_parse(&part->segment, segment, &ignored) || part->segment.kind != WAL_SEGMENT)
		return false;
	/* Each part has one name. */
	wal_part_object_name(same, *system_id, part);
	return part->first < part->end && part->end <= WAL_SEGMENT_MAX && strcmp(object, same) == 0;
}

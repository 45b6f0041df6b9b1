#include "pg/wal/part_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"

#define DIRECTORY_DIGITS 16 /* timeline and log id, the beginning of a segment's name */
#define SEGMENT_AT (sizeof "/stream/0000000100000000/" - 1)
#define REST_LEN                                                                                                       \
	(sizeof "/stream/0000000100000000/000000010000000000000001/00000000-00000000" - 1) /* behind the cluster */

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
	uint64_t first, end;
	const char *rest = wal_system_id_read(object, system_id);
	*part = (struct wal_part){0};
	if (rest == NULL || strlen(rest) != REST_LEN)
		return false;
	const char *first_text = rest + REST_LEN - 17, *end_text = rest + REST_LEN - 8;
	if (!number_take(&first_text, NULL, 16, UINT32_MAX, &first) ||
	    !number_take(&end_text, NULL, 16, UINT32_MAX, &end))
		return false;
	(void)snprintf(segment, sizeof segment, "%.24s", rest + SEGMENT_AT);
	part->first = (uint32_t)first;
	part->end = (uint32_t)end;
	if (wal_name_parse(&part->segment, segment, &ignored) || part->segment.kind != WAL_SEGMENT)
		return false;
	/* Each part has one name. */
	wal_part_object_name(same, *system_id, part);
	return part->first < part->end && part->end <= WAL_SEGMENT_MAX && strcmp(object, same) == 0;
}

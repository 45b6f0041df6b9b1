#include "pg/wal/name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "text/number.h"

#define SEGMENT_DIGITS 24
#define TIMELINE_DIGITS 8
#define DIR_DIGITS 16 /* timeline and log id */
#define LOG_BYTES 0x100000000UL

/* Reads count uppercase hexadecimal digits; false when there are fewer. */
static bool read_digits(const char *text, size_t count, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned digit = number_digit(text[i]);
		if (digit == NUMBER_NO_DIGIT || text[i] >= 'a')
			return false;
		*out = *out << 4 | digit;
	}
	return true;
}

/* The suffix after a segment name's digits decides the kind. */
static bool kind_of_suffix(const char *suffix, enum wal_kind *kind)
{
	uint32_t offset;
	if (suffix[0] == '\0')
		*kind = WAL_SEGMENT;
	else if (strcmp(suffix, ".partial") == 0)
		*kind = WAL_PARTIAL;
	else if (suffix[0] == '.' && read_digits(suffix + 1, 8, &offset) && strcmp(suffix + 9, ".backup") == 0)
		*kind = WAL_BACKUP;
	else
		return false;
	return true;
}

static bool parse(struct wal_name *out, const char *text)
{
	if (!read_digits(text, TIMELINE_DIGITS, &out->timeline) || out->timeline == 0)
		return false;
	if (strcmp(text + TIMELINE_DIGITS, ".history") == 0) {
		out->kind = WAL_HISTORY;
		return true;
	}
	return read_digits(text + 8, 8, &out->log) && read_digits(text + 16, 8, &out->segment) &&
	       kind_of_suffix(text + SEGMENT_DIGITS, &out->kind);
}

enum status wal_name_parse(struct wal_name *out, const char *text, struct error *err)
{
	*out = (struct wal_name){0};
	if (strlen(text) >= sizeof out->text || !parse(out, text)) {
		(void)error_set(err, STATUS_USAGE, "'%.80s' is not the name of a WAL file", text);
		return error_hint(
		    err, STATUS_USAGE,
		    "a segment such as 000000010000000000000001, or a .history, .backup or .partial file");
	}
	(void)strcpy(out->text, text);
	return STATUS_OK;
}

enum status wal_name_from_path(struct wal_name *out, const char *path, struct error *err)
{
	return wal_name_parse(out, path_name(path), err);
}

bool wal_segment_size_is_valid(uint64_t bytes)
{
	return bytes >= WAL_SEGMENT_MIN && bytes <= WAL_SEGMENT_MAX && (bytes & (bytes - 1)) == 0;
}

bool wal_name_next(struct wal_name *name, uint64_t segment_bytes)
{
	if (name->kind != WAL_SEGMENT || !wal_segment_size_is_valid(segment_bytes))
		return false;
	uint32_t last = (uint32_t)(LOG_BYTES / segment_bytes - 1);
	if (name->segment > last || (name->segment == last && name->log == UINT32_MAX))
		return false;
	wal_name_of_number(name, name->timeline, (uint64_t)name->log * (last + 1UL) + name->segment + 1,
			   (uint32_t)segment_bytes);
	return true;
}

bool wal_name_number(const struct wal_name *name, uint32_t segment_bytes, uint64_t *out)
{
	uint64_t per_log = LOG_BYTES / segment_bytes;
	*out = name->log * per_log + name->segment;
	return name->kind != WAL_HISTORY && name->segment < per_log;
}

void wal_name_of_number(struct wal_name *out, uint32_t timeline, uint64_t number, uint32_t segment_bytes)
{
	uint64_t per_log = LOG_BYTES / segment_bytes;
	*out = (struct wal_name){.kind = WAL_SEGMENT,
				 .timeline = timeline,
				 .log = (uint32_t)(number / per_log),
				 .segment = (uint32_t)(number % per_log)};
	(void)snprintf(out->text, sizeof out->text, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32, timeline, out->log,
		       out->segment);
}

void wal_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_name *name)
{
	if (name->kind == WAL_HISTORY)
		(void)snprintf(out, WAL_OBJECT_NAME_MAX, "%" PRIu64 "/wal/%s", system_id, name->text);
	else
		(void)snprintf(out, WAL_OBJECT_NAME_MAX, "%" PRIu64 "/wal/%.*s/%s", system_id, DIR_DIGITS, name->text,
			       name->text);
}

const char *wal_system_id_read(const char *text, uint64_t *out)
{
	/* Leading zeros are refused, so that a cluster has a single name. */
	return text[0] == '0' ? NULL : number_read(text, UINT64_MAX, out);
}

void wal_history_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, uint32_t timeline)
{
	struct wal_name name = {.kind = WAL_HISTORY, .timeline = timeline};
	(void)snprintf(name.text, sizeof name.text, "%08" PRIX32 ".history", timeline);
	wal_object_name(out, system_id, &name);
}

bool wal_object_parse(const char *object, uint64_t *system_id, struct wal_name *name)
{
	char again[WAL_OBJECT_NAME_MAX];
	const char *slash = strrchr(object, '/');
	*system_id = 0;
	*name = (struct wal_name){0};
	if (wal_system_id_read(object, system_id) == NULL || slash == NULL || strlen(slash + 1) >= sizeof name->text ||
	    !parse(name, slash + 1))
		return false;
	(void)strcpy(name->text, slash + 1);
	/* The directory must be the one that wal_object_name makes. */
	wal_object_name(again, *system_id, name);
	return strcmp(again, object) == 0;
}

#include "catalog/dump_label.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg/wal/name.h"
#include "text/number.h"

#define WORD "dump"
#define DIRECTORY "/dump/"

static const char *const parts[] = {[DUMP_BEGUN] = "begun", [DUMP_DATA] = "data", [DUMP_MANIFEST] = "manifest"};

bool dump_label_make(struct dump_label *out, int64_t begun_s)
{
	*out = (struct dump_label){.begun_s = begun_s};
	return label_write(out->text, begun_s, WORD);
}

bool dump_label_parse(struct dump_label *out, const char *text)
{
	const char *word;
	int64_t begun_s;
	*out = (struct dump_label){0};
	return label_read(text, &begun_s, &word) && strcmp(word, WORD) == 0 && dump_label_make(out, begun_s);
}

const char *dump_part_name(enum dump_part part)
{
	return parts[part];
}

void dump_prefix(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id)
{
	(void)snprintf(out, BACKUP_OBJECT_NAME_MAX, "%" PRIu64 DIRECTORY, system_id);
}

void dump_object_name(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id, const struct dump_label *label,
		      enum dump_part part, uint32_t number)
{
	char digits[16] = "";
	if (part == DUMP_DATA)
		(void)snprintf(digits, sizeof digits, "/%08" PRIu32, number);
	(void)snprintf(out, BACKUP_OBJECT_NAME_MAX, "%" PRIu64 DIRECTORY "%s/%s%s", system_id, label->text, parts[part],
		       digits);
}

/* The part and the number behind the label. */
static bool parse_part(struct dump_object *out, const char *text)
{
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		size_t len = strlen(parts[i]);
		uint64_t number = 0;
		if (strncmp(text, parts[i], len) != 0)
			continue;
		out->part = (enum dump_part)i;
		if (out->part != DUMP_DATA)
			return text[len] == '\0';
		if (text[len] != '/' || !number_parse(text + len + 1, UINT32_MAX, &number))
			return false;
		out->number = (uint32_t)number;
		return number > 0;
	}
	return false;
}

bool dump_object_parse(struct dump_object *out, const char *name)
{
	char label[BACKUP_LABEL_MAX], same[BACKUP_OBJECT_NAME_MAX];
	*out = (struct dump_object){0};
	const char *at = wal_system_id_read(name, &out->system_id);
	if (at == NULL || strncmp(at, DIRECTORY, sizeof DIRECTORY - 1) != 0)
		return false;
	at += sizeof DIRECTORY - 1;
	size_t len = strcspn(at, "/");
	if (at[len] != '/' || len >= sizeof label)
		return false;
	(void)snprintf(label, sizeof label, "%.*s", (int)len, at);
	if (!dump_label_parse(&out->label, label) || !parse_part(out, at + len + 1))
		return false;
	dump_object_name(same, out->system_id, &out->label, out->part, out->number);
	return strcmp(same, name) == 0;
}

#include "catalog/dump_label.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD "dump"

static const struct label_part parts[] = {
    [DUMP_BEGUN] = {"begun", false}, [DUMP_DATA] = {"data", true}, [DUMP_MANIFEST] = {"manifest", false}};
static const struct label_names names = {"dump", parts, sizeof parts / sizeof parts[0]};

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
	return parts[part].name;
}

void dump_prefix(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id)
{
	(void)snprintf(out, BACKUP_OBJECT_NAME_MAX, "%" PRIu64 "/%s/", system_id, names.directory);
}

void dump_object_name(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id, const struct dump_label *label,
		      enum dump_part part, uint32_t number)
{
	struct label_object object = {.system_id = system_id, .part = part, .number = number};
	memcpy(object.label, label->text, sizeof object.label);
	label_object_name(out, &names, &object);
}

bool dump_object_parse(struct dump_object *out, const char *name)
{
	struct label_object object;
	*out = (struct dump_object){0};
	if (!label_object_parse(&object, &names, name) || !dump_label_parse(&out->label, object.label))
		return false;
	out->system_id = object.system_id;
	out->part = (enum dump_part)object.part;
	out->number = object.number;
	return true;
}

#include "catalog/label.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pg/wal/name.h"
#include "text/number.h"

#define TIME_LEN 16 /* 20261129T064210Z */
#define YEAR_9999_END_S 253402300799

static const char *const type_names[BACKUP_TYPE_COUNT] = {
    [BACKUP_FULL] = "full", [BACKUP_DIFF] = "diff", [BACKUP_INCR] = "incr"};

static const struct label_part parts[] = {
    [PART_BEGUN] = {"begun", false},  [PART_DATA] = {"data", true},   [PART_INDEX] = {"index", true},
    [PART_HASHES] = {"hashes", true}, [PART_PACKS] = {"packs", true}, [PART_MANIFEST] = {"manifest", false},
    [PART_KEEP] = {"keep", false},
};
static const struct label_names backup_names = {"backup", parts, sizeof parts / sizeof parts[0]};

const char *backup_type_name(enum backup_type type)
{
	return type_names[type];
}

bool backup_type_parse(enum backup_type *out, const char *name)
{
	for (size_t i = 0; i < BACKUP_TYPE_COUNT; i++)
		if (strcmp(name, type_names[i]) == 0) {
			*out = (enum backup_type)i;
			return true;
		}
	return false;
}

bool label_write(char out[BACKUP_LABEL_MAX], int64_t begun_s, const char *word)
{
	struct tm parts_of_time;
	time_t when = (time_t)begun_s;
	char text[TIME_LEN + 1];
	if (begun_s < 0 || begun_s > YEAR_9999_END_S || gmtime_r(&when, &parts_of_time) == NULL ||
	    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts_of_time) != TIME_LEN)
		return false;
	(void)snprintf(out, BACKUP_LABEL_MAX, "%s-%s", text, word);
	return true;
}

bool backup_label_make(struct backup_label *out, int64_t begun_s, enum backup_type type)
{
	*out = (struct backup_label){.begun_s = begun_s, .type = type};
	return label_write(out->text, begun_s, type_names[type]);
}

/* Reads len digits. */
static bool take_digits(const char **text, size_t len, int *out)
{
	const char *from = *text;
	uint64_t value;
	if (strlen(from) < len || !number_take(text, from + len, 10, INT32_MAX, &value))
		return false;
	*out = (int)value;
	return *text == from + len;
}

static bool take_char(const char **text, char expected)
{
	return *(*text)++ == expected;
}

bool label_read(const char *text, int64_t *begun_s, const char **word)
{
	struct tm when = {0};
	const char *at = text;
	char same[BACKUP_LABEL_MAX];
	if (!take_digits(&at, 4, &when.tm_year) || !take_digits(&at, 2, &when.tm_mon) ||
	    !take_digits(&at, 2, &when.tm_mday) || !take_char(&at, 'T') || !take_digits(&at, 2, &when.tm_hour) ||
	    !take_digits(&at, 2, &when.tm_min) || !take_digits(&at, 2, &when.tm_sec) || !take_char(&at, 'Z') ||
	    !take_char(&at, '-'))
		return false;
	when.tm_year -= 1900;
	when.tm_mon -= 1;
	*word = at;
	*begun_s = (int64_t)timegm(&when);
	/* A time such as February 30 comes back as another one. */
	return label_write(same, *begun_s, at) && strcmp(same, text) == 0;
}

bool label_of_directory(char out[BACKUP_LABEL_MAX], const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > BACKUP_LABEL_MAX)
		return false;
	(void)snprintf(out, BACKUP_LABEL_MAX, "%.*s", (int)len - 1, name);
	return true;
}

void label_object_name(char out[BACKUP_OBJECT_NAME_MAX], const struct label_names *names,
		       const struct label_object *object)
{
	const struct label_part *part = &names->parts[object->part];
	char digits[16] = "";
	if (part->is_numbered)
		(void)snprintf(digits, sizeof digits, "/%08" PRIu32, object->number);
	(void)snprintf(out, BACKUP_OBJECT_NAME_MAX, "%" PRIu64 "/%s/%s/%s%s", object->system_id, names->directory,
		       object->label, part->name, digits);
}

/* The component up to the next '/' or the end. Returns false when it does not fit. */
static bool take_component(const char **text, char *out, size_t size)
{
	size_t len = strcspn(*text, "/");
	if (len >= size)
		return false;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len + ((*text)[len] == '/');
	return true;
}

bool label_object_parse(struct label_object *out, const struct label_names *names, const char *name)
{
	char component[BACKUP_LABEL_MAX], same[BACKUP_OBJECT_NAME_MAX];
	*out = (struct label_object){0};
	const char *at = wal_system_id_read(name, &out->system_id);
	if (at == NULL || *at++ != '/' || !take_component(&at, component, sizeof component) ||
	    strcmp(component, names->directory) != 0 || !take_component(&at, out->label, sizeof out->label) ||
	    !take_component(&at, component, sizeof component))
		return false;
	for (out->part = 0; out->part < names->part_count; out->part++) {
		const struct label_part *part = &names->parts[out->part];
		uint64_t number = 0;
		if (strcmp(component, part->name) != 0 || (part->is_numbered && !number_parse(at, UINT32_MAX, &number)))
			continue;
		out->number = (uint32_t)number;
		label_object_name(same, names, out);
		return strcmp(same, name) == 0 && (number > 0) == part->is_numbered;
	}
	return false;
}

bool backup_label_parse(struct backup_label *out, const char *text)
{
	int64_t begun_s;
	enum backup_type type;
	const char *word;
	*out = (struct backup_label){0};
	return label_read(text, &begun_s, &word) && backup_type_parse(&type, word) &&
	       backup_label_make(out, begun_s, type);
}

const char *backup_part_name(enum backup_part part)
{
	return parts[part].name;
}

void backup_prefix(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id)
{
	(void)snprintf(out, BACKUP_OBJECT_NAME_MAX, "%" PRIu64 "/%s/", system_id, backup_names.directory);
}

void backup_object_name(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id, const struct backup_label *label,
			enum backup_part part, uint32_t number)
{
	struct label_object object = {.system_id = system_id, .part = part, .number = number};
	memcpy(object.label, label->text, sizeof object.label);
	label_object_name(out, &backup_names, &object);
}

bool backup_object_parse(struct backup_object *out, const char *name)
{
	struct label_object object;
	*out = (struct backup_object){0};
	if (!label_object_parse(&object, &backup_names, name) || !backup_label_parse(&out->label, object.label))
		return false;
	out->system_id = object.system_id;
	out->part = (enum backup_part)object.part;
	out->number = object.number;
	return true;
}

#include "catalog/pack_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "text/hex.h"
#include "text/number.h"

#define HEADER_DIGITS (2 * HEADER_BYTES)
#define LINE_MAX_BYTES (HEADER_DIGITS + 48) /* three numbers, of 40 digits at most */

static int compare(const void *one, const void *other)
{
	const struct pack_entry *a = one, *b = other;
	if (a->backup != b->backup)
		return a->backup < b->backup ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

enum status pack_table_add(struct pack_table *table, const struct pack_entry *entry, struct error *err)
{
	struct pack_entry *grown = array_grow(table->items, table->count, &table->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	table->items = grown;
	grown[table->count++] = *entry;
	return STATUS_OK;
}

/* The length of the line, with its newline. */
static size_t format_line(char out[LINE_MAX_BYTES], const struct pack_entry *entry)
{
	char digits[HEADER_DIGITS + 1];
	hex_encode(digits, &entry->header, sizeof entry->header);
	return (size_t)snprintf(out, LINE_MAX_BYTES, "p\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\t%s\n", entry->backup,
				entry->number, entry->bytes, digits);
}

enum status pack_table_write(struct pack_table *table, struct series_writer *writer, struct error *err)
{
	enum status st = STATUS_OK;
	if (table->count > 0)
		qsort(table->items, table->count, sizeof *table->items, compare);
	for (size_t i = 0; !st && i < table->count; i++) {
		char line[LINE_MAX_BYTES];
		st = series_write(writer, line, format_line(line, &table->items[i]), err);
	}
	return st;
}

static bool take_number(const char **at, uint64_t most, uint64_t *out)
{
	if (**at != '\t')
		return false;
	++*at;
	return number_take(at, NULL, 10, most, out);
}

static bool parse_line(struct pack_entry *out, const char *line, size_t len)
{
	const char *at = line + 1;
	uint64_t backup, number;
	bool valid = len > 0 && line[0] == 'p' && take_number(&at, UINT32_MAX, &backup) &&
		     take_number(&at, UINT32_MAX, &number) && take_number(&at, INT64_MAX, &out->bytes) && *at == '\t' &&
		     len == (size_t)(at + 1 - line) + HEADER_DIGITS &&
		     hex_decode((uint8_t *)&out->header, at + 1, HEADER_BYTES);
	out->backup = valid ? (uint32_t)backup : 0;
	out->number = valid ? (uint32_t)number : 0;
	/* Only one text stands for an entry: no zeros in front, no upper case. */
	char again[LINE_MAX_BYTES];
	return valid && number > 0 && format_line(again, out) == len + 1 && memcmp(again, line, len) == 0;
}

static enum status refuse(const struct manifest *manifest, struct error *err)
{
	return error_set(err, STATUS_DAMAGED, "damaged: the table of packs of backup %s", manifest->label.text);
}

enum status pack_table_parse(struct pack_table *out, const struct buffer *content, const struct manifest *manifest,
			     struct error *err)
{
	/* A number does not reach beyond its line, nor a line beyond the content. */
	const char *at = (const char *)content->data, *end = at + content->len;
	enum status st = STATUS_OK;
	if (content->len == 0 || end[-1] != '\n' || memchr(at, '\0', content->len) != NULL)
		return refuse(manifest, err);
	while (!st && at < end) {
		struct pack_entry entry;
		size_t len = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);
		if (!parse_line(&entry, at, len) || entry.backup > manifest->need_count ||
		    (out->count > 0 && compare(&out->items[out->count - 1], &entry) >= 0))
			return refuse(manifest, err);
		entry.stored_bytes = entry.bytes;
		st = pack_table_add(out, &entry, err);
		at += len + 1;
	}
	return st;
}

enum status pack_table_read(struct pack_table *out, const struct repository *repo, const struct call *call,
			    const struct manifest *manifest, struct error *err)
{
	CLEANUP(series_reader_fini)
	struct series_reader reader = {
	    .series = {repo, call, manifest->system_id, manifest->label, PART_PACKS},
	    .count = (uint32_t)manifest->packs_objects,
	    .bytes = manifest->packs_bytes,
	};
	for (;;) {
		bool more;
		enum status st = series_next(&reader, &more, err);
		if (!st && more)
			st = pack_table_parse(out, &reader.content, manifest, err);
		if (st || !more)
			return st;
	}
}

struct look {
	struct pack_table *table;
	uint32_t backup;
};

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	const struct look *look = arg;
	struct backup_object object;
	(void)err;
	if (!backup_object_parse(&object, info->name) || object.part != PART_DATA)
		return STATUS_OK;
	const struct pack_entry *found = pack_table_find(look->table, look->backup, object.number);
	if (found != NULL)
		look->table->items[found - look->table->items].stored_bytes = info->bytes;
	return STATUS_OK;
}

enum status pack_table_look(struct pack_table *table, const struct repository *repo, const struct call *call,
			    const struct manifest *manifest, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; i < table->count; i++)
		table->items[i].stored_bytes = 0;
	for (size_t i = 0; !st && i < table->count; i++) {
		char prefix[BACKUP_OBJECT_NAME_MAX];
		struct look look = {table, table->items[i].backup};
		struct call step = call_step(call);
		if (i > 0 && table->items[i - 1].backup == look.backup)
			continue;
		pack_name(prefix, manifest, look.backup, table->items[i].number);
		prefix[path_dir_len(prefix)] = '\0';
		st = store_list(repo->store, &step, prefix, on_object, &look, err);
	}
	return st;
}

const struct pack_entry *pack_table_find(const struct pack_table *table, uint32_t backup, uint32_t number)
{
	const struct pack_entry key = {.backup = backup, .number = number};
	return table->count == 0 ? NULL : bsearch(&key, table->items, table->count, sizeof key, compare);
}

void pack_name(char out[BACKUP_OBJECT_NAME_MAX], const struct manifest *manifest, uint32_t backup, uint32_t number)
{
	backup_object_name(out, manifest->system_id, backup == 0 ? &manifest->label : &manifest->needs[backup - 1],
			   PART_DATA, number);
}

void pack_table_fini(struct pack_table *table)
{
	free(table->items);
	*table = (struct pack_table){0};
}

#include "expire/wal_removal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "text/number.h"

#define DIRECTORY_DIGITS 16 /* timeline and log, 8 digits each */

/*
 * The directories: one for each timeline and 4 GiB of WAL, by position first.
 */

struct places {
	uint64_t *items; /* log << 32 | timeline */
	size_t count, capacity;
	size_t prefix_len;
	uint64_t last_log;
};

static int by_value(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	return one < other ? -1 : one > other;
}

static enum status on_place(void *arg, const struct object_info *info, struct error *err)
{
	struct places *places = arg;
	uint64_t value;
	const char *text = info->name + places->prefix_len;
	if (!info->directory || strlen(text) != DIRECTORY_DIGITS + 1 ||
	    !number_take(&text, text + DIRECTORY_DIGITS, 16, UINT64_MAX, &value) || strcmp(text, "/") != 0)
		return STATUS_OK;
	uint64_t timeline = value >> 32, log = value & UINT32_MAX;
	if (log > places->last_log)
		return STATUS_OK;
	uint64_t *grown = array_grow(places->items, places->count, &places->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	places->items = grown;
	grown[places->count++] = log << 32 | timeline;
	return STATUS_OK;
}

static enum status list_places(struct places *places, const struct wal_removal *wal, struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	const struct removal *removal = wal->removal;
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/", removal->system_id);
	places->prefix_len = strlen(prefix);
	places->last_log = wal->floor->lsn >> 32;
	enum status st = store_list_level(removal->lists->store, removal->call, prefix, on_place, places, err);
	if (!st && places->count > 0)
		qsort(places->items, places->count, sizeof places->items[0], by_value);
	return st;
}

/*
 * The files of one log, of all timelines: at most 4,096 segments each.
 */

struct file {
	struct wal_name name;
	uint64_t number, bytes;
};

struct files {
	const struct wal_removal *wal;
	struct file *items;
	size_t count, capacity;
	uint64_t end; /* files from this segment on stay */
	bool is_last; /* a younger file was found: nothing behind goes */
};

static enum status on_file(void *arg, const struct object_info *info, struct error *err)
{
	struct files *files = arg;
	struct file file = {.bytes = info->bytes};
	uint64_t system_id;
	/* A name that is impossible with this wal_segment_size is not understood, so it stays. */
	if (!wal_object_parse(info->name, &system_id, &file.name) ||
	    !wal_name_number(&file.name, files->wal->floor->segment_bytes, &file.number) || file.number >= files->end)
		return STATUS_OK;
	if (info->modified_s >= files->wal->until_s) {
		files->end = file.number;
		files->is_last = true;
		return STATUS_OK;
	}
	struct file *grown = array_grow(files->items, files->count, &files->capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	files->items = grown;
	grown[files->count++] = file;
	return STATUS_OK;
}

static int by_number(const void *a, const void *b)
{
	const struct file *one = a, *other = b;
	if (one->number != other->number)
		return one->number < other->number ? -1 : 1;
	return strcmp(one->name.text, other->name.text);
}

static enum status list_files(struct files *files, uint64_t place, struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	const struct removal *removal = files->wal->removal;
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%08" PRIX32 "%08" PRIX32 "/", removal->system_id,
		       (uint32_t)place, (uint32_t)(place >> 32));
	return store_list(removal->lists->store, removal->call, prefix, on_file, files, err);
}

/*
 * The removal.
 */

static struct wal_range *range_of(struct wal_removal *wal, uint32_t timeline, struct error *err)
{
	for (size_t i = 0; i < wal->count; i++)
		if (wal->ranges[i].timeline == timeline)
			return &wal->ranges[i];
	struct wal_range *grown = array_grow(wal->ranges, wal->count, &wal->capacity, sizeof *grown);
	if (grown == NULL) {
		(void)error_set(err, STATUS_LOCAL, "out of memory");
		return NULL;
	}
	wal->ranges = grown;
	grown[wal->count] = (struct wal_range){.timeline = timeline, .first = UINT64_MAX};
	return &grown[wal->count++];
}

static enum status count(struct wal_removal *wal, const struct file *file, struct error *err)
{
	struct wal_range *range = range_of(wal, file->name.timeline, err);
	if (range == NULL)
		return STATUS_LOCAL;
	range->first = file->number < range->first ? file->number : range->first;
	range->last = file->number > range->last ? file->number : range->last;
	range->objects++;
	range->bytes += file->bytes;
	return STATUS_OK;
}

/* The first object is a request of its own: where the store removes nothing, the others need not be tried. */
static enum status remove_file(struct wal_removal *wal, const struct file *file, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct removal *removal = wal->removal;
	uint64_t before = removal->refused;
	bool first = wal->count == 0;
	enum status st = count(wal, file, err);
	if (st || wal->dry_run)
		return st;
	wal_object_name(object, removal->system_id, &file->name);
	st = removal_add(removal, object, err);
	if (!st && first)
		st = removal_flush(removal, err);
	wal->refused = removal->refused > before;
	return st;
}

static enum status remove_files(struct wal_removal *wal, struct files *files, struct error *err)
{
	enum status st = STATUS_OK;
	if (files->count > 0)
		qsort(files->items, files->count, sizeof files->items[0], by_number);
	for (size_t i = 0; !st && !wal->refused && i < files->count && files->items[i].number < files->end; i++)
		st = remove_file(wal, &files->items[i], err);
	return st;
}

/* *next is the first place of a log, and becomes that of the next log. */
static enum status remove_log(struct wal_removal *wal, const struct places *places, size_t *next, bool *more,
			      struct error *err)
{
	struct files files = {.wal = wal, .end = wal->floor->lsn / wal->floor->segment_bytes};
	uint64_t log = places->items[*next] >> 32;
	enum status st = STATUS_OK;
	for (; !st && *next < places->count && places->items[*next] >> 32 == log; ++*next)
		st = list_files(&files, places->items[*next], err);
	if (!st)
		st = remove_files(wal, &files, err);
	*more = !files.is_last && !wal->refused;
	free(files.items);
	return st;
}

static int by_timeline(const void *a, const void *b)
{
	const struct wal_range *one = a, *other = b;
	return one->timeline < other->timeline ? -1 : one->timeline > other->timeline;
}

enum status wal_removal_run(struct wal_removal *wal, struct error *err)
{
	struct places places = {0};
	bool more = true;
	enum status st = list_places(&places, wal, err);
	for (size_t next = 0; !st && more && next < places.count;)
		st = remove_log(wal, &places, &next, &more, err);
	uint64_t before = wal->removal->refused;
	if (!st)
		st = removal_flush(wal->removal, err);
	wal->refused |= wal->removal->refused > before;
	if (wal->count > 0)
		qsort(wal->ranges, wal->count, sizeof wal->ranges[0], by_timeline);
	free(places.items);
	return st;
}

void wal_removal_fini(struct wal_removal *wal)
{
	free(wal->ranges);
	*wal = (struct wal_removal){0};
}

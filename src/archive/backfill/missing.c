#include "archive/backfill/missing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/frame.h"

#define DIR_DIGITS 16 /* of a segment's name: they name its directory in the repository */

/* The part of the list that belongs to one directory of the repository. Both ascend by name. */
struct dir_look {
	const struct finished_list *list;
	bool *stored;
	size_t first, end;
};

static enum status note_stored(void *arg, const struct object_info *info, struct error *err)
{
	struct dir_look *look = arg;
	size_t low = look->first;
	size_t high = look->end;
	uint64_t system_id;
	struct wal_name name;
	(void)err;
	/* fetch never reads a copy in a subdirectory, and an object cannot be shorter than OBJECT_MIN. */
	if (!wal_object_parse(info->name, &system_id, &name) || info->bytes < OBJECT_MIN)
		return STATUS_OK;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(look->list->files[middle].name.text, name.text);
		if (order == 0)
			return look->stored[middle] = true, STATUS_OK;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return STATUS_OK;
}

static enum status look_for_history(struct missing *missing, const struct missing_query *of, size_t index,
				    const struct call *call, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct object_info info;
	wal_object_name(object, of->system_id, &of->list->files[index].name);
	enum status st = store_stat(of->repo->store, call, object, &info, err);
	missing->stored[index] = st == STATUS_OK && info.bytes >= OBJECT_MIN;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/* A history is looked for by its name, other files by listing their directory. *end: the first file not done. */
static enum status look_from(struct missing *missing, const struct missing_query *of, size_t first, size_t *end,
			     struct error *err)
{
	const struct wal_file *files = of->list->files;
	struct call call = call_step(of->call);
	char prefix[WAL_OBJECT_NAME_MAX];
	*end = first + 1;
	if (files[first].name.kind == WAL_HISTORY)
		return look_for_history(missing, of, first, &call, err);
	while (*end < of->list->count && strncmp(files[*end].name.text, files[first].name.text, DIR_DIGITS) == 0)
		++*end;
	struct dir_look look = {of->list, missing->stored, first, *end};
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%.*s/", of->system_id, DIR_DIGITS,
		       files[first].name.text);
	return store_list(of->repo->store, &call, prefix, note_stored, &look, err);
}

enum status missing_find(struct missing *missing, const struct missing_query *of, struct error *err)
{
	enum status st = STATUS_OK;
	size_t end;
	*missing = (struct missing){.stored = calloc(of->list->count + 1, sizeof *missing->stored)};
	if (missing->stored == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < of->list->count; i = end)
		st = look_from(missing, of, i, &end, err);
	if (st) {
		struct store *store = of->repo->store;
		struct call call = call_step(of->call);
		struct error gone = {0};
		int64_t clock_s;
		if (store_can(store, STORE_REACHES) && store_reach(store, &call, &clock_s, &gone) != STATUS_OK)
			return st;
		log_line(of->call->log, LEVEL_INFO,
			 "backfill: the repository cannot be listed, so every file is pushed or compared: %s",
			 err->text);
		*err = (struct error){0};
	}
	for (size_t i = 0; i < of->list->count; i++)
		missing->count += !missing->stored[i];
	return STATUS_OK;
}

void missing_fini(struct missing *missing)
{
	free(missing->stored);
	*missing = (struct missing){0};
}

#include "repo/set_aside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "pg/wal/name.h"
#include "repo/object.h"
#include "text/number.h"

#define FOLDER "/timeline/"
#define TIMELINE_DIGITS 8
#define NUMBER_MAX 9999 /* marks of one timeline */
#define CONTENT_MAX 64

static const char *content_of(uint32_t number)
{
	return number % 2 == 1 ? "set aside\n" : "restored\n";
}

static void name_mark(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct set_aside_mark *mark)
{
	(void)snprintf(out, WAL_OBJECT_NAME_MAX, "%" PRIu64 FOLDER "%08" PRIX32 ".%" PRIu32, system_id, mark->timeline,
		       mark->number);
}

/* "7601921254259666965/timeline/00000002.1"; the name made from the numbers is the only form. */
static bool parse_mark(const char *object, struct set_aside_mark *out)
{
	uint64_t system_id, timeline, number;
	char same[WAL_OBJECT_NAME_MAX];
	const char *at = wal_system_id_read(object, &system_id);
	if (at == NULL || strncmp(at, FOLDER, strlen(FOLDER)) != 0)
		return false;
	at += strlen(FOLDER);
	if (!number_take(&at, at + strnlen(at, TIMELINE_DIGITS), 16, UINT32_MAX, &timeline) || *at != '.')
		return false;
	at = number_read(at + 1, NUMBER_MAX, &number);
	if (at == NULL || *at != '\0' || number == 0 || timeline == 0)
		return false;
	*out = (struct set_aside_mark){(uint32_t)timeline, (uint32_t)number};
	name_mark(same, system_id, out);
	return strcmp(same, object) == 0;
}

bool set_aside_is_mark(const char *object)
{
	struct set_aside_mark ignored;
	return parse_mark(object, &ignored);
}

static struct set_aside_mark *find(const struct set_aside *set_aside, uint32_t timeline)
{
	for (size_t i = 0; i < set_aside->count; i++)
		if (set_aside->marks[i].timeline == timeline)
			return &set_aside->marks[i];
	return NULL;
}

/* Names are listed in ascending order: of timelines, not of numbers. */
static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct set_aside *set_aside = arg;
	struct set_aside_mark mark;
	if (!parse_mark(info->name, &mark))
		return STATUS_OK;
	struct set_aside_mark *known = find(set_aside, mark.timeline);
	if (known != NULL) {
		known->number = known->number < mark.number ? mark.number : known->number;
		return STATUS_OK;
	}
	if (set_aside->count == SET_ASIDE_MAX)
		return error_set(err, STATUS_DAMAGED, "the archive has marks of more than %d timelines", SET_ASIDE_MAX);
	void *marks = array_grow(set_aside->marks, set_aside->count, &set_aside->capacity, sizeof *set_aside->marks);
	if (marks == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	set_aside->marks = marks;
	set_aside->marks[set_aside->count++] = mark;
	return STATUS_OK;
}

static enum status check_mark(struct repository *repo, const struct call *call, uint64_t system_id,
			      const struct set_aside_mark *mark, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer content = {.max = CONTENT_MAX};
	char object[WAL_OBJECT_NAME_MAX];
	name_mark(object, system_id, mark);
	enum status st = object_read(repo, call, object, &content, NULL, err);
	if (st)
		return error_wrap(err, st == STATUS_MISSING ? STATUS_UNREACHABLE : st,
				  "the mark of a timeline that is set aside");
	if (strcmp(buffer_text(&content), content_of(mark->number)) != 0)
		return error_set(err, STATUS_DAMAGED, "%s does not say whether the timeline is set aside", object);
	return STATUS_OK;
}

enum status set_aside_load(struct set_aside *out, struct repository *repo, const struct call *call, uint64_t system_id,
			   struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	*out = (struct set_aside){0};
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 FOLDER, system_id);
	enum status st = store_list(repo->store, call, prefix, on_object, out, err);
	for (size_t i = 0; !st && i < out->count; i++)
		st = check_mark(repo, call, system_id, &out->marks[i], err);
	return st;
}

void set_aside_fini(struct set_aside *set_aside)
{
	free(set_aside->marks);
	*set_aside = (struct set_aside){0};
}

bool set_aside_has(const struct set_aside *set_aside, uint32_t timeline)
{
	const struct set_aside_mark *mark = find(set_aside, timeline);
	return mark != NULL && mark->number % 2 == 1;
}

enum status set_aside_change(const struct set_aside *set_aside, const struct repository *repo, const struct call *call,
			     uint64_t system_id, uint32_t timeline, struct error *err)
{
	const struct set_aside_mark *last = find(set_aside, timeline);
	const struct set_aside_mark next = {timeline, last == NULL ? 1 : last->number + 1};
	const char *content = content_of(next.number);
	char object[WAL_OBJECT_NAME_MAX];
	name_mark(object, system_id, &next);
	if (next.number > NUMBER_MAX)
		return error_set(err, STATUS_CONFLICT, "timeline %" PRIu32 " was set aside and restored too often",
				 timeline);
	return object_create(repo, call, object, content, strlen(content), err);
}

#include "memory_store.h"

#include <stdlib.h>
#include <string.h>

#include "store/object_name.h"

struct object {
	struct object *next; /* in ascending order of names */
	struct buffer bytes;
	char name[OBJECT_NAME_MAX];
};

struct memory {
	struct store store;
	struct object *first;
	enum status broken;
	enum status broken_reads;
	int64_t slow_ms;
	bool loses_answer;
};

struct writer {
	struct sink sink;
	struct memory *memory;
	const struct call *call;
	struct buffer bytes;
	char name[OBJECT_NAME_MAX];
};

static enum status begin(const struct memory *memory, const char *name, struct error *err)
{
	if (memory->broken)
		return error_set(err, memory->broken, "the store is broken");
	return object_name_check(name, err);
}

/* A transfer over a slow link. */
static enum status transfer(const struct memory *memory, const struct call *call, struct error *err)
{
	int64_t left_ms = call_left_ms(call);
	if (memory->slow_ms == 0)
		return STATUS_OK;
	clock_sleep_ms(call->clock, left_ms < memory->slow_ms ? left_ms : memory->slow_ms);
	return left_ms < memory->slow_ms ? error_set(err, STATUS_UNREACHABLE, "timed out") : STATUS_OK;
}

/* Where the object is, or would be put in. */
static struct object **find(struct memory *memory, const char *name)
{
	struct object **link = &memory->first;
	while (*link != NULL && strcmp((*link)->name, name) < 0)
		link = &(*link)->next;
	return link;
}

static struct object *get(struct memory *memory, const char *name)
{
	struct object *object = *find(memory, name);
	return object != NULL && strcmp(object->name, name) == 0 ? object : NULL;
}

static enum status writer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	return buffer_append(&((struct writer *)sink)->bytes, data, len, err);
}

static enum status writer_finish(struct sink *sink, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	enum status st = begin(writer->memory, writer->name, err);
	if (!st)
		st = transfer(writer->memory, writer->call, err);
	if (st)
		return st;
	if (get(writer->memory, writer->name) != NULL)
		return error_set(err, STATUS_EXISTS, "%s exists", writer->name);
	struct object *object = calloc(1, sizeof *object);
	if (object == NULL)
		abort();
	struct object **link = find(writer->memory, writer->name);
	(void)strcpy(object->name, writer->name);
	object->bytes = writer->bytes;
	writer->bytes = (struct buffer){0};
	object->next = *link;
	*link = object;
	if (!writer->memory->loses_answer)
		return STATUS_OK;
	writer->memory->loses_answer = false;
	return error_set(err, STATUS_UNREACHABLE, "the answer is lost");
}

static void writer_free(struct sink *sink)
{
	buffer_fini(&((struct writer *)sink)->bytes);
	free(sink);
}

static const struct sink_ops writer_ops = {writer_write, writer_finish, writer_free};

static enum status memory_create(struct store *store, const struct call *call, const char *name, struct sink **out,
				 struct error *err)
{
	struct memory *memory = (struct memory *)store;
	enum status st = begin(memory, name, err);
	if (st)
		return st;
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		abort();
	writer->sink.ops = &writer_ops;
	writer->memory = memory;
	writer->call = call;
	(void)strcpy(writer->name, name);
	*out = &writer->sink;
	return STATUS_OK;
}

static enum status memory_read(struct store *store, const struct call *call, const char *name, struct sink *into,
			       struct error *err)
{
	struct memory *memory = (struct memory *)store;
	enum status st = begin(memory, name, err);
	if (!st && memory->broken_reads)
		st = error_set(err, memory->broken_reads, "the store is broken");
	if (st == STATUS_MISSING)
		return error_hint(err, st, "the object was deleted");
	if (!st)
		st = transfer(memory, call, err);
	if (st)
		return st;
	const struct object *object = get(memory, name);
	if (object == NULL)
		return error_set(err, STATUS_MISSING, "no %s", name);
	return sink_write(into, buffer_text(&object->bytes), object->bytes.len, err);
}

static enum status memory_read_ranges(struct store *store, const struct call *call, const char *name,
				      const struct store_ranges *ranges, struct error *err)
{
	(void)call;
	struct memory *memory = (struct memory *)store;
	enum status st = begin(memory, name, err);
	if (!st && memory->broken_reads)
		st = error_set(err, memory->broken_reads, "the store is broken");
	if (st)
		return st;
	const struct object *object = get(memory, name);
	if (object == NULL)
		return error_set(err, STATUS_MISSING, "no %s", name);
	for (size_t i = 0; i < ranges->count && !st; i++) {
		const struct store_range *range = &ranges->items[i];
		uint64_t left = range->offset < object->bytes.len ? object->bytes.len - range->offset : 0;
		uint64_t len = left < range->bytes ? left : range->bytes;
		if (len < range->bytes && !(ranges->may_be_shorter && i == ranges->count - 1))
			return error_set(err, STATUS_DAMAGED, "%s ends before the range does", name);
		if (len > 0)
			st =
			    ranges->each(ranges->arg, i, buffer_text(&object->bytes) + range->offset, (size_t)len, err);
	}
	return st;
}

static enum status memory_stat(struct store *store, const struct call *call, const char *name, struct object_info *out,
			       struct error *err)
{
	(void)call;
	struct memory *memory = (struct memory *)store;
	enum status st = begin(memory, name, err);
	if (st)
		return st;
	const struct object *object = get(memory, name);
	if (object == NULL)
		return error_set(err, STATUS_MISSING, "no %s", name);
	*out = (struct object_info){.name = name, .bytes = object->bytes.len, .modified_s = 1};
	return STATUS_OK;
}

static enum status memory_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			       void *arg, struct error *err)
{
	(void)call;
	struct memory *memory = (struct memory *)store;
	enum status st = begin(memory, "x", err);
	/* The callback may remove what it is shown. */
	for (struct object *object = memory->first, *next; !st && object != NULL; object = next) {
		next = object->next;
		struct object_info info = {.name = object->name, .bytes = object->bytes.len, .modified_s = 1};
		if (strncmp(object->name, prefix, strlen(prefix)) == 0)
			st = each(arg, &info, err);
	}
	return st;
}

static enum status memory_remove(struct store *store, const struct call *call, const struct store_removal *removal,
				 struct error *err)
{
	(void)call;
	struct memory *memory = (struct memory *)store;
	enum status st = STATUS_OK;
	for (size_t i = 0; i < removal->count && !st; i++) {
		st = begin(memory, removal->names[i], err);
		struct object *object = st ? NULL : get(memory, removal->names[i]);
		if (object == NULL)
			continue;
		*find(memory, removal->names[i]) = object->next;
		buffer_fini(&object->bytes);
		free(object);
	}
	return st;
}

static void memory_free(struct store *store)
{
	struct memory *memory = (struct memory *)store;
	for (struct object *next; memory->first != NULL; memory->first = next) {
		next = memory->first->next;
		buffer_fini(&memory->first->bytes);
		free(memory->first);
	}
	free(memory);
}

static const struct store_ops memory_ops = {
    .abilities = STORE_CREATES_ONCE | STORE_PROVES_RANGES | STORE_REMOVES_MANY,
    .create = memory_create,
    .read = memory_read,
    .read_ranges = memory_read_ranges,
    .stat = memory_stat,
    .list = memory_list,
    .remove = memory_remove,
    .free = memory_free,
};

struct store *memory_store_open(void)
{
	struct memory *memory = calloc(1, sizeof *memory);
	if (memory == NULL)
		abort();
	memory->store.ops = &memory_ops;
	return &memory->store;
}

struct buffer *memory_store_bytes(struct store *store, const char *name)
{
	struct object *object = get((struct memory *)store, name);
	return object == NULL ? NULL : &object->bytes;
}

void memory_store_break(struct store *store, enum status status)
{
	((struct memory *)store)->broken = status;
}

void memory_store_break_reads(struct store *store, enum status status)
{
	((struct memory *)store)->broken_reads = status;
}

void memory_store_slow_down(struct store *store, int64_t ms)
{
	((struct memory *)store)->slow_ms = ms;
}

void memory_store_lose_answer(struct store *store)
{
	((struct memory *)store)->loses_answer = true;
}

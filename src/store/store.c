#include "store/store.h"

#include <stdio.h>
#include <string.h>

enum status store_read_ranges(struct store *store, const struct call *call, const char *name,
			      const struct store_ranges *ranges, struct error *err)
{
	uint64_t end = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		const struct store_range *range = &ranges->items[i];
		if (range->bytes == 0 || range->offset < end || range->bytes > INT64_MAX ||
		    range->offset > INT64_MAX - range->bytes)
			return error_set(err, STATUS_USAGE, "range %zu of %s is empty, out of order or too large", i,
					 name);
		end = range->offset + range->bytes;
	}
	return ranges->count == 0 ? STATUS_OK : store->ops->read_ranges(store, call, name, ranges, err);
}

struct first {
	char bytes[STORE_FIRST_MAX];
	size_t len;
};

static enum status keep(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	struct first *first = arg;
	(void)range, (void)err;
	memcpy(first->bytes + first->len, data, len);
	first->len += len;
	return STATUS_OK;
}

enum status store_read_first(struct store *store, const struct call *call, const char *name, void *out, size_t *len,
			     struct error *err)
{
	struct first first;
	if (*len == 0 || *len > sizeof first.bytes)
		return error_set(err, STATUS_USAGE, "1 to %zu bytes can be read, not %zu", sizeof first.bytes, *len);
	first.len = 0;
	const struct store_range range = {0, *len};
	enum status st = store_read_ranges(
	    store, call, name,
	    &(struct store_ranges){.items = &range, .count = 1, .may_be_shorter = true, .each = keep, .arg = &first},
	    err);
	if (st)
		return st;
	memcpy(out, first.bytes, first.len);
	*len = first.len;
	return STATUS_OK;
}

/* For a store that lists everything below the prefix. */
struct level {
	size_t prefix_len;
	char last[OBJECT_NAME_MAX]; /* the last directory passed on */
	store_list_fn each;
	void *arg;
};

static enum status roll_up(void *arg, const struct object_info *info, struct error *err)
{
	struct level *level = arg;
	const char *slash = strchr(info->name + level->prefix_len, '/');
	if (slash == NULL)
		return level->each(level->arg, info, err);
	size_t len = (size_t)(slash - info->name) + 1;
	if (strncmp(level->last, info->name, len) == 0 && level->last[len] == '\0')
		return STATUS_OK;
	if (len >= sizeof level->last)
		return error_set(err, STATUS_UNREACHABLE, "the name of a directory is too long: %.80s...", info->name);
	(void)snprintf(level->last, sizeof level->last, "%.*s", (int)len, info->name);
	const struct object_info directory = {.name = level->last, .directory = true};
	return level->each(level->arg, &directory, err);
}

enum status store_list_level(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			     void *arg, struct error *err)
{
	struct level level = {.prefix_len = strlen(prefix), .each = each, .arg = arg};
	return store_can(store, STORE_LISTS_LEVELS) ? store->ops->list_level(store, call, prefix, each, arg, err)
						    : store->ops->list(store, call, prefix, roll_up, &level, err);
}

struct reason {
	enum status status;
	struct error why;
};

static enum status keep_reason(void *arg, const struct store_refusal *refusal, struct error *err)
{
	struct reason *reason = arg;
	(void)err;
	reason->status = refusal->status;
	reason->why = *refusal->why;
	return STATUS_OK;
}

enum status store_remove(struct store *store, const struct call *call, const char *name, struct error *err)
{
	struct reason reason = {.status = STATUS_OK};
	const struct store_removal removal = {.names = &name, .count = 1, .refused = keep_reason, .arg = &reason};
	enum status st = store_remove_many(store, call, &removal, err);
	if (st || !reason.status)
		return st;
	*err = reason.why;
	return reason.status;
}

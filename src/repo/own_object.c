#include "repo/own_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "format/header.h"

struct own_object {
	struct sink sink;
	struct sink *next;
	struct store *store;
	const struct call *call;
	char name[OBJECT_NAME_MAX];
	uint8_t first[STORE_FIRST_MAX]; /* bytes of the object */
	size_t len;
};

static enum status own_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct own_object *own = (struct own_object *)sink;
	size_t room = sizeof own->first - own->len;
	size_t keep = len < room ? len : room;
	memcpy(own->first + own->len, data, keep);
	own->len += keep;
	return sink_write(own->next, data, len, err);
}

/* An upload appears as a whole or not at all, so that its first bytes stand for all of it. */
static bool is_stored(const struct own_object *own)
{
	uint8_t stored[STORE_FIRST_MAX];
	size_t len = own->len;
	struct call step = call_step(own->call);
	struct error ignored;
	return own->len >= HEADER_BYTES &&
	       store_read_first(own->store, &step, own->name, stored, &len, &ignored) == STATUS_OK && len == own->len &&
	       memcmp(stored, own->first, len) == 0;
}

static enum status own_finish(struct sink *sink, struct error *err)
{
	const struct own_object *own = (struct own_object *)sink;
	enum status st = sink_finish(own->next, err);
	return st == STATUS_EXISTS && is_stored(own) ? STATUS_OK : st;
}

static void own_free(struct sink *sink)
{
	struct own_object *own = (struct own_object *)sink;
	sink_free(own->next);
	free(own);
}

enum status own_object_create(struct store *store, const struct call *call, const char *name, struct sink **out,
			      struct error *err)
{
	static const struct sink_ops ops = {own_write, own_finish, own_free};
	CLEANUP(sink_freep) struct sink *next = NULL;
	enum status st = store_create(store, call, name, &next, err);
	if (st)
		return st;
	struct own_object *own = calloc(1, sizeof *own);
	if (own == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for an object");
	own->sink.ops = &ops;
	own->store = store;
	own->call = call;
	(void)snprintf(own->name, sizeof own->name, "%s", name); /* a longer name cannot be stored */
	own->next = STEAL(next);
	*out = &own->sink;
	return STATUS_OK;
}

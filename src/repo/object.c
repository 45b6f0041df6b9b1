#include "repo/object.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "format/seal.h"
#include "format/unseal.h"
#include "repo/own_object.h"
#include "stream/terminal_sink.h"

/* A terminal sink that fills a buffer. */
struct collector {
	struct sink sink;
	struct buffer *into;
	bool head_only; /* stop without an error when the buffer is full */
};

static enum status collect(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct collector *collector = (struct collector *)sink;
	size_t room = collector->into->max - collector->into->len;
	if (len <= room)
		return buffer_append(collector->into, data, len, err);
	enum status st = buffer_append(collector->into, data, room, err);
	if (st)
		return st;
	/* Stops the read; object_read_head then takes the full buffer. */
	return error_set(err, collector->head_only ? STATUS_EXISTS : STATUS_DAMAGED, "longer than %zu bytes",
			 collector->into->max);
}

static const struct sink_ops collector_ops = {collect, terminal_sink_finish, terminal_sink_free};

static enum status read_into(const struct repository *repo, const struct call *call, const char *name,
			     struct collector *collector, struct unseal_lack *lack, struct error *err)
{
	struct call step = call_step(call);
	struct unseal_params params = {
	    .keys = &repo->keys, .allow_unprotected = !repo->encrypt, .name = name, .lack = lack};
	CLEANUP(sink_freep) struct sink *chain = &collector->sink;
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(repo->store, &step, name, chain, err);
	return st ? st : sink_finish(chain, err);
}

enum status object_read(const struct repository *repo, const struct call *call, const char *name, struct buffer *out,
			struct unseal_lack *lack, struct error *err)
{
	struct collector collector = {{&collector_ops}, out, false};
	enum status st = read_into(repo, call, name, &collector, lack, err);
	return st == STATUS_DAMAGED ? error_wrap(err, st, "%s", name) : st;
}

enum status object_read_head(const struct repository *repo, const struct call *call, const char *name, void *out,
			     size_t len, struct unseal_lack *lack, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer head = {.max = len};
	struct collector collector = {{&collector_ops}, &head, true};
	enum status st = read_into(repo, call, name, &collector, lack, err);
	if (head.len == len) {
		memcpy(out, head.data, len);
		return STATUS_OK;
	}
	if (!st)
		st = error_set(err, STATUS_DAMAGED, "shorter than %zu bytes", len);
	return st == STATUS_DAMAGED ? error_wrap(err, st, "%s", name) : st;
}

enum status object_begin(const struct repository *repo, const struct call *call, const char *name,
			 const struct object_settings *settings, struct sink **out, struct error *err)
{
	struct seal_params params = {.codec = settings->codec,
				     .level = settings->level,
				     .threads = settings->threads,
				     .key = repo->encrypt ? &repo->keys.keys[0] : NULL,
				     .name = name};
	CLEANUP(sink_freep) struct sink *chain = NULL;
	enum status st = random_fill(call->random, params.salt, SALT_BYTES, err);
	if (!st)
		st = own_object_create(repo->store, call, name, &chain, err);
	if (!st && settings->stored != NULL)
		st = byte_counter_new(&chain, settings->stored, err);
	if (!st)
		st = seal_new(&chain, &params, err);
	if (!st)
		*out = STEAL(chain);
	return st;
}

enum status object_create_with(const struct repository *repo, const struct call *call, const char *name,
			       const struct object_settings *settings, const void *content, size_t len,
			       struct error *err)
{
	CLEANUP(sink_freep) struct sink *object = NULL;
	enum status st = object_begin(repo, call, name, settings, &object, err);
	if (!st)
		st = sink_write(object, content, len, err);
	return st ? st : sink_finish(object, err);
}

enum status object_create(const struct repository *repo, const struct call *call, const char *name, const void *content,
			  size_t len, struct error *err)
{
	const struct object_settings settings = {.codec = codec_by_name("none"), .threads = 1};
	return object_create_with(repo, call, name, &settings, content, len, err);
}

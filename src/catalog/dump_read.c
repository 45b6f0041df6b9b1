#include "catalog/dump_read.h"

#include <string.h>

#include "base/cleanup.h"
#include "format/unseal.h"
#include "stream/terminal_sink.h"

#define RANGE_BYTES (8UL * 1024 * 1024) /* of one request, and of memory */

/* Sums and counts what it passes on. */
struct sum_sink {
	struct sink sink;
	struct sink *into;
	struct sha256 sum;
	uint64_t bytes, most;
};

static enum status sum(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct sum_sink *self = (struct sum_sink *)sink;
	self->bytes += len;
	if (self->bytes > self->most)
		return error_set(err, STATUS_DAMAGED, "longer than its manifest says");
	enum status st = sha256_update(&self->sum, data, len, err);
	return st ? st : sink_write(self->into, data, len, err);
}

static const struct sink_ops sum_ops = {sum, terminal_sink_finish, terminal_sink_free};

static enum status on_piece(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	(void)range;
	return buffer_append(arg, data, len, err);
}

static enum status read_range(const struct dump_reading *reading, const struct store_range *range, struct buffer *out,
			      struct error *err)
{
	const struct call step = call_step(reading->call);
	const struct store_ranges ranges = {.items = range, .count = 1, .each = on_piece, .arg = out};
	buffer_clear(out);
	return store_read_ranges(reading->repo->store, &step, reading->object, &ranges, err);
}

static enum status copy_ranges(const struct dump_reading *reading, uint64_t bytes, struct sink *chain,
			       struct error *err)
{
	CLEANUP(buffer_fini) struct buffer piece = {.max = RANGE_BYTES};
	enum status st = STATUS_OK;
	for (uint64_t offset = 0; !st && offset < bytes; offset += RANGE_BYTES) {
		uint64_t left = bytes - offset;
		const struct store_range range = {offset, left < RANGE_BYTES ? left : RANGE_BYTES};
		st = read_range(reading, &range, &piece, err);
		if (!st)
			st = sink_write(chain, piece.data, piece.len, err);
	}
	return st ? st : sink_finish(chain, err);
}

static enum status read_object(const struct dump_reading *reading, uint64_t bytes, struct sum_sink *into,
			       struct error *err)
{
	const struct unseal_params params = {.keys = &reading->repo->keys,
					     .allow_unprotected = !reading->repo->encrypt,
					     .threads = reading->threads,
					     .name = reading->object,
					     .lack = reading->lack};
	CLEANUP(sink_freep) struct sink *chain = &into->sink;
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = copy_ranges(reading, bytes, chain, err);
	if (st == STATUS_MISSING)
		st = error_set(err, STATUS_DAMAGED, "the object is missing");
	return st && st != STATUS_UNREAD ? error_wrap(err, st, "%s", reading->object) : st;
}

static enum status check_whole(struct sum_sink *into, const struct dump_item *item, struct error *err)
{
	char text[SHA256_TEXT_SIZE];
	enum status st = sha256_text(&into->sum, text, err);
	if (!st && (into->bytes != item->bytes || strcmp(text, item->sha256) != 0))
		st = error_set(err, STATUS_DAMAGED, "%s: length or SHA-256 is not that of the manifest", item->name);
	return st;
}

enum status dump_item_read(struct dump_reading *reading, const struct dump_item *item, struct sink *into,
			   struct error *err)
{
	struct sum_sink summing = {.sink = {&sum_ops}, .into = into, .most = item->bytes};
	enum status st = sha256_init(&summing.sum, err);
	for (size_t i = 0; !st && i < item->objects; i++) {
		dump_object_name(reading->object, reading->system_id, reading->label, DUMP_DATA,
				 item->first + (uint32_t)i);
		st = read_object(reading, item->sizes[i], &summing, err);
	}
	if (!st)
		st = check_whole(&summing, item, err);
	sha256_fini(&summing.sum);
	return st;
}

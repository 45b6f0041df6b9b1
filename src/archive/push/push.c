#include "walship/push.h"

#include <inttypes.h>

#include "archive/push/left_behind.h"
#include "archive/push/push_conflict.h"
#include "archive/push/push_source.h"
#include "base/call.h"
#include "base/cleanup.h"
#include "format/seal.h"
#include "format/unseal.h"
#include "job/limiter.h"
#include "store/store.h"
#include "stream/byte_counter.h"
#include "stream/file.h"

/* A file on its way to its object. */
struct shipment {
	const struct push *push;
	const struct push_source *source;
	char object[WAL_OBJECT_NAME_MAX];
};

/* Reads, compresses, encrypts and sends the file in one pass. The caller finishes the chain. */
static enum status fill(const struct shipment *shipment, struct sink **chain, struct byte_counter *stored,
			struct error *err)
{
	const struct push *push = shipment->push;
	struct seal_params params = {.codec = push->codec,
				     .level = push->level,
				     .threads = push->threads,
				     .key = push->key,
				     .name = shipment->object};
	uint64_t bytes = 0;
	enum status st = random_fill(push->call->random, params.salt, SALT_BYTES, err);
	if (!st)
		st = store_create(push->store, push->call, shipment->object, chain, err);
	if (!st)
		st = byte_counter_new(chain, stored, err);
	if (!st)
		st = seal_new(chain, &params, err);
	if (!st)
		st = file_copy(shipment->source->fd, push->path, *chain, &bytes, err);
	return st ? st : push_source_check_unchanged(shipment->source, push, bytes, err);
}

/* Once the file is read, another thread may have the limiter's slot: the rest is waiting for the store. */
static enum status create_object(const struct shipment *shipment, struct byte_counter *stored, struct error *err)
{
	struct limiter *limiter = shipment->push->limiter;
	uint64_t most = shipment->push->buffer_bytes;
	uint64_t taken = shipment->source->file.size < most ? shipment->source->file.size : most;
	CLEANUP(sink_freep) struct sink *chain = NULL;
	limiter_enter(limiter, taken);
	enum status st = fill(shipment, &chain, stored, err);
	if (!st) {
		uint64_t kept = stored->total < taken ? stored->total : taken;
		limiter_release_slot(limiter, taken - kept);
		taken = kept;
		st = sink_finish(chain, err);
		limiter_leave(limiter, taken, true);
		return st;
	}
	limiter_leave(limiter, taken, false);
	return st;
}

/*
 * After a lost reply over a slow link each try uploads the file again before the store says that the name is taken. The
 * rest of the call's time would then never suffice to read the object back.
 */
static struct call comparison_call(const struct push *push)
{
	struct call call = *push->call;
	call.step_ms = push->compare_ms;
	call = call_step(&call);
	call.step_ms = push->call->step_ms;
	return call;
}

/* The name is taken: PostgreSQL archives a file again after a crash or a lost reply. */
static enum status compare_object(const struct shipment *shipment, struct error *err)
{
	const struct push *push = shipment->push;
	const struct call call = comparison_call(push);
	/* A push must not succeed for an object that a fetch with this configuration would refuse. */
	struct unseal_lack lack = {0};
	struct unseal_params params = {
	    .keys = push->keys, .allow_unprotected = push->key == NULL, .name = shipment->object, .lack = &lack};
	struct byte_counter stored;
	CLEANUP(sink_freep) struct sink *chain = NULL;
	enum status st = compare_sink_new(&chain, shipment->source->fd, err);
	if (!st)
		st = byte_counter_new(&chain, &stored, err);
	if (!st)
		st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(push->store, &call, shipment->object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	if (st == STATUS_MISSING)
		return error_wrap(err, STATUS_UNREACHABLE, "the object existed a moment ago");
	if (st == STATUS_CONFLICT)
		return push_conflict_explain(shipment->source, &stored, err);
	if (st == STATUS_DAMAGED)
		return push_conflict_unreadable(shipment->object, &lack, err);
	if (!st)
		return STATUS_OK;
	(void)error_wrap(err, st, "reading the object that the archive already has");
	return st == STATUS_UNREACHABLE && err->hint[0] == '\0'
		   ? error_hint(err, st,
				"the archive has an object with this name, perhaps from a push whose confirmation was "
				"lost: the push succeeds once walship has compared the object with the file, which may "
				"take push-timeout again")
		   : st;
}

static void log_stored(const struct shipment *shipment, const struct byte_counter *stored, int64_t began_ms)
{
	const struct push *push = shipment->push;
	log_line(push->call->log, LEVEL_INFO,
		 "push %s: stored as %s: %" PRIu64 " bytes, %s and %s to %" PRIu64 " (ratio %.2f), in %" PRId64 " ms",
		 shipment->source->name.text, shipment->object, shipment->source->file.size, push->codec->name,
		 push->key == NULL ? "not encrypted" : "aes-256-cbc", stored->total,
		 (double)shipment->source->file.size / (double)stored->total,
		 clock_monotonic_ms(push->call->clock) - began_ms);
}

static enum status ship(struct shipment *shipment, struct error *err)
{
	const struct call *call = shipment->push->call;
	const struct push_source *source = shipment->source;
	const char *name = source->name.text;
	int64_t began_ms = clock_monotonic_ms(call->clock);
	struct byte_counter stored;
	log_line(call->log, LEVEL_INFO, "push %s: %" PRIu64 " bytes of cluster %" PRIu64 ", checked", name,
		 source->file.size, source->file.system_id);
	wal_object_name(shipment->object, source->file.system_id, &source->name);
	enum status st = create_object(shipment, &stored, err);
	if (!st)
		log_stored(shipment, &stored, began_ms);
	if (!st && source->name.kind == WAL_HISTORY)
		left_behind_warn(shipment->push, source);
	if (st != STATUS_EXISTS)
		return st;
	log_line(call->log, LEVEL_INFO, "push %s: the archive already has this name, comparing within %" PRId64 " s",
		 name, (shipment->push->compare_ms > 0 ? shipment->push->compare_ms : call_left_ms(call)) / 1000);
	st = compare_object(shipment, err);
	if (!st)
		log_line(call->log, LEVEL_INFO, "push %s: identical to the archived file", name);
	return st;
}

enum status push_source_send(const struct push_source *source, const struct push *push, struct error *err)
{
	struct shipment shipment = {.push = push, .source = source};
	enum status st = ship(&shipment, err);
	return st ? error_wrap(err, st, "push %s", source->name.text) : STATUS_OK;
}

enum status push_file(const struct push *push, struct error *err)
{
	CLEANUP(push_source_close) struct push_source source = {0};
	enum status st = push_source_open(&source, push, err);
	return st ? st : push_source_send(&source, push, err);
}

#include "mirror/transfer.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "catalog/label.h"
#include "format/unseal.h"
#include "stream/terminal_sink.h"

enum tee_failed { TEE_WHOLE, TEE_READER, TEE_WRITER };

/* The end of the chain: what arrives goes through the reader of objects, if there is one, and into the copy. */
struct tee {
	struct sink sink;
	struct sink *reader; /* NULL: the object is not opened */
	struct sink *writer;
	uint64_t bytes;
	enum tee_failed failed;
};

static enum status tee_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct tee *tee = (struct tee *)sink;
	enum status st = tee->reader == NULL ? STATUS_OK : sink_write(tee->reader, data, len, err);
	if (st) {
		tee->failed = TEE_READER;
		return st;
	}
	st = sink_write(tee->writer, data, len, err);
	tee->failed = st ? TEE_WRITER : TEE_WHOLE;
	tee->bytes += len;
	return st;
}

enum transfer_outcome transfer_judge_taken(const struct mirror_entry *entry, uint64_t bytes, struct error *err)
{
	if (bytes == entry->bytes)
		return TRANSFER_PRESENT;
	(void)error_set(err, STATUS_CONFLICT,
			"the copy has %" PRIu64 " bytes under this name, the repository has %" PRIu64, bytes,
			entry->bytes);
	return TRANSFER_CONFLICT;
}

/* The name is taken: by a process that copies too, or by another object. */
static enum status look_at_taken(const struct transfer *transfer, enum transfer_outcome *outcome, struct error *err)
{
	struct object_info info;
	const struct call step = call_step(transfer->call);
	enum status st = store_stat(transfer->copy->store, &step, transfer->entry->name, &info, err);
	if (st)
		return error_wrap(err, st == STATUS_MISSING ? STATUS_UNREACHABLE : st, "the copy");
	*outcome = transfer_judge_taken(transfer->entry, info.bytes, err);
	return STATUS_OK;
}

static enum status judge_writer(const struct transfer *transfer, enum status st, enum transfer_outcome *outcome,
				struct error *err)
{
	return st == STATUS_EXISTS ? look_at_taken(transfer, outcome, err) : error_wrap(err, st, "the copy");
}

static enum status judge_original(enum status st, enum transfer_outcome *outcome, struct error *err)
{
	if (st == STATUS_MISSING)
		*outcome = TRANSFER_GONE;
	else if (st == STATUS_DAMAGED)
		*outcome = TRANSFER_DAMAGED;
	else if (st == STATUS_EXISTS)
		*outcome = TRANSFER_ARCHIVED;
	else if (st == STATUS_LOCAL)
		*outcome = TRANSFER_UNREADABLE;
	else
		return error_wrap(err, st, "the repository itself");
	return STATUS_OK;
}

static enum status finish(const struct transfer *transfer, struct tee *tee, enum transfer_outcome *outcome,
			  struct error *err)
{
	enum status st = STATUS_OK;
	if (tee->bytes != transfer->entry->bytes)
		st = error_set(err, STATUS_DAMAGED, "%" PRIu64 " bytes arrived, the listing says %" PRIu64, tee->bytes,
			       transfer->entry->bytes);
	if (!st && tee->reader != NULL)
		st = sink_finish(tee->reader, err);
	if (st)
		return judge_original(st, outcome, err);
	st = sink_finish(tee->writer, err);
	if (st)
		return judge_writer(transfer, st, outcome, err);
	*outcome = TRANSFER_COPIED;
	return STATUS_OK;
}

static enum status receive(const struct transfer *transfer, const struct call *call, struct tee *tee,
			   enum transfer_outcome *outcome, struct error *err)
{
	enum status st = store_create(transfer->copy->store, call, transfer->entry->name, &tee->writer, err);
	if (st)
		return judge_writer(transfer, st, outcome, err);
	st = store_read(transfer->original->store, call, transfer->entry->name, &tee->sink, err);
	if (st)
		return tee->failed == TEE_WRITER ? judge_writer(transfer, st, outcome, err)
						 : judge_original(st, outcome, err);
	return finish(transfer, tee, outcome, err);
}

enum status transfer_object(const struct transfer *transfer, enum transfer_outcome *outcome, struct error *err)
{
	static const struct sink_ops ops = {tee_write, terminal_sink_finish, terminal_sink_free};
	const char *name = transfer->entry->name;
	struct backup_object backup;
	struct sink end = terminal_sink_null();
	CLEANUP(sink_freep) struct sink *reader = NULL;
	struct tee tee = {.sink = {&ops}};
	const struct call call = call_step(transfer->call);
	enum status st = STATUS_OK;
	if (transfer->open) {
		const struct repository *repo = transfer->original;
		const struct unseal_params params = {.keys = &repo->keys,
						     .allow_unprotected = !repo->encrypt,
						     .is_pack =
							 backup_object_parse(&backup, name) && backup.part == PART_DATA,
						     .name = name};
		reader = &end;
		st = unseal_new(&reader, &params, err);
		tee.reader = reader;
	}
	if (!st)
		st = receive(transfer, &call, &tee, outcome, err);
	sink_free(tee.writer);
	return st;
}

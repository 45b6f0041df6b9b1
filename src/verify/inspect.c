#include "verify/inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pg/wal/content.h"
#include "pg/wal/history.h"
#include "repo/seal.h"
#include "stream/terminal_sink.h"

/* The end of the chain: looks at the content as it comes. */
struct looker {
	struct sink sink;
	const struct inspection *inspection;
	struct inspected *out;
	bool begun; /* the records */
};

static enum status refuse(struct error *err, const char *what)
{
	return error_set(err, STATUS_DAMAGED, "%s", what);
}

/* As soon as the segment's own header has told its size. */
static enum status begin_records(struct looker *looker, struct error *err)
{
	const struct inspection *inspection = looker->inspection;
	uint64_t number = 0;
	uint32_t segment_bytes = wal_content_segment_bytes(looker->out->head);
	if (segment_bytes == 0 || !wal_name_number(inspection->name, segment_bytes, &number))
		return refuse(err, "it does not begin as the segment of its name does");
	records_init(&looker->out->records, inspection->crc32c, inspection->system_id, inspection->name->timeline,
		     number * segment_bytes, segment_bytes);
	looker->begun = true;
	return STATUS_OK;
}

/* from: where in the head the new bytes begin, if the records have not begun. */
static enum status look_at_records(struct looker *looker, const uint8_t *data, size_t len, size_t before,
				   struct error *err)
{
	enum status st = STATUS_OK;
	if (!looker->begun && before + len < WAL_PAGE_HEADER_BYTES)
		return STATUS_OK;
	if (!looker->begun) {
		st = begin_records(looker, err);
		if (!st)
			st = records_feed(&looker->out->records, looker->out->head, before, err);
	}
	return st ? st : records_feed(&looker->out->records, data, len, err);
}

static enum status look(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct looker *looker = (struct looker *)sink;
	struct inspected *out = looker->out;
	size_t before = out->head_len;
	size_t keep = INSPECT_HEAD_BYTES - before < len ? INSPECT_HEAD_BYTES - before : len;
	memcpy(out->head + before, data, keep);
	out->head_len += keep;
	out->bytes += len;
	if (out->bytes > WAL_SEGMENT_MAX)
		return refuse(err, "the content is longer than any WAL file");
	return looker->inspection->name->kind == WAL_SEGMENT ? look_at_records(looker, data, len, before, err)
							     : STATUS_OK;
}

static const struct sink_ops looker_ops = {look, terminal_sink_finish, terminal_sink_free};

static enum status ignore_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	(void)arg, (void)timeline, (void)switch_lsn, (void)err;
	return STATUS_OK;
}

static enum status check_content(const struct inspection *inspection, const struct inspected *out, struct error *err)
{
	struct wal_head head = {.bytes = out->head,
				.len = out->head_len < WAL_HEAD_BYTES ? out->head_len : WAL_HEAD_BYTES,
				.size = out->bytes};
	uint64_t system_id;
	enum status st = wal_content_check(inspection->name, &head, &system_id, err);
	if (!st && system_id != 0 && system_id != inspection->system_id)
		st = error_set(err, STATUS_CONFLICT, "of cluster %" PRIu64, system_id);
	if (!st && inspection->name->kind == WAL_HISTORY && out->bytes == out->head_len)
		st = wal_history_read(inspection->name->timeline, (const char *)out->head, out->head_len, ignore_line,
				      NULL, err);
	return st;
}

enum status inspect(const struct inspection *inspection, struct inspected *out, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct call step = call_step(inspection->call);
	struct looker looker = {{&looker_ops}, inspection, out, false};
	struct unseal_params params = {.keys = &inspection->repo->keys,
				       .allow_unprotected = !inspection->repo->encrypt,
				       .name = object,
				       .lack = &out->lack};
	CLEANUP(sink_freep) struct sink *chain = &looker.sink;
	*out = (struct inspected){.head = malloc(INSPECT_HEAD_BYTES)};
	if (out->head == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	wal_object_name(object, inspection->system_id, inspection->name);
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(inspection->repo->store, &step, object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	if (!st)
		st = check_content(inspection, out, err);
	out->is_segment = !st && looker.begun;
	return st == STATUS_CONFLICT ? STATUS_DAMAGED : st;
}

void inspected_fini(struct inspected *inspected)
{
	free(inspected->head);
	*inspected = (struct inspected){0};
}

#include "verify/inspect.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "format/unseal.h"
#include "pg/wal/content.h"
#include "pg/wal/history.h"
#include "stream/terminal_sink.h"

/* A terminal sink that checks the content as it comes. */
struct inspector {
	struct sink sink;
	const struct inspection *inspection;
	struct inspected *out;
	bool begun; /* records_init was called */
};

static enum status refuse(struct error *err, const char *what)
{
	return error_set(err, STATUS_DAMAGED, "%s", what);
}

static void see_mark(void *arg, const struct record_mark *mark)
{
	struct inspected *out = arg;
	if (mark->kind != MARK_COMMIT && mark->kind != MARK_ABORT)
		return;
	if (out->first_end_us == 0)
		out->first_end_us = mark->time_us;
	if (mark->time_us > out->last_end_us)
		out->last_end_us = mark->time_us;
}

/* Called once the segment's first page header, which has the segment size, is complete. */
static enum status begin_records(struct inspector *inspector, struct error *err)
{
	const struct inspection *inspection = inspector->inspection;
	uint64_t number = 0;
	uint32_t segment_bytes = wal_content_segment_bytes(inspector->out->head.data);
	if (segment_bytes == 0 || !wal_name_number(inspection->name, segment_bytes, &number))
		return refuse(err, "its first page header does not fit its name");
	records_init(&inspector->out->records, inspection->crc32c, inspection->system_id, inspection->name->timeline,
		     number * segment_bytes, segment_bytes);
	inspector->out->records.marked = see_mark;
	inspector->out->records.mark_arg = inspector->out;
	inspector->begun = true;
	return STATUS_OK;
}

/* before: the length of the head before these bytes. */
static enum status feed_records(struct inspector *inspector, const uint8_t *data, size_t len, size_t before,
				struct error *err)
{
	enum status st = STATUS_OK;
	if (!inspector->begun && before + len < WAL_PAGE_HEADER_BYTES)
		return STATUS_OK;
	if (!inspector->begun) {
		st = begin_records(inspector, err);
		if (!st)
			st = records_feed(&inspector->out->records, inspector->out->head.data, before, err);
	}
	return st ? st : records_feed(&inspector->out->records, data, len, err);
}

/* Keeps the content up to wanted bytes. data: its last len bytes so far. */
static enum status keep(struct inspected *out, uint64_t wanted, const uint8_t *data, size_t len, struct error *err)
{
	uint64_t end = wanted < out->bytes ? wanted : out->bytes;
	size_t skip = (size_t)(out->head.len - (out->bytes - len));
	if (end > INSPECT_HEAD_BYTES)
		end = INSPECT_HEAD_BYTES;
	return end <= out->head.len ? STATUS_OK
				    : buffer_append(&out->head, data + skip, (size_t)end - out->head.len, err);
}

/* The length of the content that continues the last record of the previous segment, as far as it has come. */
static uint64_t before_first_record(const struct inspected *out)
{
	const struct records *records = &out->records;
	return records->begun_lsn == 0 ? out->bytes : records->begun_lsn % records->segment_bytes;
}

static enum status take(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct inspector *inspector = (struct inspector *)sink;
	struct inspected *out = inspector->out;
	bool is_segment = inspector->inspection->name->kind == WAL_SEGMENT;
	size_t before = out->head.len;
	out->bytes += len;
	if (out->bytes > WAL_SEGMENT_MAX)
		return refuse(err, "the content is longer than any WAL file");
	enum status st = keep(out, is_segment ? WAL_HEAD_BYTES : INSPECT_HEAD_BYTES, data, len, err);
	if (!st && is_segment)
		st = feed_records(inspector, data, len, before, err);
	if (!st && inspector->begun)
		st = keep(out, before_first_record(out), data, len, err);
	return st;
}

static const struct sink_ops inspector_ops = {take, terminal_sink_finish, terminal_sink_free};

static enum status ignore_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	(void)arg, (void)timeline, (void)switch_lsn, (void)err;
	return STATUS_OK;
}

static enum status check_content(const struct inspection *inspection, const struct inspected *out, struct error *err)
{
	struct wal_head head = {.bytes = (const uint8_t *)buffer_text(&out->head),
				.len = out->head.len < WAL_HEAD_BYTES ? out->head.len : WAL_HEAD_BYTES,
				.size = out->bytes};
	uint64_t system_id;
	enum status st = wal_content_check(inspection->name, &head, &system_id, err);
	if (!st && system_id != 0 && system_id != inspection->system_id)
		st = error_set(err, STATUS_CONFLICT, "the content belongs to cluster %" PRIu64, system_id);
	if (!st && inspection->name->kind == WAL_HISTORY && out->bytes == out->head.len)
		st = wal_history_read(inspection->name->timeline, buffer_text(&out->head), out->head.len, ignore_line,
				      NULL, err);
	return st;
}

enum status inspect(const struct inspection *inspection, struct inspected *out, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct call step = call_step(inspection->call);
	struct inspector inspector = {{&inspector_ops}, inspection, out, false};
	struct unseal_params params = {.keys = &inspection->repo->keys,
				       .allow_unprotected = !inspection->repo->encrypt,
				       .name = object,
				       .lack = &out->lack};
	CLEANUP(sink_freep) struct sink *chain = &inspector.sink;
	*out = (struct inspected){0};
	wal_object_name(object, inspection->system_id, inspection->name);
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(inspection->repo->store, &step, object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	if (!st)
		st = check_content(inspection, out, err);
	out->is_segment = !st && inspector.begun;
	return st == STATUS_CONFLICT ? STATUS_DAMAGED : st;
}

void inspected_fini(struct inspected *inspected)
{
	buffer_fini(&inspected->head);
	*inspected = (struct inspected){0};
}

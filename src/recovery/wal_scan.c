#include "recovery/wal_scan.h"

#include "base/call.h"
#include "base/cleanup.h"
#include "format/unseal.h"
#include "pg/wal/name.h"
#include "stream/terminal_sink.h"

struct reader {
	struct sink sink;
	struct wal_scan *scan;
};

static enum status take(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct wal_scan *scan = ((struct reader *)sink)->scan;
	scan->bytes += len;
	return records_feed(&scan->records, data, len, err);
}

static const struct sink_ops reader_ops = {take, terminal_sink_finish, terminal_sink_free};

static void begin(struct wal_scan *scan, uint32_t timeline, uint64_t number)
{
	if (scan->segments == 0)
		crc32c_init(&scan->crc32c);
	if (scan->next != number || number == 0)
		records_init(&scan->records, &scan->crc32c, scan->system_id, timeline, number * scan->segment_bytes,
			     scan->segment_bytes);
	/* The timeline may have changed: the new one's first segment begins as a copy of the old one's. */
	scan->records.timeline = timeline;
	scan->records.marked = scan->marked;
	scan->records.mark_arg = scan->arg;
	scan->next = 0;
	scan->segments++;
}

enum status wal_scan_segment(struct wal_scan *scan, uint32_t timeline, uint64_t number, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	struct call step = call_step(scan->call);
	struct reader reader = {{&reader_ops}, scan};
	struct unseal_params params = {
	    .keys = &scan->repo->keys, .allow_unprotected = !scan->repo->encrypt, .name = object};
	CLEANUP(sink_freep) struct sink *chain = &reader.sink;
	begin(scan, timeline, number);
	wal_name_of_number(&name, timeline, number, scan->segment_bytes);
	wal_object_name(object, scan->system_id, &name);
	enum status st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(scan->repo->store, &step, object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	if (!st)
		scan->next = number + 1;
	if (st == STATUS_CONFLICT)
		st = STATUS_DAMAGED;
	return st && st != STATUS_MISSING ? error_wrap(err, st, "%s", name.text) : st;
}

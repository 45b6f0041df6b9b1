#include "backup/wal_open.h"

#include "base/cleanup.h"
#include "format/unseal.h"
#include "stream/terminal_sink.h"

struct opened {
	struct sink sink;
	size_t bytes; /* of content: authentic */
};

static enum status count(struct sink *sink, const void *data, size_t len, struct error *err)
{
	(void)data, (void)err;
	((struct opened *)sink)->bytes += len;
	return STATUS_OK;
}

static enum status pass_on(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	(void)range;
	return sink_write(arg, data, len, err);
}

static enum status read_first_frame(const struct repository *repo, const struct call *call, const char *object,
				    struct error *err)
{
	static const struct sink_ops ops = {count, terminal_sink_finish, terminal_sink_free};
	static const struct store_range range = {0, HEADER_BYTES + FRAME_MAX};
	struct opened opened = {{&ops}, 0};
	const struct unseal_params params = {.keys = &repo->keys, .allow_unprotected = !repo->encrypt, .name = object};
	CLEANUP(sink_freep) struct sink *chain = &opened.sink;
	enum status st = unseal_new(&chain, &params, err);
	const struct store_ranges ranges = {
	    .items = &range, .count = 1, .may_be_shorter = true, .each = pass_on, .arg = chain};
	if (!st)
		st = store_read_ranges(repo->store, call, object, &ranges, err);
	if (!st && opened.bytes == 0)
		st = error_set(err, STATUS_DAMAGED, "truncated: the object ends before its first frame does");
	return st;
}

enum status wal_open_check(const struct repository *repo, const struct call *call, uint64_t system_id,
			   const struct wal_name *segment, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct call step = call_step(call);
	wal_object_name(object, system_id, segment);
	enum status st = read_first_frame(repo, &step, object, err);
	if (st == STATUS_OK || st == STATUS_EXISTS)
		return STATUS_OK;
	if (st == STATUS_DAMAGED) {
		/* The reader's hint tells to look for another copy. */
		err->hint[0] = '\0';
		(void)error_hint(err, st,
				 "the server's archive_command and this backup need the same cipher and "
				 "cipher-key-file: compare walship config here with that of the archive_command");
	}
	return error_wrap(err, st, "open segment %s, which the backup needs", segment->text);
}

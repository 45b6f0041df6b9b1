#include "base/cleanup.h"
#include "check/check.h"
#include "format/unseal.h"
#include "pg/wal/content.h"
#include "stream/byte_counter.h"
#include "stream/terminal_sink.h"

enum status check_object(const struct repository *repo, const struct call *call, const char *object, uint64_t *bytes,
			 struct error *err)
{
	struct sink nowhere = terminal_sink_null();
	struct unseal_params params = {.keys = &repo->keys, .allow_unprotected = !repo->encrypt, .name = object};
	struct wal_name name;
	struct byte_counter plain;
	CLEANUP(sink_freep) struct sink *chain = &nowhere;
	enum status st = wal_name_from_path(&name, object, err);
	if (!st)
		st = byte_counter_new(&chain, &plain, err);
	if (!st)
		st = unseal_new(&chain, &params, err);
	if (!st)
		st = store_read(repo->store, call, object, chain, err);
	if (!st)
		st = sink_finish(chain, err);
	if (st)
		return st == STATUS_MISSING ? st : error_wrap(err, st, "%s", object);
	*bytes = plain.total;
	struct wal_head head = {.bytes = plain.head, .len = plain.head_len, .size = plain.total};
	st = wal_content_check(&name, &head, NULL, err);
	return st ? error_wrap(err, STATUS_DAMAGED, "the content of %s does not match its name", object) : STATUS_OK;
}

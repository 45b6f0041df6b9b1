#include "archive/push/push_conflict.h"

#include <inttypes.h>
#include <string.h>

#include "pg/wal/content.h"

#define MIB (1024 * 1024)

/* wal_segment_size of the archived segment; 0 when it is no segment, or has the size of the server's. */
static uint32_t other_segment_size(const struct push_source *source, const struct byte_counter *stored)
{
	bool is_segment = source->name.kind == WAL_SEGMENT || source->name.kind == WAL_PARTIAL;
	if (!is_segment || stored->head_len < WAL_PAGE_HEADER_BYTES)
		return 0;
	uint32_t bytes = wal_content_segment_bytes(stored->head);
	return bytes == source->file.size ? 0 : bytes;
}

enum status push_conflict_explain(const struct push_source *source, const struct byte_counter *stored,
				  struct error *err)
{
	uint32_t other = other_segment_size(source, stored);
	if (other != 0) {
		(void)error_set(err, STATUS_CONFLICT,
				"the archive has a segment of %" PRIu32
				" MiB with this name, but the server's segment has %" PRIu64 " MiB",
				other / MIB, source->file.size / MIB);
		return error_hint(err, STATUS_CONFLICT,
				  "pg_resetwal --wal-segsize has changed the segment size, and the server uses segment "
				  "names again: set repo to a new directory or prefix, and take a new base backup");
	}
	(void)error_wrap(err, STATUS_CONFLICT, "the archive has a different file with this name");
	return error_hint(err, STATUS_CONFLICT,
			  "either this server was reverted to an older state, or two servers with one system "
			  "identifier archive here: see the guide, 'The archive has a different file', for how to tell "
			  "which, and how to continue. walship changed nothing; walship cat %s shows the archived file",
			  source->name.text);
}

/* Advice for a reader without another source of the file: to look for another copy, or to accept the object. */
static bool is_for_readers(const struct error *err)
{
	return strstr(err->hint, "another copy") != NULL || strstr(err->hint, "cipher = none") != NULL;
}

enum status push_conflict_unreadable(const char *object, const struct unseal_lack *lack, struct error *err)
{
	if (!lack->lacks && is_for_readers(err))
		err->hint[0] = '\0';
	(void)error_hint(err, STATUS_DAMAGED,
			 "the server keeps this file in pg_wal until it is archived: rename the object %s in the "
			 "repository, and the server's next try stores the file again (guide, 'A damaged object under "
			 "the name of a push')",
			 object);
	return error_wrap(err, STATUS_DAMAGED,
			  "the archive already has an object with this name, but walship cannot read the object");
}

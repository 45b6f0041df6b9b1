#include "archive/push/left_behind.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/call.h"
#include "pg/data/control.h"
#include "pg/data/pending.h"
#include "pg/wal/history.h"
#include "store/store.h"

#define HISTORY_MAX (16 * 1024) /* three hundred promotions */
#define PREFIX_MAX 64

struct parent {
	uint64_t system_id;
	uint32_t timeline;
	uint64_t switch_lsn;
	uint32_t segment_bytes;
	struct wal_name last; /* its last segment after the switch point; text "" if there is none */
};

static enum status keep_last(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct parent *parent = arg;
	(void)err;
	parent->timeline = timeline;
	parent->switch_lsn = switch_lsn;
	return STATUS_OK;
}

static enum status read_parent(struct parent *parent, const struct push_source *source, struct error *err)
{
	char text[HISTORY_MAX];
	ssize_t got = pread(source->fd, text, sizeof text, 0);
	if (got <= 0 || got == sizeof text)
		return error_set(err, STATUS_LOCAL, "unexpected length of the history file");
	return wal_history_read(source->name.timeline, text, (size_t)got, keep_last, parent, err);
}

/* A history file does not say how large segments are; pg_wal does. */
static enum status find_segment_bytes(struct parent *parent, const struct push *push, struct error *err)
{
	struct data_directory directory;
	struct pending pending;
	enum status st = data_directory_find(&directory, push->pg_data, push->path, err);
	if (!st && !directory.known)
		st = error_set(err, STATUS_LOCAL, "no data directory");
	if (!st)
		st = pending_read(&pending, directory.path, err);
	parent->segment_bytes = st ? 0 : pending.segment_bytes;
	return !st && parent->segment_bytes == 0 ? error_set(err, STATUS_LOCAL, "pg_wal has no segment") : st;
}

static enum status look_at(void *arg, const struct object_info *info, struct error *err)
{
	struct parent *parent = arg;
	struct wal_name name;
	uint64_t system_id, number;
	(void)err;
	if (wal_object_parse(info->name, &system_id, &name) && name.kind == WAL_SEGMENT &&
	    wal_name_number(&name, parent->segment_bytes, &number) &&
	    number >= parent->switch_lsn / parent->segment_bytes)
		parent->last = name;
	return STATUS_OK;
}

static enum status list_behind(struct parent *parent, const struct push *push, struct error *err)
{
	enum status st = STATUS_OK;
	uint32_t log = (uint32_t)(parent->switch_lsn >> 32);
	for (uint32_t i = 0; !st && i < 2 && log <= UINT32_MAX - i; i++) {
		char prefix[PREFIX_MAX];
		(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%08" PRIX32 "%08" PRIX32 "/", parent->system_id,
			       parent->timeline, log + i);
		st = store_list(push->store, push->call, prefix, look_at, parent, err);
	}
	return st;
}

void left_behind_warn(const struct push *push, const struct push_source *source)
{
	struct parent parent = {.system_id = source->file.system_id};
	struct error trouble = {0};
	uint32_t id = source->name.timeline;
	enum status st = read_parent(&parent, source, &trouble);
	if (!st)
		st = find_segment_bytes(&parent, push, &trouble);
	if (!st)
		st = list_behind(&parent, push, &trouble);
	if (st)
		log_line(push->call->log, LEVEL_INFO, "push %s: cannot see whether the parent timeline went on: %s",
			 source->name.text, trouble.text);
	if (st || parent.last.text[0] == '\0')
		return;
	log_line(push->call->log, LEVEL_WARNING,
		 "push %s: timeline %" PRIu32 " left timeline %" PRIu32 " at %" PRIX32 "/%" PRIX32
		 ", but the archive has timeline %" PRIu32
		 " up to %s: recovery to the latest timeline will leave out that WAL. If this server is a copy for a "
		 "trial, set archive_mode = off here and run walship timeline set-aside %" PRIu32
		 " on the server that continues",
		 source->name.text, id, parent.timeline, (uint32_t)(parent.switch_lsn >> 32),
		 (uint32_t)parent.switch_lsn, parent.timeline, parent.last.text, id);
}

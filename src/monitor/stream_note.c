#include "monitor/stream_note.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "sys/note.h"
#include "sys/spool.h"

#define KIND "stream"
#define PATH_SIZE (SPOOL_PATH_MAX + 64)

static bool path_of(char out[PATH_SIZE], const char *spool, uint64_t system_id)
{
	char directory[SPOOL_PATH_MAX];
	if (!spool_path(spool, directory))
		return false;
	(void)snprintf(out, PATH_SIZE, "%s/" KIND "-%" PRIu64, directory, system_id);
	return true;
}

bool stream_note_read(struct stream_note *out, const char *spool, uint64_t system_id)
{
	char path[PATH_SIZE];
	struct note note;
	uint64_t connected = 0, timeline = 0;
	*out = (struct stream_note){0};
	if (!path_of(path, spool, system_id) || !note_read(&note, KIND, path))
		return false;
	(void)note_seconds(&note, "written", &out->written_s);
	(void)note_number(&note, "connected", 1, &connected);
	(void)note_number(&note, "timeline", UINT32_MAX, &timeline);
	(void)note_number(&note, "durable", UINT64_MAX, &out->durable_lsn);
	(void)note_number(&note, "server", UINT64_MAX, &out->server_lsn);
	(void)note_seconds(&note, "durable-time", &out->durable_s);
	(void)note_number(&note, "parts", UINT64_MAX, &out->stored_parts);
	(void)note_number(&note, "bytes", UINT64_MAX, &out->stored_bytes);
	(void)note_text(&note, "slot", out->slot, sizeof out->slot);
	(void)note_text(&note, "slot-state", out->slot_state, sizeof out->slot_state);
	(void)note_text(&note, "error", out->error, sizeof out->error);
	out->connected = connected != 0;
	out->timeline = (uint32_t)timeline;
	return true;
}

enum status stream_note_write(const struct stream_note *stream, const char *spool, uint64_t system_id,
			      struct error *err)
{
	char path[PATH_SIZE], directory[SPOOL_PATH_MAX];
	struct note note;
	enum status st = spool_prepare(spool, directory, err);
	if (st)
		return st;
	note_begin(&note, KIND);
	note_put(&note, "written", "%" PRId64, stream->written_s);
	note_put(&note, "connected", "%d", stream->connected);
	note_put(&note, "timeline", "%" PRIu32, stream->timeline);
	note_put(&note, "durable", "%" PRIu64, stream->durable_lsn);
	note_put(&note, "server", "%" PRIu64, stream->server_lsn);
	note_put(&note, "durable-time", "%" PRId64, stream->durable_s);
	note_put(&note, "parts", "%" PRIu64, stream->stored_parts);
	note_put(&note, "bytes", "%" PRIu64, stream->stored_bytes);
	note_put(&note, "slot", "%s", stream->slot);
	note_put(&note, "slot-state", "%s", stream->slot_state);
	note_put(&note, "error", "%s", stream->error);
	if (!note_end(&note) || !path_of(path, spool, system_id))
		return error_set(err, STATUS_LOCAL, "the note of the stream is too long");
	return note_replace(&note, path, err);
}

struct stream_lag stream_note_lag(const struct stream_note *note, int64_t now_s)
{
	struct stream_lag lag = {.bytes =
				     note->server_lsn > note->durable_lsn ? note->server_lsn - note->durable_lsn : 0};
	lag.known = note->durable_s != 0 && clock_age(now_s, note->durable_s, &lag.s);
	return lag;
}

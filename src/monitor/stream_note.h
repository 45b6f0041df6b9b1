/* What the spool remembers of walship stream, for walship status. */
#ifndef WALSHIP_MONITOR_STREAM_NOTE_H
#define WALSHIP_MONITOR_STREAM_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

#define STREAM_NOTE_ERROR_MAX 512

struct stream_note {
	int64_t written_s; /* UTC */
	bool connected;
	uint32_t timeline;
	uint64_t durable_lsn, server_lsn;
	int64_t durable_s; /* UTC: everything that the server had written then is durable */
	uint64_t stored_parts, stored_bytes;
	char slot[64];
	char slot_state[16];               /* wal_status of pg_replication_slots; "": unknown */
	char error[STREAM_NOTE_ERROR_MAX]; /* why nothing is received or stored now; "": all is well */
};

#define STREAM_NOTE_STALE_S 60 /* a stream that runs writes the note every second */

/* How far the repository is behind the server. */
struct stream_lag {
	uint64_t bytes;
	bool known; /* of s: a wrong clock gives no age */
	int64_t s;
};
struct stream_lag stream_note_lag(const struct stream_note *note, int64_t now_s);

/* False, with zeros, where there is no note. spool as for spool_path. */
bool stream_note_read(struct stream_note *out, const char *spool, uint64_t system_id);

enum status stream_note_write(const struct stream_note *stream, const char *spool, uint64_t system_id,
			      struct error *err);

#endif

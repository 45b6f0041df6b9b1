/* walship status: whether walship stream stores the WAL. */
#include <stdio.h>
#include <string.h>

#include "console/measure.h"
#include "monitor/health_judge_private.h"

#define LATE_S 60       /* more than any usual stream-interval */
#define VERY_LATE_S 300 /* the loss that streaming is to prevent: that of archive_timeout */

static void judge_lag(const struct health *health, const char *behind, struct health_check *check)
{
	const struct stream_note *stream = &health->stream;
	struct stream_lag lag = stream_note_lag(stream, health->now_s);
	enum health_level level = !lag.known                                   ? HEALTH_UNKNOWN
				  : lag.s > VERY_LATE_S                        ? HEALTH_CRITICAL
				  : lag.s > LATE_S || stream->error[0] != '\0' ? HEALTH_WARNING
									       : HEALTH_OK;
	health_say(check, level, "%s behind the server%s%s", behind, stream->error[0] == '\0' ? "" : ": ",
		   stream->error);
	if (level != HEALTH_OK)
		health_advise(check, "the slot keeps the WAL; the log of walship stream says more");
}

void health_judge_stream(const struct health *health, struct health_check *check)
{
	const struct stream_note *stream = &health->stream;
	struct stream_lag lag = stream_note_lag(stream, health->now_s);
	char bytes[MEASURE_MAX], age[MEASURE_MAX], behind[2 * MEASURE_MAX + 16];
	measure_bytes(lag.bytes, bytes);
	measure_seconds(lag.known ? lag.s : 0, age);
	(void)snprintf(behind, sizeof behind, "%s and %s", bytes, age);
	if (strcmp(stream->slot_state, "lost") == 0) {
		health_say(check, HEALTH_CRITICAL, "slot %s is lost: the server has removed WAL that is not stored",
			   stream->slot);
		health_advise(check, "drop the slot and start walship stream again; raise max_slot_wal_keep_size");
	} else if (health->now_s - stream->written_s > STREAM_NOTE_STALE_S) {
		char since[UTC_TEXT_SIZE];
		utc_text(stream->written_s, since);
		health_say(check, HEALTH_CRITICAL, "walship stream has not run since %s", since);
		health_advise(check,
			      "start it; if it is not to run any more, drop its replication slot, which fills the "
			      "server's disk, and remove stream-SYSTEM-ID from the spool");
	} else if (strcmp(stream->slot_state, "unreserved") == 0) {
		health_say(check, HEALTH_WARNING,
			   "slot %s is about to be lost (max_slot_wal_keep_size); %s behind the server", stream->slot,
			   behind);
		health_advise(check,
			      "find out why walship stream does not store the WAL; raise max_slot_wal_keep_size");
	} else {
		judge_lag(health, behind, check);
	}
}

#include "receive/receive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/retry.h"
#include "receive/receive_private.h"
#include "sys/service_notify.h"

#define NOTE_MS 1000
#define SHORT_MS 10000 /* after a session that fails sooner, the stream pauses, each time longer */

struct call receiver_call(const struct receiver *receiver)
{
	struct call call = *receiver->settings->call;
	call.signal_hold = NULL;
	call.step_ms = receiver->settings->timeout_ms;
	call.deadline_ms = clock_monotonic_ms(call.clock) + call.step_ms;
	return call;
}

void receiver_note(struct receiver *receiver, const struct part_writer_state *state, bool now)
{
	const struct receive_settings *settings = receiver->settings;
	int64_t ms = clock_monotonic_ms(settings->call->clock);
	struct error trouble = {0};
	if (receiver->system.system_id == 0 || (!now && ms - receiver->noted_ms < NOTE_MS))
		return;
	receiver->noted_ms = ms;
	receiver->note.written_s = clock_utc_s(settings->call->clock);
	(void)snprintf(receiver->note.slot, sizeof receiver->note.slot, "%s", settings->slot);
	if (state != NULL) {
		receiver->note.stored_parts = state->stored_parts;
		receiver->note.stored_bytes = state->stored_bytes;
		(void)snprintf(receiver->note.error, sizeof receiver->note.error, "%.*s",
			       (int)sizeof receiver->note.error - 1, state->failing_ms > 0 ? state->trouble.text : "");
	}
	if (stream_note_write(&receiver->note, settings->spool, receiver->system.system_id, &trouble))
		log_line(settings->call->log, LEVEL_DEBUG, "stream: no note for walship status: %s", trouble.text);
}

struct connecting {
	struct receiver *receiver;
	enum status st; /* the final outcome, if there is one */
	bool final;
	char said[ERROR_TEXT_MAX]; /* the last trouble that was logged as a warning */
};

static void note_trouble(struct connecting *connecting, const struct error *trouble)
{
	struct receiver *receiver = connecting->receiver;
	bool news = strcmp(connecting->said, trouble->text) != 0;
	log_line(receiver->settings->call->log, news ? LEVEL_WARNING : LEVEL_INFO, "stream: %s; connecting again%s%s",
		 trouble->text, trouble->hint[0] == '\0' ? "" : ". Hint: ", trouble->hint);
	(void)snprintf(connecting->said, sizeof connecting->said, "%s", trouble->text);
	receiver->note.connected = false;
	(void)snprintf(receiver->note.error, sizeof receiver->note.error, "%.*s", (int)sizeof receiver->note.error - 1,
		       trouble->text);
	receiver_note(receiver, NULL, true);
}

/* One connection. After a session that lasted, the next one begins without a delay. */
static enum status try_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct connecting *connecting = arg;
	const struct call *call = connecting->receiver->settings->call;
	bool streamed = false;
	int64_t began_ms = clock_monotonic_ms(call->clock);
	enum status st = session_run(connecting->receiver, &streamed, err);
	bool lasted = streamed && clock_monotonic_ms(call->clock) - began_ms >= SHORT_MS;
	connecting->final = call_is_interrupted(call) || st == STATUS_CONFLICT || st == STATUS_DAMAGED ||
			    st == STATUS_USAGE || (st == STATUS_LOCAL && !streamed);
	connecting->st = st;
	if (connecting->final)
		return st;
	if (!st)
		(void)error_set(err, STATUS_UNREACHABLE, "the server shuts down");
	note_trouble(connecting, err);
	if (lasted) {
		connecting->said[0] = '\0';
		return STATUS_OK;
	}
	attempt->again = true;
	service_notify_alive(connecting->receiver->settings->notify_socket, call->clock,
			     &connecting->receiver->pinged_ms);
	return st ? st : STATUS_UNREACHABLE;
}

static enum status stream(struct receiver *receiver, struct error *err)
{
	const struct receive_settings *settings = receiver->settings;
	struct connecting connecting = {.receiver = receiver};
	struct call call = *settings->call;
	call.deadline_ms = INT64_MAX;
	while (!connecting.final && !call_is_interrupted(&call))
		(void)retry_run(&call, try_once, &connecting, err);
	/* A signal is no failure, unless WAL that has arrived could not be stored; the server keeps it in any case. */
	if (call_is_interrupted(&call) && connecting.st != STATUS_CONFLICT)
		connecting.st = STATUS_OK;
	if (!connecting.st)
		*err = (struct error){0};
	return connecting.st;
}

static enum status find_cluster(struct receiver *receiver, struct error *err)
{
	struct data_directory directory;
	return cluster_id_find(&receiver->settings->cluster, NULL, &directory, &receiver->system.system_id, err);
}

enum status receive_run(const struct receive_settings *settings, struct error *err)
{
	struct receiver receiver = {.settings = settings};
	struct call call = receiver_call(&receiver);
	call_hold(settings->call);
	enum status st = replication_check_slot(settings->slot, err);
	if (!st)
		st = find_cluster(&receiver, err);
	if (!st)
		st = repository_open(&receiver.repo, settings->repository, &call, err);
	if (!st)
		st = stream(&receiver, err);
	service_notify(settings->notify_socket, "STOPPING=1");
	if (receiver.writing) {
		part_writer_close(&receiver.writer);
		sweep_stop(&receiver.sweep);
		receiver.note.connected = false;
		receiver_note(&receiver, NULL, true);
	}
	repository_fini(&receiver.repo);
	/* The hold stays: a signal that ends a stream in good order is no reason to die of it. */
	if (st)
		call_release(settings->call);
	return st;
}

/* One connection to the server: finds where to begin, receives WAL, reports what is durable. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "receive/session_private.h"
#include "sys/service_notify.h"

#define LOOP_MS 500     /* a signal, the note, the watchdog */
#define REPORT_MS 10000 /* the default of wal_receiver_status_interval; wal_sender_timeout is a minute */
#define ASK_MS 30000    /* without a word from the server: ask */
#define GONE_MS 60000   /* and then give up, as wal_receiver_timeout does */
#define SLOT_MS 60000   /* between two looks at the state of the slot */
#define OUTAGE_MS 60000 /* the store does not answer: let the server go, which would wait for walship to shut down */

static int64_t now_ms(const struct session *session)
{
	return clock_monotonic_ms(session->receiver->settings->call->clock);
}

/*
 * The beginning.
 */

static enum status check_system(struct session *session, const struct replication_system *system, struct error *err)
{
	const struct replication_system *known = &session->receiver->system;
	if (known->system_id != 0 && system->system_id != known->system_id) {
		(void)error_set(err, STATUS_CONFLICT,
				"the server belongs to cluster %" PRIu64 ", not to cluster %" PRIu64, system->system_id,
				known->system_id);
		return error_hint(err, STATUS_CONFLICT, "check pg-conninfo, pg-data and system-id");
	}
	if (known->segment_bytes != 0 && system->segment_bytes != known->segment_bytes)
		return error_set(err, STATUS_CONFLICT, "the server's wal_segment_size has changed");
	return STATUS_OK;
}

static enum status open_writer(struct receiver *receiver, struct error *err)
{
	const struct receive_settings *settings = receiver->settings;
	const struct part_writer_settings writer = {.repo = &receiver->repo,
						    .call = settings->call,
						    .system_id = receiver->system.system_id,
						    .segment_bytes = receiver->system.segment_bytes,
						    .codec = settings->codec,
						    .level = settings->level,
						    .interval_ms = settings->interval_ms,
						    .part_bytes = settings->part_bytes,
						    .timeout_ms = settings->timeout_ms};
	receiver->sweep = (struct sweep){.call = settings->call,
					 .system_id = receiver->system.system_id,
					 .segment_bytes = receiver->system.segment_bytes,
					 .timeout_ms = settings->timeout_ms};
	log_about_system(settings->call->log, receiver->system.system_id);
	enum status st = part_writer_open(&receiver->writer, &writer, err);
	receiver->writing = true;
	sweep_start(&receiver->sweep, &receiver->repo);
	return st;
}

static enum status report(struct session *session, const struct part_writer_state *state, struct error *err)
{
	/* An earlier position would move the slot back to WAL that the server may have removed. 0: no position. */
	uint64_t flushed = state->durable.lsn < session->slot_lsn ? 0 : state->durable.lsn;
	int64_t ms = now_ms(session);
	bool asks = ms - session->heard_ms > ASK_MS && !session->asked;
	if (session->ended ||
	    (flushed == session->reported_lsn && ms - session->reported_ms < REPORT_MS && !asks && !session->flush))
		return STATUS_OK;
	session->asked |= asks;
	session->flush = false;
	session->reported_lsn = flushed;
	session->reported_ms = ms;
	return replication_report(session->replication, state->next.lsn, flushed,
				  clock_utc_s(session->receiver->settings->call->clock), asks, err);
}

/* Waits until everything that has arrived is durable; for a signal no longer than one more try takes. */
static enum status drain(struct session *session, bool reports, struct error *err)
{
	struct part_writer *writer = &session->receiver->writer;
	struct part_writer_state state = {0};
	enum status st = STATUS_OK;
	while (!st && !state.idle) {
		struct pollfd wait = {.fd = writer->wake_fd, .events = POLLIN};
		(void)part_writer_tick(writer, true);
		st = part_writer_state(writer, &state, err);
		if (!st && reports)
			st = report(session, &state, err);
		if (!st && !state.idle && poll(&wait, 1, LOOP_MS) < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		service_notify_alive(session->receiver->settings->notify_socket,
				     session->receiver->settings->call->clock, &session->receiver->pinged_ms);
	}
	return st;
}

/* Begins at session->position, once what came from elsewhere is stored. */
static enum status restart(struct session *session, struct error *err)
{
	enum status st = drain(session, false, err);
	if (st)
		return st;
	part_writer_restart(&session->receiver->writer, session->position);
	session->receiver->continues = true;
	return STATUS_OK;
}

static enum status start(struct session *session, struct error *err)
{
	struct receiver *receiver = session->receiver;
	const struct wal_position *position = &session->position;
	struct call call = receiver_call(receiver);
	enum status st = replication_start(session->replication, &call, receiver->settings->slot, position->timeline,
					   position->lsn, err);
	if (st)
		return st;
	session->heard_ms = session->reported_ms = now_ms(session);
	session->ended = false;
	log_line(receiver->settings->call->log, LEVEL_INFO,
		 "stream: receiving timeline %" PRIu32 " from %" PRIX32 "/%08" PRIX32, position->timeline,
		 (uint32_t)(position->lsn >> 32), (uint32_t)position->lsn);
	if (!receiver->ready)
		service_notify(receiver->settings->notify_socket, "READY=1");
	receiver->ready = true;
	return STATUS_OK;
}

/* The server does not have this WAL any more: what the archive gets by archive_command has no gap. */
static void forget_position(struct session *session, const struct error *why)
{
	struct receiver *receiver = session->receiver;
	receiver->continues = false;
	receiver->gone_lsn = session->position.lsn;
	log_line(receiver->settings->call->log, LEVEL_ERROR,
		 "stream: begins again at the server's position, so that streamed WAL has a gap (the archive has it if "
		 "archive_command works): %s",
		 why->text);
}

static enum status begin(struct session *session, struct error *err)
{
	struct receiver *receiver = session->receiver;
	const struct receive_settings *settings = receiver->settings;
	struct replication_system system = {0};
	struct call call = receiver_call(receiver);
	enum status st = replication_open(&session->replication, &settings->postgres, err);
	if (!st)
		st = replication_identify(session->replication, &call, &system, err);
	if (!st)
		st = check_system(session, &system, err);
	if (st)
		return st;
	receiver->system = system;
	st = session_choose_position(session, err);
	if (!st && !receiver->writing)
		st = open_writer(receiver, err);
	if (!st && !receiver->continues)
		st = restart(session, err);
	if (st)
		return st;
	st = start(session, err);
	if (st == STATUS_CONFLICT || (st && st != STATUS_EXISTS && st != STATUS_DAMAGED &&
				      session->position.timeline != receiver->system.timeline)) {
		forget_position(session, err);
		return STATUS_UNREACHABLE;
	}
	return st;
}

/*
 * Streaming.
 */

static enum status take_wal(struct session *session, struct error *err)
{
	struct part_writer *writer = &session->receiver->writer;
	struct replication_message *message = &session->message;
	enum status st = STATUS_OK;
	if (message->len > 0 && message->lsn != writer->next.lsn)
		return error_set(err, STATUS_UNREACHABLE, "the server has sent WAL from another position");
	while (!st && message->len > 0) {
		size_t room = part_writer_room(writer), len = message->len < room ? message->len : room;
		if (room == 0)
			break;
		st = part_writer_add(writer, message->data, len, err);
		message->data += len;
		message->len -= len;
		message->lsn += len;
	}
	return st;
}

/* Takes what has come. *idle: nothing more is there, or there is no room for it. */
static enum status take_message(struct session *session, bool *idle, struct error *err)
{
	struct replication_message *message = &session->message;
	enum status st = STATUS_OK;
	if (message->len == 0) {
		st = replication_next(session->replication, message, err);
		if (st || message->kind == REPLICATION_NOTHING) {
			*idle = true;
			return st;
		}
		session->heard_ms = now_ms(session);
		session->asked = false;
		session->ended = message->kind == REPLICATION_END;
		/* The server waits for this answer when it shuts down: what is there goes to the store at once. */
		session->flush |= message->wants_reply;
		if (message->server_lsn > session->server_lsn)
			session->server_lsn = message->server_lsn;
	}
	st = take_wal(session, err);
	*idle = message->len > 0 || session->ended;
	return st;
}

static void note_progress(struct session *session, const struct part_writer_state *state)
{
	struct stream_note *note = &session->receiver->note;
	int64_t now_s = clock_utc_s(session->receiver->settings->call->clock);
	uint64_t durable = state->durable.lsn;
	if (session->behind_lsn != 0 && durable >= session->behind_lsn) {
		note->durable_s = session->behind_s;
		session->behind_lsn = 0;
	}
	if (session->behind_lsn == 0 && session->server_lsn > durable) {
		session->behind_lsn = session->server_lsn;
		session->behind_s = now_s;
	}
	if (session->behind_lsn == 0)
		note->durable_s = now_s;
	note->connected = true;
	note->timeline = session->position.timeline;
	note->durable_lsn = durable;
	note->server_lsn = session->server_lsn > durable ? session->server_lsn : durable;
	receiver_note(session->receiver, state, false);
	sweep_move(&session->receiver->sweep, session->position.timeline, durable);
}

static enum status wait_for_more(struct session *session, int64_t due_ms, struct error *err)
{
	struct pollfd waits[2] = {{.fd = session->receiver->writer.wake_fd, .events = POLLIN},
				  {.fd = replication_fd(session->replication), .events = POLLIN}};
	/* Without room for more the socket does not matter. */
	nfds_t count = session->message.len > 0 || session->ended ? 1 : 2;
	int timeout = due_ms < 0 || due_ms > LOOP_MS ? LOOP_MS : (int)due_ms;
	if (poll(waits, count, timeout) < 0 && errno != EINTR)
		return error_errno(err, STATUS_LOCAL, errno, "poll");
	return STATUS_OK;
}

/* For walship status: whether the slot still keeps all of the WAL. A role that may only replicate cannot tell. */
static void look_at_slot(struct receiver *receiver)
{
	int64_t ms = clock_monotonic_ms(receiver->settings->call->clock);
	struct error ignored = {0};
	uint64_t lsn;
	if (receiver->slot_hidden || (receiver->slot_ms != 0 && ms - receiver->slot_ms < SLOT_MS))
		return;
	receiver->slot_ms = ms;
	receiver->slot_hidden = receiver_ask_slot(receiver, &lsn, &ignored) != STATUS_OK;
}

static enum status away(const struct part_writer_state *state, struct error *err)
{
	return error_wrap(err, error_set(err, STATUS_UNREACHABLE, "%s", state->trouble.text),
			  "disconnected from the server while the store does not answer");
}

/* Whether to end the connection: a signal, a silent server, a store that does not answer. */
static enum status check_time(const struct session *session, const struct part_writer_state *state, struct error *err)
{
	if (now_ms(session) - session->heard_ms > GONE_MS && session->message.len == 0)
		return error_set(err, STATUS_UNREACHABLE, "the server has not answered for a minute");
	return state->failing_ms > OUTAGE_MS ? away(state, err) : STATUS_OK;
}

/* Until the server ends the copy, and all of it has been taken; or a signal comes. */
static enum status copy(struct session *session, struct error *err)
{
	struct receiver *receiver = session->receiver;
	const struct call *call = receiver->settings->call;
	enum status st = STATUS_OK;
	while (!st && !call_is_interrupted(call)) {
		struct part_writer_state state;
		bool idle = false;
		for (int i = 0; !st && !idle && i < 64; i++)
			st = take_message(session, &idle, err);
		int64_t due_ms = st ? -1 : part_writer_tick(&receiver->writer, session->flush);
		if (!st)
			st = part_writer_state(&receiver->writer, &state, err);
		if (!st)
			st = report(session, &state, err);
		if (st || (session->ended && session->message.len == 0))
			break;
		note_progress(session, &state);
		service_notify_alive(receiver->settings->notify_socket, call->clock, &receiver->pinged_ms);
		look_at_slot(receiver);
		st = check_time(session, &state, err);
		if (!st && idle)
			st = wait_for_more(session, due_ms, err);
	}
	return st;
}

/* *again: a timeline has ended, and the next one has begun. */
static enum status follow(struct session *session, bool *again, struct error *err)
{
	struct receiver *receiver = session->receiver;
	struct call call = receiver_call(receiver);
	uint32_t timeline = 0, ignored;
	uint64_t lsn = 0;
	*again = false;
	enum status st = replication_end(session->replication, &call, &timeline, &lsn, err);
	if (st == STATUS_CONFLICT) {
		forget_position(session, err);
		return STATUS_UNREACHABLE;
	}
	if (st || timeline == 0)
		return st;
	log_line(receiver->settings->call->log, LEVEL_WARNING,
		 "stream: timeline %" PRIu32 " begins at %" PRIX32 "/%08" PRIX32 ", following it", timeline,
		 (uint32_t)(lsn >> 32), (uint32_t)lsn);
	call = receiver_call(receiver);
	st = replication_identify(session->replication, &call, &receiver->system, err);
	if (!st)
		st = session_take_history(session, lsn, &ignored, err);
	/* The new timeline's first segment begins as a copy of the old one's (XLogInitNewTimeline in xlog.c). */
	session->position = (struct wal_position){timeline, lsn - lsn % receiver->system.segment_bytes};
	if (!st)
		st = restart(session, err);
	*again = !st;
	return st ? st : start(session, err);
}

/* Without this a store that is away would make one connection after another, each of which check_time ends. */
static enum status check_store(struct receiver *receiver, struct error *err)
{
	struct part_writer_state state = {0};
	enum status st = receiver->writing ? part_writer_state(&receiver->writer, &state, err) : STATUS_OK;
	return st || state.failing_ms <= OUTAGE_MS ? st : away(&state, err);
}

enum status session_run(struct receiver *receiver, bool *streamed, struct error *err)
{
	struct session session = {.receiver = receiver};
	bool again = true;
	enum status st = check_store(receiver, err);
	if (!st)
		st = begin(&session, err);
	*streamed = !st;
	while (!st && again) {
		st = copy(&session, err);
		if (st || !session.ended)
			break;
		st = follow(&session, &again, err);
	}
	/* What is there is stored and reported before the connection ends, if a signal ends the process. */
	if (!st && !session.ended && call_is_interrupted(receiver->settings->call)) {
		st = drain(&session, true, err);
		const struct call call = receiver_call(receiver);
		replication_stop(session.replication, &call);
	}
	replication_free(session.replication);
	return st;
}

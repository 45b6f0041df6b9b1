#include "sys/program_stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/program_child.h"

#define READ_BYTES (64UL * 1024) /* the capacity of a pipe (pipe(7)) */
#define GRACE_MS 5000            /* pg_dump cancels its query on the server */

struct run {
	const struct program_stream *program;
	const struct call *call;
	struct call step; /* from the last output on */
	struct buffer *errors;
	struct program_child child;
};

/* Keeps the end: the first half goes when the buffer is full. */
static enum status keep_errors(struct buffer *errors, const char *data, size_t len, struct error *err)
{
	if (errors->len + len > PROGRAM_ERRORS_MAX) {
		size_t kept = errors->len / 2;
		memmove(errors->data, errors->data + errors->len - kept, kept);
		errors->len = kept;
	}
	return buffer_append(errors, data, len, err);
}

static enum status take(struct run *run, int *fd, char piece[READ_BYTES], struct error *err)
{
	bool is_output = fd == &run->child.out_fd;
	ssize_t got = read(*fd, piece, is_output ? READ_BYTES : PROGRAM_ERRORS_MAX / 4);
	if (got < 0)
		return errno == EINTR ? STATUS_OK : error_errno(err, STATUS_LOCAL, errno, "read the output");
	if (got == 0) {
		fd_closep(fd);
		return STATUS_OK;
	}
	enum status st = is_output ? run->program->output(run->program->arg, piece, (size_t)got, err)
				   : keep_errors(run->errors, piece, (size_t)got, err);
	run->step = call_step(run->call);
	return st;
}

static enum status check_time(const struct run *run, struct error *err)
{
	if (call_is_interrupted(run->call))
		return error_set(err, STATUS_UNREACHABLE, "interrupted by a signal");
	return call_left_ms(&run->step) > 0 ? STATUS_OK : error_set(err, STATUS_UNREACHABLE, "printed nothing in time");
}

static enum status copy_all(struct run *run, char piece[READ_BYTES], struct error *err)
{
	struct program_child *child = &run->child;
	enum status st = STATUS_OK;
	while (!st && (child->out_fd >= 0 || child->err_fd >= 0 || !child->ended)) {
		struct pollfd ends[] = {{.fd = child->out_fd, .events = POLLIN},
					{.fd = child->err_fd, .events = POLLIN}};
		bool closed = child->out_fd < 0 && child->err_fd < 0;
		int ready = poll(ends, 2, closed ? PROGRAM_EXIT_POLL_MS : PROGRAM_POLL_MS);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		program_child_look(child);
		st = check_time(run, err);
		if (!st && ready > 0 && ends[1].revents != 0)
			st = take(run, &child->err_fd, piece, err);
		if (!st && ready > 0 && ends[0].revents != 0)
			st = take(run, &child->out_fd, piece, err);
	}
	return st;
}

static enum status start(struct run *run, struct error *err)
{
	union {
		const char *const *in;
		char *const *out;
	} argv = {.in = run->program->argv};
	return program_child_start(&run->child, argv.out, run->program->environment, err);
}

enum status program_stream(const struct program_stream *program, const struct call *call, struct buffer *errors,
			   struct error *err)
{
	struct run run = {.program = program,
			  .call = call,
			  .step = call_step(call),
			  .errors = errors,
			  .child = {.out_fd = -1, .err_fd = -1}};
	char piece[READ_BYTES];
	call_hold(call);
	enum status st = start(&run, err);
	if (!st) {
		st = copy_all(&run, piece, err);
		(void)call_step(call);
		program_child_end(&run.child, call->clock, GRACE_MS);
		if (!st)
			st = program_child_check(&run.child, err);
	}
	program_child_close(&run.child);
	call_release(call);
	return st;
}

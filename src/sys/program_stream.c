#include "sys/program_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/program_private.h"

#define READ_BYTES (64UL * 1024) /* the capacity of a pipe (pipe(7)) */
#define POLL_MS 100              /* a signal just before poll does not interrupt it */
#define EXIT_POLL_MS 5           /* the pipes are closed and the exit is near */
#define GRACE_MS 5000            /* pg_dump cancels its query on the server */

struct run {
	const struct program_stream *program;
	const struct call *call;
	struct call step; /* from the last output on */
	struct buffer *errors;
	int out_fd, err_fd; /* -1: end of file */
	pid_t pid;
	bool ended;
	int wait_status;
};

static void look_for_exit(struct run *run)
{
	if (!run->ended)
		run->ended = waitpid(run->pid, &run->wait_status, WNOHANG) != 0;
}

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
	bool is_output = fd == &run->out_fd;
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
	enum status st = STATUS_OK;
	while (!st && (run->out_fd >= 0 || run->err_fd >= 0 || !run->ended)) {
		struct pollfd ends[] = {{.fd = run->out_fd, .events = POLLIN}, {.fd = run->err_fd, .events = POLLIN}};
		bool closed = run->out_fd < 0 && run->err_fd < 0;
		int ready = poll(ends, 2, closed ? EXIT_POLL_MS : POLL_MS);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		look_for_exit(run);
		st = check_time(run, err);
		if (!st && ready > 0 && ends[1].revents != 0)
			st = take(run, &run->err_fd, piece, err);
		if (!st && ready > 0 && ends[0].revents != 0)
			st = take(run, &run->out_fd, piece, err);
	}
	return st;
}

static void end_program(struct run *run)
{
	const struct clock *clock = run->call->clock;
	int64_t until_ms = clock_monotonic_ms(clock) + GRACE_MS;
	(void)call_step(run->call);
	fd_closep(&run->out_fd);
	fd_closep(&run->err_fd);
	if (!run->ended)
		(void)kill(-run->pid, SIGTERM);
	while (!run->ended && clock_monotonic_ms(clock) < until_ms) {
		clock_sleep_ms(clock, POLL_MS);
		look_for_exit(run);
	}
	if (run->ended)
		return;
	(void)kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &run->wait_status, 0) < 0 && errno == EINTR)
		;
}

static enum status check_exit(const struct run *run, struct error *err)
{
	if (WIFEXITED(run->wait_status) && WEXITSTATUS(run->wait_status) == 0)
		return STATUS_OK;
	if (WIFEXITED(run->wait_status))
		return error_set(err, STATUS_UNREACHABLE, "exited with code %d", WEXITSTATUS(run->wait_status));
	return error_set(err, STATUS_UNREACHABLE, "killed by signal %d", WTERMSIG(run->wait_status));
}

static enum status start(struct run *run, struct error *err)
{
	int out[2], err_out[2];
	union {
		const char *const *in;
		char *const *out;
	} argv = {.in = run->program->argv};
	if (pipe2(out, O_CLOEXEC) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "create a pipe");
	run->out_fd = out[0];
	if (pipe2(err_out, O_CLOEXEC) != 0) {
		(void)close(out[1]);
		return error_errno(err, STATUS_LOCAL, errno, "create a pipe");
	}
	run->err_fd = err_out[0];
	int failed = program_spawn(argv.out, run->program->environment, out[1], err_out[1], &run->pid);
	(void)close(out[1]);
	(void)close(err_out[1]);
	return failed == 0 ? STATUS_OK : error_errno(err, STATUS_USAGE, failed, "cannot be run");
}

enum status program_stream(const struct program_stream *program, const struct call *call, struct buffer *errors,
			   struct error *err)
{
	struct run run = {
	    .program = program, .call = call, .step = call_step(call), .errors = errors, .out_fd = -1, .err_fd = -1};
	char piece[READ_BYTES];
	call_hold(call);
	enum status st = start(&run, err);
	if (!st) {
		st = copy_all(&run, piece, err);
		end_program(&run);
		if (!st)
			st = check_exit(&run, err);
	}
	fd_closep(&run.out_fd);
	fd_closep(&run.err_fd);
	call_release(call);
	return st;
}

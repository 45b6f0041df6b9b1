#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/program_private.h"
#include "text/argsplit.h"
#include "text/redact.h"

#define STDERR_MAX 4096    /* of standard error; more than a line of it, so that a key is read whole and left out */
#define LINE_MAX_BYTES 256 /* of its first line */
#define REPEATED_MIN 8     /* bytes of output; shorter pieces reveal nothing and match by chance */
#define POLL_MS 100        /* a signal just before poll does not interrupt it */
#define EXIT_POLL_MS 5     /* the pipes are closed and the exit is near */
#define READ_BYTES 4096
#define LATE_READS_MAX 16 /* reads: the capacity of a pipe (pipe(7)); a surviving child could write forever */

/* The read end of a pipe and the data from it. */
struct capture {
	int fd; /* -1: end of file */
	char *text;
	size_t len, max;
	bool truncated; /* the output exceeded max */
};

struct run {
	const struct program *program;
	const struct call *call;
	int64_t until_ms;
	pid_t pid;
	bool ended;
	int wait_status;
	struct capture out, err_out;
	int reads_after_exit; /* since the exit */
};

static int set_spawn_options(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int out_fd, int err_fd)
{
	sigset_t defaults;
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(actions, err_fd, STDERR_FILENO);
	(void)posix_spawnattr_setsigdefault(attributes, &defaults);
	(void)posix_spawnattr_setpgroup(attributes, 0);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	return failed;
}

int program_spawn(char *const *argv, const char *const *environment, int out_fd, int err_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	static const char *const none[] = {NULL};
	union {
		const char *const *in;
		char *const *out;
	} env = {.in = environment == NULL ? none : environment};
	int failed = posix_spawn_file_actions_init(&actions);
	if (failed != 0)
		return failed;
	failed = posix_spawnattr_init(&attributes);
	if (failed == 0) {
		failed = set_spawn_options(&actions, &attributes, out_fd, err_fd);
		if (failed == 0)
			failed = posix_spawnp(pid, argv[0], &actions, &attributes, argv, env.out);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static enum status check_time(const struct run *run, struct error *err)
{
	if (run->program->waits != NULL)
		run->program->waits(run->program->waits_arg);
	if (call_is_interrupted(run->call))
		return error_set(err, STATUS_UNREACHABLE, "interrupted by a signal");
	return clock_monotonic_ms(run->call->clock) < run->until_ms
		   ? STATUS_OK
		   : error_set(err, STATUS_UNREACHABLE, "did not exit in time");
}

/* Reads once. Output beyond max is read and dropped. */
static enum status read_pipe(struct capture *from, short events, struct error *err)
{
	char piece[READ_BYTES];
	if (from->fd < 0 || events == 0)
		return STATUS_OK;
	ssize_t got = read(from->fd, piece, sizeof piece);
	if (got < 0 && errno != EINTR)
		return error_errno(err, STATUS_LOCAL, errno, "read the output");
	if (got == 0)
		fd_closep(&from->fd);
	if (got > 0) {
		size_t room = from->max - from->len;
		size_t kept = (size_t)got < room ? (size_t)got : room;
		memcpy(from->text + from->len, piece, kept);
		from->len += kept;
		from->truncated |= kept < (size_t)got;
	}
	explicit_bzero(piece, sizeof piece);
	return STATUS_OK;
}

/*
 * Waits for the exit and reads everything written until then. Children may keep the pipes open: an agent that the
 * program started stays. The program may also close its pipes and continue.
 */
static enum status collect(struct run *run, struct error *err)
{
	for (;;) {
		if (!run->ended)
			run->ended = waitpid(run->pid, &run->wait_status, WNOHANG) != 0;
		struct pollfd ends[] = {{.fd = run->out.fd, .events = POLLIN},
					{.fd = run->err_out.fd, .events = POLLIN}};
		bool closed = run->out.fd < 0 && run->err_out.fd < 0;
		int ready = poll(ends, 2, run->ended ? 0 : closed ? EXIT_POLL_MS : POLL_MS);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		if (run->ended && (ready == 0 || run->reads_after_exit++ == LATE_READS_MAX))
			return STATUS_OK;
		enum status st = check_time(run, err);
		if (!st && ready > 0)
			st = read_pipe(&run->out, ends[0].revents, err);
		if (!st && ready > 0)
			st = read_pipe(&run->err_out, ends[1].revents, err);
		if (!st && run->out.truncated && !run->program->truncate_output)
			st = error_set(err, STATUS_UNREACHABLE, "printed more than %zu bytes", run->out.max);
		if (st)
			return st;
	}
}

/* Asks the program to end, and gives it time to clean up. Its output is no longer read. */
static void ask_to_end(struct run *run)
{
	const struct clock *clock = run->call->clock;
	int64_t until_ms = clock_monotonic_ms(clock) + run->program->grace_ms;
	fd_closep(&run->out.fd);
	fd_closep(&run->err_out.fd);
	(void)kill(-run->pid, SIGTERM);
	while (!run->ended && clock_monotonic_ms(clock) < until_ms) {
		clock_sleep_ms(clock, POLL_MS);
		run->ended = waitpid(run->pid, &run->wait_status, WNOHANG) != 0;
	}
}

/* The group id stays valid until waitpid: nobody else can get it before. */
static void end_group(struct run *run)
{
	if (!run->ended && run->program->grace_ms > 0)
		ask_to_end(run);
	if (run->ended)
		return;
	(void)kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &run->wait_status, 0) < 0 && errno == EINTR)
		;
}

/* Whether the line repeats a part of the output: a program that traces its commands would show the secret. */
static bool repeats_output(const struct capture *out, const char *line, size_t line_len)
{
	static const char between[] = " \t\r\n\"'{}:,=";
	for (size_t at = 0; at < out->len;) {
		size_t len = 0;
		while (at + len < out->len && memchr(between, out->text[at + len], sizeof between) == NULL)
			len++;
		if (len >= REPEATED_MIN && memmem(line, line_len, out->text + at, len) != NULL)
			return true;
		at += len + 1;
	}
	return false;
}

/* The first line that does not begin with unheeded; the end if there is none. */
static char *heeded(const char *unheeded, char *line, const char *end)
{
	size_t len = unheeded == NULL ? 0 : strlen(unheeded);
	while (len > 0 && (size_t)(end - line) > len && memcmp(line, unheeded, len) == 0) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		line += newline == NULL ? end - line : newline + 1 - line;
	}
	return line;
}

/* Appends ": 'first line of standard error'" to the text, if there is one. */
static enum status add_stderr_line(const struct run *run, enum status st, struct error *err)
{
	static const char blank[] = {' ', '\t', '\r', '\n'};
	const struct error without = *err;
	char *line = run->err_out.text;
	const char *end_of_text = line + run->err_out.len;
	while (line < end_of_text && memchr(blank, *line, sizeof blank) != NULL)
		line++;
	line = heeded(run->program->unheeded, line, end_of_text);
	const char *newline = memchr(line, '\n', (size_t)(end_of_text - line));
	size_t len = (size_t)((newline == NULL ? end_of_text : newline) - line);
	if (len == 0)
		return st;
	if (repeats_output(&run->out, line, len))
		return error_set(err, st, "%s (the error message repeats the output, so it is not shown)",
				 without.text);
	len = redact(line, len);
	return error_set(err, st, "%s: '%.*s'", without.text, (int)(len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES), line);
}

static enum status check_exit(const struct run *run, struct error *err)
{
	if (WIFEXITED(run->wait_status) && WEXITSTATUS(run->wait_status) == 0)
		return STATUS_OK;
	if (WIFEXITED(run->wait_status))
		return error_set(err, STATUS_UNREACHABLE, "exited with code %d", WEXITSTATUS(run->wait_status));
	return error_set(err, STATUS_UNREACHABLE, "killed by signal %d", WTERMSIG(run->wait_status));
}

/* Starts the program with its pipes and closes the write ends on this side. */
static enum status start(struct run *run, struct argsplit *args, const char *const *environment, struct error *err)
{
	int out[2], err_out[2];
	if (pipe2(out, O_CLOEXEC) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "create a pipe");
	run->out.fd = out[0];
	if (pipe2(err_out, O_CLOEXEC) != 0) {
		(void)close(out[1]);
		return error_errno(err, STATUS_LOCAL, errno, "create a pipe");
	}
	run->err_out.fd = err_out[0];
	int failed = program_spawn(args->argv, environment, out[1], err_out[1], &run->pid);
	(void)close(out[1]);
	(void)close(err_out[1]);
	return failed == 0 ? STATUS_OK : error_errno(err, STATUS_USAGE, failed, "cannot be run");
}

static enum status run_to_end(struct run *run, struct argsplit *args, struct error *err)
{
	call_hold(run->call);
	enum status st = start(run, args, run->program->environment, err);
	if (!st) {
		st = collect(run, err);
		end_group(run);
	}
	fd_closep(&run->out.fd);
	fd_closep(&run->err_out.fd);
	call_release(run->call);
	if (!st)
		st = check_exit(run, err);
	return st ? add_stderr_line(run, st, err) : STATUS_OK;
}

enum status program_run(const struct program *program, const struct call *call, struct secret *out, struct error *err)
{
	char printed[SECRET_FILE_MAX], err_text[STDERR_MAX];
	struct argsplit args;
	int64_t left_ms = call_left_ms(call);
	int64_t timeout_ms = program->timeout_ms == 0 ? PROGRAM_TIMEOUT_MS : program->timeout_ms;
	struct run run = {
	    .program = program,
	    .call = call,
	    .until_ms = clock_monotonic_ms(call->clock) + (left_ms < timeout_ms ? left_ms : timeout_ms),
	    .out = {.fd = -1, .text = printed, .max = sizeof printed},
	    .err_out = {.fd = -1, .text = err_text, .max = sizeof err_text},
	};
	enum status st = argsplit(&args, program->line, program->what, err);
	if (st)
		return st;
	st = run_to_end(&run, &args, err);
	struct error ignored;
	if (!st)
		st = secret_set(out, printed, run.out.len, err);
	else if (program->keeps_output)
		(void)secret_set(out, printed, run.out.len, &ignored);
	explicit_bzero(printed, run.out.len);
	return st ? error_wrap(err, st, "%s %s", program->what, args.argv[0]) : STATUS_OK;
}

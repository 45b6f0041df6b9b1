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

#include "base/argsplit.h"
#include "base/cleanup.h"

#define SAID_MAX 256  /* of its first line on standard error */
#define PIECE_MIN 8   /* of its output: what is shorter says nothing, and is in many a message by chance */
#define NAP_MS 100    /* a signal that came just before a wait does not end it */
#define LAST_NAP_MS 5 /* its pipes are closed, and it is about to end */
#define PIECE_BYTES 4096
#define DYNLIB_MAX 16 /* pieces: what a pipe holds (pipe(7)); whoever else has its end may write for ever */

/* A pipe's end, and what came from it. */
struct hearing {
	int fd; /* -1: nobody writes any more */
	char *text;
	size_t len, max;
	bool more; /* than max */
};

struct run {
	const struct call *call;
	int64_t until_ms;
	bool talks;
	pid_t pid;
	bool ended;
	int wait_status;
	struct hearing out, said;
	int late; /* pieces heard since it ended */
};

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int out_fd, int said_fd)
{
	sigset_t defaults;
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(actions, said_fd, STDERR_FILENO);
	(void)posix_spawnattr_setsigdefault(attributes, &defaults);
	(void)posix_spawnattr_setpgroup(attributes, 0);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	return failed;
}

/* In a group of its own, so that its children end with it; with the signals that walship ignores as they are by
 * default. */
static int spawn(struct argsplit *args, const char *const *environment, int out_fd, int said_fd, pid_t *pid)
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
		failed = set_up(&actions, &attributes, out_fd, said_fd);
		if (failed == 0)
			failed = posix_spawnp(pid, args->text, &actions, &attributes, args->argv, env.out);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static enum status check_time(const struct run *run, struct error *err)
{
	if (call_is_interrupted(run->call))
		return error_set(err, STATUS_UNREACHABLE, "a signal ended it");
	return clock_monotonic_ms(run->call->clock) < run->until_ms
		   ? STATUS_OK
		   : error_set(err, STATUS_UNREACHABLE, "does not end in time");
}

/* One piece. What is more than there is room for is taken, and not kept. */
static enum status hear(struct hearing *from, short events, struct error *err)
{
	char piece[PIECE_BYTES];
	if (from->fd < 0 || events == 0)
		return STATUS_OK;
	ssize_t got = read(from->fd, piece, sizeof piece);
	if (got < 0 && errno != EINTR)
		return error_errno(err, STATUS_LOCAL, errno, "read its output");
	if (got == 0)
		fd_closep(&from->fd);
	if (got > 0) {
		size_t room = from->max - from->len;
		size_t kept = (size_t)got < room ? (size_t)got : room;
		memcpy(from->text + from->len, piece, kept);
		from->len += kept;
		from->more |= kept < (size_t)got;
	}
	explicit_bzero(piece, sizeof piece);
	return STATUS_OK;
}

/*
 * Until it has ended, and all that it had written by then is here. Its children may have its pipes as long as they
 * like: an agent that it started stays. It may also close them and go on.
 */
static enum status collect(struct run *run, struct error *err)
{
	for (;;) {
		if (!run->ended)
			run->ended = waitpid(run->pid, &run->wait_status, WNOHANG) != 0;
		struct pollfd ends[] = {{.fd = run->out.fd, .events = POLLIN}, {.fd = run->said.fd, .events = POLLIN}};
		bool closed = run->out.fd < 0 && run->said.fd < 0;
		int ready = poll(ends, 2, run->ended ? 0 : closed ? LAST_NAP_MS : NAP_MS);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		if (run->ended && (ready == 0 || run->late++ == DYNLIB_MAX))
			return STATUS_OK;
		enum status st = check_time(run, err);
		if (!st && ready > 0)
			st = hear(&run->out, ends[0].revents, err);
		if (!st && ready > 0)
			st = hear(&run->said, ends[1].revents, err);
		if (!st && run->out.more && !run->talks)
			st = error_set(err, STATUS_UNREACHABLE, "prints more than %zu bytes", run->out.max);
		if (st)
			return st;
	}
}

/* The group lives as long as its leader is not waited for: its number is nobody else's until then. */
static void end(struct run *run)
{
	if (run->ended)
		return;
	(void)kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &run->wait_status, 0) < 0 && errno == EINTR)
		;
}

/* Whether a piece of the output stands in the line: a program that traces itself would show the secret. */
static bool shows_output(const struct hearing *out, const char *line, size_t line_len)
{
	static const char between[] = " \t\r\n\"'{}:,=";
	for (size_t at = 0; at < out->len;) {
		size_t len = 0;
		while (at + len < out->len && memchr(between, out->text[at + len], sizeof between) == NULL)
			len++;
		if (len >= PIECE_MIN && memmem(line, line_len, out->text + at, len) != NULL)
			return true;
		at += len + 1;
	}
	return false;
}

/* Puts ": 'its first line on standard error'" behind the text, if there is one. */
static enum status add_words(const struct run *run, enum status st, struct error *err)
{
	static const char blank[] = {' ', '\t', '\r', '\n'};
	const struct error without = *err;
	const char *line = run->said.text;
	const char *end_of_said = line + run->said.len;
	while (line < end_of_said && memchr(blank, *line, sizeof blank) != NULL)
		line++;
	const char *newline = memchr(line, '\n', (size_t)(end_of_said - line));
	size_t len = (size_t)((newline == NULL ? end_of_said : newline) - line);
	if (len == 0)
		return st;
	if (shows_output(&run->out, line, len))
		return error_set(err, st, "%s (and said what it printed, which is not shown)", without.text);
	return error_set(err, st, "%s: '%.*s'", without.text, (int)len, line);
}

static enum status judge(const struct run *run, struct error *err)
{
	if (WIFEXITED(run->wait_status) && WEXITSTATUS(run->wait_status) == 0)
		return STATUS_OK;
	if (WIFEXITED(run->wait_status))
		return error_set(err, STATUS_UNREACHABLE, "ended with exit code %d", WEXITSTATUS(run->wait_status));
	return error_set(err, STATUS_UNREACHABLE, "was ended by signal %d", WTERMSIG(run->wait_status));
}

/* With its pipes; the ends that it writes to are ours no more once it has them. */
static enum status start(struct run *run, struct argsplit *args, const char *const *environment, struct error *err)
{
	int out[2], said[2];
	if (pipe2(out, O_CLOEXEC) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "make a pipe");
	run->out.fd = out[0];
	if (pipe2(said, O_CLOEXEC) != 0) {
		(void)close(out[1]);
		return error_errno(err, STATUS_LOCAL, errno, "make a pipe");
	}
	run->said.fd = said[0];
	int failed = spawn(args, environment, out[1], said[1], &run->pid);
	(void)close(out[1]);
	(void)close(said[1]);
	return failed == 0 ? STATUS_OK : error_errno(err, STATUS_USAGE, failed, "cannot be run");
}

static enum status see_through(struct run *run, struct argsplit *args, const struct program *program, struct error *err)
{
	call_hold(run->call);
	enum status st = start(run, args, program->environment, err);
	if (!st) {
		st = collect(run, err);
		end(run);
	}
	fd_closep(&run->out.fd);
	fd_closep(&run->said.fd);
	call_release(run->call);
	if (!st)
		st = judge(run, err);
	return st ? add_words(run, st, err) : STATUS_OK;
}

enum status program_run(const struct program *program, const struct call *call, struct secret *out, struct error *err)
{
	char printed[SECRET_FILE_MAX], said[SAID_MAX];
	struct argsplit args;
	int64_t left_ms = call_left_ms(call);
	int64_t timeout_ms = program->timeout_ms == 0 ? PROGRAM_TIMEOUT_MS : program->timeout_ms;
	struct run run = {
	    .call = call,
	    .until_ms = clock_monotonic_ms(call->clock) + (left_ms < timeout_ms ? left_ms : timeout_ms),
	    .talks = program->talks,
	    .out = {.fd = -1, .text = printed, .max = sizeof printed},
	    .said = {.fd = -1, .text = said, .max = sizeof said},
	};
	enum status st = argsplit(&args, program->line, program->what, err);
	if (st)
		return st;
	st = see_through(&run, &args, program, err);
	if (!st)
		st = secret_set(out, printed, run.out.len, err);
	explicit_bzero(printed, run.out.len);
	return st ? error_wrap(err, st, "%s %s", program->what, args.argv[0]) : STATUS_OK;
}

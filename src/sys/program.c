#include "sys/program.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/program_child.h"
#include "text/argsplit.h"
#include "text/redact.h"

#define STDERR_MAX 4096    /* of standard error; more than a line of it, so that a key is read whole and left out */
#define LINE_MAX_BYTES 256 /* of its first line */
#define REPEATED_MIN 8     /* bytes of output; shorter pieces reveal nothing and match by chance */
#define READ_BYTES 4096
#define LATE_READS_MAX 16 /* reads: the capacity of a pipe (pipe(7)); a surviving child could write forever */

/* The data from a pipe. */
struct capture {
	char *text;
	size_t len, max;
	bool truncated; /* the output exceeded max */
};

struct run {
	const struct program *program;
	const struct call *call;
	int64_t until_ms;
	struct program_child child;
	struct capture out, err_out;
	int reads_after_exit; /* since the exit */
};

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
static enum status read_pipe(int *fd, struct capture *into, short events, struct error *err)
{
	char piece[READ_BYTES];
	if (*fd < 0 || events == 0)
		return STATUS_OK;
	ssize_t got = read(*fd, piece, sizeof piece);
	if (got < 0 && errno != EINTR)
		return error_errno(err, STATUS_LOCAL, errno, "read the output");
	if (got == 0)
		fd_closep(fd);
	if (got > 0) {
		size_t room = into->max - into->len;
		size_t kept = (size_t)got < room ? (size_t)got : room;
		memcpy(into->text + into->len, piece, kept);
		into->len += kept;
		into->truncated |= kept < (size_t)got;
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
	struct program_child *child = &run->child;
	for (;;) {
		program_child_look(child);
		struct pollfd ends[] = {{.fd = child->out_fd, .events = POLLIN},
					{.fd = child->err_fd, .events = POLLIN}};
		bool closed = child->out_fd < 0 && child->err_fd < 0;
		int ready = poll(ends, 2, child->ended ? 0 : closed ? PROGRAM_EXIT_POLL_MS : PROGRAM_POLL_MS);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		if (child->ended && (ready == 0 || run->reads_after_exit++ == LATE_READS_MAX))
			return STATUS_OK;
		enum status st = check_time(run, err);
		if (!st && ready > 0)
			st = read_pipe(&child->out_fd, &run->out, ends[0].revents, err);
		if (!st && ready > 0)
			st = read_pipe(&child->err_fd, &run->err_out, ends[1].revents, err);
		if (!st && run->out.truncated && !run->program->truncate_output)
			st = error_set(err, STATUS_UNREACHABLE, "printed more than %zu bytes", run->out.max);
		if (st)
			return st;
	}
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

static enum status run_to_end(struct run *run, const struct argsplit *args, struct error *err)
{
	call_hold(run->call);
	enum status st = program_child_start(&run->child, args->argv, run->program->environment, err);
	if (!st) {
		st = collect(run, err);
		program_child_end(&run->child, run->call->clock, run->program->grace_ms);
	}
	program_child_close(&run->child);
	call_release(run->call);
	if (!st)
		st = program_child_check(&run->child, err);
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
	    .child = {.out_fd = -1, .err_fd = -1},
	    .out = {.text = printed, .max = sizeof printed},
	    .err_out = {.text = err_text, .max = sizeof err_text},
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

/*
 * credential_process of a profile: a program that prints credentials as JSON, Version 1 (AWS SDKs and Tools reference
 * guide, "Process credential provider"). It is run without a shell; what it says on standard error goes where walship's
 * own goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "net/credential_source.h"

#define WORDS_MAX 64
#define COMMAND_MAX 4096
#define OUTPUT_MAX (64UL * 1024)
#define TIMEOUT_MS 60000 /* some ask a person's device; a server's answers at once */
#define NAP_MS 100       /* a signal that came just before a wait does not end it */

/* The words of a command line: blanks separate, quotes and backslashes protect, nothing is expanded. */
struct words {
	char text[COMMAND_MAX];
	char *argv[WORDS_MAX + 1];
	size_t count;
};

/* Copies one word to *to; returns where it ended, NULL when a quote is not closed. */
static const char *copy_word(const char *from, char **to)
{
	char quote = '\0';
	for (; *from != '\0' && (quote != '\0' || (*from != ' ' && *from != '\t')); from++) {
		if (quote == '\0' && (*from == '"' || *from == '\'')) {
			quote = *from;
			continue;
		}
		if (*from == quote) {
			quote = '\0';
			continue;
		}
		if (*from == '\\' && quote != '\'' && from[1] != '\0')
			from++;
		*(*to)++ = *from;
	}
	*(*to)++ = '\0';
	return quote == '\0' ? from : NULL;
}

static enum status split(const char *command, struct words *words, struct error *err)
{
	char *to = words->text;
	words->argv[0] = words->text;
	if (strlen(command) >= COMMAND_MAX)
		return error_set(err, STATUS_USAGE, "credential_process is longer than %d bytes", COMMAND_MAX - 1);
	for (;;) {
		command += strspn(command, " \t");
		if (*command == '\0')
			break;
		if (words->count == WORDS_MAX)
			return error_set(err, STATUS_USAGE, "credential_process has more than %d words", WORDS_MAX);
		words->argv[words->count++] = to;
		command = copy_word(command, &to);
		if (command == NULL)
			return error_set(err, STATUS_USAGE, "credential_process has a quote that is not closed");
	}
	words->argv[words->count] = NULL;
	return words->count > 0 ? STATUS_OK : error_set(err, STATUS_USAGE, "credential_process is empty");
}

/* In a group of its own, so that its children end with it; with the signals that walship ignores as they are by
 * default. */
static int spawn(struct words *words, const char *const *environment, int out_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	union {
		const char *const *in;
		char *const *out;
	} env = {.in = environment};
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	int failed = posix_spawn_file_actions_init(&actions);
	if (failed != 0)
		return failed;
	failed = posix_spawnattr_init(&attributes);
	if (failed == 0) {
		failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		if (failed == 0)
			failed = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
		(void)posix_spawnattr_setsigdefault(&attributes, &defaults);
		(void)posix_spawnattr_setpgroup(&attributes, 0);
		(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
		if (failed == 0)
			failed = posix_spawnp(pid, words->text, &actions, &attributes, words->argv, env.out);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static enum status check_time(const struct call *call, int64_t until_ms, struct error *err)
{
	if (call_is_ending(call))
		return error_set(err, STATUS_UNREACHABLE, "a signal ended it");
	return clock_monotonic_ms(call->clock) < until_ms ? STATUS_OK
							  : error_set(err, STATUS_UNREACHABLE, "does not end in time");
}

/* What it prints until it closes its output. */
static enum status collect(const struct call *call, int fd, int64_t until_ms, struct buffer *out, struct error *err)
{
	char piece[4096];
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		enum status st = check_time(call, until_ms, err);
		if (st)
			return st;
		if (poll(&wait, 1, NAP_MS) < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "poll");
		if ((wait.revents & (POLLIN | POLLHUP)) == 0)
			continue;
		ssize_t got = read(fd, piece, sizeof piece);
		if (got == 0)
			return STATUS_OK;
		if (got < 0 && errno != EINTR)
			return error_errno(err, STATUS_LOCAL, errno, "read its output");
		st = got < 0 ? STATUS_OK : buffer_append(out, piece, (size_t)got, err);
		explicit_bzero(piece, sizeof piece);
		if (st)
			return st;
	}
}

/* It may close its output and go on: until it ends, or its time is up. */
static enum status await(const struct call *call, pid_t pid, int64_t until_ms, int *wait_status, struct error *err)
{
	const struct timespec nap = {.tv_nsec = 5000000L};
	for (;;) {
		bool over = waitpid(pid, wait_status, WNOHANG) != 0;
		enum status st = over ? STATUS_OK : check_time(call, until_ms, err);
		if (st || over)
			return st;
		(void)nanosleep(&nap, NULL);
	}
}

static enum status judge(int wait_status, struct error *err)
{
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
		return STATUS_OK;
	if (WIFEXITED(wait_status))
		return error_set(err, STATUS_UNREACHABLE, "ended with exit code %d", WEXITSTATUS(wait_status));
	return error_set(err, STATUS_UNREACHABLE, "was ended by signal %d", WTERMSIG(wait_status));
}

static enum status run(const struct credential_search *search, struct words *words, struct buffer *out,
		       struct error *err)
{
	int pipe_fds[2];
	pid_t pid;
	int wait_status = 0;
	int64_t left_ms = call_left_ms(search->call);
	int64_t until_ms = clock_monotonic_ms(search->call->clock) + (left_ms < TIMEOUT_MS ? left_ms : TIMEOUT_MS);
	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "make a pipe");
	CLEANUP(fd_closep) int read_fd = pipe_fds[0];
	call_hold(search->call);
	int failed = spawn(words, search->environment, pipe_fds[1], &pid);
	(void)close(pipe_fds[1]);
	if (failed != 0) {
		call_release(search->call);
		return error_errno(err, STATUS_USAGE, failed, "cannot be run");
	}
	enum status st = collect(search->call, read_fd, until_ms, out, err);
	if (!st)
		st = await(search->call, pid, until_ms, &wait_status, err);
	if (st) {
		(void)kill(-pid, SIGKILL);
		while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
			;
	}
	call_release(search->call);
	return st ? st : judge(wait_status, err);
}

struct process {
	const char *command;
	const char *source;
};

static enum status ask_process(const struct credential_search *search, const void *arg, struct credentials *out,
			       struct error *err)
{
	const struct process *process = arg;
	struct words words = {0};
	CLEANUP(buffer_fini) struct buffer output = {.max = OUTPUT_MAX};
	enum status st = split(process->command, &words, err);
	if (!st) {
		st = run(search, &words, &output, err);
		if (st)
			st = error_wrap(err, st, "credential_process %s", words.argv[0]);
	}
	if (!st)
		st = credentials_from_json((const char *)output.data, output.len, "SessionToken", "credential_process",
					   out, err);
	if (output.len > 0)
		explicit_bzero(output.data, output.len);
	if (!st)
		(void)snprintf(out->source, sizeof out->source, "credential_process of %.400s", process->source);
	return st;
}

enum status run_credential_process(const struct credential_search *search, const char *command, const char *profile,
				   struct credentials *out, struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	struct process process = {command, profile};
	(void)snprintf(source, sizeof source, "credential_process of %.400s", profile);
	return credentials_keep(
	    search,
	    &(struct credential_asking){.source = source, .distinct = command, .ask = ask_process, .arg = &process},
	    out, err);
}

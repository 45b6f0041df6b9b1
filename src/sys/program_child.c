#include "sys/program_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

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

static int spawn(char *const *argv, const char *const *environment, int out_fd, int err_fd, pid_t *pid)
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

enum status program_child_start(struct program_child *child, char *const *argv, const char *const *environment,
				struct error *err)
{
	int out[2], err_out[2];
	if (pipe2(out, O_CLOEXEC) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "create a pipe");
	child->out_fd = out[0];
	if (pipe2(err_out, O_CLOEXEC) != 0) {
		(void)close(out[1]);
		return error_errno(err, STATUS_LOCAL, errno, "create a pipe");
	}
	child->err_fd = err_out[0];
	int failed = spawn(argv, environment, out[1], err_out[1], &child->pid);
	(void)close(out[1]);
	(void)close(err_out[1]);
	return failed == 0 ? STATUS_OK : error_errno(err, STATUS_USAGE, failed, "cannot be run");
}

void program_child_look(struct program_child *child)
{
	if (!child->ended)
		child->ended = waitpid(child->pid, &child->wait_status, WNOHANG) != 0;
}

/* Sends SIGTERM, and gives the program time to clean up. */
static void ask_to_end(struct program_child *child, const struct clock *clock, int64_t grace_ms)
{
	int64_t until_ms = clock_monotonic_ms(clock) + grace_ms;
	program_child_close(child);
	(void)kill(-child->pid, SIGTERM);
	while (!child->ended && clock_monotonic_ms(clock) < until_ms) {
		clock_sleep_ms(clock, PROGRAM_POLL_MS);
		program_child_look(child);
	}
}

/* The group id stays valid until waitpid: nobody else can get it before. */
void program_child_end(struct program_child *child, const struct clock *clock, int64_t grace_ms)
{
	if (!child->ended && grace_ms > 0)
		ask_to_end(child, clock, grace_ms);
	if (child->ended)
		return;
	(void)kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, &child->wait_status, 0) < 0 && errno == EINTR)
		;
	child->ended = true;
}

enum status program_child_check(const struct program_child *child, struct error *err)
{
	if (WIFEXITED(child->wait_status) && WEXITSTATUS(child->wait_status) == 0)
		return STATUS_OK;
	if (WIFEXITED(child->wait_status))
		return error_set(err, STATUS_UNREACHABLE, "exited with code %d", WEXITSTATUS(child->wait_status));
	return error_set(err, STATUS_UNREACHABLE, "killed by signal %d", WTERMSIG(child->wait_status));
}

void program_child_close(struct program_child *child)
{
	fd_closep(&child->out_fd);
	fd_closep(&child->err_fd);
}

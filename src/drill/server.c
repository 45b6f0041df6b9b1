#include "drill/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drill/server_log.h"
#include "pg/server/postgres.h"
#include "sys/descriptors.h"
#include "sys/read_file.h"

#define POLL_MS 100
#define FAST_MS 60000
#define INTERRUPTED_MS 5000 /* a schedule that ends gives its tasks 20 s */
#define QUIT_MS 10000
#define PID_FILE_MAX 4096
#define STATE_LINE 8 /* LOCK_FILE_LINE_PM_STATUS in pidfile.h */
#define SETTING_MAX (PATH_MAX + 64)
#define ARGUMENTS_MAX 96

/*
 * The command line wins over every file of the copy (GUC sources, guc.h). hot_standby = off: the server takes
 * connections when the recovery has ended, and the limits on max_connections and its like do not apply
 * (CheckRequiredParameterValues in xlogrecovery.c), so that it needs little memory. max_worker_processes = 0 and
 * max_logical_replication_workers = 0: no subscription fetches from its publisher, and no extension runs jobs.
 */
static const char *const settings[] = {
    "listen_addresses=",
    ("port=" SERVER_PORT),
    "external_pid_file=",
    "archive_mode=off",
    "primary_conninfo=",
    "primary_slot_name=",
    "synchronous_standby_names=",
    "hot_standby=off",
    "recovery_target_action=promote",
    "max_worker_processes=0",
    "max_logical_replication_workers=0",
    "max_wal_senders=0",
    "max_connections=20",
    "superuser_reserved_connections=3",
    "shared_buffers=128MB",
    "maintenance_work_mem=64MB",
    "huge_pages=off",
    "autovacuum=off",
    "ssl=off",
    "logging_collector=off",
    "log_destination=stderr",
    "log_min_messages=warning",
    "log_line_prefix=",
    "lc_messages=C",
    "unix_socket_group=",
    "unix_socket_permissions=0700",
};
#define SETTING_COUNT (sizeof settings / sizeof settings[0])

/* Those with a path of the workspace. */
enum { PLACE_DATA, PLACE_CONFIG, PLACE_HBA, PLACE_SOCKETS, PLACE_COUNT };

struct command_line {
	char program[PATH_MAX];
	char places[PLACE_COUNT][SETTING_MAX];
	const char *argv[ARGUMENTS_MAX];
	size_t count;
};

static void add(struct command_line *line, const char *word)
{
	line->argv[line->count++] = word;
}

static enum status make_line(struct command_line *line, const struct drill_server *server, struct error *err)
{
	const struct workspace *workspace = server->workspace;
	*line = (struct command_line){.count = 0};
	if ((size_t)snprintf(line->program, PATH_MAX, "%s/postgres", server->bindir) >= PATH_MAX)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", server->bindir);
	(void)snprintf(line->places[PLACE_DATA], SETTING_MAX, "data_directory=%s", workspace->data);
	(void)snprintf(line->places[PLACE_CONFIG], SETTING_MAX, "config_file=%s/postgresql.conf", workspace->data);
	(void)snprintf(line->places[PLACE_HBA], SETTING_MAX, "hba_file=%s", workspace->hba);
	(void)snprintf(line->places[PLACE_SOCKETS], SETTING_MAX, "unix_socket_directories=\"%s\"", workspace->sockets);
	add(line, line->program);
	add(line, "-D");
	add(line, workspace->data);
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		add(line, "-c");
		add(line, line->places[i]);
	}
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		add(line, "-c");
		add(line, settings[i]);
	}
	if (server->restore_command != NULL) {
		add(line, "-c");
		add(line, server->restore_command);
	}
	return STATUS_OK;
}

_Static_assert(5 + 2 * (PLACE_COUNT + SETTING_COUNT) < ARGUMENTS_MAX, "every setting fits");

/* In the child: only calls that are safe after a fork. A child that cannot become the server kills itself. */
static void become_server(const struct command_line *line, const struct drill_server *server, int log_fd, pid_t parent)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM, SIGPIPE, SIGXFSZ};
	union {
		const char *const *in;
		char *const *out;
	} argv = {.in = line->argv}, environment = {.in = server->environment};
	sigset_t none;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)signal(signals[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	int null_fd = open("/dev/null", O_RDWR);
	/* SIGQUIT is an immediate shutdown. The parent may be gone before this takes effect. */
	if (null_fd < 0 || prctl(PR_SET_PDEATHSIG, SIGQUIT) != 0 || getppid() != parent ||
	    dup2(null_fd, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		(void)kill(getpid(), SIGKILL);
	descriptors_close_from(STDERR_FILENO + 1);
	(void)execve(line->program, argv.out, environment.out);
	(void)kill(getpid(), SIGKILL);
}

enum status server_start(struct drill_server *server, struct error *err)
{
	struct command_line line;
	enum status st = make_line(&line, server, err);
	if (st)
		return st;
	CLEANUP(fd_closep)
	int log_fd = open(server->workspace->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log_fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", server->workspace->log);
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return error_errno(err, STATUS_LOCAL, errno, "start the server");
	if (pid == 0)
		become_server(&line, server, log_fd, parent);
	server->pid = pid;
	return STATUS_OK;
}

static bool has_ended(struct drill_server *server)
{
	if (server->pid != 0 && waitpid(server->pid, &server->wait_status, WNOHANG) == server->pid)
		server->pid = 0;
	return server->pid == 0;
}

/* postmaster.pid says "ready" when connections are taken (miscadmin.h, pidfile.h). */
static bool is_ready(const struct drill_server *server)
{
	char path[PATH_MAX + NAME_MAX], text[PID_FILE_MAX];
	struct error ignored;
	(void)snprintf(path, sizeof path, "%s/postmaster.pid", server->workspace->data);
	if (read_file_text(path, text, sizeof text, &ignored))
		return false;
	const char *line = text;
	for (int i = 1; line != NULL && i < STATE_LINE; i++) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return line != NULL && strncmp(line, "ready", strlen("ready")) == 0;
}

static enum status explain_end(const struct drill_server *server, struct error *err)
{
	char cause[SERVER_LOG_CAUSE_MAX];
	bool replayed = server_log_cause(cause, server->workspace->log);
	if (replayed)
		return error_set(err, STATUS_DAMAGED, "the recovery stopped: %s", cause);
	return error_set(err, STATUS_LOCAL, "the restored server does not start: %s", cause);
}

enum status server_wait(struct drill_server *server, struct error *err)
{
	const struct call *call = server->call;
	for (;;) {
		if (has_ended(server))
			return explain_end(server, err);
		if (is_ready(server))
			return STATUS_OK;
		if (call_is_interrupted(call))
			return error_set(err, STATUS_UNREACHABLE, "interrupted by a signal");
		if (call_left_ms(call) == 0)
			return error_hint(
			    err, error_set(err, STATUS_UNREACHABLE, "the recovery did not end within drill-timeout"),
			    "set drill-timeout to a longer time");
		clock_sleep_ms(call->clock, POLL_MS);
	}
}

static bool ends_within(struct drill_server *server, int64_t limit_ms, bool fast)
{
	const struct clock *clock = server->call->clock;
	int64_t begun_ms = clock_monotonic_ms(clock);
	while (!has_ended(server)) {
		int64_t spent_ms = clock_monotonic_ms(clock) - begun_ms;
		if (spent_ms >= limit_ms || (fast && spent_ms >= INTERRUPTED_MS && call_is_interrupted(server->call)))
			return false;
		clock_sleep_ms(clock, POLL_MS / 2);
	}
	return true;
}

void server_stop(struct drill_server *server, bool *clean)
{
	*clean = false;
	if (has_ended(server))
		return;
	(void)kill(server->pid, SIGINT);
	if (ends_within(server, FAST_MS, true)) {
		*clean = WIFEXITED(server->wait_status) && WEXITSTATUS(server->wait_status) == 0;
		return;
	}
	(void)kill(server->pid, SIGQUIT);
	if (ends_within(server, QUIT_MS, false))
		return;
	(void)kill(server->pid, SIGKILL);
	(void)ends_within(server, QUIT_MS, false);
}

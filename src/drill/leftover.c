#include "drill/leftover.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pg/data/control.h"

#define QUIT_MS                                                                                                        \
	10000 /* an immediate shutdown waits for 5 s, then kills (SIGKILL_CHILDREN_AFTER_SECS in postmaster.c) */
#define POLL_MS 100

static bool is_its_server(pid_t pid, const char *data)
{
	char link[64], path[PATH_MAX];
	(void)snprintf(link, sizeof link, "/proc/%ld/cwd", (long)pid);
	ssize_t len = readlink(link, path, sizeof path - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return strcmp(path, data) == 0;
}

static bool ends(pid_t pid, const char *data, const struct call *call)
{
	int64_t until_ms = clock_monotonic_ms(call->clock) + QUIT_MS;
	while (is_its_server(pid, data)) {
		if (clock_monotonic_ms(call->clock) >= until_ms)
			return false;
		clock_sleep_ms(call->clock, POLL_MS);
	}
	return true;
}

enum status leftover_stop(const char *data, const struct call *call, struct error *err)
{
	struct data_directory directory = {.known = true};
	if ((size_t)snprintf(directory.path, sizeof directory.path, "%s", data) >= sizeof directory.path)
		return STATUS_OK;
	pid_t pid = data_directory_server(&directory);
	if (pid <= 1 || !is_its_server(pid, data))
		return STATUS_OK;
	log_line(call->log, LEVEL_WARNING, "stopping the server of a drill that was killed (process %ld)", (long)pid);
	(void)kill(pid, SIGQUIT);
	if (ends(pid, data, call))
		return STATUS_OK;
	(void)kill(pid, SIGKILL);
	return ends(pid, data, call) ? STATUS_OK
				     : error_set(err, STATUS_LOCAL,
						 "the server of an earlier drill, process %ld, does "
						 "not end",
						 (long)pid);
}

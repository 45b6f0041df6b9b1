#include "archive/fetch/prefetcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/fetch/fetch_window.h"
#include "base/cleanup.h"
#include "repo/worker_pool.h"
#include "sys/processors.h"
#include "text/number.h"

#define LOOK_MS 1000 /* interval of looking whether the spool still exists */
#define GRACE_S 10   /* beyond the timeout: something hangs */

struct prefetcher {
	const struct fetch_ahead *ahead;
	const struct call *call; /* without a log and a signal_hold */
	const struct prefetch_client *client;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct fetch_window window;
	bool ended;
};

static void forget_file(const struct prefetch_client *client, const char *name, const char *more)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, name, more, path);
	(void)unlink(path);
}

static void forget(void *arg, const char *name)
{
	forget_file(arg, name, "");
}

/* A call for the segment waits while this file exists. */
static void mark_coming(const struct prefetch_client *client, const char *name)
{
	char part[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, name, ".part", part);
	int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	fd_closep(&fd);
}

/* Waits for the next segment to fetch, and marks it; NULL at the end. */
static struct fetch_slot *begin(struct prefetcher *prefetcher)
{
	struct fetch_slot *slot = NULL;
	while (!prefetcher->ended && (slot = fetch_window_begin(&prefetcher->window)) == NULL)
		(void)pthread_cond_wait(&prefetcher->changed, &prefetcher->mutex);
	if (slot != NULL)
		mark_coming(prefetcher->client, slot->name.text);
	return slot;
}

static void finish(struct prefetcher *prefetcher, struct fetch_slot *slot, enum fetch_outcome outcome)
{
	struct wal_name name = slot->name;
	if (!fetch_window_finish(&prefetcher->window, slot, outcome))
		forget_file(prefetcher->client, name.text, "");
	forget_file(prefetcher->client, name.text, ".part");
	(void)pthread_cond_broadcast(&prefetcher->changed);
}

static enum fetch_outcome fetch_one(const struct prefetcher *prefetcher, const struct repository *repo,
				    const struct wal_name *name)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	struct error ignored = {0};
	struct call call = *prefetcher->call;
	struct fetch fetch = {.call = &call, .name = name->text, .system_id = prefetcher->ahead->fetch.system_id};
	int64_t timeout_ms = prefetcher->ahead->timeout_ms, began_ms = clock_monotonic_ms(call.clock);
	call.deadline_ms = began_ms + timeout_ms;
	fetch_from(&fetch, repo);
	prefetch_client_path(prefetcher->client, name->text, "", path);
	if (fetch_file(&fetch, path, &ignored))
		return FETCH_FAILED;
	/* On a narrow line each of several fetches takes so much longer; a call waits at most half of its timeout. */
	int64_t took_ms = clock_monotonic_ms(call.clock) - began_ms;
	return took_ms * FETCH_WINDOW_SIDE_BY_SIDE < timeout_ms / 4 ? FETCH_QUICK : FETCH_SLOW;
}

static void work(void *arg, const struct repository *repo)
{
	struct prefetcher *prefetcher = arg;
	struct fetch_slot *slot;
	(void)pthread_mutex_lock(&prefetcher->mutex);
	while ((slot = begin(prefetcher)) != NULL) {
		struct wal_name name = slot->name;
		(void)pthread_mutex_unlock(&prefetcher->mutex);
		enum fetch_outcome outcome = fetch_one(prefetcher, repo, &name);
		(void)pthread_mutex_lock(&prefetcher->mutex);
		finish(prefetcher, slot, outcome);
	}
	(void)pthread_mutex_unlock(&prefetcher->mutex);
}

/* "NAME BYTES", as wanted_line writes it. A line that was cut off has no valid name or size. */
static bool hear(struct prefetcher *prefetcher, char *line)
{
	struct wal_name got;
	uint64_t segment_bytes;
	struct error ignored = {0};
	char *blank = strchr(line, ' ');
	if (blank == NULL)
		return false;
	*blank = '\0';
	if (wal_name_parse(&got, line, &ignored) || !number_parse(blank + 1, UINT64_MAX, &segment_bytes))
		return false;
	(void)pthread_mutex_lock(&prefetcher->mutex);
	bool heard = fetch_window_move_on(&prefetcher->window, &got, segment_bytes);
	(void)pthread_cond_broadcast(&prefetcher->changed);
	(void)pthread_mutex_unlock(&prefetcher->mutex);
	return heard;
}

/* Reads the lines that wait in the pipe. False when there is no valid one. */
static bool hear_all(struct prefetcher *prefetcher, int fd)
{
	char text[64 * WANTED_LINE_MAX];
	ssize_t got = read(fd, text, sizeof text - 1);
	bool heard = false;
	char *rest = text, *line;
	if (got <= 0)
		return false;
	text[got] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		heard |= hear(prefetcher, line);
	return heard;
}

/* The alarm ends a process that hangs, on a dead mount or in a library. */
static void end_late(const struct prefetcher *prefetcher)
{
	(void)alarm((unsigned)(prefetcher->ahead->timeout_ms / 1000) + GRACE_S);
}

/*
 * Binds the client to the directory as it is now: segments of this repository must not go into a directory of the same
 * name that another process makes for another repository.
 */
static bool stay_in(struct prefetch_client *client)
{
	int fd = open(client->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(client->dir, sizeof client->dir, "/proc/self/fd/%d", fd);
	return fd >= 0;
}

/* Removes all segments: those of another process, repository or boot must not be used. */
static void clean(const struct prefetch_client *client)
{
	CLEANUP(dir_closep) DIR *dir = opendir(client->dir);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) >= 24)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
}

static bool write_identity(const struct prefetch_client *client)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, "identity", "", path);
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 && write(fd, client->identity.text, client->identity.len) == (ssize_t)client->identity.len;
}

/* One prefetcher for a cluster: the lock is held until the process ends. -1: another one runs. */
static int lock(const struct prefetch_client *client)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, "lock", "", path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		fd_closep(&fd);
	return fd;
}

/* Both ends are open, so that a read does not see the end of file after each writer. */
static int open_wanted(const struct prefetch_client *client)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, "wanted", "", path);
	if (mkfifo(path, 0600) != 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* Until no line has come for as long as a fetch may take, or the spool is removed. */
static void listen_to(struct prefetcher *prefetcher, int fd)
{
	const struct clock *clock = prefetcher->call->clock;
	int64_t heard_ms = clock_monotonic_ms(clock);
	struct stat info;
	while (clock_monotonic_ms(clock) - heard_ms < prefetcher->ahead->timeout_ms && fstat(fd, &info) == 0 &&
	       info.st_nlink > 0) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		if (poll(&wait, 1, LOOK_MS) <= 0 || !hear_all(prefetcher, fd))
			continue;
		heard_ms = clock_monotonic_ms(clock);
		end_late(prefetcher);
	}
}

static void end(struct prefetcher *prefetcher)
{
	(void)pthread_mutex_lock(&prefetcher->mutex);
	prefetcher->ended = true;
	clean(prefetcher->client);
	(void)pthread_cond_broadcast(&prefetcher->changed);
	(void)pthread_mutex_unlock(&prefetcher->mutex);
}

/* From the first line on the pipe to the end. Takes wanted_fd over. */
static void fetch_on(struct prefetcher *prefetcher, int wanted_fd)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct worker_pool pool = {
	    .call = prefetcher->call, .work = work, .arg = prefetcher, .most = FETCH_WINDOW_SIDE_BY_SIDE};
	struct error ignored = {0};
	/* The next call may come before the libraries are loaded. */
	mark_coming(prefetcher->client, prefetcher->window.next.text);
	/* Paths that are configured relative to the working directory are opened before it is left. */
	if (repository_open(&repo, prefetcher->ahead->settings, prefetcher->call, &ignored) == STATUS_OK &&
	    worker_pool_start(&pool, FETCH_WINDOW_SIDE_BY_SIDE, &repo) > 0 && chdir("/") == 0)
		listen_to(prefetcher, wanted_fd);
	end(prefetcher);
	/* Without a reader the pipe cannot be opened: later calls do not wait for this process. */
	fd_closep(&wanted_fd);
	/* Each fetch ends by its timeout, and the alarm ends a process in which one hangs. */
	worker_pool_join(&pool);
	clean(prefetcher->client);
}

/*
 * How many fetches run at once, beyond the first. Those from a directory wait for processors, not for round trips: more
 * of them than processors would only hold memory, and let the segment that recovery needs next arrive later.
 */
static size_t more_at_once(const struct fetch_ahead *ahead)
{
	unsigned processors = processors_count();
	if (ahead->one_by_one)
		return 0;
	if (!repository_is_directory(ahead->settings) || processors >= FETCH_WINDOW_SIDE_BY_SIDE)
		return FETCH_WINDOW_SIDE_BY_SIDE - 1;
	return processors > 2 ? processors - 1 : 1;
}

/* The whole life of the process. told_fd is the reading end of the starter's pipe. */
static void run(const struct fetch_ahead *ahead, const struct call *call, struct prefetch_client *client, int told_fd)
{
	struct prefetcher prefetcher = {.ahead = ahead, .call = call, .client = client};
	prefetcher.window.bytes_max = ahead->bytes_max;
	prefetcher.window.more_max = more_at_once(ahead);
	prefetcher.window.forget = forget;
	prefetcher.window.arg = client;
	(void)pthread_mutex_init(&prefetcher.mutex, NULL);
	(void)pthread_cond_init(&prefetcher.changed, NULL);
	end_late(&prefetcher);
	if (!stay_in(client) || lock(client) < 0)
		return;
	clean(client);
	int wanted_fd = write_identity(client) ? open_wanted(client) : -1;
	/* No line comes when the fetch of the starter fails. */
	if (wanted_fd >= 0 && hear_all(&prefetcher, told_fd) && fetch_window_is_open(&prefetcher.window))
		fetch_on(&prefetcher, wanted_fd);
}

struct life {
	const struct fetch_ahead *ahead;
	const struct prefetch_client *client;
};

/* In another process, with its own copy of the memory. */
static void live(void *arg, int told_fd)
{
	const struct life *life = arg;
	struct prefetch_client client = *life->client;
	struct call call = *life->ahead->fetch.call;
	client.wanted_fd = -1;
	call.signal_hold = NULL;
	call.log = NULL;
	run(life->ahead, &call, &client, told_fd);
}

int prefetcher_start(const struct fetch_ahead *ahead, const struct prefetch_client *client)
{
	struct life life = {ahead, client};
	return ahead->detach == NULL ? -1 : ahead->detach(live, &life);
}

void prefetcher_begin(int fd, const char *name, uint64_t segment_bytes)
{
	char line[WANTED_LINE_MAX];
	wanted_line(line, name, segment_bytes);
	if (write(fd, line, strlen(line)) < 0)
		return; /* the process has ended already */
}

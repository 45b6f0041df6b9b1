#include "archive/fetch/fetch_ahead.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/fetch/fetch_window.h"
#include "base/cleanup.h"
#include "repo/repository.h"
#include "sys/thread.h"
#include "walship/fetch.h"

#define LOOK_MS 1000                /* whether the spool is still there */
#define GRACE_S 10                  /* beyond all of the timeouts something hangs */
#define STACK_BYTES (1024UL * 1024) /* jansson goes 2048 calls deep, when a thread renews its credentials */

struct ahead {
	const struct command_context *context;
	const struct prefetch_client *client;
	uint64_t system_id;
	int64_t timeout_ms;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct fetch_window window;
	bool ended;
};

struct fetcher {
	struct ahead *ahead;
	struct repository repo;
	pthread_t thread;
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

/* Whoever asks for it waits for it. */
static void mark_coming(const struct prefetch_client *client, const char *name)
{
	char part[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, name, ".part", part);
	int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	fd_closep(&fd);
}

/* The next segment, marked as on its way; NULL at the end. */
static struct fetch_slot *begin(struct ahead *ahead)
{
	struct fetch_slot *slot = NULL;
	while (!ahead->ended && (slot = fetch_window_begin(&ahead->window)) == NULL)
		(void)pthread_cond_wait(&ahead->changed, &ahead->mutex);
	if (slot != NULL)
		mark_coming(ahead->client, slot->name.text);
	return slot;
}

static void finish(struct ahead *ahead, struct fetch_slot *slot, enum fetch_outcome outcome)
{
	struct wal_name name = slot->name;
	if (!fetch_window_finish(&ahead->window, slot, outcome))
		forget_file(ahead->client, name.text, "");
	forget_file(ahead->client, name.text, ".part");
	(void)pthread_cond_broadcast(&ahead->changed);
}

static enum fetch_outcome fetch_one(const struct ahead *ahead, struct repository *repo, const struct wal_name *name)
{
	const struct call *given = ahead->context->call;
	char path[PREFETCH_CLIENT_PATH_MAX];
	struct error ignored = {0};
	struct call call = {.clock = given->clock, .random = given->random};
	int64_t began_ms = clock_monotonic_ms(call.clock);
	call.deadline_ms = began_ms + ahead->timeout_ms;
	struct fetch fetch = {
	    .store = repo->store,
	    .call = &call,
	    .keys = &repo->keys,
	    .allow_unprotected = !repo->encrypt,
	    .name = name->text,
	    .system_id = ahead->system_id,
	};
	prefetch_client_path(ahead->client, name->text, "", path);
	if (fetch_file(&fetch, path, &ignored))
		return FETCH_FAILED;
	/* Where all of them share a narrow line, each takes so much longer; whoever asks waits for half of its time. */
	int64_t took_ms = clock_monotonic_ms(call.clock) - began_ms;
	return took_ms * FETCH_WINDOW_SIDE_BY_SIDE < ahead->timeout_ms / 4 ? FETCH_QUICK : FETCH_SLOW;
}

static void *work(void *arg)
{
	struct fetcher *fetcher = arg;
	struct ahead *ahead = fetcher->ahead;
	struct fetch_slot *slot;
	(void)pthread_mutex_lock(&ahead->mutex);
	while ((slot = begin(ahead)) != NULL) {
		struct wal_name name = slot->name;
		(void)pthread_mutex_unlock(&ahead->mutex);
		enum fetch_outcome outcome = fetch_one(ahead, &fetcher->repo, &name);
		(void)pthread_mutex_lock(&ahead->mutex);
		finish(ahead, slot, outcome);
	}
	(void)pthread_mutex_unlock(&ahead->mutex);
	return NULL;
}

/* "NAME BYTES", as wanted_line writes it. What a read cut off at its end is no size of a segment, or no name. */
static bool hear(struct ahead *ahead, char *line)
{
	struct wal_name got;
	struct error ignored = {0};
	char *blank = strchr(line, ' ');
	if (blank == NULL)
		return false;
	*blank = '\0';
	if (wal_name_parse(&got, line, &ignored))
		return false;
	(void)pthread_mutex_lock(&ahead->mutex);
	bool heard = fetch_window_move_on(&ahead->window, &got, strtoull(blank + 1, NULL, 10));
	(void)pthread_cond_broadcast(&ahead->changed);
	(void)pthread_mutex_unlock(&ahead->mutex);
	return heard;
}

/* All that has come through a pipe, line by line. False when nothing has. */
static bool hear_all(struct ahead *ahead, int fd)
{
	char text[64 * WANTED_LINE_MAX];
	ssize_t got = read(fd, text, sizeof text - 1);
	bool heard = false;
	char *rest = text, *line;
	if (got <= 0)
		return false;
	text[got] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		heard |= hear(ahead, line);
	return heard;
}

/* Whatever hangs, a dead disk's mount or a library, this process does not outlive it for long. */
static void end_late(const struct ahead *ahead)
{
	(void)alarm((unsigned)(ahead->timeout_ms / 1000) + GRACE_S);
}

/*
 * From now on this very directory, whatever will have its name: what is fetched from one repository must not come into
 * the directory that another process has made anew for another one.
 */
static bool stay_in(struct prefetch_client *client)
{
	int fd = open(client->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(client->dir, sizeof client->dir, "/proc/self/fd/%d", fd);
	return fd >= 0;
}

/* Nothing of another process, another repository or another start of the machine. */
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
	size_t len = strlen(client->identity);
	prefetch_client_path(client, "identity", "", path);
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 && write(fd, client->identity, len) == (ssize_t)len;
}

/* The lock that makes it the only one; held until the process ends. -1: there is another. */
static int lock(const struct prefetch_client *client)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, "lock", "", path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		fd_closep(&fd);
	return fd;
}

/* Both ends are open, so that it does not end with each writer. */
static int open_wanted(const struct prefetch_client *client)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, "wanted", "", path);
	if (mkfifo(path, 0600) != 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* Until nobody has told anything for as long as a fetch may take, or the spool is gone. */
static void listen_to(struct ahead *ahead, int fd)
{
	const struct clock *clock = ahead->context->call->clock;
	int64_t heard_ms = clock_monotonic_ms(clock);
	struct stat info;
	while (clock_monotonic_ms(clock) - heard_ms < ahead->timeout_ms && fstat(fd, &info) == 0 && info.st_nlink > 0) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		if (poll(&wait, 1, LOOK_MS) <= 0 || !hear_all(ahead, fd))
			continue;
		heard_ms = clock_monotonic_ms(clock);
		end_late(ahead);
	}
}

static bool start_fetchers(struct ahead *ahead, struct fetcher *fetchers, const struct repository *repo)
{
	struct error ignored = {0};
	size_t running = 0;
	for (size_t i = 0; i < FETCH_WINDOW_SIDE_BY_SIDE; i++) {
		fetchers[i].ahead = ahead;
		if (repository_join(&fetchers[i].repo, repo, &ignored) == STATUS_OK)
			running += thread_start(&fetchers[i].thread, STACK_BYTES, work, &fetchers[i]);
	}
	return running > 0;
}

/* From what it was told first to its end. */
static void fetch_on(struct ahead *ahead, int wanted_fd)
{
	struct fetcher fetchers[FETCH_WINDOW_SIDE_BY_SIDE] = {0};
	struct repository repo = {0};
	struct error ignored = {0};
	/* The next call may come before the libraries are loaded. */
	mark_coming(ahead->client, ahead->window.next.text);
	/* What is configured relative to the working directory is found first. */
	if (repository_open(&repo, ahead->context->settings, ahead->context->call, &ignored) == STATUS_OK &&
	    start_fetchers(ahead, fetchers, &repo) && chdir("/") == 0)
		listen_to(ahead, wanted_fd);
	(void)pthread_mutex_lock(&ahead->mutex);
	ahead->ended = true;
	clean(ahead->client);
	/* The fetchers go with the process, and what they write has no name yet. */
}

/* All of its life. told_fd is the reading end of the starter's pipe. */
static void run(const struct command_context *context, struct prefetch_client *client, uint64_t system_id, int told_fd)
{
	struct ahead ahead = {.context = context, .client = client, .system_id = system_id};
	ahead.timeout_ms = (int64_t)config_number(context->config, OPTION_ID_FETCH_TIMEOUT);
	ahead.window.bytes_max = config_number(context->config, OPTION_ID_FETCH_AHEAD);
	/* Each connection has the limit for itself. */
	bool limited = config_number(context->config, OPTION_ID_S3_BANDWIDTH_LIMIT) > 0;
	ahead.window.more_max = limited ? 0 : FETCH_WINDOW_SIDE_BY_SIDE - 1;
	ahead.window.forget = forget;
	ahead.window.arg = client;
	(void)pthread_mutex_init(&ahead.mutex, NULL);
	(void)pthread_cond_init(&ahead.changed, NULL);
	end_late(&ahead);
	if (!stay_in(client) || lock(client) < 0)
		return;
	clean(client);
	int wanted_fd = write_identity(client) ? open_wanted(client) : -1;
	/* Nothing is heard when the fetch that started it failed. */
	if (wanted_fd >= 0 && hear_all(&ahead, told_fd) && fetch_window_is_open(&ahead.window))
		fetch_on(&ahead, wanted_fd);
}

struct life {
	const struct command_context *context;
	const struct prefetch_client *client;
	uint64_t system_id;
};

/* In a process of its own, with memory of its own: nothing that its starter has is changed. */
static void live(void *arg, int told_fd)
{
	const struct life *life = arg;
	struct prefetch_client client = *life->client;
	struct call call = *life->context->call;
	struct command_context context = *life->context;
	client.wanted_fd = -1;
	call.signal_hold = NULL;
	call.log = NULL;
	context.call = &call;
	run(&context, &client, life->system_id, told_fd);
}

int fetch_ahead_start(const struct command_context *context, const struct prefetch_client *client, uint64_t system_id)
{
	struct life life = {context, client, system_id};
	return context->detach == NULL ? -1 : context->detach(live, &life);
}

void fetch_ahead_begin(int fd, const char *name, uint64_t segment_bytes)
{
	char line[WANTED_LINE_MAX];
	wanted_line(line, name, segment_bytes);
	if (write(fd, line, strlen(line)) < 0)
		return; /* it has ended already: then there is nothing to begin */
}

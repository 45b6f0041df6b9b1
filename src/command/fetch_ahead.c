#include "command/fetch_ahead.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command/session.h"
#include "walship/fetch.h"

#define FETCHERS 4    /* round trips are waited for side by side */
#define WINDOW_MAX 64 /* segments in the spool and on their way */
#define LOOK_MS 1000  /* whether the spool is still there */
#define STACK_BYTES (256UL * 1024)

enum state { FREE, COMING, THERE, DROPPED }; /* DROPPED: on its way, and nobody wants it any more */

struct slot {
	enum state state;
	struct wal_name name;
};

struct window {
	const struct command_context *context;
	const struct prefetched *folder;
	uint64_t system_id;
	uint64_t bytes_max;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct slot slots[WINDOW_MAX];
	size_t used;    /* slots that are not FREE */
	size_t coming;  /* of them, COMING or DROPPED */
	size_t at_once; /* fetches side by side: one, until there is something to be had */
	bool held;      /* the store has no more, or gave no answer: until recovery gets on */
	bool ended;
	struct wal_name next;
	uint64_t segment_bytes;
};

struct fetcher {
	struct window *window;
	struct session session;
	pthread_t thread;
};

static void forget_file(const struct window *window, const char *name, const char *more)
{
	char path[PREFETCHED_PATH_MAX];
	prefetched_path(window->folder, name, more, path);
	(void)unlink(path);
}

static void free_slot(struct window *window, struct slot *slot)
{
	slot->state = FREE;
	window->used--;
}

static bool may_begin(const struct window *window)
{
	return !window->held && window->segment_bytes > 0 && window->coming < window->at_once &&
	       window->used < WINDOW_MAX && (window->used + 1) * window->segment_bytes <= window->bytes_max;
}

/* The next segment, marked as on its way; NULL at the end. */
static struct slot *begin(struct window *window)
{
	char part[PREFETCHED_PATH_MAX];
	while (!window->ended && !may_begin(window))
		(void)pthread_cond_wait(&window->changed, &window->mutex);
	if (window->ended)
		return NULL;
	struct slot *slot = window->slots;
	while (slot->state != FREE)
		slot++;
	*slot = (struct slot){COMING, window->next};
	window->used++;
	window->coming++;
	window->held = !wal_name_next(&window->next, window->segment_bytes);
	prefetched_path(window->folder, slot->name.text, ".part", part);
	int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)close(fd);
	return slot;
}

/* Whether the segment will be asked for after got; the names of one timeline are in the order of its segments. */
static bool is_behind(const struct wal_name *name, const struct wal_name *got)
{
	return name->timeline == got->timeline && strcmp(name->text, got->text) > 0;
}

static void drop(struct window *window, struct slot *slot)
{
	if (slot->state == COMING)
		slot->state = DROPPED;
	if (slot->state != THERE)
		return;
	forget_file(window, slot->name.text, "");
	free_slot(window, slot);
}

/* The store does not have it, or gave no answer. Whoever asks for it asks the store; nothing behind it is wanted
 * before. */
static void hold_at(struct window *window, struct slot *slot)
{
	window->next = slot->name;
	window->held = true;
	window->at_once = 1;
	free_slot(window, slot);
	for (size_t i = 0; i < WINDOW_MAX; i++)
		if (is_behind(&window->slots[i].name, &window->next))
			drop(window, &window->slots[i]);
}

static void finish(struct window *window, struct slot *slot, bool fetched)
{
	window->coming--;
	if (!fetched || slot->state == DROPPED)
		forget_file(window, slot->name.text, "");
	forget_file(window, slot->name.text, ".part");
	if (slot->state == DROPPED) {
		free_slot(window, slot);
	} else if (fetched) {
		slot->state = THERE;
		window->at_once = window->at_once < FETCHERS ? window->at_once * 2 : FETCHERS;
	} else {
		hold_at(window, slot);
	}
	(void)pthread_cond_broadcast(&window->changed);
}

static bool fetch_one(struct window *window, struct session *session, const struct wal_name *name)
{
	const struct call *given = window->context->call;
	const struct config *config = window->context->config;
	char path[PREFETCHED_PATH_MAX];
	struct error ignored = {0};
	struct call call = {.clock = given->clock, .random = given->random};
	call.deadline_ms = clock_monotonic_ms(call.clock) + (int64_t)config_number(config, OPTION_ID_FETCH_TIMEOUT);
	struct fetch fetch = {
	    .store = session->store,
	    .call = &call,
	    .keys = &session->keys,
	    .allow_unprotected = !session->encrypt,
	    .name = name->text,
	    .system_id = window->system_id,
	};
	prefetched_path(window->folder, name->text, "", path);
	return fetch_file(&fetch, path, &ignored) == STATUS_OK;
}

static void *work(void *arg)
{
	struct fetcher *fetcher = arg;
	struct window *window = fetcher->window;
	struct slot *slot;
	(void)pthread_mutex_lock(&window->mutex);
	while ((slot = begin(window)) != NULL) {
		struct wal_name name = slot->name;
		(void)pthread_mutex_unlock(&window->mutex);
		bool fetched = fetch_one(window, &fetcher->session, &name);
		(void)pthread_mutex_lock(&window->mutex);
		finish(window, slot, fetched);
	}
	(void)pthread_mutex_unlock(&window->mutex);
	return NULL;
}

/* Recovery has got this one: it will ask for those behind it. What else is here it will not ask for. */
static void move_on(struct window *window, const struct wal_name *got, uint64_t segment_bytes)
{
	struct wal_name next = *got;
	bool more = wal_name_next(&next, segment_bytes);
	bool here = strcmp(window->next.text, next.text) == 0;
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		struct slot *slot = &window->slots[i];
		here |= slot->state != FREE && slot->state != DROPPED && strcmp(slot->name.text, next.text) == 0;
		if (!is_behind(&slot->name, got))
			drop(window, slot);
	}
	if (!here) {
		for (size_t i = 0; i < WINDOW_MAX; i++)
			drop(window, &window->slots[i]);
		window->next = next;
		window->at_once = 1;
	}
	window->segment_bytes = segment_bytes;
	/* Where the store had no more, it is asked again once all that came before is used up. */
	if (!here || window->used == 0)
		window->held = !more;
	(void)pthread_cond_broadcast(&window->changed);
}

/* "NAME BYTES", as wanted_line writes it. */
static bool hear(struct window *window, char *line)
{
	struct wal_name got;
	struct error ignored = {0};
	char *blank = strchr(line, ' ');
	if (blank == NULL)
		return false;
	*blank = '\0';
	uint64_t segment_bytes = strtoull(blank + 1, NULL, 10);
	if (segment_bytes == 0 || wal_name_parse(&got, line, &ignored))
		return false;
	(void)pthread_mutex_lock(&window->mutex);
	move_on(window, &got, segment_bytes);
	(void)pthread_mutex_unlock(&window->mutex);
	return true;
}

/* All that has come through a pipe, line by line. False when nothing has. */
static bool hear_all(struct window *window, int fd)
{
	char text[64 * WANTED_LINE_MAX];
	ssize_t got = read(fd, text, sizeof text - 1);
	bool heard = false;
	char *rest = text, *line;
	if (got <= 0)
		return false;
	text[got] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		heard |= hear(window, line);
	return heard;
}

/* Nothing of another process, another repository or another start of the machine. */
static void clean(const struct prefetched *folder)
{
	DIR *dir = opendir(folder->folder);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) >= 24)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		(void)closedir(dir);
}

static bool write_identity(const struct prefetched *folder)
{
	char path[PREFETCHED_PATH_MAX];
	size_t len = strlen(folder->identity);
	prefetched_path(folder, "identity", "", path);
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 && write(fd, folder->identity, len) == (ssize_t)len;
}

/* The lock that makes it the only one; held until the process ends. -1: there is another. */
static int lock(const struct prefetched *folder)
{
	char path[PREFETCHED_PATH_MAX];
	prefetched_path(folder, "lock", "", path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		fd_closep(&fd);
	return fd;
}

/* Both ends are open, so that it does not end with each writer. */
static int open_wanted(const struct prefetched *folder)
{
	char path[PREFETCHED_PATH_MAX];
	prefetched_path(folder, "wanted", "", path);
	if (mkfifo(path, 0600) != 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* Until nobody has told anything for as long as a fetch may take, or the spool is gone. */
static void listen_to(struct window *window, int fd)
{
	int64_t idle_ms = (int64_t)config_number(window->context->config, OPTION_ID_FETCH_TIMEOUT);
	const struct clock *clock = window->context->call->clock;
	int64_t heard_ms = clock_monotonic_ms(clock);
	struct stat info;
	while (clock_monotonic_ms(clock) - heard_ms < idle_ms && fstat(fd, &info) == 0 && info.st_nlink > 0) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		if (poll(&wait, 1, LOOK_MS) > 0 && hear_all(window, fd))
			heard_ms = clock_monotonic_ms(clock);
	}
}

static bool start_fetchers(struct window *window, struct fetcher *fetchers, const struct session *session)
{
	pthread_attr_t attributes;
	struct error ignored = {0};
	size_t running = 0;
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (size_t i = 0; i < FETCHERS; i++) {
		fetchers[i].window = window;
		if (session_join(&fetchers[i].session, session, window->context, &ignored) == STATUS_OK)
			running += pthread_create(&fetchers[i].thread, &attributes, work, &fetchers[i]) == 0;
	}
	(void)pthread_attr_destroy(&attributes);
	return running > 0;
}

/* All of its life. told_fd is the reading end of the starter's pipe. */
static void run(const struct command_context *context, const struct prefetched *folder, uint64_t system_id, int told_fd)
{
	struct window window = {.context = context, .folder = folder, .system_id = system_id, .at_once = 1};
	struct fetcher fetchers[FETCHERS] = {0};
	struct session session = {0};
	struct error ignored = {0};
	int lock_fd = lock(folder);
	window.bytes_max = config_number(context->config, OPTION_ID_FETCH_AHEAD);
	(void)pthread_mutex_init(&window.mutex, NULL);
	(void)pthread_cond_init(&window.changed, NULL);
	if (lock_fd < 0 || session_open(&session, context, &ignored) || chdir("/") != 0)
		return;
	clean(folder);
	int wanted_fd = write_identity(folder) ? open_wanted(folder) : -1;
	/* Nothing is heard when the fetch that started it failed. */
	if (wanted_fd < 0 || !hear_all(&window, told_fd) || !start_fetchers(&window, fetchers, &session))
		return;
	listen_to(&window, wanted_fd);
	(void)pthread_mutex_lock(&window.mutex);
	window.ended = true;
	clean(folder);
	/* The fetchers go with the process, and what they write has no name yet. */
}

struct life {
	const struct command_context *context;
	const struct prefetched *folder;
	uint64_t system_id;
};

/* In a process of its own, with memory of its own: nothing that its starter has is changed. */
static void live(void *arg, int told_fd)
{
	const struct life *life = arg;
	struct prefetched folder = *life->folder;
	struct call call = *life->context->call;
	struct command_context context = *life->context;
	folder.wanted_fd = -1;
	call.ending = NULL;
	call.log = NULL;
	context.call = &call;
	run(&context, &folder, life->system_id, told_fd);
}

int fetch_ahead_start(const struct command_context *context, const struct prefetched *prefetched, uint64_t system_id)
{
	struct life life = {context, prefetched, system_id};
	return context->detach == NULL ? -1 : context->detach(live, &life);
}

void fetch_ahead_begin(int fd, const char *name, uint64_t segment_bytes)
{
	char line[WANTED_LINE_MAX];
	wanted_line(line, name, segment_bytes);
	if (write(fd, line, strlen(line)) < 0)
		return; /* it has ended already: then there is nothing to begin */
}

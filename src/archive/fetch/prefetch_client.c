#include "archive/fetch/prefetch_client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "stream/file.h"
#include "sys/boot.h"
#include "sys/newfile.h"
#include "sys/read_file.h"

#define LAST "last"
#define NAP_NS 500000L
#define BEGIN_NAPS 4 /* between two segments the prefetcher may be about to begin this one */

/* With all keys: a segment that a key has opened is not used once the key is removed from the configuration. */
static enum status name_identity(struct prefetch_client *out, const struct repository_settings *settings,
				 struct error *err)
{
	char boot[BOOT_ID_MAX], text[IDENTITY_MAX];
	enum status st = boot_id(boot, err);
	if (!st)
		st = identity_text(settings, IDENTITY_ALL_KEYS, text, err);
	if (st)
		return st;
	note_begin(&out->identity, "fetched");
	note_put_lines(&out->identity, text);
	note_put(&out->identity, "boot", "%s", boot);
	(void)note_end(&out->identity); /* IDENTITY_MAX and BOOT_ID_MAX fit */
	return STATUS_OK;
}

static bool is_of_this_repository(const struct prefetch_client *client)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	prefetch_client_path(client, "identity", "", path);
	return read_file_says(path, client->identity.text, client->identity.len);
}

enum status prefetch_client_open(struct prefetch_client *out, const struct repository_settings *settings,
				 uint64_t system_id, struct error *err)
{
	char spool[SPOOL_PATH_MAX], path[PREFETCH_CLIENT_PATH_MAX];
	*out = (struct prefetch_client){.wanted_fd = -1};
	enum status st = spool_prepare(settings->spool, spool, err);
	if (!st)
		st = name_identity(out, settings, err);
	if (st)
		return st;
	(void)snprintf(out->dir, sizeof out->dir, "%s/fetch-%" PRIu64, spool, system_id);
	if (mkdir(out->dir, 0700) != 0 && errno != EEXIST)
		return error_errno(err, STATUS_LOCAL, errno, "make %s", out->dir);
	/* Opens only while a prefetcher reads the pipe (fifo(7)). That of another repository is told nothing, and
	 * ends. */
	prefetch_client_path(out, "wanted", "", path);
	if (is_of_this_repository(out))
		out->wanted_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	return STATUS_OK;
}

void prefetch_client_fini(struct prefetch_client *client)
{
	if (client->dir[0] != '\0')
		fd_closep(&client->wanted_fd);
	*client = (struct prefetch_client){.wanted_fd = -1};
}

void prefetch_client_path(const struct prefetch_client *client, const char *name, const char *more,
			  char out[PREFETCH_CLIENT_PATH_MAX])
{
	(void)snprintf(out, PREFETCH_CLIENT_PATH_MAX, "%s/%s%s", client->dir, name, more);
}

/* Whether no prefetcher reads the pipe (any more). */
static bool is_alone(const struct prefetch_client *client)
{
	struct pollfd end = {.fd = client->wanted_fd, .events = POLLOUT};
	return client->wanted_fd < 0 || (poll(&end, 1, 0) > 0 && (end.revents & POLLERR) != 0);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Waits until the segment is there, or is not being fetched. */
static bool await(const struct prefetch_client *client, const struct call *call, const char *path, const char *part)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	int64_t enough_ms = call_left_ms(call) / 2; /* the rest is for asking the store */
	for (int naps = 0; !exists(path); naps++) {
		/* The segment may have come between the two looks. */
		if (is_alone(client) || (!exists(part) && naps >= BEGIN_NAPS))
			return exists(path);
		if (call_left_ms(call) <= enough_ms || call_is_interrupted(call))
			return false;
		(void)nanosleep(&nap, NULL);
	}
	return true;
}

/* To another file system. dest appears complete or not at all. */
static bool copy(const char *path, const char *dest)
{
	struct error ignored = {0};
	struct newfile file = {0};
	struct sink *end = NULL;
	uint64_t bytes;
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum status st = fd < 0 ? STATUS_LOCAL : newfile_open(&file, dest, 0640, &ignored);
	if (!st)
		st = file_sink_new(&end, &file, UINT64_MAX, &ignored);
	if (!st)
		st = file_copy(fd, path, end, &bytes, &ignored);
	if (!st)
		st = sink_finish(end, &ignored);
	if (!st)
		st = newfile_replace(&file, &ignored);
	sink_free(end);
	newfile_fini(&file);
	return st == STATUS_OK;
}

bool prefetch_client_take(const struct prefetch_client *client, const struct call *call, const struct wal_name *name,
			  const char *dest)
{
	char path[PREFETCH_CLIENT_PATH_MAX], part[PREFETCH_CLIENT_PATH_MAX], own[PREFETCH_CLIENT_PATH_MAX], mine[16];
	(void)snprintf(mine, sizeof mine, ".%ld", (long)getpid());
	prefetch_client_path(client, name->text, "", path);
	prefetch_client_path(client, name->text, ".part", part);
	prefetch_client_path(client, name->text, mine, own);
	if (!is_of_this_repository(client) || !await(client, call, path, part))
		return false;
	/* The directory may become another repository's at any time: so take the segment first, then check the
	 * identity. */
	if (rename(path, own) != 0)
		return false;
	bool given = is_of_this_repository(client) && (rename(own, dest) == 0 || (errno == EXDEV && copy(own, dest)));
	(void)unlink(own);
	return given;
}

void wanted_line(char out[WANTED_LINE_MAX], const char *name, uint64_t segment_bytes)
{
	(void)snprintf(out, WANTED_LINE_MAX, "%s %" PRIu64 "\n", name, segment_bytes);
}

/* In place: a file that a crash cut off lacks its end. */
static void note_last(const struct prefetch_client *client, const char *name, uint64_t segment_bytes)
{
	char path[PREFETCH_CLIENT_PATH_MAX];
	struct note note;
	note_begin(&note, LAST);
	note_put(&note, "segment", "%s", name);
	note_put(&note, "bytes", "%" PRIu64, segment_bytes);
	(void)note_end(&note);
	prefetch_client_path(client, LAST, "", path);
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && write(fd, note.text, note.len) < 0)
		return; /* the next call does not know of this one, and starts no prefetcher */
}

void prefetch_client_tell(const struct prefetch_client *client, const char *name, uint64_t segment_bytes)
{
	char line[WANTED_LINE_MAX];
	wanted_line(line, name, segment_bytes);
	/* The prefetcher may just have ended. SIGPIPE is ignored (main.c). */
	if (client->wanted_fd < 0 || write(client->wanted_fd, line, strlen(line)) < 0)
		note_last(client, name, segment_bytes);
}

bool prefetch_client_follows(const struct prefetch_client *client, const struct wal_name *name, uint64_t bytes_max)
{
	char path[PREFETCH_CLIENT_PATH_MAX], last[WAL_NAME_MAX];
	struct note note;
	struct wal_name before;
	uint64_t segment_bytes;
	struct error ignored = {0};
	prefetch_client_path(client, LAST, "", path);
	return note_read(&note, LAST, path) && note_text(&note, "segment", last, sizeof last) &&
	       note_number(&note, "bytes", bytes_max, &segment_bytes) &&
	       wal_name_parse(&before, last, &ignored) == STATUS_OK && wal_name_next(&before, segment_bytes) &&
	       strcmp(before.text, name->text) == 0;
}

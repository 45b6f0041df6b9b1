#include "monitor/notified.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/read_file.h"

#define FIRST_WORDS "walship 1 notified "
#define NUMBERS_AT (sizeof FIRST_WORDS - 1 + 7)
#define HEAD_FORMAT FIRST_WORDS "%-7s %20" PRId64 " %20" PRId64 " %c %-8s\n"
#define HEAD_BYTES 80
#define LOGGED_AT 69
#define CHECK_AT (LOGGED_AT + 2)
#define OLD_HEAD_BYTES 71  /* of the format without a check */
#define OLD_CHECK "pushes" /* most such records came from push */
#define LOCK_TRIES 50
#define LOCK_NAP_NS 10000000L

/* Other processes hold the lock briefly. A holder that was stopped must not delay a push until the push times out. */
static bool lock(int fd)
{
	const struct timespec nap = {.tv_nsec = LOCK_NAP_NS};
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		(void)nanosleep(&nap, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

static enum status not_noted(const struct push_notes *notes, struct error *err)
{
	return error_errno(err, STATUS_LOCAL, errno, "cannot record the notification in the spool %s", notes->spool);
}

/* Opens and locks the file; -1 when it is missing or untrusted. Closing the descriptor unlocks. */
static int open_file(const struct push_notes *notes, int flags, struct error *err)
{
	char path[PUSH_NOTES_PATH_MAX];
	push_notes_path(notes, "notified", path);
	if (push_notes_prepare(notes, err))
		return -1;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 || !lock(fd)) {
		(void)not_noted(notes, err);
		fd_closep(&fd);
	}
	return fd;
}

/* The length of the head; 0 when text does not begin with one. */
static size_t head_bytes(const char *text, size_t len)
{
	if (strncmp(text, FIRST_WORDS, strlen(FIRST_WORDS)) != 0)
		return 0;
	if (len >= OLD_HEAD_BYTES && text[OLD_HEAD_BYTES - 1] == '\n')
		return OLD_HEAD_BYTES;
	return len >= HEAD_BYTES && text[HEAD_BYTES - 1] == '\n' ? HEAD_BYTES : 0;
}

static void parse(int fd, struct notified *out)
{
	char text[HEAD_BYTES + NOTIFIED_RESULT_MAX];
	char *rest = text + NUMBERS_AT;
	*out = (struct notified){0};
	ssize_t got = read_file_open(fd, text, sizeof text - 1);
	text[got > 0 ? got : 0] = '\0';
	size_t head = head_bytes(text, got > 0 ? (size_t)got : 0);
	if (head == 0)
		return;
	out->failing = strncmp(text + strlen(FIRST_WORDS), "failing", strlen("failing")) == 0;
	out->failing_at_s = strtoll(rest, &rest, 10);
	out->at_s = strtoll(rest, &rest, 10);
	out->logged = text[LOGGED_AT] == 'y';
	(void)snprintf(out->result, sizeof out->result, "%.*s", NOTIFIED_RESULT_MAX - 1, text + head);
	if (head == HEAD_BYTES)
		(void)snprintf(out->check, sizeof out->check, "%.*s", (int)strcspn(text + CHECK_AT, " \n"),
			       text + CHECK_AT);
	else
		(void)strcpy(out->check, OLD_CHECK);
}

void notified_read(const struct push_notes *notes, struct notified *out)
{
	struct error ignored;
	CLEANUP(fd_closep) int fd = open_file(notes, O_RDONLY, &ignored);
	*out = (struct notified){0};
	if (fd >= 0)
		parse(fd, out);
}

/* Replaces the head, and removes the result. */
static bool write_head(int fd, const struct notified *notified)
{
	char head[HEAD_BYTES + 64];
	int len = snprintf(head, sizeof head, HEAD_FORMAT, notified->failing ? "failing" : "working",
			   notified->failing_at_s, notified->at_s, notified->logged ? 'y' : 'n', notified->check);
	if (len != HEAD_BYTES) {
		errno = EOVERFLOW;
		return false;
	}
	errno = ENOSPC;
	return pwrite(fd, head, HEAD_BYTES, 0) == HEAD_BYTES && ftruncate(fd, HEAD_BYTES) == 0;
}

/* Whether the notification is due, and this caller may send it. */
static bool is_due(const struct notified *last, const struct claim *claim)
{
	/* After the clock was set back the interval starts anew. */
	bool rests = last->failing_at_s != 0 && claim->now_s >= last->failing_at_s &&
		     claim->now_s - last->failing_at_s < claim->interval_s;
	if (claim->failing)
		return !rests;
	return last->failing && (claim->check == NULL || strcmp(claim->check, last->check) == 0);
}

enum status notified_claim(const struct push_notes *notes, const struct claim *claim, bool *out, struct error *err)
{
	struct notified notified;
	*out = false;
	CLEANUP(fd_closep) int fd = open_file(notes, claim->failing ? O_RDWR | O_CREAT : O_RDWR, err);
	if (fd < 0)
		return claim->failing ? STATUS_LOCAL : STATUS_OK;
	parse(fd, &notified);
	if (!is_due(&notified, claim))
		return STATUS_OK;
	notified.failing = claim->failing;
	notified.at_s = claim->now_s;
	notified.failing_at_s = claim->failing ? claim->now_s : notified.failing_at_s;
	notified.logged = false;
	if (claim->failing)
		(void)snprintf(notified.check, sizeof notified.check, "%s", claim->check);
	*out = write_head(fd, &notified);
	return *out ? STATUS_OK : not_noted(notes, err);
}

void notified_set_result(const struct push_notes *notes, const char *result)
{
	struct error ignored;
	CLEANUP(fd_closep) int fd = open_file(notes, O_RDWR, &ignored);
	size_t len = strnlen(result, NOTIFIED_RESULT_MAX - 1);
	if (fd < 0 || ftruncate(fd, HEAD_BYTES) != 0 || pwrite(fd, result, len, HEAD_BYTES) < 0)
		return; /* then the next call cannot log the result */
}

void notified_take_result(const struct push_notes *notes, char out[NOTIFIED_RESULT_MAX])
{
	struct notified notified;
	struct error ignored;
	out[0] = '\0';
	CLEANUP(fd_closep) int fd = open_file(notes, O_RDWR, &ignored);
	if (fd < 0)
		return;
	parse(fd, &notified);
	if (notified.result[0] != '\0' && !notified.logged && pwrite(fd, "y", 1, LOGGED_AT) == 1)
		(void)strcpy(out, notified.result);
}

#include "monitor/notified.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/note.h"
#include "sys/read_file.h"

#define NAME "notified"
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
	push_notes_path(notes, NAME, path);
	if (push_notes_prepare(notes, err))
		return -1;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 || !lock(fd)) {
		(void)not_noted(notes, err);
		fd_closep(&fd);
	}
	return fd;
}

static void parse(int fd, struct notified *out)
{
	char text[NOTE_MAX], state[sizeof "failing"], logged[sizeof "yes"];
	struct note note;
	*out = (struct notified){0};
	ssize_t got = read_file_open(fd, text, sizeof text - 1);
	text[got > 0 ? got : 0] = '\0';
	if (!note_parse(&note, NAME, text) || !note_text(&note, "state", state, sizeof state) ||
	    !note_seconds(&note, "failing-at", &out->failing_at_s) || !note_seconds(&note, "at", &out->at_s) ||
	    !note_text(&note, "logged", logged, sizeof logged) ||
	    !note_text(&note, "check", out->check, sizeof out->check)) {
		*out = (struct notified){0};
		return;
	}
	out->failing = strcmp(state, "failing") == 0;
	out->logged = strcmp(logged, "yes") == 0;
	(void)note_text(&note, "result", out->result, sizeof out->result);
}

void notified_read(const struct push_notes *notes, struct notified *out)
{
	struct error ignored;
	CLEANUP(fd_closep) int fd = open_file(notes, O_RDONLY, &ignored);
	*out = (struct notified){0};
	if (fd >= 0)
		parse(fd, out);
}

/* Replaces the note in place. The note fits one disk block, so that a full disk does not lose it. */
static bool write_in_place(int fd, const struct notified *notified)
{
	struct note note;
	note_begin(&note, NAME);
	note_put(&note, "state", "%s", notified->failing ? "failing" : "working");
	note_put(&note, "failing-at", "%" PRId64, notified->failing_at_s);
	note_put(&note, "at", "%" PRId64, notified->at_s);
	note_put(&note, "logged", "%s", notified->logged ? "yes" : "no");
	note_put(&note, "check", "%s", notified->check);
	note_put(&note, "result", "%s", notified->result);
	errno = ENOSPC;
	return note_end(&note) && pwrite(fd, note.text, note.len, 0) == (ssize_t)note.len &&
	       ftruncate(fd, (off_t)note.len) == 0;
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
	notified.result[0] = '\0';
	if (claim->failing)
		(void)snprintf(notified.check, sizeof notified.check, "%s", claim->check);
	*out = write_in_place(fd, &notified);
	return *out ? STATUS_OK : not_noted(notes, err);
}

void notified_set_result(const struct push_notes *notes, const char *result)
{
	struct notified notified;
	struct error ignored;
	CLEANUP(fd_closep) int fd = open_file(notes, O_RDWR, &ignored);
	if (fd < 0)
		return;
	parse(fd, &notified);
	(void)snprintf(notified.result, sizeof notified.result, "%s", result);
	(void)write_in_place(fd, &notified); /* if this fails, the next call cannot log the result */
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
	bool untold = notified.result[0] != '\0' && !notified.logged;
	notified.logged = true;
	if (untold && write_in_place(fd, &notified))
		(void)strcpy(out, notified.result);
}

#include "schedule/schedule_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/note.h"

#define KIND "schedule"
#define DUE "due"
#define PATH_SIZE (SPOOL_PATH_MAX + 64)
#define KEY_SIZE 32
#define PUT_OFF_S 60
#define LOOK_S 3600 /* pushes look at the schedule at least as often */

static bool path_of(char out[PATH_SIZE], const char *spool, const char *what, uint64_t system_id)
{
	char directory[SPOOL_PATH_MAX];
	if (!spool_path(spool, directory))
		return false;
	(void)snprintf(out, PATH_SIZE, "%s/%s-%" PRIu64, directory, what, system_id);
	return true;
}

static const char *key_of(char out[KEY_SIZE], enum task task, const char *what)
{
	(void)snprintf(out, KEY_SIZE, "%s-%s", task_name(task), what);
	return out;
}

void schedule_note_read(struct schedule_note *out, const char *spool, uint64_t system_id)
{
	char path[PATH_SIZE], key[KEY_SIZE];
	struct note note;
	*out = (struct schedule_note){0};
	if (!path_of(path, spool, KIND, system_id) || !note_read(&note, KIND, path))
		return;
	(void)note_seconds(&note, "since", &out->since_s);
	for (enum task task = 0; task < TASK_COUNT; task++) {
		uint64_t failures;
		(void)note_seconds(&note, key_of(key, task, "succeeded"), &out->tasks[task].succeeded_s);
		(void)note_seconds(&note, key_of(key, task, "failed"), &out->tasks[task].failed_s);
		(void)note_number(&note, key_of(key, task, "failures"), UINT32_MAX, &failures);
		out->tasks[task].failures = (unsigned)failures;
		(void)note_text(&note, key_of(key, task, "error"), out->tasks[task].error, SCHEDULE_ERROR_MAX);
	}
}

static void clamp(int64_t *seconds, int64_t now_s)
{
	if (*seconds > now_s)
		*seconds = now_s;
}

void schedule_note_clamp(struct schedule_note *note, int64_t now_s)
{
	if (note->since_s == 0)
		note->since_s = now_s;
	clamp(&note->since_s, now_s);
	for (enum task task = 0; task < TASK_COUNT; task++) {
		clamp(&note->tasks[task].succeeded_s, now_s);
		clamp(&note->tasks[task].failed_s, now_s);
	}
}

enum status schedule_note_write(const struct schedule_note *schedule, const char *spool, uint64_t system_id,
				struct error *err)
{
	char path[PATH_SIZE], key[KEY_SIZE], directory[SPOOL_PATH_MAX];
	struct note note;
	enum status st = spool_prepare(spool, directory, err);
	if (st)
		return st;
	note_begin(&note, KIND);
	note_put(&note, "since", "%" PRId64, schedule->since_s);
	for (enum task task = 0; task < TASK_COUNT; task++) {
		note_put(&note, key_of(key, task, "succeeded"), "%" PRId64, schedule->tasks[task].succeeded_s);
		note_put(&note, key_of(key, task, "failed"), "%" PRId64, schedule->tasks[task].failed_s);
		note_put(&note, key_of(key, task, "failures"), "%u", schedule->tasks[task].failures);
		note_put(&note, key_of(key, task, "error"), "%s", schedule->tasks[task].error);
	}
	if (!note_end(&note) || !path_of(path, spool, KIND, system_id))
		return error_set(err, STATUS_LOCAL, "the note of the schedule is too long");
	return note_replace(&note, path, err);
}

enum status schedule_lock(const char *spool, uint64_t system_id, int *fd, struct error *err)
{
	char path[PATH_SIZE], directory[SPOOL_PATH_MAX];
	enum status st = spool_prepare(spool, directory, err);
	if (st || !path_of(path, spool, "schedule-lock", system_id))
		return st ? st : error_set(err, STATUS_LOCAL, "the path of the spool is too long");
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return STATUS_OK;
	st = errno == EWOULDBLOCK ? error_set(err, STATUS_EXISTS, "another process runs the schedule of this cluster")
				  : error_errno(err, STATUS_LOCAL, errno, "lock %s", path);
	fd_closep(fd);
	return st;
}

static void set_due(const char *path, int64_t due_s)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)due_s}, {.tv_sec = (time_t)due_s}};
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)futimens(fd, times);
}

void schedule_set_due(const char *spool, const char *pg_wal, int64_t due_s, int64_t now_s)
{
	char path[PUSH_NOTES_PATH_MAX];
	struct push_notes notes;
	if (!push_notes_find(&notes, spool, pg_wal))
		return;
	push_notes_path(&notes, DUE, path);
	set_due(path, due_s < now_s + LOOK_S ? due_s : now_s + LOOK_S);
}

static bool waits(const char *path, int64_t now_s)
{
	struct stat info;
	return lstat(path, &info) == 0 && info.st_mtim.tv_sec > now_s && info.st_mtim.tv_sec <= now_s + LOOK_S;
}

bool schedule_is_due(const struct push_notes *notes, int64_t now_s)
{
	char path[PUSH_NOTES_PATH_MAX];
	push_notes_path(notes, DUE, path);
	if (waits(path, now_s))
		return false;
	set_due(path, now_s + PUT_OFF_S);
	/* Without a spool every push would start a process. */
	return waits(path, now_s);
}

/* walship status: the local machine. Nothing here asks PostgreSQL or the store. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "monitor/health.h"
#include "repo/cluster_id.h"

/* Builds a path below the data directory. False when it does not fit. */
static bool below(const struct health *health, const char *name, char *out, size_t size)
{
	return snprintf(out, size, "%s/%s", health->directory.path, name) < (int)size;
}

/* The process is not visible from another container. */
static bool server_runs(const struct health *health)
{
	pid_t pid = data_directory_server(&health->directory);
	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* A missing record means success only if a failing push could have written one. */
static bool notes_are_taken(const struct push_notes *notes, struct error *err)
{
	struct statvfs disk;
	if (push_notes_prepare(notes, err))
		return false;
	int error = access(notes->spool, W_OK) == 0 ? 0 : errno;
	if (error == 0 && statvfs(notes->spool, &disk) == 0 && disk.f_bavail == 0)
		error = ENOSPC;
	if (error == 0)
		return true;
	(void)error_errno(err, STATUS_LOCAL, error, "pushes cannot record their failures in the spool %s",
			  notes->spool);
	(void)error_hint(err, STATUS_LOCAL, "make room there, or set spool to another directory");
	return false;
}

/* The record of failed pushes is in the spool of the user who pushes. */
static void look_into_spool(struct health *health, const char *spool)
{
	struct stat info;
	char path[PATH_MAX];
	if (!below(health, "pg_wal/x", path, sizeof path) || !push_notes_find(&health->notes, spool, path)) {
		(void)error_set(&health->spool_trouble, STATUS_LOCAL, "pg_wal not found, or no usable spool");
		return;
	}
	path[strlen(path) - 1] = '.';
	if (stat(path, &info) == 0 && info.st_uid != geteuid()) {
		(void)error_set(&health->spool_trouble, STATUS_LOCAL,
				"the server belongs to user id %u, and its pushes record failures in that user's spool",
				(unsigned)info.st_uid);
		(void)error_hint(&health->spool_trouble, STATUS_LOCAL, "run walship status as the server's user");
		return;
	}
	/* An existing record is valid even if the spool is no longer writable. */
	bool failing = failures_read(&health->notes, &health->failures);
	health->spool_known = notes_are_taken(&health->notes, &health->spool_trouble) || failing;
	health->traced_s = push_notes_trace_s(&health->notes);
	notified_read(&health->notes, &health->notified);
}

static enum status find_cluster(struct health *out, const struct cluster_hint *hint, struct error *err)
{
	enum status st = cluster_id_find(hint, NULL, &out->directory, &out->system_id, err);
	if (st)
		return st;
	out->local = out->directory.known;
	if (out->system_id == 0) {
		(void)error_set(err, STATUS_USAGE, "cannot tell which cluster to check");
		return error_hint(err, STATUS_USAGE, "give --pg-data; or --system-id, to check the repository only");
	}
	return STATUS_OK;
}

enum status health_look_local(struct health *out, const struct health_settings *settings, const struct call *call,
			      struct error *err)
{
	struct error ignored;
	*out = (struct health){.repo = settings->repository->url,
			       .now_s = clock_utc_s(call->clock),
			       .disk_full_s = -1,
			       .schedule = settings->schedule,
			       .mirrors = settings->mirrors};
	enum status st = find_cluster(out, &settings->cluster, err);
	if (!st)
		out->streamed = stream_note_read(&out->stream, settings->spool, out->system_id);
	if (st || !out->local)
		return st;
	out->running = server_runs(out);
	if (checkpoint_read(&out->checkpoint, out->directory.path, &ignored))
		out->checkpoint.state = NULL;
	out->pending_known = pending_read(&out->pending, out->directory.path, &out->pending_trouble) == STATUS_OK;
	look_into_spool(out, settings->spool);
	health_look_disk(out);
	return STATUS_OK;
}

#include "pg/data/pending.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static enum status open_dir(DIR **out, const char *data_directory, const char *name, struct error *err)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/%s", data_directory, name) >= (int)sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", data_directory);
	*out = opendir(path);
	return *out == NULL ? error_errno(err, STATUS_LOCAL, errno, "open %s", path) : STATUS_OK;
}

/* Parses the name before ".ready" or ".done". Returns false for anything else. */
static bool parse(const char *entry, struct wal_name *out, bool *ready)
{
	char text[WAL_NAME_MAX];
	struct error ignored;
	const char *dot = strrchr(entry, '.');
	if (dot == NULL || dot - entry >= WAL_NAME_MAX)
		return false;
	*ready = strcmp(dot, ".ready") == 0;
	if (!*ready && strcmp(dot, ".done") != 0)
		return false;
	(void)snprintf(text, sizeof text, "%.*s", (int)(dot - entry), entry);
	return wal_name_parse(out, text, &ignored) == STATUS_OK;
}

/* PostgreSQL creates .ready when the file is complete. */
static void add_ready(struct pending *out, const struct wal_name *name, int wal_fd, int64_t ready_s)
{
	struct stat info;
	out->files++;
	out->segments += name->kind == WAL_SEGMENT;
	if (fstatat(wal_fd, name->text, &info, 0) == 0)
		out->bytes += (uint64_t)info.st_size;
	if (out->oldest_s == 0 || ready_s < out->oldest_s)
		out->oldest_s = ready_s;
	if (ready_s > out->newest_s)
		out->newest_s = ready_s;
	if (out->first[0] == '\0' || strcmp(name->text, out->first) < 0)
		(void)strcpy(out->first, name->text);
}

static void add_entry(struct pending *out, const char *entry, int status_fd, int wal_fd)
{
	struct wal_name name;
	struct stat info;
	bool ready;
	/* A file that disappeared was archived or removed. */
	if (!parse(entry, &name, &ready) || fstatat(status_fd, entry, &info, 0) != 0)
		return;
	if (ready)
		add_ready(out, &name, wal_fd, info.st_mtim.tv_sec);
	else if (info.st_ctim.tv_sec >
		 out->done_s) /* ctime is the rename from .ready: XLogArchiveNotify, pgarch_archiveDone */
		out->done_s = info.st_ctim.tv_sec;
	if (name.kind == WAL_SEGMENT && strcmp(name.text, out->furthest.text) > 0)
		out->furthest = name;
	if (!ready && name.kind == WAL_SEGMENT && strcmp(name.text, out->done.text) > 0)
		out->done = name;
}

/* All segments have the same size, including those not yet written. */
static void find_segment_size(struct pending *out, DIR *wal)
{
	const struct dirent *entry;
	while (out->segment_bytes == 0 && (entry = readdir(wal)) != NULL) {
		struct wal_name name;
		struct error ignored;
		struct stat info;
		if (wal_name_parse(&name, entry->d_name, &ignored) == STATUS_OK && name.kind == WAL_SEGMENT &&
		    fstatat(dirfd(wal), entry->d_name, &info, 0) == 0 &&
		    wal_segment_size_is_valid((uint64_t)info.st_size))
			out->segment_bytes = (uint32_t)info.st_size;
	}
}

enum status pending_read(struct pending *out, const char *data_directory, struct error *err)
{
	CLEANUP(dir_closep) DIR *wal = NULL;
	CLEANUP(dir_closep) DIR *statuses = NULL;
	const struct dirent *entry;
	*out = (struct pending){0};
	enum status st = open_dir(&wal, data_directory, "pg_wal", err);
	if (!st)
		st = open_dir(&statuses, data_directory, "pg_wal/archive_status", err);
	if (wal == NULL || statuses == NULL)
		return st;
	errno = 0;
	while ((entry = readdir(statuses)) != NULL) {
		add_entry(out, entry->d_name, dirfd(statuses), dirfd(wal));
		errno = 0;
	}
	if (errno != 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s/pg_wal/archive_status", data_directory);
	find_segment_size(out, wal);
	return STATUS_OK;
}

int64_t pending_finished_s(const char *data_directory, const char *name)
{
	static const char *const suffixes[] = {"ready", "done"};
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		char path[PATH_MAX];
		struct stat info;
		if (snprintf(path, sizeof path, "%s/pg_wal/archive_status/%s.%s", data_directory, name, suffixes[i]) <
			(int)sizeof path &&
		    stat(path, &info) == 0)
			return info.st_mtim.tv_sec;
	}
	return 0;
}

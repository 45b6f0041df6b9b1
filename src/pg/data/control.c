#include "pg/data/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/ancestor.h"
#include "sys/read_file.h"
#include "text/number.h"

/* pg_control_version of PostgreSQL 9.6 is 960; with another byte order the value is far out of range. */
#define CONTROL_VERSION_MIN 900
#define CONTROL_VERSION_MAX 9999
#define RECOVERY_CONF_MAX 65536
#define LOCK_FILE_MAX 8192 /* of a buffer in AddToDataDirLockFile (miscinit.c) */

struct control_head {
	uint64_t system_id;
	uint32_t version;
};

static enum status check_head(const struct control_head *head, const char *path, struct error *err)
{
	if (head->version < CONTROL_VERSION_MIN || head->version > CONTROL_VERSION_MAX || head->system_id == 0)
		return error_set(err, STATUS_LOCAL, "%s is not a pg_control file for this machine's architecture",
				 path);
	return STATUS_OK;
}

/*
 * Whether a lack of resources caused the failure. That does not mean that there is no file, and the cluster must not go
 * unchecked for it.
 */
static bool is_resource_error(int errno_value)
{
	return errno_value == EMFILE || errno_value == ENFILE || errno_value == ENOMEM || errno_value == EIO;
}

/* STATUS_MISSING when the directory has no readable pg_control. */
static enum status read_control(struct data_directory *out, const char *directory, struct error *err)
{
	char path[PATH_MAX];
	struct control_head head = {0};
	if ((size_t)snprintf(path, sizeof path, "%s/global/pg_control", directory) >= sizeof path) {
		errno = ENAMETOOLONG;
		return error_set(err, STATUS_MISSING, "path too long: %.64s...", directory);
	}
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, is_resource_error(errno) ? STATUS_LOCAL : STATUS_MISSING, errno, "open %s",
				   path);
	ssize_t got = read_file_open(fd, &head, sizeof head);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	if ((size_t)got < sizeof head)
		head.version = 0;
	enum status st = check_head(&head, path, err);
	if (st)
		return st;
	out->known = true;
	out->system_id = head.system_id;
	(void)snprintf(out->path, sizeof out->path, "%s", directory);
	return STATUS_OK;
}

/* Removes the last component: "a/b" -> "a", "b" -> ".", "." -> "..", "/a" -> "/". */
static void to_parent(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash == path && path[1] != '\0')
		path[1] = '\0';
	else if (slash != NULL && slash != path)
		*slash = '\0';
	else if (strcmp(path, ".") == 0)
		(void)strcpy(path, "..");
	else if (slash == NULL)
		(void)strcpy(path, ".");
}

/* Explains why the configured pg-data cannot be used. */
static enum status explain_pg_data(const char *pg_data, int errno_value, struct error *err)
{
	if (errno_value == EACCES || errno_value == EPERM) {
		(void)error_wrap(err, STATUS_USAGE, "pg-data %s cannot be read", pg_data);
		return error_hint(err, STATUS_USAGE,
				  "user id %u may not read it: run this as the user that PostgreSQL runs as",
				  (unsigned)geteuid());
	}
	(void)error_wrap(err, STATUS_USAGE, "pg-data %s is not a data directory", pg_data);
	return error_hint(err, STATUS_USAGE, "a data directory contains global/pg_control");
}

enum status data_directory_find(struct data_directory *out, const char *pg_data, const char *wal_path,
				struct error *err)
{
	*out = (struct data_directory){0};
	if (pg_data != NULL) {
		enum status st = read_control(out, pg_data, err);
		return st == STATUS_MISSING ? explain_pg_data(pg_data, errno, err) : st;
	}
	if (wal_path != NULL && strlen(wal_path) + sizeof ".." < PATH_MAX) {
		char near[PATH_MAX];
		(void)strcpy(near, wal_path);
		to_parent(near);
		to_parent(near);
		enum status st = read_control(out, near, err);
		if (st != STATUS_MISSING)
			return st;
	}
	enum status st = read_control(out, ".", err);
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/* 0 when the directory has this file, else the error number. */
static int look_for(const struct data_directory *directory, const char *name)
{
	char path[PATH_MAX + NAME_MAX];
	(void)snprintf(path, sizeof path, "%s/%s", directory->path, name);
	return access(path, F_OK) == 0 ? 0 : errno;
}

bool data_directory_is_standby(const struct data_directory *directory)
{
	return directory->known && look_for(directory, "standby.signal") == 0;
}

bool data_directory_is_past_recovery(const struct data_directory *directory)
{
	return directory->known && look_for(directory, "recovery.signal") == ENOENT &&
	       look_for(directory, "standby.signal") == ENOENT && look_for(directory, "recovery.conf") == ENOENT;
}

bool data_directory_recovers_to_end(const struct data_directory *directory)
{
	char path[PATH_MAX + NAME_MAX], text[RECOVERY_CONF_MAX];
	struct error ignored;
	if (!directory->known || look_for(directory, "standby.signal") != ENOENT)
		return false;
	if (look_for(directory, "recovery.signal") == 0)
		return true;
	(void)snprintf(path, sizeof path, "%s/recovery.conf", directory->path);
	return read_file_text(path, text, sizeof text, &ignored) == STATUS_OK && strstr(text, "standby_mode") == NULL;
}

/* The time of the last write. */
static bool written_at(const struct data_directory *directory, const char *name, struct timespec *out)
{
	char path[PATH_MAX + NAME_MAX];
	struct stat info;
	(void)snprintf(path, sizeof path, "%s/%s", directory->path, name);
	if (stat(path, &info) != 0)
		return false;
	*out = info.st_mtim;
	return true;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

pid_t data_directory_server(const struct data_directory *directory)
{
	char path[PATH_MAX + NAME_MAX], text[LOCK_FILE_MAX];
	struct error ignored;
	uint64_t pid;
	(void)snprintf(path, sizeof path, "%s/postmaster.pid", directory->path);
	if (read_file_text(path, text, sizeof text, &ignored) || number_read(text, INT32_MAX, &pid) == NULL)
		return 0;
	return (pid_t)pid;
}

bool data_directory_begins_recovery(const struct data_directory *directory)
{
	struct timespec started, written;
	if (!directory->known)
		return false;
	if (!written_at(directory, "postmaster.opts", &started) ||
	    !written_at(directory, "global/pg_control", &written) || is_before(&written, &started))
		return true;
	pid_t server = data_directory_server(directory);
	return server > 0 && ancestor_start(server, &started) && is_before(&written, &started);
}

#include "restore/place.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "console/measure.h"
#include "pg/data/control.h"
#include "pg/data/ready.h"

#define WALK_FDS 16 /* directories that a walk has open at a time */

static void dir_closep(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

/* A directory that does not exist yet is named below its parent, which must. */
static enum status find_new(struct place *out, const char *directory, struct error *err)
{
	char given[PATH_MAX], parent[PATH_MAX];
	size_t len = strlen(directory);
	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (len >= sizeof given)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory);
	memcpy(given, directory, len);
	given[len] = '\0';
	const char *name = path_name(given);
	(void)snprintf(parent, sizeof parent, "%.*s", (int)path_dir_len(given), given);
	char *real = realpath(parent[0] == '\0' ? "." : parent, NULL);
	if (real == NULL)
		return error_hint(err, error_errno(err, STATUS_USAGE, errno, "find the directory above %s", directory),
				  "create it as the user that PostgreSQL runs as");
	int used = snprintf(out->path, sizeof out->path, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	free(real);
	return used >= (int)sizeof out->path ? error_set(err, STATUS_USAGE, "path too long: %.64s...", directory)
					     : STATUS_OK;
}

/* A file system's own directory is no content. */
static enum status check_empty(const struct place *place, struct error *err)
{
	__attribute__((cleanup(dir_closep))) DIR *dir = opendir(place->path);
	if (dir == NULL)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", place->path);
	errno = 0;
	for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, "lost+found") == 0)
			continue;
		(void)error_set(err, STATUS_USAGE, "%s is not empty", place->path);
		return error_hint(err, STATUS_USAGE,
				  "give an empty directory; --delta keeps the files there that are the same as in the "
				  "backup, and removes all others");
	}
	return errno == 0 ? STATUS_OK : error_errno(err, STATUS_LOCAL, errno, "read %s", place->path);
}

static bool is_kind(const char *directory, const char *name, mode_t kind)
{
	char path[PATH_MAX];
	struct stat info;
	return (size_t)snprintf(path, sizeof path, "%s/%s", directory, name) < sizeof path && lstat(path, &info) == 0 &&
	       (info.st_mode & S_IFMT) == kind;
}

static int is_content(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info;
	return kind != FTW_D && !(kind == FTW_DNR && strcmp(path + at->base, "lost+found") == 0);
}

/*
 * With delta, whatever the backup lacks is removed: a slip of the operator's must not cost a home directory. A restore
 * that has ended early has made directories before it wrote any file: base/1 (template1's), or not even that.
 */
static enum status check_data_directory(const struct place *place, struct error *err)
{
	if (is_kind(place->path, "PG_VERSION", S_IFREG) || is_kind(place->path, "base/1", S_IFDIR))
		return STATUS_OK;
	enum status st = check_empty(place, err);
	if (st != STATUS_USAGE)
		return st;
	/* Empty directories alone: nothing is lost with them. */
	if (nftw(place->path, is_content, WALK_FDS, FTW_PHYS) == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s is not empty, and not a data directory: it has no PG_VERSION",
			place->path);
	return error_hint(err, STATUS_USAGE,
			  "--delta would remove what is there: check --pg-data; or empty the directory first");
}

static enum status check_server(const struct data_directory *directory, struct error *err)
{
	pid_t server = data_directory_server(directory);
	if (server <= 0 || (kill(server, 0) != 0 && errno == ESRCH))
		return STATUS_OK;
	(void)error_set(err, STATUS_LOCAL, "a server runs in %s: process %d", directory->path, (int)server);
	return error_hint(err, STATUS_LOCAL,
			  "stop it; if that process is not PostgreSQL, remove postmaster.pid from the directory");
}

enum status place_examine(struct place *out, const char *directory, bool delta, struct error *err)
{
	struct data_directory found = {0};
	struct error ignored;
	*out = (struct place){0};
	char *real = realpath(directory, NULL);
	if (real == NULL && errno == ENOENT)
		return find_new(out, directory, err);
	if (real == NULL)
		return error_errno(err, STATUS_USAGE, errno, "find %s", directory);
	int used = snprintf(out->path, sizeof out->path, "%s", real);
	free(real);
	if (used >= (int)sizeof out->path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory);
	if (data_directory_find(&found, out->path, NULL, &ignored) == STATUS_OK && found.known)
		out->system_id = found.system_id;
	/* After a restore that was killed, only pg_control is missing. */
	(void)snprintf(found.path, sizeof found.path, "%s", out->path);
	found.known = true;
	enum status st = check_server(&found, err);
	if (st)
		return st;
	return delta ? check_data_directory(out, err) : check_empty(out, err);
}

enum status place_check_owner(const struct place *place, struct error *err)
{
	char parent[PATH_MAX];
	struct stat info;
	if (geteuid() != 0)
		return STATUS_OK;
	(void)snprintf(parent, sizeof parent, "%s", place->path);
	parent[path_dir_len(parent)] = '\0';
	bool exists = stat(place->path, &info) == 0;
	/* The restore itself reports a directory that cannot be looked at. */
	if ((!exists && stat(parent[0] == '\0' ? "/" : parent, &info) != 0) || info.st_uid != 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE,
			"the restored files would belong to root, as %s does: PostgreSQL refuses that",
			exists ? place->path : parent);
	return error_hint(err, STATUS_USAGE,
			  "run walship as the server's user, or make that user the owner first: install -d -o postgres "
			  "-g postgres -m 700 %.256s",
			  place->path);
}

enum status place_check_unarchived(const struct place *place, struct error *err)
{
	char path[PATH_MAX];
	struct ready_list list = {0};
	char name[WAL_NAME_MAX] = "";
	if ((size_t)snprintf(path, sizeof path, "%s/pg_wal/", place->path) >= sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", place->path);
	enum status st = ready_list_read(&list, path, 1, err);
	if (!st && list.count > 0)
		memcpy(name, list.names[0].text, sizeof name);
	ready_list_fini(&list);
	if (st || name[0] == '\0')
		return st;
	(void)error_set(err, STATUS_USAGE, "%s has WAL that is not archived yet, from %s on", path, name);
	return error_hint(err, STATUS_USAGE, "store it with walship backfill --pg-data %.256s; --force gives it up",
			  place->path);
}

bool place_is_servers_own(const struct place *place, const struct manifest *manifest)
{
	return manifest->data_directory != NULL && strcmp(manifest->data_directory, place->path) == 0;
}

enum status place_check_room(const struct tree_restore_figures *figures, struct error *err)
{
	for (size_t i = 0; i < figures->room_count; i++) {
		const struct tree_restore_room *room = &figures->rooms[i];
		char needed[MEASURE_MAX], available[MEASURE_MAX];
		if (room->needed_bytes <= room->available_bytes)
			continue;
		measure_bytes(room->needed_bytes, needed);
		measure_bytes(room->available_bytes, available);
		(void)error_set(err, STATUS_LOCAL, "%s needs %s, and its file system has %s left", room->directory,
				needed, available);
		return error_hint(err, STATUS_LOCAL, "make room, or restore to another file system");
	}
	return STATUS_OK;
}

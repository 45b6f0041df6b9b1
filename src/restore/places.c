#include "restore/places.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "pg/data/names.h"
#include "sys/open_beneath.h"

#define TBLSPC "pg_tblspc/"
#define PERMISSIONS 0777
#define TABLESPACE_MODE 0700
#define SERVER_VERSION_MAJOR 10000 /* server_version_num: 150018 */

size_t places_tablespace(const struct places *places, const char *path)
{
	if (strncmp(path, TBLSPC, strlen(TBLSPC)) != 0)
		return 0;
	for (size_t i = 1; i < places->count; i++)
		if (strcmp(path + strlen(TBLSPC), places->items[i].oid) == 0)
			return i;
	return 0;
}

size_t places_find(const struct places *places, const char *path, const char **below)
{
	*below = path;
	if (strncmp(path, TBLSPC, strlen(TBLSPC)) != 0)
		return 0;
	const char *oid = path + strlen(TBLSPC);
	size_t len = strcspn(oid, "/");
	for (size_t i = 1; i < places->count && oid[len] == '/'; i++)
		if (strlen(places->items[i].oid) == len && memcmp(places->items[i].oid, oid, len) == 0) {
			*below = oid + len + 1;
			return i;
		}
	return 0;
}

enum status places_adopt(const struct places *places, int fd, unsigned mode, const char *path, struct error *err)
{
	struct stat info;
	const struct stat *owner = &places->owner;
	if (fstat(fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	if (places->gives && (info.st_uid != owner->st_uid || info.st_gid != owner->st_gid) &&
	    fchown(fd, owner->st_uid, owner->st_gid) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "give %s to the owner of the data directory", path);
	return (info.st_mode & 07777) == (mode & PERMISSIONS) || fchmod(fd, mode & PERMISSIONS) == 0
		   ? STATUS_OK
		   : error_errno(err, STATUS_LOCAL, errno, "set the mode of %s", path);
}

unsigned places_file_mode(const struct places *places)
{
	return (places->mode & S_IRGRP) != 0 ? 0640 : 0600;
}

enum status places_sync(const struct places *places, struct error *err)
{
	for (size_t i = 0; i < places->count; i++)
		if (syncfs(places->items[i].fd) != 0)
			return error_errno(err, STATUS_LOCAL, errno, "sync the file system of %s",
					   places->items[i].directory);
	return STATUS_OK;
}

/* The owner of the data directory, or of its parent if the data directory does not exist. */
static enum status find_owner(struct places *places, const char *directory, struct error *err)
{
	char parent[PATH_MAX];
	places->gives = geteuid() == 0;
	if (stat(directory, &places->owner) == 0)
		return STATUS_OK;
	if (errno != ENOENT)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", directory);
	if ((size_t)snprintf(parent, sizeof parent, "%s", directory) >= sizeof parent)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory);
	for (size_t len = strlen(parent); len > 1 && parent[len - 1] == '/'; len--)
		parent[len - 1] = '\0';
	parent[path_dir_len(parent)] = '\0';
	if (stat(parent[0] == '\0' ? "." : parent, &places->owner) != 0) {
		(void)error_errno(err, STATUS_LOCAL, errno, "look at the parent directory of %s", directory);
		return error_hint(err, STATUS_LOCAL, "create the parent directory, or mount its disk");
	}
	return STATUS_OK;
}

static enum status refuse_shared(const struct place *place, struct error *err)
{
	return error_set(err, STATUS_USAGE, "tablespace %s needs a directory of its own, not %s", place->oid,
			 place->directory);
}

static enum status refuse_content(const char *directory, const char *name, struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "directory %s is not empty", directory);
	if (strcmp(name, "lost+found") == 0)
		return error_hint(
		    err, STATUS_USAGE,
		    "lost+found shows that the directory is a mount point: restore into a directory below it");
	return error_hint(err, STATUS_USAGE,
			  "give an empty directory; --delta keeps the files there that are the same as in the backup, "
			  "and removes all others");
}

bool places_is_linked(const struct places *places, size_t tablespace)
{
	const struct place *place = &places->items[tablespace];
	char target[PATH_MAX];
	CLEANUP(fd_closep) int fd = open_beneath(places->items[0].fd, "pg_tblspc", O_PATH | O_DIRECTORY, 0);
	ssize_t len = readlinkat(fd, place->oid, target, sizeof target);
	return fd >= 0 && len > 0 && (size_t)len == strlen(place->directory) &&
	       memcmp(target, place->directory, (size_t)len) == 0;
}

static enum status check_content(const struct places *places, const struct place *place, bool delta, struct error *err)
{
	CLEANUP(names_fini) struct names names = {0};
	if (delta && place->oid == NULL)
		return STATUS_OK;
	enum status st = names_read(&names, place->fd, place->directory, NULL, err);
	if (st || names.count == 0)
		return st;
	if (!delta)
		return refuse_content(place->directory, names_at(&names, 0), err);
	if (places_is_linked(places, (size_t)(place - places->items)))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "directory %s of tablespace %s is not empty, and %s does not link to it",
			place->directory, place->oid, places->items[0].directory);
	return error_hint(err, STATUS_USAGE, "another server may use it: give --tablespace %s=DIR another directory",
			  place->oid);
}

/* Opens the directory if it exists. Nothing is changed before all places have been looked at. */
static enum status look_at(struct places *places, struct place *place, bool delta, enum places_purpose purpose,
			   struct error *err)
{
	place->fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->fd >= 0)
		return purpose == PLACES_FINISH ? STATUS_OK : check_content(places, place, delta, err);
	return errno == ENOENT && purpose != PLACES_FINISH
		   ? STATUS_OK
		   : error_errno(err, STATUS_LOCAL, errno, "open directory %s", place->directory);
}

static enum status make(const struct places *places, struct place *place, struct error *err)
{
	if (place->fd < 0 && mkdir(place->directory, TABLESPACE_MODE) != 0) {
		(void)error_errno(err, STATUS_LOCAL, errno, "create directory %s", place->directory);
		return error_hint(err, STATUS_LOCAL, "create the parent directory, or mount its disk");
	}
	if (place->fd < 0)
		place->fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open directory %s", place->directory);
	return places_adopt(places, place->fd, place->oid == NULL ? places->mode : TABLESPACE_MODE, place->directory,
			    err);
}

size_t places_of_directory(const struct places *places, const struct stat *info)
{
	struct stat other;
	size_t i = 0;
	while (i < places->count && (places->items[i].fd < 0 || fstat(places->items[i].fd, &other) != 0 ||
				     other.st_dev != info->st_dev || other.st_ino != info->st_ino))
		i++;
	return i;
}

/* Links may lead two texts to one directory. */
static enum status check_distinct(const struct places *places, struct error *err)
{
	struct stat info;
	for (size_t i = 1; i < places->count; i++)
		if (places->items[i].fd >= 0 && fstat(places->items[i].fd, &info) == 0 &&
		    places_of_directory(places, &info) < i)
			return refuse_shared(&places->items[i], err);
	return STATUS_OK;
}

static bool is_oid(const char *text)
{
	return *text != '\0' && strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text);
}

static const char *given_directory(const struct tree_restore_settings *settings, const char *oid)
{
	for (size_t i = 0; i < settings->tablespace_count; i++)
		if (strcmp(settings->tablespaces[i].oid, oid) == 0)
			return settings->tablespaces[i].directory;
	return NULL;
}

static enum status add_tablespace(struct places *places, const struct tree_restore_settings *settings,
				  const struct manifest_pair *tablespace, struct error *err)
{
	const char *given = given_directory(settings, tablespace->name);
	struct place place = {tablespace->name, given == NULL ? tablespace->value : given, -1};
	if (!is_oid(place.oid))
		return error_set(err, STATUS_DAMAGED, "damaged: the manifest has a tablespace that is not an OID");
	/* In place, as a directory of pg_tblspc: allow_in_place_tablespaces. */
	if (given == NULL && place.directory[0] != '/')
		return STATUS_OK;
	if (place.directory[0] != '/')
		return error_set(err, STATUS_USAGE, "the directory of tablespace %s is not an absolute path: %s",
				 place.oid, place.directory);
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->items[i].directory, place.directory) == 0)
			return refuse_shared(&place, err);
	places->items[places->count++] = place;
	return STATUS_OK;
}

static enum status check_given(const struct tree_restore_settings *settings, struct error *err)
{
	for (size_t i = 0; i < settings->tablespace_count; i++)
		if (manifest_value(&settings->manifest->tablespaces, settings->tablespaces[i].oid) == NULL)
			return error_set(err, STATUS_USAGE, "backup %s has no tablespace %s",
					 settings->manifest->label.text, settings->tablespaces[i].oid);
	return STATUS_OK;
}

enum status places_open(struct places *places, const struct tree_restore_settings *settings,
			enum places_purpose purpose, struct error *err)
{
	const struct manifest *manifest = settings->manifest;
	size_t most = manifest->tablespaces.count + 1;
	*places =
	    (struct places){.plans = purpose == PLACES_PLAN, .mode = (unsigned)manifest->directory_mode & PERMISSIONS};
	(void)snprintf(places->version, sizeof places->version, "PG_%" PRIu64 "_%" PRIu64,
		       manifest->server_version / SERVER_VERSION_MAJOR, manifest->catalog_version);
	places->items = calloc(most, sizeof *places->items);
	if (places->items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	places->items[places->count++] = (struct place){NULL, settings->directory, -1};
	enum status st = check_given(settings, err);
	for (size_t i = 0; !st && i < manifest->tablespaces.count; i++)
		st = add_tablespace(places, settings, &manifest->tablespaces.items[i], err);
	if (!st)
		st = find_owner(places, settings->directory, err);
	for (size_t i = 0; !st && i < places->count; i++)
		st = look_at(places, &places->items[i], settings->delta, purpose, err);
	for (size_t i = 0; !st && purpose == PLACES_WRITE && i < places->count; i++)
		st = make(places, &places->items[i], err);
	return st ? st : check_distinct(places, err);
}

void places_fini(struct places *places)
{
	for (size_t i = 0; i < places->count; i++)
		fd_closep(&places->items[i].fd);
	free(places->items);
	*places = (struct places){0};
}

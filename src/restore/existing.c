#include "restore/existing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "restore/remove_tree.h"

static struct existing_level *top(struct existing *existing)
{
	return &existing->levels[existing->depth - 1];
}

/* pg_control is not in the index, and its removal is the first step of a restore. */
static bool is_left_out(const char *directory, const char *name)
{
	return strcmp(directory, "global") == 0 && strcmp(name, "pg_control") == 0;
}

/* Enters the directory of existing->path, and takes fd over. */
static enum status enter(struct existing *existing, int fd, struct error *err)
{
	if (existing->depth == EXISTING_DEPTH_MAX) {
		(void)close(fd);
		return error_set(err, STATUS_DAMAGED, "damaged: the index has more than %d nested directories",
				 EXISTING_DEPTH_MAX);
	}
	struct existing_level *level = &existing->levels[existing->depth++];
	*level = (struct existing_level){.fd = fd, .path_len = strlen(existing->path)};
	return names_read(&level->names, fd, existing->path, is_left_out, err);
}

enum status existing_begin(struct existing *existing, const struct roots *roots, struct error *err)
{
	*existing = (struct existing){.roots = roots};
	if (roots->items[0].fd < 0)
		return STATUS_OK;
	int fd = dup(roots->items[0].fd);
	return fd < 0 ? error_errno(err, STATUS_LOCAL, errno, "open directory %s", roots->items[0].directory)
		      : enter(existing, fd, err);
}

static void leave(struct existing *existing)
{
	struct existing_level *level = top(existing);
	fd_closep(&level->fd);
	names_fini(&level->names);
	existing->depth--;
	if (existing->depth > 0)
		existing->path[top(existing)->path_len] = '\0';
}

void existing_fini(struct existing *existing)
{
	while (existing->depth > 0)
		leave(existing);
}

static enum status remove_entry(struct existing *existing, const char *name, struct error *err)
{
	const struct existing_level *level = top(existing);
	/* Of a file system whose root the data directory is. */
	if (level->keeps || (level->path_len == 0 && strcmp(name, "lost+found") == 0))
		return STATUS_OK;
	existing->removed++;
	enum status st = existing->roots->plans ? STATUS_OK : remove_tree(existing->roots, level->fd, name, err);
	return st ? error_wrap(err, st, "remove %s%s%s", existing->path, level->path_len > 0 ? "/" : "", name) : st;
}

/* Removes the names that come before this one; NULL: all. */
static enum status remove_before(struct existing *existing, const char *name, struct error *err)
{
	struct existing_level *level = top(existing);
	enum status st = STATUS_OK;
	while (!st && level->next < level->names.count) {
		const char *next = names_at(&level->names, level->next);
		if (name != NULL && strcmp(next, name) >= 0)
			break;
		level->next++;
		st = remove_entry(existing, next, err);
	}
	return st;
}

/* Leaves the directories that the path does not lie in. */
static enum status leave_others(struct existing *existing, const char *path, struct error *err)
{
	enum status st = STATUS_OK;
	while (!st && existing->depth > 0) {
		size_t len = top(existing)->path_len;
		if (len == 0 || (strncmp(existing->path, path, len) == 0 && path[len] == '/'))
			break;
		st = remove_before(existing, NULL, err);
		leave(existing);
	}
	return st;
}

static bool is_kept_kind(const struct stat *info, bool is_directory)
{
	unsigned rights = S_IRUSR | S_IWUSR;
	return is_directory ? S_ISDIR(info->st_mode)
			    : S_ISREG(info->st_mode) && info->st_nlink == 1 && (info->st_mode & rights) == rights;
}

static enum status enter_directory(struct existing *existing, const char *name, const char *path, struct stat *info,
				   struct error *err)
{
	struct existing_level *level = top(existing);
	size_t tablespace = roots_tablespace(existing->roots, path);
	bool is_foreign = level->is_root && strcmp(name, existing->roots->version) != 0;
	int fd = tablespace > 0 ? dup(existing->roots->items[tablespace].fd)
				: openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open directory %s", path);
	/* A tablespace in the data directory: what lies there comes below pg_tblspc. */
	bool is_root = tablespace == 0 && roots_of_directory(existing->roots, info) < existing->roots->count;
	(void)strcpy(existing->path, path); /* index_parse has checked its length */
	enum status st = enter(existing, fd, err);
	if (st)
		return st;
	top(existing)->is_root = tablespace > 0;
	top(existing)->keeps = tablespace > 0 || is_foreign || is_root;
	return STATUS_OK;
}

enum status existing_seek(struct existing *existing, const char *path, bool is_directory, struct stat *info,
			  struct error *err)
{
	size_t tablespace = roots_tablespace(existing->roots, path);
	*info = (struct stat){0};
	enum status st = leave_others(existing, path, err);
	if (st || existing->depth == 0)
		return st;
	struct existing_level *level = top(existing);
	const char *name = path + level->path_len + (level->path_len > 0);
	/* In a directory that is new. */
	if (strchr(name, '/') != NULL)
		return STATUS_OK;
	st = remove_before(existing, name, err);
	bool found = !st && level->next < level->names.count && strcmp(names_at(&level->names, level->next), name) == 0;
	if (!found && tablespace == 0)
		return st;
	level->next += found;
	if (found && fstatat(level->fd, name, info, AT_SYMLINK_NOFOLLOW) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	if (tablespace > 0 && existing->roots->items[tablespace].fd >= 0)
		return st ? st : enter_directory(existing, name, path, info, err);
	if (tablespace > 0)
		return st;
	if (is_kept_kind(info, is_directory))
		return is_directory ? enter_directory(existing, name, path, info, err) : STATUS_OK;
	*info = (struct stat){0};
	return remove_entry(existing, name, err);
}

enum status existing_end(struct existing *existing, struct error *err)
{
	enum status st = STATUS_OK;
	while (!st && existing->depth > 0) {
		st = remove_before(existing, NULL, err);
		leave(existing);
	}
	return st;
}

#include "pg/data/ready.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

#define SUFFIX ".ready"

static int compare(const struct wal_name *a, const struct wal_name *b)
{
	if ((a->kind == WAL_HISTORY) != (b->kind == WAL_HISTORY))
		return a->kind == WAL_HISTORY ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* Keeps only the first names: a backlog may have a hundred thousand. */
static void insert(struct ready_list *list, size_t most, const struct wal_name *name)
{
	size_t at = list->count;
	while (at > 0 && compare(name, &list->names[at - 1]) < 0)
		at--;
	if (at == most)
		return;
	if (list->count < most)
		list->count++;
	memmove(&list->names[at + 1], &list->names[at], (list->count - at - 1) * sizeof *name);
	list->names[at] = *name;
}

/* Parses the name before ".ready". Returns false for other entries. */
static bool parse(struct wal_name *out, const char *entry)
{
	char text[WAL_NAME_MAX];
	struct error ignored = {0};
	size_t len = strlen(entry);
	if (len <= strlen(SUFFIX) || len - strlen(SUFFIX) >= sizeof text ||
	    strcmp(entry + len - strlen(SUFFIX), SUFFIX) != 0)
		return false;
	(void)snprintf(text, sizeof text, "%.*s", (int)(len - strlen(SUFFIX)), entry);
	return wal_name_parse(out, text, &ignored) == STATUS_OK;
}

enum status ready_list_read(struct ready_list *out, const char *wal_path, size_t most, struct error *err)
{
	char path[PATH_MAX];
	const char *own = path_name(wal_path);
	*out = (struct ready_list){0};
	if ((size_t)snprintf(path, sizeof path, "%.*sarchive_status", (int)path_dir_len(wal_path), wal_path) >=
	    sizeof path)
		return STATUS_OK;
	CLEANUP(dir_closep) DIR *dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT || errno == ENOTDIR ? STATUS_OK
							   : error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	out->names = calloc(most, sizeof *out->names);
	if (out->names == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (;;) {
		struct wal_name name;
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL)
			break;
		if (parse(&name, entry->d_name) && strcmp(name.text, own) != 0)
			insert(out, most, &name);
	}
	if (errno == 0)
		return STATUS_OK;
	ready_list_fini(out);
	return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
}

bool ready_exists(const char *wal_path, const char *name)
{
	char path[PATH_MAX];
	return (size_t)snprintf(path, sizeof path, "%.*sarchive_status/%s" SUFFIX, (int)path_dir_len(wal_path),
				wal_path, name) < sizeof path &&
	       access(path, F_OK) == 0;
}

void ready_list_fini(struct ready_list *list)
{
	free(list->names);
	*list = (struct ready_list){0};
}

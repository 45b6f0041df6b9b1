#include "pg/data/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

void names_fini(struct names *names)
{
	buffer_fini(&names->text);
	free(names->places);
	*names = (struct names){0};
}

static enum status names_add(struct names *names, const char *name, struct error *err)
{
	uint32_t *places = array_grow(names->places, names->count, &names->capacity, sizeof *places);
	if (places == NULL || names->text.len > UINT32_MAX - NAME_MAX - 1)
		return error_set(err, STATUS_LOCAL, "out of memory");
	names->places = places;
	places[names->count] = (uint32_t)names->text.len;
	enum status st = buffer_append(&names->text, name, strlen(name) + 1, err);
	names->count += !st;
	return st;
}

const char *names_at(const struct names *names, size_t i)
{
	return (const char *)names->text.data + names->places[i];
}

static int by_name(const void *a, const void *b, void *text)
{
	return strcmp((const char *)text + *(const uint32_t *)a, (const char *)text + *(const uint32_t *)b);
}

enum status names_read(struct names *names, int fd, const char *directory, names_left_out_fn left_out,
		       struct error *err)
{
	/* Not a copy of fd, whose place in the directory all copies share. */
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(dir_closep) DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	enum status st = STATUS_OK;
	if (dir == NULL) {
		st = error_errno(err, STATUS_LOCAL, errno, "open directory %s", directory);
		fd_closep(&own);
		return st;
	}
	while (!st && (errno = 0, entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    (left_out == NULL || !left_out(directory, entry->d_name)))
			st = names_add(names, entry->d_name, err);
	if (!st && errno != 0)
		st = error_errno(err, STATUS_LOCAL, errno, "read directory %s", directory);
	if (names->count > 1)
		qsort_r(names->places, names->count, sizeof *names->places, by_name, names->text.data);
	return st;
}

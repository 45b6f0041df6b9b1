/* Paths as text; no file system access. */
#ifndef WALSHIP_BASE_PATH_H
#define WALSHIP_BASE_PATH_H

#include <stddef.h>
#include <string.h>

/*
 * Returns the length of the directory part with its slash: "a/b" -> 2, "/b" -> 1, "b" -> 0. The file name follows it.
 */
static inline size_t path_dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static inline const char *path_name(const char *path)
{
	return path + path_dir_len(path);
}

#endif

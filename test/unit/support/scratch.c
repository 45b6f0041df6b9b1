#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_init(struct scratch *dir)
{
	if (!scratch_init_below(dir, "/tmp"))
		abort();
}

bool scratch_init_below(struct scratch *dir, const char *parent)
{
	(void)snprintf(dir->path, sizeof dir->path, "%s/walship-test-XXXXXX", parent);
	return mkdtemp(dir->path) != NULL;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void scratch_fini(struct scratch *dir)
{
	if (nftw(dir->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

struct scratch test_dir;

int test_dir_make(void **unused)
{
	(void)unused;
	scratch_init(&test_dir);
	return 0;
}

int test_dir_remove(void **unused)
{
	(void)unused;
	scratch_fini(&test_dir);
	return 0;
}

const char *scratch_path(const struct scratch *dir, const char *name)
{
	static _Thread_local char paths[8][256];
	static _Thread_local int next;
	next = (next + 1) % 8;
	(void)snprintf(paths[next], sizeof paths[next], "%s/%s", dir->path, name);
	return paths[next];
}

void scratch_put(const struct scratch *dir, const char *name, const void *data, size_t len, unsigned mode)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
	for (char *slash = path + strlen(dir->path); (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
		*slash = '\0';
		(void)mkdir(path, 0700);
	}
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || fchmod(fd, mode) != 0 || close(fd) != 0)
		abort();
}

int scratch_entries(const struct scratch *scratch, const char *name)
{
	int count = 0;
	DIR *dir = opendir(scratch_path(scratch, name));
	if (dir == NULL)
		abort();
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return count;
}

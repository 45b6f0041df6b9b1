#include "pg/data/begun.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/wal/content.h"
#include "pg/wal/name.h"
#include "sys/read_file.h"

static bool is_begun(const char *pg_wal, const struct wal_name *name, uint64_t lsn)
{
	char path[PATH_MAX];
	uint8_t page[WAL_HEAD_BYTES];
	struct stat info;
	struct error ignored;
	uint64_t number;
	if (snprintf(path, sizeof path, "%s/%s", pg_wal, name->text) >= (int)sizeof path)
		return false;
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) != 0 || !wal_segment_size_is_valid((uint64_t)info.st_size) ||
	    !wal_name_number(name, (uint32_t)info.st_size, &number) || number * (uint64_t)info.st_size <= lsn)
		return false;
	struct wal_head head = {.bytes = page, .len = sizeof page, .size = (uint64_t)info.st_size};
	return read_file_open(fd, page, sizeof page) == (ssize_t)sizeof page &&
	       wal_content_check(name, &head, NULL, &ignored) == STATUS_OK;
}

bool begun_behind(const char *pg_wal, uint32_t timeline, uint64_t lsn)
{
	DIR *dir = opendir(pg_wal);
	const struct dirent *entry;
	bool found = false;
	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		struct wal_name name;
		struct error ignored;
		found = wal_name_parse(&name, entry->d_name, &ignored) == STATUS_OK && name.kind == WAL_SEGMENT &&
			name.timeline == timeline && is_begun(pg_wal, &name, lsn);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

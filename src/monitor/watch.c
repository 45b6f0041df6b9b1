#include "monitor/watch.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/path.h"

bool watch_find(struct watch *out, const struct config *config, const char *wal_path)
{
	char folder[PATH_MAX];
	struct stat info;
	int len = (int)path_folder_len(wal_path);
	*out = (struct watch){.given = config_text(config, OPTION_ID_SPOOL)};
	if (snprintf(folder, sizeof folder, "%.*s.", len, wal_path) >= (int)sizeof folder || stat(folder, &info) != 0)
		return false;
	out->device = info.st_dev;
	out->inode = info.st_ino;
	return spool_path(out->given, out->spool);
}

enum status watch_prepare(const struct watch *watch, struct error *err)
{
	char path[SPOOL_PATH_MAX];
	return spool_prepare(watch->given, path, err);
}

void watch_path(const struct watch *watch, const char *what, char out[WATCH_PATH_MAX])
{
	(void)snprintf(out, WATCH_PATH_MAX, "%s/%.16s-%" PRIx64 "-%" PRIx64, watch->spool, what, watch->device,
		       watch->inode);
}

#include "repo/placement.h"

#include <limits.h>
#include <stdlib.h>

#include "pg/data/inside.h"
#include "sys/spool.h"
#include "text/uri.h"

static enum status inside(const char *what, const char *path, const char *data_directory, struct error *err)
{
	char real[PATH_MAX];
	return error_set(err, STATUS_USAGE, "the %s %s is inside the data directory %s", what, path,
			 realpath(data_directory, real) == NULL ? data_directory : real);
}

enum status placement_check_repository(const struct repository_settings *settings, const char *data_directory,
				       struct error *err)
{
	struct repo_url url;
	struct error ignored = {0}; /* opening the repository reports it */
	if (repo_url_parse(&url, settings->url, &ignored) || url.kind != REPO_FILE ||
	    !data_directory_contains(data_directory, url.path))
		return STATUS_OK;
	return error_hint(err, inside("repository", url.path, data_directory, err),
			  "the loss of the data directory would be the loss of the archive: move the repository to "
			  "another disk, and set repo");
}

enum status placement_check_included(const struct repository_settings *settings, const char *path, struct error *err)
{
	struct repo_url url;
	struct error ignored = {0};
	if (repo_url_parse(&url, settings->url, &ignored) || url.kind != REPO_FILE)
		return STATUS_OK;
	bool has = data_directory_contains(path, url.path), is_in = data_directory_contains(url.path, path);
	if (!has && !is_in)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "backup-include: %s %s the repository %s", path,
			has ? "contains" : "lies in", url.path);
	return error_hint(err, STATUS_USAGE,
			  "each backup would contain all earlier ones: include directories apart from the repository");
}

enum status placement_check_spool(const char *spool, const char *data_directory, struct error *err)
{
	char path[SPOOL_PATH_MAX];
	if (!spool_path(spool, path) || !data_directory_contains(data_directory, path))
		return STATUS_OK;
	return error_hint(err, inside("spool", path, data_directory, err),
			  "base backups would contain its files: set spool to a directory outside the data directory");
}

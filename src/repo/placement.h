/* Places where the repository and the spool must not be. */
#ifndef WALSHIP_REPO_PLACEMENT_H
#define WALSHIP_REPO_PLACEMENT_H

#include "repo/settings.h"

/* STATUS_USAGE: the repository is a directory inside the data directory. */
enum status placement_check_repository(const struct repository_settings *settings, const char *data_directory,
				       struct error *err);

/* STATUS_USAGE: the path, which each backup takes along, has the repository in it, or lies in the repository. */
enum status placement_check_included(const struct repository_settings *settings, const char *path, struct error *err);

/* STATUS_USAGE: the spool lies inside the data directory. spool as for spool_path. */
enum status placement_check_spool(const char *spool, const char *data_directory, struct error *err);

#endif

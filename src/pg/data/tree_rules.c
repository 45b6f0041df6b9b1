#include "pg/data/tree_rules.h"

#include <stddef.h>
#include <string.h>

/* excludeDirContents of src/backend/backup/basebackup.c, and the directories below pg_wal, which the server also makes
 * anew. */
static const char *const emptied[] = {
    "pg_dynshmem", "pg_notify",   "pg_replslot",           "pg_serial",        "pg_snapshots",
    "pg_stat_tmp", "pg_subtrans", "pg_wal/archive_status", "pg_wal/summaries",
};

/* excludeFiles of the same file. A prefix stands for all names that begin with it. */
static const struct {
	const char *name;
	bool is_prefix;
} left_out[] = {
    {"postgresql.auto.conf.tmp", false},
    {"current_logfiles.tmp", false},
    {"pg_internal.init", true}, /* caches, also those of a process that is just writing one */
    {"backup_label", false},    /* of a backup of the old, exclusive kind */
    {"tablespace_map", false},
    {"backup_manifest", false},
    {"postmaster.pid", false},
    {"postmaster.opts", false},
    {"pgsql_tmp", true}, /* PG_TEMP_FILE_PREFIX: sorts and their like */
    {".DS_Store", false},
};

bool tree_is_emptied(const char *path)
{
	for (size_t i = 0; i < sizeof emptied / sizeof emptied[0]; i++)
		if (strcmp(path, emptied[i]) == 0)
			return true;
	return false;
}

/* In pg_wal only the two directories stay, without content. */
static bool is_wal(const char *directory, const char *name)
{
	return strcmp(directory, "pg_wal") == 0 && strcmp(name, "archive_status") != 0 &&
	       strcmp(name, "summaries") != 0;
}

bool tree_is_left_out(const char *directory, const char *name)
{
	for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
		if (left_out[i].is_prefix ? strncmp(name, left_out[i].name, strlen(left_out[i].name)) == 0
					  : strcmp(name, left_out[i].name) == 0)
			return true;
	if (directory[0] == '\0' && strcmp(name, INCLUDE_DIRECTORY) == 0)
		return true;
	return is_wal(directory, name) || (strcmp(directory, "global") == 0 && strcmp(name, "pg_control") == 0);
}

bool tree_is_foreign_version(const char *path, const char *version)
{
	const char *name = strchr(path, '/');
	name = name == NULL ? NULL : strchr(name + 1, '/');
	return name != NULL && strncmp(name + 1, "PG_", 3) == 0 && strchr(name + 1, '/') == NULL &&
	       strcmp(name + 1, version) != 0;
}

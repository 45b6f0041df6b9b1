#include "sys/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPOOL_HINT                                                                                                     \
	"set spool to a directory that this user owns, mode 0700, outside the data directory; or make the default "    \
	"one: install -d -m 700 -o USER /var/spool/walship"

/* Not by mode: a directory of ours with a wrong mode is reported, not passed over. */
static bool is_own_directory(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

void spool_default(const char *shared, char out[SPOOL_PATH_MAX])
{
	if (is_own_directory(shared))
		(void)snprintf(out, SPOOL_PATH_MAX, "%s", shared);
	else
		(void)snprintf(out, SPOOL_PATH_MAX, "/tmp/walship-%u", (unsigned)geteuid());
}

bool spool_path(const char *given, char out[SPOOL_PATH_MAX])
{
	if (given == NULL)
		spool_default(SPOOL_SHARED, out);
	else if (given[0] != '/' || strlen(given) >= SPOOL_PATH_MAX)
		return false;
	else
		(void)strcpy(out, given);
	return true;
}

enum status spool_prepare(const char *given, char out[SPOOL_PATH_MAX], struct error *err)
{
	struct stat info;
	if (!spool_path(given, out))
		return error_hint(err, error_set(err, STATUS_LOCAL, "spool '%s' is not an absolute path", given),
				  SPOOL_HINT);
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return error_hint(err, error_errno(err, STATUS_LOCAL, errno, "create the spool %s", out), SPOOL_HINT);
	/* Any user can create this name in /tmp first, so only a directory of our own is trusted. */
	if (lstat(out, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "check the spool %s", out);
	if (S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 0077) == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_LOCAL, "the spool %s is not a directory of user %u with mode 0700", out,
			(unsigned)geteuid());
	/* For root the spool belongs to the server's user; another directory would only hide its content. */
	if (geteuid() == 0 && info.st_uid != 0)
		return error_hint(err, STATUS_LOCAL,
				  "run walship as user %u, who owns the directory (the server's user?)",
				  (unsigned)info.st_uid);
	return error_hint(err, STATUS_LOCAL, SPOOL_HINT);
}

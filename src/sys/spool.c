#include "sys/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPOOL_HINT                                                                                                     \
	"set spool to a directory that this user owns, mode 0700, outside the data directory; or make the default "    \
	"one: install -d -m 700 -o USER /var/spool/walship"

#define SPOOL_NAME_MAX 32 /* "/walship-4294967295" */

static const struct spool_places default_places = {.shared = SPOOL_SHARED, .tmp = "/tmp"};

/* Not by mode: a directory of ours with a wrong mode is reported, not passed over. */
static bool is_own_directory(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

void spool_default(const struct spool_places *places, char out[SPOOL_PATH_MAX])
{
	if (is_own_directory(places->shared)) {
		(void)snprintf(out, SPOOL_PATH_MAX, "%s", places->shared);
		return;
	}
	(void)snprintf(out, SPOOL_PATH_MAX, "%s/walship-%u", places->tmp, (unsigned)geteuid());
	const char *other = places->tmpdir;
	bool usable = access(is_own_directory(out) ? out : places->tmp, W_OK) == 0;
	if (!usable && other != NULL && other[0] == '/' && strlen(other) < SPOOL_PATH_MAX - SPOOL_NAME_MAX)
		(void)snprintf(out, SPOOL_PATH_MAX, "%s/walship-%u", other, (unsigned)geteuid());
}

bool spool_in_tmpdir(const char *tmpdir, char out[SPOOL_PATH_MAX])
{
	char without[SPOOL_PATH_MAX];
	struct spool_places places = default_places;
	spool_default(&places, without);
	places.tmpdir = tmpdir;
	spool_default(&places, out);
	return strcmp(out, without) != 0;
}

/* FNV-1a, 32 bits: texts that are not the same should not count as the same. */
static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261U;
	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619U;
	return hash;
}

bool spool_trouble_is_news(const char *given, const char *memory, const struct error *trouble)
{
	char path[SPOOL_PATH_MAX];
	if (given != NULL)
		return true;
	/* Whoever makes this name first suppresses a warning, no more. */
	(void)snprintf(path, sizeof path, "%s/walship-%u-%08" PRIx32, memory, (unsigned)geteuid(),
		       hash_of(trouble->text));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno != EEXIST;
	(void)close(fd);
	return true;
}

bool spool_path(const char *given, char out[SPOOL_PATH_MAX])
{
	if (given == NULL)
		spool_default(&default_places, out);
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

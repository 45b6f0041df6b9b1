#include "drill/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drill/leftover.h"
#include "restore/remove_tree.h"
#include "sys/newfile.h"

#define ROOT "walship-drill"
#define SOCKET_NAME "/.s.PGSQL." SERVER_PORT /* UNIXSOCK_PATH in pqcomm.h */
#define TRUST "local all all trust\n"        /* only the owner can enter the directory of the socket */
#define REMOVE_TRIES 20                      /* a prefetcher of the stopped server may still write to its spool */
#define REMOVE_WAIT_MS 100

static enum status refuse_directory(const char *directory, int error, struct error *err)
{
	(void)error_errno(err, STATUS_USAGE, error, "drill-dir %s", directory);
	return error_hint(err, STATUS_USAGE,
			  "make it for the server's user, with room for the cluster: install -d -o postgres -m 0700 "
			  "%.200s",
			  directory);
}

enum status workspace_become_owner(const char *directory, struct error *err)
{
	struct stat info;
	if (geteuid() != 0)
		return STATUS_OK;
	if (stat(directory, &info) != 0)
		return refuse_directory(directory, errno, err);
	if (info.st_uid == 0) {
		(void)error_set(err, STATUS_USAGE, "drill-dir %s belongs to root, as whom no server runs", directory);
		return error_hint(err, STATUS_USAGE,
				  "give it to the server's user, as whom the drill then runs: chown postgres %.200s",
				  directory);
	}
	const struct passwd *user = getpwuid(info.st_uid);
	gid_t group = user == NULL ? info.st_gid : user->pw_gid;
	bool grouped = user == NULL ? setgroups(1, &group) == 0 : initgroups(user->pw_name, group) == 0;
	if (!grouped || setresgid(group, group, group) != 0 || setresuid(info.st_uid, info.st_uid, info.st_uid) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "become user id %u", (unsigned)info.st_uid);
	return STATUS_OK;
}

static enum status set_paths(struct workspace *out, const char *directory, struct error *err)
{
	const struct {
		char *path;
		const char *name;
	} rows[] = {
	    {out->data, "data"},   {out->tablespaces, "tablespaces"}, {out->sockets, "socket"}, {out->log, "log"},
	    {out->spool, "spool"}, {out->hba, "pg_hba.conf"},         {out->wal, WORKSPACE_WAL}};
	bool fits = (size_t)snprintf(out->root, PATH_MAX, "%s/" ROOT, directory) < PATH_MAX;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		fits &= (size_t)snprintf(rows[i].path, PATH_MAX, "%s/%s", out->root, rows[i].name) < PATH_MAX;
	/* unix(7): the path of a socket is that short. */
	if (fits && strlen(out->sockets) + strlen(SOCKET_NAME) < sizeof((struct sockaddr_un *)NULL)->sun_path)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "drill-dir %s: the path is too long for a socket", directory);
	return error_hint(err, STATUS_USAGE, "use a path of at most 60 characters");
}

static enum status open_root(struct workspace *out, const char *directory, struct error *err)
{
	struct stat info;
	if (mkdirat(out->lock_fd, ROOT, S_IRWXU) != 0 && errno != EEXIST)
		return refuse_directory(directory, errno, err);
	out->root_fd = openat(out->lock_fd, ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out->root_fd < 0 || fstat(out->root_fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", out->root);
	if (info.st_uid != geteuid())
		return error_set(err, STATUS_USAGE, "%s belongs to another user", out->root);
	return STATUS_OK;
}

static enum status lock(struct workspace *out, const char *directory, struct error *err)
{
	CLEANUP(freep) char *path = realpath(directory, NULL);
	if (path == NULL)
		return refuse_directory(directory, errno, err);
	out->lock_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->lock_fd < 0)
		return refuse_directory(directory, errno, err);
	if (faccessat(out->lock_fd, "PG_VERSION", F_OK, 0) == 0) {
		(void)error_set(err, STATUS_USAGE, "drill-dir %s is a data directory", directory);
		return error_hint(err, STATUS_USAGE, "use a directory of its own");
	}
	if (flock(out->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? error_set(err, STATUS_EXISTS, "another drill runs in %s", directory)
					    : error_errno(err, STATUS_LOCAL, errno, "lock %s", directory);
	return set_paths(out, path, err);
}

/* Everything but the root. */
static enum status clear(const struct workspace *workspace, struct error *err)
{
	static const char *const names[] = {"data", "tablespaces", "socket",     "spool",
					    "log",  "pg_hba.conf", WORKSPACE_WAL};
	const struct roots none = {0};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < sizeof names / sizeof names[0]; i++) {
		st = remove_tree(&none, workspace->root_fd, names[i], err);
		if (st)
			(void)error_wrap(err, st, "remove %s/%s", workspace->root, names[i]);
	}
	return st;
}

static enum status make(const struct workspace *workspace, struct error *err)
{
	const char *const directories[] = {workspace->tablespaces, workspace->sockets, workspace->spool,
					   workspace->wal};
	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
		if (mkdir(directories[i], S_IRWXU) != 0)
			return error_errno(err, STATUS_LOCAL, errno, "make %s", directories[i]);
	return newfile_put(workspace->hba, TRUST, strlen(TRUST), err);
}

enum status workspace_open(struct workspace *out, const char *directory, const struct call *call, struct error *err)
{
	*out = (struct workspace){.lock_fd = -1, .root_fd = -1};
	enum status st = lock(out, directory, err);
	if (!st)
		st = open_root(out, directory, err);
	if (!st)
		st = leftover_stop(out->data, call, err);
	if (!st)
		st = clear(out, err);
	return st ? st : make(out, err);
}

enum status workspace_remove(struct workspace *workspace, struct error *err)
{
	enum status st = clear(workspace, err);
	for (int i = 0; st && i < REMOVE_TRIES; i++) {
		clock_sleep_ms(&system_clock, REMOVE_WAIT_MS);
		*err = (struct error){0};
		st = clear(workspace, err);
	}
	/* A directory with a file of somebody else stays. */
	if (!st)
		(void)unlinkat(workspace->lock_fd, ROOT, AT_REMOVEDIR);
	return st;
}

void workspace_fini(struct workspace *workspace)
{
	fd_closep(&workspace->root_fd);
	fd_closep(&workspace->lock_fd);
}

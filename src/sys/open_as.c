#include "sys/open_as.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * Gives the calling thread these rights to files. libc's setgroups would change all threads; the system call does not.
 * setfsuid(2) and setfsgid(2) report no failure, but an invalid id changes nothing and returns the present id.
 */
static int take_on(uid_t user, gid_t group, const gid_t *groups, int group_count)
{
	if (syscall(SYS_setgroups, group_count, groups) != 0)
		return -1;
	(void)setfsgid(group);
	(void)setfsuid(user);
	if ((gid_t)setfsgid((gid_t)-1) == group && (uid_t)setfsuid((uid_t)-1) == user)
		return 0;
	errno = EPERM;
	return -1;
}

static int open_with(const struct stat *owner, int directory, const char *path, int flags)
{
	uid_t user = (uid_t)setfsuid((uid_t)-1);
	gid_t group = (gid_t)setfsgid((gid_t)-1);
	int fd = -1, group_count = getgroups(0, NULL);
	CLEANUP(freep) gid_t *groups = group_count < 0 ? NULL : malloc(((size_t)group_count + 1) * sizeof *groups);
	if (groups == NULL || getgroups(group_count, groups) != group_count)
		return -1;
	if (take_on(owner->st_uid, owner->st_gid, NULL, 0) == 0)
		fd = openat(directory, path, flags);
	int code = errno;
	/* The kernel lets root take back what it had. */
	(void)take_on(user, group, groups, group_count);
	errno = code;
	return fd;
}

int open_as_owner(int root, int directory, const char *path, int flags)
{
	struct stat owner;
	if (geteuid() != 0)
		return openat(directory, path, flags);
	if (fstat(root, &owner) != 0)
		return -1;
	return owner.st_uid == 0 ? openat(directory, path, flags) : open_with(&owner, directory, path, flags);
}

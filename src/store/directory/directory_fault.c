#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "store/directory/directory_private.h"

enum status directory_in_place(struct error *err, const char *path)
{
	(void)error_set(err, STATUS_DAMAGED, "file://%s is a directory, but walship expects an object", path);
	return error_hint(err, STATUS_DAMAGED,
			  "walship did not create this directory: check its content and move it away");
}

enum status directory_error(struct error *err, int errno_value, const char *verb, const char *path)
{
	enum status st =
	    errno_value == ESTALE || errno_value == ETIMEDOUT || errno_value == EHOSTDOWN || errno_value == ENOTCONN
		? STATUS_UNREACHABLE
		: STATUS_LOCAL;
	/* Opening a directory for reading succeeds; reading it fails. */
	if (errno_value == EISDIR && strcmp(verb, "read") == 0)
		return directory_in_place(err, path);
	(void)error_errno(err, st, errno_value, "%s file://%s", verb, path);
	if (errno_value == ENOSPC || errno_value == EDQUOT)
		return error_hint(err, st,
				  "the repository's disk is full: free space there; the archiver retries by itself");
	if (errno_value == EROFS)
		return error_hint(err, st,
				  "the file system is read-only: check its mount options, and dmesg for disk errors");
	if (errno_value == EACCES || errno_value == EPERM)
		return error_hint(err, st,
				  "user id %u must be able to read and write there: check owner and mode as that user",
				  (unsigned)geteuid());
	if (errno_value == EOPNOTSUPP)
		return error_hint(
		    err, st,
		    "this file system cannot create a file without the risk of replacing another (no hard links, no "
		    "RENAME_NOREPLACE; exFAT, for example): use ext4, XFS or a bucket");
	return error_hint(err, st,
			  "the repository's file system refuses this operation: look at the path and at dmesg");
}

enum status directory_no_root(const struct directory *directory, int errno_value, struct error *err)
{
	if (errno_value == EACCES)
		return directory_error(err, errno_value, "look at", directory->root);
	enum status st = errno_value == ENOENT ? directory_link_check(directory->root, err) : STATUS_OK;
	if (st)
		return st;
	(void)error_errno(err, STATUS_UNREACHABLE, errno_value, "repository file://%s", directory->root);
	return error_hint(err, STATUS_UNREACHABLE,
			  "if the disk is not mounted, mount the disk; if the repository is new, run mkdir -m 700 %s",
			  directory->root);
}

enum status directory_check_deadline(const struct call *call, const char *verb, const char *path, struct error *err)
{
	if (call_left_ms(call) > 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_UNREACHABLE, "%s file://%s: timed out", verb, path);
	return error_hint(err, STATUS_UNREACHABLE, "the repository's disk is slow; see push-timeout and fetch-timeout");
}

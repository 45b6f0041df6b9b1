#include "keys/key_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "format/keyring.h"
#include "sys/newfile.h"
#include "text/hex.h"

/* Hexadecimal digits, so that the key can be printed and kept on paper, and a newline. */
static enum status make_text(const struct call *call, char text[2 * REPOSITORY_KEY_BYTES + 2], struct error *err)
{
	uint8_t key[REPOSITORY_KEY_BYTES];
	enum status st = random_fill(call->random, key, sizeof key, err);
	hex_encode(text, key, sizeof key);
	(void)strcat(text, "\n");
	explicit_bzero(key, sizeof key);
	return st;
}

/* root may make the file for PostgreSQL's user: it needs that user's owner, group and mode. */
static enum status copy_owner(const struct newfile *file, const struct stat *like, const char *path, struct error *err)
{
	struct stat own;
	if (fstat(file->fd, &own) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	bool ours = own.st_uid == like->st_uid && own.st_gid == like->st_gid;
	if (!ours && fchown(file->fd, like->st_uid, like->st_gid) != 0) {
		(void)error_errno(err, STATUS_LOCAL, errno, "give %s to user %u and group %u", path,
				  (unsigned)like->st_uid, (unsigned)like->st_gid);
		return error_hint(err, STATUS_LOCAL, "run this as that user, or as root");
	}
	if (fchmod(file->fd, like->st_mode & 0640) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "chmod %s", path);
	return STATUS_OK;
}

static enum status write_key(struct newfile *file, const struct call *call, const char *path, const struct stat *like,
			     struct error *err)
{
	char text[2 * REPOSITORY_KEY_BYTES + 2];
	enum status st = newfile_open(file, path, 0600, err);
	if (st)
		return st == STATUS_MISSING ? STATUS_LOCAL : st;
	st = make_text(call, text, err);
	if (!st)
		st = newfile_write(file, text, strlen(text), err);
	explicit_bzero(text, sizeof text);
	if (!st && like != NULL)
		st = copy_owner(file, like, path, err);
	return st ? st : newfile_create(file, err);
}

enum status key_file_make(const struct call *call, const char *path, const struct stat *like, struct error *err)
{
	struct newfile file = {0};
	enum status st = write_key(&file, call, path, like, err);
	newfile_fini(&file);
	if (st == STATUS_EXISTS) {
		(void)error_set(err, st, "%s exists, and walship never overwrites a key", path);
		return error_hint(err, st, "only this key reads the objects that it encrypted; give another name");
	}
	return st ? error_hint(err, st, "the directory must be there, and this user must be able to write to it")
		  : STATUS_OK;
}

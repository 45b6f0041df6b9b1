#include "config/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/ini.h"
#include "sys/newfile.h"

#define MARK "\xef\xbb\xbf" /* UTF-8 byte order mark, which some editors write (config/ini.c) */

static bool is_file(const struct config_key *key, const char *file)
{
	return key->id == OPTION_ID_CIPHER_KEY_FILE && strcmp(key->value, file) == 0;
}

/* Refuses values that "name = value" cannot express: outer blanks are stripped, " ;" and " #" mean a comment. */
static enum status check_name(const char *file, struct error *err)
{
	size_t len = strlen(file);
	bool controls = false;
	for (size_t i = 0; i < len; i++)
		controls |= (unsigned char)file[i] < ' ';
	if (len > 0 && file[0] == '/' && file[len - 1] != ' ' && !controls && strstr(file, " ;") == NULL &&
	    strstr(file, " #") == NULL)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "'%s' is not a valid value in walship.conf", file);
	return error_hint(err, STATUS_USAGE, "rename the key file");
}

static enum status check_place(const struct config *config, struct error *err)
{
	const char *path = config_path(config);
	for (size_t i = 0; i < config_key_count(config); i++) {
		struct config_key key = config_key(config, i);
		if (key.line > 0)
			continue;
		(void)error_set(err, STATUS_USAGE, "the keys are not configured in walship.conf, but by %s",
				key.source);
		return error_hint(
		    err, STATUS_USAGE,
		    "put the new key first there yourself; without --write walship only prints the lines");
	}
	if (path == NULL || config_key_count(config) == 0)
		return error_set(err, STATUS_USAGE, "no walship.conf with keys was read");
	if (access(path, W_OK) == 0)
		return STATUS_OK;
	(void)error_errno(err, STATUS_LOCAL, errno, "write %s", path);
	return error_hint(
	    err, STATUS_LOCAL,
	    "run walship as the owner of the file, or as root; without --write walship only prints the lines");
}

enum status config_check_put_key_first(const struct config *config, const char *file, struct error *err)
{
	enum status st = check_name(file, err);
	return st ? st : check_place(config, err);
}

/* Whether b's keys from b_from on equal a's keys, in order. Skips the key file `file` in a, if given. */
static bool same_keys(const struct config *a, const struct config *b, const char *file, size_t b_from)
{
	size_t k = b_from;
	for (size_t i = 0; i < config_key_count(a); i++) {
		struct config_key one = config_key(a, i);
		if (file != NULL && is_file(&one, file))
			continue;
		if (k == config_key_count(b))
			return false;
		struct config_key other = config_key(b, k++);
		if (one.id != other.id || strcmp(one.value, other.value) != 0)
			return false;
	}
	return k == config_key_count(b);
}

/* Whether line number `line` configures file as a key. */
static bool line_has_key(const struct config *config, const char *file, size_t line)
{
	for (size_t i = 0; i < config_key_count(config); i++) {
		struct config_key key = config_key(config, i);
		if (key.line == line && is_file(&key, file))
			return true;
	}
	return false;
}

/* Copies the content line by line, inserts the new key before the first key and drops other lines that name file. */
static enum status make_text(const struct secret *content, const struct config *config, const char *file,
			     struct buffer *out, struct error *err)
{
	const char *from = content->data;
	const char *end = content->data + content->len;
	size_t first = config_key(config, 0).line;
	enum status st = STATUS_OK;
	for (size_t line = 1; !st && from < end; line++) {
		const char *newline = memchr(from, '\n', (size_t)(end - from));
		const char *next = newline == NULL ? end : newline + 1;
		bool marked =
		    line == 1 && (size_t)(next - from) >= strlen(MARK) && memcmp(from, MARK, strlen(MARK)) == 0;
		bool carriage = newline != NULL && newline > from && newline[-1] == '\r';
		if (marked) {
			st = buffer_append(out, from, strlen(MARK), err);
			from += strlen(MARK);
		}
		if (!st && line == first)
			st = buffer_printf(out, err, "%s = %s%s\n", option_table[OPTION_ID_CIPHER_KEY_FILE].name, file,
					   carriage ? "\r" : "");
		if (!st && !line_has_key(config, file, line))
			st = buffer_append(out, from, (size_t)(next - from), err);
		from = next;
	}
	return st;
}

/* Parses the new text as walship will: the new key must be first, and the other keys unchanged. */
static enum status check_text(const struct buffer *text, const struct config *before, const char *path,
			      const char *file, struct error *err)
{
	CLEANUP(config_freep) struct config *after = NULL;
	enum status st = config_load_text(&after, (const char *)text->data, text->len, path, err);
	if (st)
		return st;
	struct config_key first = config_key(after, 0);
	return is_file(&first, file) && same_keys(before, after, file, 1)
		   ? STATUS_OK
		   : error_set(err, STATUS_CONFLICT, "%s cannot be changed safely", path);
}

static enum status replace(const char *path, const struct buffer *text, struct error *err)
{
	char real[PATH_MAX];
	struct stat info, own;
	CLEANUP(newfile_fini) struct newfile file = {0};
	/* A symbolic link stays; its target is replaced. */
	if (realpath(path, real) == NULL || stat(real, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	enum status st = newfile_open(&file, real, 0600, err);
	if (st)
		return STATUS_LOCAL;
	if (fstat(file.fd, &own) != 0 ||
	    ((own.st_uid != info.st_uid || own.st_gid != info.st_gid) &&
	     fchown(file.fd, info.st_uid, info.st_gid) != 0) ||
	    fchmod(file.fd, info.st_mode & 07777) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "set owner and mode of the new %s", real);
	st = newfile_write(&file, text->data, text->len, err);
	return st ? st : newfile_replace_durably(&file, err);
}

/*
 * Serializes two simultaneous rotations, so that neither drops the other's key: objects encrypted in between need it.
 * The lock is on the directory, because the file itself is replaced.
 */
static enum status lock_dir(const char *path, int *fd, struct error *err)
{
	char real[PATH_MAX];
	if (realpath(path, real) == NULL)
		return error_errno(err, STATUS_LOCAL, errno, "look at %s", path);
	*strrchr(real, '/') = '\0';
	*fd = open(real[0] == '\0' ? "/" : real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open the directory of %s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return STATUS_OK;
	return error_hint(err, error_set(err, STATUS_CONFLICT, "another walship process is changing %s", path),
			  "try again");
}

enum status config_put_key_first(const struct config *config, const char *file, struct error *err)
{
	CLEANUP(fd_closep) int lock_fd = -1;
	CLEANUP(ini_file_fini) struct ini_file ini = {0};
	CLEANUP(config_freep) struct config *now = NULL;
	CLEANUP(buffer_fini) struct buffer text = {0};
	const char *path = config_path(config);
	enum status st = config_check_put_key_first(config, file, err);
	if (!st)
		st = lock_dir(path, &lock_fd, err);
	if (!st)
		st = ini_file_read(&ini, path, err);
	/* The file may have been edited since this process read it. */
	if (!st)
		st = config_load_text(&now, ini.content.data, ini.content.len, path, err);
	if (!st && !same_keys(config, now, NULL, 0))
		st = error_hint(err, error_set(err, STATUS_CONFLICT, "the keys in %s have just changed", path),
				"try again");
	if (!st)
		st = make_text(&ini.content, now, file, &text, err);
	if (!st)
		st = check_text(&text, now, path, file, err);
	if (!st)
		st = replace(path, &text, err);
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	if (st == STATUS_MISSING)
		st = STATUS_LOCAL;
	return st == STATUS_LOCAL ? error_hint(err, st,
					       "the directory of walship.conf must be writable, and the file must not "
					       "be a mount point; without --write walship only prints the lines")
				  : st;
}

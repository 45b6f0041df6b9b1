/* Bytes that must not be seen: wiped when done with, never printed. */
#ifndef WALSHIP_SYS_SECRET_H
#define WALSHIP_SYS_SECRET_H

#include <stddef.h>

#include "walship/error.h"

struct secret {
	char *data; /* owned; a 0 byte stands behind it; NULL while empty */
	size_t len;
};

#define SECRET_FILE_MAX (64 * 1024) /* web identity tokens reach 20 KiB */

/* Takes a copy of len bytes in place of what was there. STATUS_LOCAL when memory is short. */
enum status secret_set(struct secret *secret, const void *data, size_t len, struct error *err);

enum secret_kind { SECRET_UNSET, SECRET_VALUE, SECRET_FILE, SECRET_COMMAND };

/* Where a secret is: as a value, in a file, or printed by a command. */
struct secret_source {
	enum secret_kind kind;
	const char *option; /* its name, for messages */
	const char *text;   /* the value, the file's path or the command's line; not owned */
};

/* Whose files are taken; in the order of the option secret-files. */
enum secret_files { SECRET_FILES_STRICT, SECRET_FILES_ANY };

/*
 * Takes the content of a file. Refuses (STATUS_USAGE) a missing or unreadable file, one that is not a plain file, is
 * larger than SECRET_FILE_MAX, or that others can read: it must be 0600 or less if the caller owns it, 0640 or less if
 * root does (PostgreSQL's rule for ssl_key_file: check_ssl_key_file_permissions in be-secure-common.c). To
 * root any owner is right.
 */
enum status secret_read_file(struct secret *secret, const char *path, struct error *err);

/*
 * As secret_read_file; with SECRET_FILES_ANY also a file that others can read, as a container's secrets are, whoever
 * owns it, but not one that others can write.
 */
enum status secret_read_file_by(enum secret_files rule, struct secret *secret, const char *path, struct error *err);

/*
 * As secret_read_file, whoever may read the file: for tokens that Kubernetes and other tools put there with
 * modes of their own.
 */
enum status secret_read_open_file(struct secret *secret, const char *path, struct error *err);

/* Cuts one newline ("\n" or "\r\n") off the end: editors and echo leave it. */
void secret_chomp(struct secret *secret);

/* Wipes, frees and leaves the zero state. */
void secret_fini(struct secret *secret);

#endif

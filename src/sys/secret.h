/* Secret bytes: never printed, and wiped after use. */
#ifndef WALSHIP_SYS_SECRET_H
#define WALSHIP_SYS_SECRET_H

#include <stddef.h>

#include "walship/error.h"

struct secret {
	char *data; /* owned; ends with a 0 byte; NULL while empty */
	size_t len;
};

#define SECRET_FILE_MAX (64 * 1024) /* web identity tokens reach 20 KiB */

/* Replaces the content with a copy of len bytes. STATUS_LOCAL when memory is short. */
enum status secret_set(struct secret *secret, const void *data, size_t len, struct error *err);

enum secret_kind { SECRET_UNSET, SECRET_VALUE, SECRET_FILE, SECRET_COMMAND };

/* Where a secret comes from: a value, a file, or the output of a command. */
struct secret_source {
	enum secret_kind kind;
	const char *option; /* option name, for messages */
	const char *text;   /* the value, the file's path or the command line; not owned */
};

/* The hint for a path that is not absolute. */
#define SECRET_PATH_HINT                                                                                               \
	"write an absolute path: this one begins in the working directory, which is the data directory when "          \
	"PostgreSQL calls walship"

/* Which secret files are accepted, in the order of the option secret-files. */
enum secret_files { SECRET_FILES_STRICT, SECRET_FILES_ANY };

/*
 * Reads a secret from a file. STATUS_USAGE when the file is missing, unreadable, not a regular file, larger than
 * SECRET_FILE_MAX or accessible to others. The mode must be 0600 or less if the caller owns it, and 0640 or less if
 * root does (PostgreSQL's rule for ssl_key_file: check_ssl_key_file_permissions in be-secure-common.c). root may read a
 * file of any owner.
 */
enum status secret_read_file(struct secret *secret, const char *path, struct error *err);

/*
 * As secret_read_file. With SECRET_FILES_ANY it also accepts a file that others own or can read, as container secrets
 * are, but not one that others can write.
 */
enum status secret_read_file_by(enum secret_files rule, struct secret *secret, const char *path, struct error *err);

/*
 * Reads a value, such as a password, from the file that an option names, and removes one trailing newline. STATUS_USAGE
 * also when the file is empty. The error names the option.
 */
enum status secret_read_value(enum secret_files rule, struct secret *secret, const char *option, const char *path,
			      struct error *err);

/* As secret_read_file, without a check of owner and mode: for tokens that Kubernetes and other tools create. */
enum status secret_read_file_unchecked(struct secret *secret, const char *path, struct error *err);

/* Removes one trailing newline ("\n" or "\r\n"), which editors and echo add. */
void secret_chomp(struct secret *secret);

/* Wipes, frees and leaves the zero state. */
void secret_fini(struct secret *secret);

#endif

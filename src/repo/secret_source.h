/* Reads secrets that the configuration gives as a value, in a file, or as the output of a command. */
#ifndef WALSHIP_REPO_SECRET_SOURCE_H
#define WALSHIP_REPO_SECRET_SOURCE_H

#include "base/call.h"
#include "sys/secret.h"
#include "walship/error.h"

/* How to read secrets. */
struct secret_reader {
	enum secret_files files;        /* which file modes are accepted */
	const char *const *environment; /* passed to commands */
};

/*
 * Reads the secret into out and removes one trailing newline. SECRET_UNSET leaves out empty and returns STATUS_OK.
 * STATUS_USAGE: the file is not acceptable, the command cannot be run, or the secret is empty. STATUS_UNREACHABLE: the
 * command failed.
 */
enum status secret_source_read(const struct secret_source *source, const struct secret_reader *reader,
			       const struct call *call, struct secret *out, struct error *err);

/* The same, but keeps a trailing newline: the last byte of a raw key may be one. */
enum status secret_source_read_key(const struct secret_source *source, const struct secret_reader *reader,
				   const struct call *call, struct secret *out, struct error *err);

#endif

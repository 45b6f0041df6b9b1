/* Secrets that the configuration names: as a value, in a file, or printed by a command. */
#ifndef WALSHIP_REPO_SECRET_SOURCE_H
#define WALSHIP_REPO_SECRET_SOURCE_H

#include "base/call.h"
#include "sys/secret.h"
#include "walship/error.h"

/* What reading a secret may use. */
struct secret_reader {
	enum secret_files files;        /* which files may be used */
	const char *const *environment; /* of commands */
};

/*
 * The secret alone, less one newline. SECRET_UNSET is STATUS_OK and leaves out empty. STATUS_USAGE when the file may
 * not be used, the line cannot be run, or there is nothing in it; STATUS_UNREACHABLE when the command fails.
 */
enum status secret_source_read(const struct secret_source *source, const struct secret_reader *reader,
			       const struct call *call, struct secret *out, struct error *err);

/* The same, byte for byte: a key may be raw bytes, of which the last is a newline by chance. */
enum status secret_source_read_key(const struct secret_source *source, const struct secret_reader *reader,
				   const struct call *call, struct secret *out, struct error *err);

#endif

/*
 * Parses walship.conf: "name = value" or "name: value" lines, and comment lines that begin with ';' or '#'. A ';'
 * behind a blank begins a comment too.
 */
#ifndef WALSHIP_CONFIG_INI_H
#define WALSHIP_CONFIG_INI_H

#include <stdbool.h>

#include "sys/secret.h"
#include "walship/error.h"

struct ini_file {
	const char *path;      /* not owned */
	struct secret content; /* may contain secrets */
	bool others_can_read;
};

struct ini_line {
	int number;
	const char *name;
	const char *value; /* may be "" */
};

/* Any status but STATUS_OK stops the parser, which returns it. */
typedef enum status (*ini_line_fn)(void *arg, const struct ini_line *line, struct error *err);

/* Reads the whole file. STATUS_MISSING: it does not exist. STATUS_USAGE: it cannot be read, or others can write it. */
enum status ini_file_read(struct ini_file *file, const char *path, struct error *err);

/*
 * Calls take for each "name = value" line outside of sections or in [walship]. STATUS_USAGE, with path and line, for
 * another section, an unparsable line, or a zero byte. A line may be as long as the file.
 */
enum status ini_parse_lines(const struct ini_file *file, ini_line_fn take, void *arg, struct error *err);

/* Wipes the content. */
void ini_file_fini(struct ini_file *file);

#endif

/* The lines of a walship.conf, read by libinih: "name = value", comments with ';' or '#'. */
#ifndef WALSHIP_CONFIG_INI_H
#define WALSHIP_CONFIG_INI_H

#include <stdbool.h>

#include "sys/secret.h"
#include "walship/error.h"

struct ini_file {
	const char *path;      /* not owned */
	struct secret content; /* it may hold secrets */
	bool others_can_read;
};

struct ini_line {
	int number;
	const char *name;
	const char *value; /* may be "" */
};

/* Anything but STATUS_OK ends the reading with it. */
typedef enum status (*ini_line_fn)(void *arg, const struct ini_line *line, struct error *err);

/* STATUS_MISSING when there is no such file, STATUS_USAGE when it cannot be read. */
enum status ini_file_read(struct ini_file *file, const char *path, struct error *err);

/*
 * Calls take for each "name = value", outside of a section or in [walship]. STATUS_USAGE, with path and line, for
 * another section, a line that is neither, one that is too long for libinih, or a zero byte.
 */
enum status ini_parse_lines(const struct ini_file *file, ini_line_fn take, void *arg, struct error *err);

/* Wipes the content. */
void ini_file_fini(struct ini_file *file);

#endif

/* pg_dump and pg_dumpall of a version that can dump the server: a server needs a pg_dump of its own version or newer.
 */
#ifndef WALSHIP_DUMP_TOOLS_H
#define WALSHIP_DUMP_TOOLS_H

#include <limits.h>

#include "base/call.h"
#include "walship/error.h"

#define DUMP_VERSION_MAX 32

struct dump_tools {
	char pg_dump[PATH_MAX], pg_dumpall[PATH_MAX];
	char version[DUMP_VERSION_MAX]; /* of pg_dump: "15.18" */
	uint64_t major;
};

struct dump_tools_search {
	const char *bindir; /* the only directory that counts; NULL: PATH and the places of packages */
	const char *const *environment;
	uint64_t least; /* major version of the server */
};

/*
 * Takes the newest of the programs that are installed. STATUS_USAGE, with the versions that were found, when none is
 * new enough.
 */
enum status dump_tools_find(struct dump_tools *out, const struct dump_tools_search *search, const struct call *call,
			    struct error *err);

#endif

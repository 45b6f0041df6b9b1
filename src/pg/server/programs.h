/* PostgreSQL's programs on this machine: where packages and builds put them, and of which version they are. */
#ifndef WALSHIP_PG_SERVER_PROGRAMS_H
#define WALSHIP_PG_SERVER_PROGRAMS_H

#include <limits.h>
#include <stdbool.h>

#include "base/call.h"

#define PROGRAMS_VERSION_MAX 32
#define PROGRAMS_OTHERS_MAX 256

struct programs_search {
	const char *bindir;  /* the only directory that counts; NULL: the places of packages, then PATH */
	const char *program; /* that must be there, and says the version: "pg_dump" */
	const char *const *environment;
	uint64_t least, most; /* major versions that will do */
};

struct programs {
	char directory[PATH_MAX];
	char version[PROGRAMS_VERSION_MAX]; /* "15.18" */
	uint64_t major;
	char others[PROGRAMS_OTHERS_MAX]; /* of versions that will not do: "/opt/bin/pg_dump (13.4), ..."; "": none */
};

/* Finds the newest ones. false: none will do; others may then say which there are. */
bool programs_find(struct programs *out, const struct programs_search *search, const struct call *call);

#endif

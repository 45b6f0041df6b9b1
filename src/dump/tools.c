#include "dump/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg/server/programs.h"

static enum status none_found(const struct dump_tools_search *search, const char *too_old, struct error *err)
{
	uint64_t least = search->least;
	if (too_old[0] == '\0')
		(void)error_set(err, STATUS_USAGE, "no pg_dump was found%s%s", search->bindir == NULL ? "" : " in ",
				search->bindir == NULL ? "" : search->bindir);
	else
		(void)error_set(err, STATUS_USAGE,
				"the server has version %" PRIu64
				", and pg_dump must not be older than the server; found: %s",
				least, too_old);
	return error_hint(err, STATUS_USAGE,
			  "install the client programs of PostgreSQL %" PRIu64 " (Debian: postgresql-client-%" PRIu64
			  "), or name their directory with pg-bindir",
			  least, least);
}

enum status dump_tools_find(struct dump_tools *out, const struct dump_tools_search *search, const struct call *call,
			    struct error *err)
{
	struct programs found;
	const struct programs_search programs = {.bindir = search->bindir,
						 .program = "pg_dump",
						 .environment = search->environment,
						 .least = search->least,
						 .most = UINT64_MAX};
	*out = (struct dump_tools){0};
	if (!programs_find(&found, &programs, call))
		return none_found(search, found.others, err);
	if ((size_t)snprintf(out->pg_dump, PATH_MAX, "%s/pg_dump", found.directory) >= PATH_MAX ||
	    (size_t)snprintf(out->pg_dumpall, PATH_MAX, "%s/pg_dumpall", found.directory) >= PATH_MAX)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", found.directory);
	(void)snprintf(out->version, sizeof out->version, "%s", found.version);
	return STATUS_OK;
}

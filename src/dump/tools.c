#include "dump/tools.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "sys/program.h"
#include "text/number.h"

#define VERSION_MS 10000     /* pg_dump --version answers at once */
#define FOUND_MAX 256        /* of text that names the versions which are too old */
#define WRAPPER "pg_wrapper" /* Debian's /usr/bin/pg_dump, which chooses a version by itself */

/* Where packages put PostgreSQL's programs: Debian, PGDG's RPMs, Alpine, builds from source and container images. */
static const char *const places[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*",
				     "/usr/local/pgsql/bin", "/usr/local/bin"};

struct search {
	const struct dump_tools_search *settings;
	const struct call *call;
	struct dump_tools *best;
	char too_old[FOUND_MAX];
};

/* "pg_dump (PostgreSQL) 15.18 (Debian 15.18-1)"; also "18beta1". */
static bool parse_version(struct dump_tools *out, const char *text)
{
	static const char before[] = "(PostgreSQL) ";
	const char *at = strstr(text, before);
	if (at == NULL)
		return false;
	at += sizeof before - 1;
	(void)snprintf(out->version, sizeof out->version, "%.*s", (int)strcspn(at, " \n"), at);
	return number_take(&at, at + strspn(at, "0123456789"), 10, INT32_MAX, &out->major);
}

/* A program that does not say its version does not count. */
static bool ask_version(struct dump_tools *out, const struct search *search)
{
	CLEANUP(secret_fini) struct secret output = {0};
	char line[PATH_MAX + 32];
	struct error trouble = {0};
	(void)snprintf(line, sizeof line, "'%s' --version", out->pg_dump);
	const struct program program = {.what = "pg_dump",
					.line = line,
					.environment = search->settings->environment,
					.timeout_ms = VERSION_MS,
					.truncate_output = true};
	if (strchr(out->pg_dump, '\'') == NULL && program_run(&program, search->call, &output, &trouble) == STATUS_OK &&
	    output.data != NULL && parse_version(out, output.data))
		return true;
	log_line(search->call->log, LEVEL_DEBUG, "%s does not count: %s", out->pg_dump, trouble.text);
	return false;
}

static void consider(struct search *search, const char *directory)
{
	struct dump_tools found = {0};
	char real[PATH_MAX];
	if ((size_t)snprintf(found.pg_dump, sizeof found.pg_dump, "%s/pg_dump", directory) >= sizeof found.pg_dump ||
	    access(found.pg_dump, X_OK) != 0 || realpath(found.pg_dump, real) == NULL ||
	    strcmp(strrchr(real, '/') + 1, WRAPPER) == 0 || !ask_version(&found, search))
		return;
	(void)snprintf(found.pg_dumpall, sizeof found.pg_dumpall, "%.*s/pg_dumpall",
		       (int)(sizeof found.pg_dumpall - sizeof "/pg_dumpall"), directory);
	if (found.major < search->settings->least) {
		size_t used = strlen(search->too_old);
		if (strstr(search->too_old, found.pg_dump) == NULL)
			(void)snprintf(search->too_old + used, sizeof search->too_old - used, "%s%s (%s)",
				       used == 0 ? "" : ", ", found.pg_dump, found.version);
	} else if (found.major > search->best->major) {
		*search->best = found;
	}
}

static void consider_pattern(struct search *search, const char *pattern)
{
	glob_t found = {0};
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			consider(search, found.gl_pathv[i]);
	globfree(&found);
}

static void consider_path(struct search *search)
{
	const char *path = environment_value(search->settings->environment, "PATH", 4);
	while (path != NULL && *path != '\0') {
		char directory[PATH_MAX];
		size_t len = strcspn(path, ":");
		(void)snprintf(directory, sizeof directory, "%.*s", (int)len, path);
		if (len > 0 && len < sizeof directory)
			consider(search, directory);
		path += len + (path[len] == ':');
	}
}

static enum status none_found(const struct search *search, struct error *err)
{
	uint64_t least = search->settings->least;
	if (search->too_old[0] == '\0')
		(void)error_set(err, STATUS_USAGE, "no pg_dump was found%s%s",
				search->settings->bindir == NULL ? "" : " in ",
				search->settings->bindir == NULL ? "" : search->settings->bindir);
	else
		(void)error_set(err, STATUS_USAGE,
				"the server has version %" PRIu64
				", and pg_dump must not be older than the server; found: %s",
				least, search->too_old);
	return error_hint(err, STATUS_USAGE,
			  "install the client programs of PostgreSQL %" PRIu64 " (Debian: postgresql-client-%" PRIu64
			  "), or name their directory with pg-bindir",
			  least, least);
}

enum status dump_tools_find(struct dump_tools *out, const struct dump_tools_search *settings, const struct call *call,
			    struct error *err)
{
	struct search search = {.settings = settings, .call = call, .best = out};
	*out = (struct dump_tools){0};
	if (settings->bindir != NULL)
		consider(&search, settings->bindir);
	for (size_t i = 0; settings->bindir == NULL && i < sizeof places / sizeof places[0]; i++)
		consider_pattern(&search, places[i]);
	if (settings->bindir == NULL)
		consider_path(&search);
	return out->major > 0 ? STATUS_OK : none_found(&search, err);
}

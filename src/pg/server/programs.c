#include "pg/server/programs.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "sys/program.h"
#include "text/number.h"

#define VERSION_MS 10000     /* --version answers at once */
#define WRAPPER "pg_wrapper" /* Debian's /usr/bin/pg_dump, which chooses a version by itself */

/* Where packages put PostgreSQL's programs: Debian, PGDG's RPMs, Alpine, builds from source and container images. */
static const char *const places[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*",
				     "/usr/local/pgsql/bin", "/usr/local/bin"};

struct search {
	const struct programs_search *settings;
	const struct call *call;
	struct programs *out;
};

/* "pg_dump (PostgreSQL) 15.18 (Debian 15.18-1)"; also "18beta1". */
static bool parse_version(struct programs *out, const char *text)
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
static bool ask_version(struct programs *out, const char *path, const struct search *search)
{
	CLEANUP(secret_fini) struct secret output = {0};
	char line[PATH_MAX + 32];
	struct error trouble = {0};
	(void)snprintf(line, sizeof line, "'%s' --version", path);
	const struct program program = {.what = search->settings->program,
					.line = line,
					.environment = search->settings->environment,
					.timeout_ms = VERSION_MS,
					.truncate_output = true};
	if (strchr(path, '\'') == NULL && program_run(&program, search->call, &output, &trouble) == STATUS_OK &&
	    output.data != NULL && parse_version(out, output.data))
		return true;
	log_line(search->call->log, LEVEL_DEBUG, "%s does not count: %s", path, trouble.text);
	return false;
}

static void note_other(struct programs *out, const char *path, const char *version)
{
	size_t used = strlen(out->others);
	if (strstr(out->others, path) == NULL)
		(void)snprintf(out->others + used, sizeof out->others - used, "%s%s (%s)", used == 0 ? "" : ", ", path,
			       version);
}

static void consider(const struct search *search, const char *directory)
{
	const struct programs_search *settings = search->settings;
	struct programs *out = search->out;
	struct programs found = {0};
	char path[PATH_MAX], real[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, settings->program) >= sizeof path ||
	    access(path, X_OK) != 0 || realpath(path, real) == NULL || strcmp(strrchr(real, '/') + 1, WRAPPER) == 0 ||
	    !ask_version(&found, path, search))
		return;
	if (found.major < settings->least || found.major > settings->most) {
		note_other(out, path, found.version);
	} else if (found.major > out->major) {
		(void)snprintf(out->directory, sizeof out->directory, "%s", directory);
		(void)memcpy(out->version, found.version, sizeof out->version);
		out->major = found.major;
	}
}

static void consider_pattern(const struct search *search, const char *pattern)
{
	glob_t found = {0};
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			consider(search, found.gl_pathv[i]);
	globfree(&found);
}

static void consider_path(const struct search *search)
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

bool programs_find(struct programs *out, const struct programs_search *settings, const struct call *call)
{
	const struct search search = {.settings = settings, .call = call, .out = out};
	*out = (struct programs){0};
	if (settings->bindir != NULL)
		consider(&search, settings->bindir);
	for (size_t i = 0; settings->bindir == NULL && i < sizeof places / sizeof places[0]; i++)
		consider_pattern(&search, places[i]);
	if (settings->bindir == NULL)
		consider_path(&search);
	return out->major > 0;
}

#include "drill/tool.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "drill/workspace.h"
#include "sys/program.h"

bool tool_is_there(const char *bindir, const char *name)
{
	char path[PATH_MAX];
	return (size_t)snprintf(path, sizeof path, "%s/%s", bindir, name) < sizeof path && access(path, X_OK) == 0;
}

/* For text/argsplit.h: in '...' every character stands for itself, but for a quote. */
static enum status add_word(struct buffer *line, const char *word, struct error *err)
{
	enum status st = buffer_printf(line, err, "%s'", line->len > 0 ? " " : "");
	for (; !st && *word != '\0'; word++)
		st = *word == '\'' ? buffer_printf(line, err, "'\\''") : buffer_append(line, word, 1, err);
	return st ? st : buffer_printf(line, err, "'");
}

enum status tool_run(const struct tool *tool, const struct call *call, struct secret *out, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer line = {0};
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/%s", tool->bindir, tool->name) >= sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", tool->bindir);
	enum status st = add_word(&line, path, err);
	for (const char *const *word = tool->argv; !st && *word != NULL; word++)
		st = add_word(&line, *word, err);
	const struct program program = {.what = tool->name,
					.line = buffer_text(&line),
					.environment = tool->environment,
					.timeout_ms = INT64_MAX / 2,
					.truncate_output = true,
					.keeps_output = true,
					.waits = tool->waits};
	return st ? st : program_run(&program, call, out, err);
}

static enum status own(char **out, const char *name, const char *value, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = buffer_printf(&text, err, "%s=%s", name, value);
	if (!st)
		*out = strdup(buffer_text(&text));
	return st || *out != NULL ? st : error_set(err, STATUS_LOCAL, "out of memory");
}

static bool is_libpqs(const char *variable)
{
	return strncmp(variable, "PG", 2) == 0;
}

enum status tool_environment_make(struct tool_environment *out, const char *const *environment, const char *sockets,
				  const char *user, struct error *err)
{
	size_t count = 0, kept = 0;
	enum status st = STATUS_OK;
	*out = (struct tool_environment){0};
	while (environment[count] != NULL)
		count++;
	out->items = calloc(count + sizeof out->own / sizeof out->own[0] + 1, sizeof *out->items);
	if (out->items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (!is_libpqs(environment[i]))
			out->items[kept++] = environment[i];
	if (sockets != NULL)
		st = own(&out->own[0], "PGHOST", sockets, err);
	if (!st && sockets != NULL)
		st = own(&out->own[1], "PGPORT", SERVER_PORT, err);
	if (!st && user != NULL)
		st = own(&out->own[2], "PGUSER", user, err);
	for (size_t i = 0; !st && i < sizeof out->own / sizeof out->own[0]; i++)
		if (out->own[i] != NULL)
			out->items[kept++] = out->own[i];
	return st;
}

void tool_environment_fini(struct tool_environment *environment)
{
	for (size_t i = 0; i < sizeof environment->own / sizeof environment->own[0]; i++)
		free(environment->own[i]);
	free(environment->items);
	*environment = (struct tool_environment){0};
}

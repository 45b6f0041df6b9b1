#include "pg/data/relation_name.h"

#include <string.h>

#include "text/number.h"

static const char *const fork_suffixes[] = {[FORK_FSM] = "_fsm", [FORK_VM] = "_vm", [FORK_INIT] = "_init"};

/* A number as the server prints it: without a leading zero. NULL if there is none, else the text behind it. */
static const char *take_number(const char *text, uint64_t most, uint64_t *out)
{
	return *text == '0' ? NULL : number_read(text, most, out);
}

static const char *take_fork(const char *text, enum relation_fork *out)
{
	*out = FORK_MAIN;
	for (enum relation_fork fork = FORK_FSM; fork <= FORK_INIT; fork++) {
		size_t len = strlen(fork_suffixes[fork]);
		if (strncmp(text, fork_suffixes[fork], len) == 0) {
			*out = fork;
			return text + len;
		}
	}
	return text;
}

bool relation_name_parse(struct relation_name *out, const char *name)
{
	uint64_t backend = 0, segment = 0;
	*out = (struct relation_name){0};
	if (*name == 't') { /* the number of a backend may be 0 */
		name = number_read(name + 1, INT32_MAX, &backend);
		if (name == NULL || *name++ != '_')
			return false;
		out->temporary = true;
	}
	name = take_number(name, UINT32_MAX, &out->number);
	if (name == NULL)
		return false;
	name = take_fork(name, &out->fork);
	if (*name == '.' && (name = take_number(name + 1, UINT32_MAX / RELATION_SEGMENT_PAGES, &segment)) == NULL)
		return false;
	out->segment = (uint32_t)segment;
	return *name == '\0';
}

/* Moves past a component that is a number. */
static bool take_number_component(const char **path)
{
	uint64_t number;
	const char *end = take_number(*path, UINT32_MAX, &number);
	if (end == NULL || (*end != '\0' && *end != '/'))
		return false;
	*path = *end == '/' ? end + 1 : end;
	return true;
}

static bool take_text(const char **path, const char *text)
{
	size_t len = strlen(text);
	if (strncmp(*path, text, len) != 0)
		return false;
	*path += len;
	return true;
}

bool relation_directory(const char *path)
{
	if (strcmp(path, "global") == 0)
		return true;
	if (take_text(&path, "base/"))
		return take_number_component(&path) && *path == '\0' && path[-1] != '/';
	if (!take_text(&path, "pg_tblspc/") || !take_number_component(&path) || strncmp(path, "PG_", 3) != 0)
		return false;
	path = strchr(path, '/');
	if (path == NULL)
		return false;
	path++;
	return take_number_component(&path) && *path == '\0' && path[-1] != '/';
}

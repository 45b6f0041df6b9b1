#include "restore/tablespace_map.h"

#include <string.h>

static enum status put_escaped(struct buffer *out, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	for (; !st && *text != '\0'; text++) {
		if (*text == '\n' || *text == '\r' || *text == '\\')
			st = buffer_append(out, "\\", 1, err);
		if (!st)
			st = buffer_append(out, text, 1, err);
	}
	return st;
}

/* The length of the line with its newline; 0: it does not end. */
static size_t line_len(const char *line)
{
	for (size_t i = 0; line[i] != '\0'; i++) {
		if (line[i] == '\n')
			return i + 1;
		if (line[i] == '\\' && line[i + 1] != '\0')
			i++;
	}
	return 0;
}

static const struct root *find(const struct roots *roots, const char *oid, size_t len)
{
	for (size_t i = 1; i < roots->count; i++)
		if (strlen(roots->items[i].oid) == len && memcmp(roots->items[i].oid, oid, len) == 0)
			return &roots->items[i];
	return NULL;
}

enum status tablespace_map_make(struct buffer *out, const char *map, const struct roots *roots, struct error *err)
{
	enum status st = STATUS_OK;
	while (!st && *map != '\0') {
		size_t len = line_len(map), oid_len = strspn(map, "0123456789");
		if (len == 0 || oid_len == 0 || map[oid_len] != ' ')
			return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid %s",
					 "tablespace_map");
		const struct root *root = find(roots, map, oid_len);
		if (root == NULL) {
			st = buffer_append(out, map, len, err);
		} else {
			st = buffer_append(out, map, oid_len + 1, err);
			if (!st)
				st = put_escaped(out, root->directory, err);
			if (!st)
				st = buffer_append(out, "\n", 1, err);
		}
		map += len;
	}
	return st;
}

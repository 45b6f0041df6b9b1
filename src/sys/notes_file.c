#include "sys/notes_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "sys/read_file.h"

static bool skip(const char **text, const char *prefix)
{
	bool begins = strncmp(*text, prefix, strlen(prefix)) == 0;
	*text += begins ? strlen(prefix) : 0;
	return begins;
}

/* Reads the file at path. *others: it holds notes in this format, of another identity. */
static enum status read_one(const struct notes_file *file, const char *path, char **text, const char **notes,
			    bool *others, struct error *err)
{
	enum status st = read_file_whole(path, file->most, text, err);
	*notes = NULL;
	*others = false;
	if (st)
		return st == STATUS_MISSING || st == STATUS_DAMAGED ? STATUS_OK : st;
	const char *rest = *text;
	if (!skip(&rest, file->first_line) || *rest == '\0')
		return STATUS_OK;
	*others = !skip(&rest, file->identity);
	*notes = *others ? NULL : rest;
	return STATUS_OK;
}

static uint32_t hash(const char *identity)
{
	struct crc32c crc32c;
	crc32c_init(&crc32c);
	return crc32c_end(crc32c_add(&crc32c, CRC32C_BEGIN, identity, strlen(identity)));
}

enum status notes_file_read(const struct notes_file *file, char *path, size_t path_size, char **text,
			    const char **notes, struct error *err)
{
	bool others;
	(void)snprintf(path, path_size, "%s", file->plain);
	enum status st = read_one(file, path, text, notes, &others, err);
	if (st || !others)
		return st;
	freep(text);
	*text = NULL;
	(void)snprintf(path, path_size, "%s-%08x", file->plain, (unsigned)hash(file->identity));
	return read_one(file, path, text, notes, &others, err);
}

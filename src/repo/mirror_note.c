#include "repo/mirror_note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "sys/note.h"
#include "sys/spool.h"
#include "text/uri.h"

#define KIND "mirror"
#define PATH_SIZE (SPOOL_PATH_MAX + 32)

/* The note names its copy: another URL may have the same checksum. */
static void path_of(char out[PATH_SIZE], const char *directory, const char *copy_url)
{
	struct crc32c crc32c;
	crc32c_init(&crc32c);
	(void)snprintf(out, PATH_SIZE, "%s/mirror-%08" PRIx32, directory,
		       crc32c_end(crc32c_add(&crc32c, CRC32C_BEGIN, copy_url, strlen(copy_url))));
}

bool mirror_note_read(struct mirror_note *out, const char *spool, const char *copy_url)
{
	char directory[SPOOL_PATH_MAX], path[PATH_SIZE], url[URI_PATH_MAX];
	struct note note;
	*out = (struct mirror_note){0};
	if (!spool_path(spool, directory))
		return false;
	path_of(path, directory, copy_url);
	if (!note_read(&note, KIND, path) || !note_text(&note, "copy", url, sizeof url) || strcmp(url, copy_url) != 0)
		return false;
	(void)note_seconds(&note, "succeeded", &out->succeeded_s);
	(void)note_seconds(&note, "ended", &out->ended_s);
	(void)note_number(&note, "failures", UINT32_MAX, &out->failures);
	(void)note_number(&note, "behind-objects", INT64_MAX, &out->behind_objects);
	(void)note_number(&note, "behind-bytes", INT64_MAX, &out->behind_bytes);
	(void)note_text(&note, "newest", out->newest, sizeof out->newest);
	(void)note_text(&note, "error", out->error, sizeof out->error);
	return true;
}

enum status mirror_note_write(const struct mirror_note *mirror, const char *spool, const char *copy_url,
			      struct error *err)
{
	char directory[SPOOL_PATH_MAX], path[PATH_SIZE];
	struct note note;
	enum status st = spool_prepare(spool, directory, err);
	if (st)
		return st;
	note_begin(&note, KIND);
	note_put(&note, "copy", "%s", copy_url);
	note_put(&note, "succeeded", "%" PRId64, mirror->succeeded_s);
	note_put(&note, "ended", "%" PRId64, mirror->ended_s);
	note_put(&note, "failures", "%" PRIu64, mirror->failures);
	note_put(&note, "behind-objects", "%" PRIu64, mirror->behind_objects);
	note_put(&note, "behind-bytes", "%" PRIu64, mirror->behind_bytes);
	note_put(&note, "newest", "%s", mirror->newest);
	note_put(&note, "error", "%s", mirror->error);
	path_of(path, directory, copy_url);
	return note_end(&note) ? note_replace(&note, path, err)
			       : error_set(err, STATUS_LOCAL, "the note of the mirror run is too long");
}

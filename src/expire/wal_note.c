#include "expire/wal_note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/note.h"
#include "sys/spool.h"

#define KIND "expire"
#define PATH_SIZE (SPOOL_PATH_MAX + 64)

static bool find(char path[PATH_SIZE], const struct repository_settings *settings, uint64_t system_id)
{
	char spool[SPOOL_PATH_MAX];
	struct error ignored = {0};
	if (spool_prepare(settings->spool, spool, &ignored))
		return false;
	(void)snprintf(path, PATH_SIZE, "%s/expire-%" PRIu64, spool, system_id);
	return true;
}

static const char *endpoint_of(const struct repository_settings *settings)
{
	return settings->s3.endpoint == NULL ? "" : settings->s3.endpoint;
}

void wal_note_put(const struct repository_settings *settings, uint64_t system_id, const struct backup_label *label)
{
	char path[PATH_SIZE];
	struct note note;
	struct error ignored = {0};
	note_begin(&note, KIND);
	note_put(&note, "repo", "%s", settings->url);
	note_put(&note, "s3-endpoint", "%s", endpoint_of(settings));
	note_put(&note, "label", "%s", label->text);
	if (note_end(&note) && find(path, settings, system_id))
		(void)note_replace(&note, path, &ignored);
}

static bool has_line(const struct note *note, const char *key, const char *expected)
{
	char value[NOTE_MAX];
	return note_text(note, key, value, sizeof value) && strcmp(value, expected) == 0;
}

bool wal_note_holds(const struct repository_settings *settings, uint64_t system_id, const struct backup_list *list)
{
	char path[PATH_SIZE], text[BACKUP_LABEL_MAX];
	struct backup_label label;
	struct note note;
	if (!find(path, settings, system_id) || !note_read(&note, KIND, path) ||
	    !has_line(&note, "repo", settings->url) || !has_line(&note, "s3-endpoint", endpoint_of(settings)) ||
	    !note_text(&note, "label", text, sizeof text) || !backup_label_parse(&label, text))
		return false;
	const struct listed_backup *backup = backup_list_find(list, &label);
	return backup == NULL || !backup->complete;
}

void wal_note_remove(const struct repository_settings *settings, uint64_t system_id)
{
	char path[PATH_SIZE];
	if (find(path, settings, system_id))
		(void)unlink(path);
}

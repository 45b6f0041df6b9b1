/* The end of a restore: the files from which the server starts, and pg_control, without which it does not. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "restore/control_file.h"
#include "restore/places.h"
#include "restore/tablespace_map.h"
#include "sys/newfile.h"

struct finish {
	const struct tree_restore_settings *settings;
	struct places places;
};

static void finish_fini(struct finish *finish)
{
	places_fini(&finish->places);
}

/* Durably: another file of this name is replaced. */
static enum status put_file(const struct finish *finish, const char *name, const void *content, size_t len,
			    struct error *err)
{
	char path[PATH_MAX];
	CLEANUP(newfile_fini) struct newfile file = {0};
	if ((size_t)snprintf(path, sizeof path, "%s/%s", finish->settings->directory, name) >= sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", finish->settings->directory);
	enum status st = newfile_open(&file, path, S_IRUSR | S_IWUSR, err);
	/* A directory that has just been restored. */
	if (st == STATUS_MISSING)
		st = STATUS_LOCAL;
	if (!st)
		st = newfile_write(&file, content, len, err);
	if (!st)
		st = places_adopt(&finish->places, file.fd, places_file_mode(&finish->places), path, err);
	return st ? st : newfile_replace_durably(&file, err);
}

static enum status put_label(const struct finish *finish, struct error *err)
{
	const char *label = finish->settings->manifest->backup_label;
	if (label == NULL || *label == '\0')
		return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid %s", "backup_label");
	return put_file(finish, "backup_label", label, strlen(label), err);
}

static enum status put_tablespace_map(const struct finish *finish, struct error *err)
{
	const char *map = finish->settings->manifest->tablespace_map;
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (map == NULL || *map == '\0')
		return STATUS_OK;
	enum status st = tablespace_map_make(&text, map, &finish->places, err);
	return st ? st : put_file(finish, "tablespace_map", text.data, text.len, err);
}

enum status tree_restore_finish(const struct tree_restore_settings *settings, struct error *err)
{
	CLEANUP(finish_fini) struct finish finish = {.settings = settings};
	uint8_t control[CONTROL_FILE_BYTES];
	const char *digits = settings->manifest->pg_control;
	enum status st = control_file_make(control, digits == NULL ? "" : digits, err);
	if (!st)
		st = places_open(&finish.places, settings, PLACES_FINISH, err);
	if (!st)
		st = put_label(&finish, err);
	if (!st)
		st = put_tablespace_map(&finish, err);
	if (!st)
		st = places_sync(&finish.places, err);
	return st ? st : put_file(&finish, "global/pg_control", control, sizeof control, err);
}

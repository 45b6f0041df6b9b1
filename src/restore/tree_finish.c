/* The end of a restore: the files from which the server starts, and pg_control, without which it does not. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "pg/data/control_file.h"
#include "restore/postgres_manifest.h"
#include "restore/tablespace_map.h"
#include "sys/newfile.h"
#include "text/hex.h"

#define CHECKPOINT_AT 32 /* ControlFileData.checkPoint, in PostgreSQL 11 and later */
#define CHECKPOINT_INVALID 0xDEADBEEFDEADBEEFU

struct finish {
	const struct tree_restore_settings *settings;
	struct roots roots;
};

static void finish_fini(struct finish *finish)
{
	roots_fini(&finish->roots);
}

/* Durably: another file of this name is replaced. */
static enum status put_file(const struct finish *finish, const char *name, const void *content, size_t len,
			    struct error *err)
{
	CLEANUP(newfile_fini) struct newfile file = {0};
	enum status st = newfile_open_beneath(&file, finish->roots.items[0].fd, name, S_IRUSR | S_IWUSR, err);
	/* A directory that has just been restored. */
	if (st == STATUS_MISSING)
		st = STATUS_LOCAL;
	if (!st)
		st = newfile_write(&file, content, len, err);
	if (!st)
		st = roots_adopt(&finish->roots, file.fd, roots_file_mode(&finish->roots), name, err);
	if (!st)
		st = newfile_replace_durably(&file, err);
	return st ? error_wrap(err, st, "%s", finish->settings->directory) : STATUS_OK;
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
	enum status st = tablespace_map_make(&text, map, &finish->roots, err);
	return st ? st : put_file(finish, "tablespace_map", text.data, text.len, err);
}

/* The backup's pg_control, with an invalid last checkpoint: a server without backup_label does not start. */
static enum status make_control(uint8_t out[CONTROL_FILE_BYTES], const char *digits, struct error *err)
{
	const uint64_t invalid = CHECKPOINT_INVALID;
	struct crc32c crc32c;
	size_t len = strlen(digits) / 2;
	memset(out, 0, CONTROL_FILE_BYTES);
	bool decoded = len <= CONTROL_FILE_BYTES && strlen(digits) % 2 == 0 && hex_decode(out, digits, len);
	size_t at = decoded ? control_file_crc_at(out) : 0;
	if (at == 0)
		return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid %s", "pg_control");
	memcpy(out + CHECKPOINT_AT, &invalid, sizeof invalid);
	crc32c_init(&crc32c);
	uint32_t crc = crc32c_end(crc32c_add(&crc32c, CRC32C_BEGIN, out, at));
	memcpy(out + at, &crc, sizeof crc);
	return STATUS_OK;
}

enum status tree_restore_finish(const struct tree_restore_settings *settings, struct error *err)
{
	CLEANUP(finish_fini) struct finish finish = {.settings = settings};
	uint8_t control[CONTROL_FILE_BYTES];
	const char *digits = settings->manifest->pg_control;
	enum status st = make_control(control, digits == NULL ? "" : digits, err);
	if (!st)
		st = roots_open(&finish.roots, settings, ROOTS_FINISH, err);
	if (!st)
		st = put_label(&finish, err);
	if (!st)
		st = put_tablespace_map(&finish, err);
	if (!st && settings->postgres_manifest)
		st = postgres_manifest_write(&finish.roots, settings, control, err);
	if (!st)
		st = roots_sync(&finish.roots, err);
	return st ? st : put_file(&finish, CONTROL_FILE, control, sizeof control, err);
}

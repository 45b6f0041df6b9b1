#include "drill/later_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/wal/records.h"
#include "sys/program_stream.h"
#include "sys/read_file.h"

#define PIECE_BYTES (256UL * 1024)
#define CODE_MAX 16
#define FAILED_ABOVE 125 /* the server stops then (RestoreArchivedFile in xlogarchive.c) */

/*
 * restore_command, as the server runs it.
 */

/* As BuildRestoreCommand in xlogarchive.c. */
static enum status add_command(struct buffer *out, const char *command, const char *name, const char *path,
			       struct error *err)
{
	enum status st = STATUS_OK;
	for (const char *at = command; !st && *at != '\0'; at++) {
		if (*at != '%' || at[1] == '\0')
			st = buffer_append(out, at, 1, err);
		else if (*++at == 'f' || *at == 'p')
			st = buffer_printf(out, err, "%s", *at == 'f' ? name : path);
		else
			st = buffer_append(out, at, 1, err);
	}
	return st;
}

struct answer {
	char text[CODE_MAX];
	size_t len;
};

static enum status take_answer(void *arg, const void *data, size_t len, struct error *err)
{
	struct answer *answer = arg;
	if (len >= sizeof answer->text - answer->len)
		return error_set(err, STATUS_UNREACHABLE, "restore_command printed something");
	memcpy(answer->text + answer->len, data, len);
	answer->len += len;
	return STATUS_OK;
}

/* In the copy, whose recovery.signal says that parts count. STATUS_MISSING: there is no such segment. */
static enum status run_command(const struct later_wal *wal, const char *name, const char *path, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer script = {0};
	CLEANUP(buffer_fini) struct buffer messages = {0};
	struct answer answer = {.len = 0};
	enum status st = buffer_printf(&script, err, "cd \"$1\" || exit\n");
	if (!st)
		st = add_command(&script, wal->restore_command, name, path, err);
	if (!st)
		st = buffer_printf(&script, err, "\necho $?");
	if (st)
		return st;
	const char *const argv[] = {"/bin/sh", "-c", buffer_text(&script), "sh", wal->workspace->data, NULL};
	const struct program_stream program = {argv, wal->environment, take_answer, &answer};
	st = program_stream(&program, wal->call, &messages, err);
	const char *first = buffer_text(&messages);
	int first_len = (int)strcspn(first, "\n");
	if (st)
		return error_wrap(err, st, "restore_command for %s", name);
	long code = strtol(answer.text, NULL, 10);
	if (code > FAILED_ABOVE)
		return error_set(err, STATUS_UNREACHABLE, "restore_command ended with code %ld for %s: %.*s", code,
				 name, first_len, first);
	if (first_len > 0)
		log_line(wal->call->log, LEVEL_INFO, "%.*s", first_len, first);
	return code == 0 ? STATUS_OK : STATUS_MISSING;
}

/*
 * The records.
 */

struct scan {
	const struct later_wal *wal;
	struct records records;
	uint8_t *piece;
	uint32_t segment_bytes;
	bool ended;      /* recovery ends in the last file */
	bool tablespace; /* one was created */
};

static void see(void *arg, const struct record_mark *mark)
{
	struct scan *scan = arg;
	if (mark->kind == MARK_TABLESPACE && mark->location[0] != '\0')
		scan->tablespace = true;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/*
 * A segment of parts ends with zeros. *blind: something follows the end of the records, which nobody has looked at.
 */
static enum status read_records(struct scan *scan, int fd, const char *path, uint64_t begin_lsn, bool *blind,
				struct error *err)
{
	for (uint64_t at = 0; at < scan->segment_bytes; at += PIECE_BYTES) {
		struct error end;
		ssize_t len = read_file_at(fd, scan->piece, PIECE_BYTES, at);
		if (len != (ssize_t)PIECE_BYTES)
			return error_errno(err, STATUS_LOCAL, len < 0 ? errno : EIO, "read %s", path);
		uint64_t seen = 0;
		if (!scan->ended && records_feed(&scan->records, scan->piece, PIECE_BYTES, &end)) {
			scan->ended = true;
			seen = scan->records.lsn - begin_lsn - at;
			log_line(scan->wal->call->log, LEVEL_INFO, "drill: the later WAL ends: %s", end.text);
		}
		*blind |= scan->ended && !is_zero(scan->piece + seen, PIECE_BYTES - seen);
	}
	return STATUS_OK;
}

static enum status read_file(struct scan *scan, const char *path, const struct wal_name *name, bool *blind,
			     struct error *err)
{
	struct stat info;
	uint64_t number = 0;
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	bool first = scan->segment_bytes == 0;
	if (!wal_segment_size_is_valid((uint64_t)info.st_size) || (!first && info.st_size != scan->segment_bytes) ||
	    !wal_name_number(name, (uint32_t)info.st_size, &number))
		return error_set(err, STATUS_DAMAGED, "%s has no size of a WAL segment", name->text);
	scan->segment_bytes = (uint32_t)info.st_size;
	uint64_t begin_lsn = number * scan->segment_bytes;
	if (first) {
		records_init(&scan->records, scan->records.crc32c, scan->wal->system_id, name->timeline, begin_lsn,
			     scan->segment_bytes);
		scan->records.marked = see;
		scan->records.mark_arg = scan;
	}
	return read_records(scan, fd, path, begin_lsn, blind, err);
}

static enum status refuse(const char *name, struct error *err)
{
	(void)error_set(
	    err, STATUS_CONFLICT,
	    "a tablespace was created after the backup, in %s: a copy would make it in its original directory", name);
	return error_hint(err, STATUS_CONFLICT, "make a new backup, which has the tablespace: walship backup");
}

static enum status fetch_one(struct scan *scan, const struct wal_name *name, bool *blind, struct error *err)
{
	char path[PATH_MAX + WAL_NAME_MAX], relative[sizeof "../" WORKSPACE_WAL "/" + WAL_NAME_MAX];
	*blind = false;
	(void)snprintf(relative, sizeof relative, "../" WORKSPACE_WAL "/%s", name->text);
	(void)snprintf(path, sizeof path, "%s/%s", scan->wal->workspace->wal, name->text);
	enum status st = run_command(scan->wal, name->text, relative, err);
	if (!st)
		st = read_file(scan, path, name, blind, err);
	if (!st && scan->tablespace)
		st = refuse(name->text, err);
	if (!st && *blind && unlink(path) != 0)
		st = error_errno(err, STATUS_LOCAL, errno, "remove %s", path);
	return st;
}

/* The last segment again: its last record may go on in the next one. */
static enum status fetch_all(struct scan *scan, struct later_wal *wal, struct error *err)
{
	struct wal_name name;
	bool blind;
	enum status st = wal_name_parse(&name, wal->last, err);
	if (!st)
		st = fetch_one(scan, &name, &blind, err);
	while (!st && !scan->ended && wal_name_next(&name, scan->segment_bytes) &&
	       (wal->segments == 0 || (wal->segments + 1) * scan->segment_bytes <= LATER_WAL_MAX)) {
		uint64_t number = 0;
		st = fetch_one(scan, &name, &blind, err);
		if (st || blind)
			break;
		wal->segments++;
		(void)wal_name_number(&name, scan->segment_bytes, &number);
		wal->lsn = number * scan->segment_bytes;
	}
	return st == STATUS_MISSING ? STATUS_OK : st;
}

enum status later_wal_fetch(struct later_wal *wal, struct error *err)
{
	CLEANUP(freep) struct crc32c *crc32c = malloc(sizeof *crc32c);
	CLEANUP(freep) uint8_t *piece = malloc(PIECE_BYTES);
	struct scan scan = {.wal = wal, .records.crc32c = crc32c, .piece = piece};
	wal->segments = 0;
	wal->lsn = 0;
	if (crc32c == NULL || piece == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	crc32c_init(crc32c);
	return fetch_all(&scan, wal, err);
}

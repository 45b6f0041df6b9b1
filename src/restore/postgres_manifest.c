#include "restore/postgres_manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "catalog/index_reader.h"
#include "restore/target.h"
#include "sys/libcrypto.h"
#include "sys/newfile.h"
#include "sys/read_file.h"
#include "text/hex.h"

#define SHA256_BYTES 32
#define CHUNK (256UL * 1024)
#define TIME_TEXT_MAX 64

struct writing {
	const struct roots *roots;
	const struct manifest *manifest;
	struct newfile file;
	EVP_MD_CTX *sha256; /* of the text so far */
	struct crc32c crc32c;
	struct buffer line;
	uint8_t *chunk;
	bool has_files;
};

static void writing_fini(struct writing *writing)
{
	newfile_fini(&writing->file);
	libcrypto.EVP_MD_CTX_free(writing->sha256);
	buffer_fini(&writing->line);
	free(writing->chunk);
}

static enum status refuse(struct error *err)
{
	return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
}

/* Writes the line, and counts it in the manifest's own sum. */
static enum status put_line(struct writing *writing, struct error *err)
{
	const struct buffer *line = &writing->line;
	if (libcrypto.EVP_DigestUpdate(writing->sha256, line->data, line->len) != 1)
		return refuse(err);
	enum status st = newfile_write(&writing->file, line->data, line->len, err);
	buffer_clear(&writing->line);
	return st;
}

/* JSON's own escapes are not needed: a path with other characters is encoded, as the server does with other text. */
static enum status put_path(struct buffer *line, const char *path, struct error *err)
{
	bool is_plain = true;
	for (const char *at = path; *at != '\0'; at++)
		is_plain = is_plain && *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\';
	if (is_plain)
		return buffer_printf(line, err, "{ \"Path\": \"%s\"", path);
	enum status st = buffer_printf(line, err, "{ \"Encoded-Path\": \"");
	for (const char *at = path; !st && *at != '\0'; at++)
		st = buffer_printf(line, err, "%02x", (unsigned)(unsigned char)*at);
	return st ? st : buffer_printf(line, err, "\"");
}

static enum status put_entry(struct writing *writing, const char *path, const struct stat *info, uint32_t crc,
			     struct error *err)
{
	char modified[TIME_TEXT_MAX], digits[2 * sizeof crc + 1];
	struct tm tm;
	if (gmtime_r(&info->st_mtime, &tm) == NULL ||
	    strftime(modified, sizeof modified, "%Y-%m-%d %H:%M:%S GMT", &tm) == 0)
		(void)strcpy(modified, "1970-01-01 00:00:00 GMT");
	/* The bytes as they are in memory (pg_checksum_final). */
	hex_encode(digits, &crc, sizeof crc);
	enum status st = buffer_printf(&writing->line, err, "%s", writing->has_files ? ",\n" : "");
	if (!st)
		st = put_path(&writing->line, path, err);
	if (!st)
		st = buffer_printf(&writing->line, err,
				   ", \"Size\": %" PRIu64 ", \"Last-Modified\": \"%s\", \"Checksum-Algorithm\": "
				   "\"CRC32C\", \"Checksum\": \"%s\" }",
				   (uint64_t)info->st_size, modified, digits);
	writing->has_files = true;
	return st ? st : put_line(writing, err);
}

static enum status put_file(struct writing *writing, const char *path, struct error *err)
{
	CLEANUP(fd_closep) int fd = target_open_path(writing->roots, path, O_RDONLY);
	struct stat info;
	uint32_t crc = CRC32C_BEGIN;
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", path);
	for (;;) {
		ssize_t got = read_file_open(fd, writing->chunk, CHUNK);
		if (got < 0)
			return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
		crc = crc32c_add(&writing->crc32c, crc, writing->chunk, (size_t)got);
		if ((size_t)got < CHUNK)
			break;
	}
	return put_entry(writing, path, &info, crc32c_end(crc), err);
}

static enum status put_control(struct writing *writing, const uint8_t *control, struct error *err)
{
	const struct stat info = {.st_size = CONTROL_FILE_BYTES, .st_mtime = writing->manifest->ended};
	uint32_t crc = crc32c_add(&writing->crc32c, CRC32C_BEGIN, control, CONTROL_FILE_BYTES);
	return put_entry(writing, CONTROL_FILE, &info, crc32c_end(crc), err);
}

/* The recovery settings decide which of them is there, also for a backup of a standby; pg_verifybackup ignores both. */
static bool is_signal_file(const char *path)
{
	return strcmp(path, "standby.signal") == 0 || strcmp(path, "recovery.signal") == 0;
}

static enum status put_files(struct writing *writing, const struct tree_restore_settings *settings, struct error *err)
{
	CLEANUP(index_reader_fini) struct index_reader reader;
	index_reader_init(&reader, settings->repo, settings->call, settings->manifest);
	for (;;) {
		bool more;
		enum status st = index_reader_next(&reader, &more, err);
		if (!st && more && !reader.entry.is_directory && !is_signal_file(reader.entry.path))
			st = put_file(writing, reader.entry.path, err);
		if (st || !more)
			return st;
	}
}

static enum status put_end(struct writing *writing, struct error *err)
{
	const struct manifest *manifest = writing->manifest;
	uint8_t sum[SHA256_BYTES];
	char digits[2 * sizeof sum + 1];
	enum status st =
	    buffer_printf(&writing->line, err,
			  "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": %" PRIu64 ", \"Start-LSN\": \"%" PRIX64 "/%" PRIX64
			  "\", \"End-LSN\": \"%" PRIX64 "/%" PRIX64 "\" }\n],\n",
			  manifest->stop_timeline, manifest->start_lsn >> 32, manifest->start_lsn & UINT32_MAX,
			  manifest->stop_lsn >> 32, manifest->stop_lsn & UINT32_MAX);
	if (!st)
		st = put_line(writing, err);
	if (st)
		return st;
	if (libcrypto.EVP_DigestFinal_ex(writing->sha256, sum, NULL) != 1)
		return refuse(err);
	hex_encode(digits, sum, sizeof sum);
	st = buffer_printf(&writing->line, err, "\"Manifest-Checksum\": \"%s\"}\n", digits);
	return st ? st : newfile_write(&writing->file, writing->line.data, writing->line.len, err);
}

static enum status begin(struct writing *writing, const char *directory, struct error *err)
{
	char path[PATH_MAX];
	crc32c_init(&writing->crc32c);
	writing->chunk = malloc(CHUNK);
	if (writing->chunk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	if ((size_t)snprintf(path, sizeof path, "%s/backup_manifest", directory) >= sizeof path)
		return error_set(err, STATUS_USAGE, "path too long: %.64s...", directory);
	enum status st = newfile_open(&writing->file, path, S_IRUSR | S_IWUSR, err);
	if (!st)
		st = roots_adopt(writing->roots, writing->file.fd, roots_file_mode(writing->roots), path, err);
	writing->sha256 = libcrypto.EVP_MD_CTX_new();
	if (!st && (writing->sha256 == NULL ||
		    libcrypto.EVP_DigestInit_ex2(writing->sha256, libcrypto.EVP_sha256(), NULL) != 1))
		st = refuse(err);
	if (!st)
		st = buffer_printf(&writing->line, err, "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n");
	return st ? st : put_line(writing, err);
}

enum status postgres_manifest_write(const struct roots *roots, const struct tree_restore_settings *settings,
				    const uint8_t control[CONTROL_FILE_BYTES], struct error *err)
{
	CLEANUP(writing_fini) struct writing writing = {.roots = roots, .manifest = settings->manifest};
	const char *map = settings->manifest->tablespace_map;
	enum status st = begin(&writing, settings->directory, err);
	if (!st)
		st = put_files(&writing, settings, err);
	if (!st)
		st = put_file(&writing, "backup_label", err);
	if (!st && map != NULL && *map != '\0')
		st = put_file(&writing, "tablespace_map", err);
	if (!st)
		st = put_control(&writing, control, err);
	if (!st)
		st = put_end(&writing, err);
	return st ? st : newfile_replace_durably(&writing.file, err);
}

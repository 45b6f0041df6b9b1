#include "stream/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sys/read_file.h"

#define CHUNK (64 * 1024)

struct file_sink {
	struct sink sink;
	struct newfile *file;
	uint64_t left;
};

static enum status file_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct file_sink *self = (struct file_sink *)sink;
	if (len > self->left)
		return error_set(err, STATUS_DAMAGED, "the content is longer than any WAL file");
	self->left -= len;
	return newfile_write(self->file, data, len, err);
}

static enum status file_finish(struct sink *sink, struct error *err)
{
	return newfile_check_writes(((struct file_sink *)sink)->file, err);
}

static void plain_free(struct sink *sink)
{
	free(sink);
}

static const struct sink_ops file_ops = {file_write, file_finish, plain_free};

enum status file_sink_new(struct sink **out, struct newfile *file, uint64_t max_bytes, struct error *err)
{
	struct file_sink *self = malloc(sizeof *self);
	if (self == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	*self = (struct file_sink){{&file_ops}, file, max_bytes};
	*out = &self->sink;
	return STATUS_OK;
}

struct compare_sink {
	struct sink sink;
	int fd;
	uint64_t offset;
	char chunk[CHUNK];
};

static enum status differs(uint64_t offset, struct error *err)
{
	return error_set(err, STATUS_CONFLICT, "differs from byte %" PRIu64 " on", offset);
}

static enum status compare_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct compare_sink *self = (struct compare_sink *)sink;
	const char *from = data;
	while (len > 0) {
		size_t piece = len < sizeof self->chunk ? len : sizeof self->chunk;
		ssize_t got = read_file_at(self->fd, self->chunk, piece, self->offset);
		if (got < 0)
			return error_errno(err, STATUS_LOCAL, errno, "read");
		for (size_t i = 0; i < piece; i++)
			if (i >= (size_t)got || self->chunk[i] != from[i])
				return differs(self->offset + i, err);
		self->offset += piece;
		from += piece;
		len -= piece;
	}
	return STATUS_OK;
}

static enum status compare_finish(struct sink *sink, struct error *err)
{
	struct compare_sink *self = (struct compare_sink *)sink;
	ssize_t got = read_file_at(self->fd, self->chunk, 1, self->offset);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read");
	return got == 0 ? STATUS_OK : differs(self->offset, err);
}

static const struct sink_ops compare_ops = {compare_write, compare_finish, plain_free};

enum status compare_sink_new(struct sink **out, int fd, struct error *err)
{
	struct compare_sink *self = malloc(sizeof *self);
	if (self == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	self->sink.ops = &compare_ops;
	self->fd = fd;
	self->offset = 0;
	*out = &self->sink;
	return STATUS_OK;
}

enum status file_copy(int fd, const char *path, struct sink *into, uint64_t *bytes, struct error *err)
{
	char *chunk = malloc(CHUNK);
	enum status st = STATUS_OK;
	ssize_t got = 0;
	*bytes = 0;
	if (chunk == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	while (!st && (got = read_file_at(fd, chunk, CHUNK, *bytes)) > 0) {
		*bytes += (uint64_t)got;
		st = sink_write(into, chunk, (size_t)got, err);
	}
	if (got < 0)
		st = error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	free(chunk);
	return st;
}

#include "catalog/series.h"

#include <inttypes.h>

#include "base/cleanup.h"

static void name_object(char out[BACKUP_OBJECT_NAME_MAX], const struct series *series, uint32_t number)
{
	backup_object_name(out, series->system_id, &series->label, series->part, number);
}

static enum status begin_object(struct series_writer *writer, struct error *err)
{
	if (writer->count == UINT32_MAX)
		return error_set(err, STATUS_LOCAL, "the backup has too many files");
	writer->count++;
	writer->object_bytes = 0;
	name_object(writer->name, &writer->series, writer->count);
	writer->step = call_step(writer->series.call);
	return object_begin(writer->series.repo, &writer->step, writer->name, &writer->settings, &writer->object, err);
}

static enum status finish_object(struct series_writer *writer, struct error *err)
{
	if (writer->object == NULL)
		return STATUS_OK;
	writer->step = call_step(writer->series.call);
	enum status st = sink_finish(writer->object, err);
	series_writer_fini(writer);
	return st;
}

enum status series_write(struct series_writer *writer, const void *records, size_t len, struct error *err)
{
	enum status st = STATUS_OK;
	if (len == 0)
		return STATUS_OK;
	if (writer->object != NULL && writer->object_bytes >= SERIES_OBJECT_BYTES)
		st = finish_object(writer, err);
	if (!st && writer->object == NULL)
		st = begin_object(writer, err);
	if (st || writer->object == NULL)
		return st;
	/* The object is filled over a long time: the store has its own time for each write. */
	writer->step = call_step(writer->series.call);
	st = sink_write(writer->object, records, len, err);
	writer->object_bytes += len;
	writer->bytes += len;
	return st;
}

enum status series_writer_end(struct series_writer *writer, struct error *err)
{
	return finish_object(writer, err);
}

void series_writer_fini(struct series_writer *writer)
{
	sink_free(writer->object);
	writer->object = NULL;
}

/* The series has been read to its end. */
static enum status check_length(const struct series_reader *reader, struct error *err)
{
	if (reader->bytes_read == reader->bytes)
		return STATUS_OK;
	return error_set(
	    err, STATUS_DAMAGED, "backup %s: its manifest says that %s has %" PRIu64 " bytes, but it has %" PRIu64,
	    reader->series.label.text, backup_part_name(reader->series.part), reader->bytes, reader->bytes_read);
}

enum status series_next(struct series_reader *reader, bool *more, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	buffer_clear(&reader->content);
	reader->content.max = SERIES_OBJECT_MAX;
	*more = reader->number < reader->count;
	if (!*more)
		return check_length(reader, err);
	name_object(name, &reader->series, ++reader->number);
	enum status st = object_read(reader->series.repo, reader->series.call, name, &reader->content, NULL, err);
	reader->bytes_read += reader->content.len;
	return st == STATUS_MISSING ? error_set(err, STATUS_DAMAGED, "%s is missing", name) : st;
}

void series_reader_fini(struct series_reader *reader)
{
	buffer_fini(&reader->content);
}

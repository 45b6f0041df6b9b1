#include "format/pack.h"

#include <stdlib.h>

#include "base/cleanup.h"

struct pack_writer {
	struct frame_object object;
	struct frame_coder *sealer;
	struct frame frame;
	struct sink *out;
	uint64_t bytes;
};

enum status pack_writer_new(struct pack_writer **out, const struct pack_params *params, struct sink *object,
			    struct error *err)
{
	enum status st = codec_check(params->codec, STATUS_USAGE, err);
	struct pack_writer *writer = st ? NULL : calloc(1, sizeof *writer);
	if (writer == NULL) {
		sink_free(object);
		return st ? st : error_set(err, STATUS_LOCAL, "out of memory for a pack");
	}
	writer->out = object;
	writer->object = (struct frame_object){.key = params->key, .name = params->name};
	header_make(&writer->object.header, params->codec, params->key, params->salt);
	if (params->has_pages && params->codec != codec_by_name("none"))
		writer->object.header.arrangement = ARRANGEMENT_ROWS;
	writer->frame.bytes = malloc(FRAME_MAX);
	if (writer->frame.bytes == NULL)
		st = error_set(err, STATUS_LOCAL, "out of memory for a pack");
	if (!st)
		st = frame_sealer_new(&writer->sealer, &writer->object, params->level, err);
	if (!st)
		st = sink_write(object, &writer->object.header, sizeof writer->object.header, err);
	if (st) {
		pack_writer_free(writer);
		return st;
	}
	writer->bytes = sizeof writer->object.header;
	*out = writer;
	return STATUS_OK;
}

const struct object_header *pack_writer_header(const struct pack_writer *writer)
{
	return &writer->object.header;
}

uint64_t pack_writer_bytes(const struct pack_writer *writer)
{
	return writer->bytes;
}

/* Seals what writer->frame has, and passes it on. */
static enum status write_frame(struct pack_writer *writer, struct pack_place *place, struct error *err)
{
	struct frame *frame = &writer->frame;
	if (frame->number > UINT32_MAX)
		return error_set(err, STATUS_LOCAL, "a pack has too many frames");
	enum status st = frame_seal(writer->sealer, frame, err);
	if (!st)
		st = sink_write(writer->out, frame->bytes, frame->bytes_len, err);
	if (st)
		return st;
	*place = (struct pack_place){writer->bytes, (uint32_t)frame->bytes_len, (uint32_t)frame->number++};
	writer->bytes += frame->bytes_len;
	return STATUS_OK;
}

enum status pack_writer_add(struct pack_writer *writer, uint8_t *content, size_t len, struct pack_place *place,
			    struct error *err)
{
	writer->frame.content = content;
	writer->frame.content_len = len;
	return write_frame(writer, place, err);
}

enum status pack_writer_close(struct pack_writer *writer, struct sink **object, uint64_t *bytes, struct error *err)
{
	uint8_t nothing = 0;
	struct pack_place place;
	writer->frame.last = true;
	enum status st = pack_writer_add(writer, &nothing, 0, &place, err);
	*object = st ? NULL : STEAL(writer->out);
	*bytes = writer->bytes;
	pack_writer_free(writer);
	return st;
}

void pack_writer_free(struct pack_writer *writer)
{
	if (writer == NULL)
		return;
	frame_coder_free(writer->sealer);
	free(writer->frame.bytes);
	sink_free(writer->out);
	free(writer);
}

struct pack_reader {
	struct frame_object object;
	struct frame_coder *opener;
};

enum status pack_reader_new(struct pack_reader **out, const struct object_header *header,
			    const struct unseal_params *params, struct error *err)
{
	struct pack_reader *reader = calloc(1, sizeof *reader);
	bool newer;
	if (reader == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for a pack");
	reader->object.name = params->name;
	enum status st = header_read(&reader->object.header, header, sizeof *header, &newer, err);
	if (!st)
		st = unseal_find_key(params, &reader->object, err);
	if (!st)
		st = frame_opener_new(&reader->opener, &reader->object, err);
	if (st) {
		pack_reader_free(reader);
		return st;
	}
	*out = reader;
	return STATUS_OK;
}

enum status pack_reader_open(struct pack_reader *reader, const struct pack_place *place, uint8_t *bytes,
			     struct sink *content, struct error *err)
{
	size_t body_len = 0;
	if (place->bytes < FRAME_MIN)
		return error_set(err, STATUS_DAMAGED, "damaged: a frame of %u bytes", place->bytes);
	enum status st = frame_body_len(bytes, &body_len, err);
	if (st)
		return st;
	if (body_len != place->bytes - FRAME_MIN)
		return error_set(err, STATUS_DAMAGED, "damaged: a frame of %zu bytes, not of %u", body_len + FRAME_MIN,
				 place->bytes);
	struct frame frame = {.number = place->number, .bytes = bytes, .bytes_len = place->bytes};
	return frame_open(reader->opener, &frame, content, err);
}

void pack_reader_free(struct pack_reader *reader)
{
	if (reader == NULL)
		return;
	frame_coder_free(reader->opener);
	free(reader);
}

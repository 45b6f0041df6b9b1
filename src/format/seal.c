#include "format/seal.h"

#include <stdlib.h>
#include <string.h>

#include "job/pipeline.h"

struct sealer {
	struct sink sink;
	struct sink *next;
	struct frame_object object;
	int level;
	struct pipeline pipeline;
	struct frame_coder *coders[PIPELINE_THREADS_MAX];
	struct frame frames[PIPELINE_SLOTS_MAX];
	uint64_t number;    /* of the frame that is being filled */
	size_t packed;      /* content of that frame that is compressed already */
	size_t piece_bytes; /* content that waits for its compression; a frame's, or a part of it */
};

/* Called by the thread of this number: each has a coder of its own, made when it is first needed. */
static enum status seal_frame(void *arg, unsigned thread, size_t slot, struct error *err)
{
	struct sealer *sealer = arg;
	enum status st = STATUS_OK;
	if (sealer->coders[thread] == NULL)
		st = frame_sealer_new(&sealer->coders[thread], &sealer->object, sealer->level, err);
	return st ? st : frame_seal(sealer->coders[thread], &sealer->frames[slot], err);
}

static enum status pass_on(void *arg, size_t slot, struct error *err)
{
	struct sealer *sealer = arg;
	return sink_write(sealer->next, sealer->frames[slot].bytes, sealer->frames[slot].bytes_len, err);
}

static struct frame *current(struct sealer *sealer)
{
	return &sealer->frames[pipeline_slot(&sealer->pipeline)];
}

static enum status submit(struct sealer *sealer, bool last, struct error *err)
{
	struct frame *frame = current(sealer);
	frame->number = sealer->number++;
	frame->last = last;
	sealer->packed = 0;
	return pipeline_submit(&sealer->pipeline, err);
}

static enum status allocate(struct sealer *sealer, struct error *err)
{
	struct frame *frame = current(sealer);
	if (frame->content == NULL)
		frame->content = malloc(sealer->piece_bytes);
	if (frame->bytes == NULL)
		frame->bytes = malloc(FRAME_MAX);
	return frame->content != NULL && frame->bytes != NULL ? STATUS_OK
							      : error_set(err, STATUS_LOCAL, "out of memory");
}

/* Only the owner's thread compresses pieces. */
static enum status pack_piece(struct sealer *sealer, struct error *err)
{
	struct frame *frame = current(sealer);
	sealer->packed += frame->content_len;
	return frame_pack(sealer->coders[0], frame, err);
}

/* A full frame is submitted only once there is more: the last one is empty only where there is no content at all. */
static enum status make_room(struct sealer *sealer, struct error *err)
{
	if (current(sealer)->content_len == sealer->piece_bytes) {
		bool full = sealer->packed + sealer->piece_bytes == FRAME_CONTENT_BYTES;
		enum status st = full ? submit(sealer, false, err) : pack_piece(sealer, err);
		if (st)
			return st;
		current(sealer)->content_len = 0;
	}
	return allocate(sealer, err);
}

static enum status seal_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct sealer *sealer = (struct sealer *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		enum status st = make_room(sealer, err);
		if (st)
			return st;
		struct frame *frame = current(sealer);
		size_t room = sealer->piece_bytes - frame->content_len;
		size_t taken = len < room ? len : room;
		memcpy(frame->content + frame->content_len, from, taken);
		frame->content_len += taken;
		from += taken;
		len -= taken;
	}
	return STATUS_OK;
}

static void free_frames(struct sealer *sealer)
{
	for (size_t i = 0; i < PIPELINE_SLOTS_MAX; i++) {
		free(sealer->frames[i].content);
		free(sealer->frames[i].bytes);
		sealer->frames[i] = (struct frame){0};
	}
	for (size_t i = 0; i < PIPELINE_THREADS_MAX; i++) {
		frame_coder_free(sealer->coders[i]);
		sealer->coders[i] = NULL;
	}
}

static enum status seal_finish(struct sink *sink, struct error *err)
{
	struct sealer *sealer = (struct sealer *)sink;
	enum status st = allocate(sealer, err);
	if (!st)
		st = submit(sealer, true, err);
	if (!st)
		st = pipeline_finish(&sealer->pipeline, err);
	if (st)
		return st;
	/* What comes now is waiting, for a disk or a store: without the buffers. */
	free_frames(sealer);
	return sink_finish(sealer->next, err);
}

static void seal_free(struct sink *sink)
{
	struct sealer *sealer = (struct sealer *)sink;
	pipeline_fini(&sealer->pipeline);
	free_frames(sealer);
	sink_free(sealer->next);
	free(sealer);
}

enum status seal_new(struct sink **chain, const struct seal_params *params, struct error *err)
{
	static const struct sink_ops ops = {seal_write, seal_finish, seal_free};
	enum status st = codec_check(params->codec, STATUS_USAGE, err);
	if (st)
		return st;
	struct sealer *sealer = calloc(1, sizeof *sealer);
	if (sealer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for an object");
	sealer->sink.ops = &ops;
	sealer->level = params->level;
	sealer->piece_bytes =
	    params->codec->in_pieces && params->threads <= 1 ? CODEC_INPUT_BYTES : FRAME_CONTENT_BYTES;
	sealer->object = (struct frame_object){.key = params->key, .name = params->name};
	header_make(&sealer->object.header, params->codec, params->key, params->salt);
	sealer->pipeline =
	    (struct pipeline){.work = seal_frame, .take = pass_on, .arg = sealer, .threads = params->threads};
	pipeline_init(&sealer->pipeline);
	/* The codec's library is loaded here, by one thread, before others use it. */
	st = frame_sealer_new(&sealer->coders[0], &sealer->object, sealer->level, err);
	if (!st)
		st = sink_write(*chain, &sealer->object.header, sizeof sealer->object.header, err);
	if (st) {
		seal_free(&sealer->sink);
		return st;
	}
	sealer->next = *chain;
	*chain = &sealer->sink;
	return STATUS_OK;
}

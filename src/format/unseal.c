#include "format/unseal.h"

#include <stdlib.h>
#include <string.h>

#include "job/pipeline.h"
#include "text/hex.h"

struct opener {
	struct sink sink;
	struct sink *next;
	struct unseal_params params;
	struct frame_object object;
	uint8_t header[HEADER_BYTES];
	size_t header_len;
	struct pipeline pipeline;
	struct frame_coder *coders[PIPELINE_THREADS_MAX];
	struct frame frames[PIPELINE_SLOTS_MAX];
	size_t frame_len; /* of the frame that is being filled; 0: its head is not complete */
	uint64_t number;  /* of that frame */
	bool last_seen;   /* the head of the last frame has come */
};

static enum status refuse(struct error *err, const char *what)
{
	(void)error_set(err, STATUS_DAMAGED, "%s", what);
	return error_hint(err, STATUS_DAMAGED,
			  "the object was altered, truncated or renamed after the push; look for another copy");
}

/* Keeps the content of a frame until the owner's thread passes it on. */
struct keeper {
	struct sink sink;
	struct frame *frame;
};

static enum status keep(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct frame *frame = ((struct keeper *)sink)->frame;
	(void)err;
	memcpy(frame->content + frame->content_len, data, len); /* frame_open bounds it */
	frame->content_len += len;
	return STATUS_OK;
}

/* By one of several threads. */
static enum status open_and_keep(struct frame_coder *coder, struct frame *frame, struct error *err)
{
	static const struct sink_ops ops = {.write = keep};
	struct keeper keeper = {{&ops}, frame};
	frame->content_len = 0;
	if (frame->content == NULL)
		frame->content = malloc(FRAME_CONTENT_BYTES);
	return frame->content == NULL ? error_set(err, STATUS_LOCAL, "out of memory")
				      : frame_open(coder, frame, &keeper.sink, err);
}

/* The owner's thread alone opens frames, and passes on each piece of content at once. */
static bool opens_alone(const struct opener *opener)
{
	return opener->params.threads <= 1;
}

/* Called by the thread of this number: each has a coder of its own, made when it is first needed. */
static enum status open_frame(void *arg, unsigned thread, size_t slot, struct error *err)
{
	struct opener *opener = arg;
	struct frame *frame = &opener->frames[slot];
	enum status st = STATUS_OK;
	if (opener->coders[thread] == NULL)
		st = frame_opener_new(&opener->coders[thread], &opener->object, err);
	if (st)
		return st;
	return opens_alone(opener) ? frame_open(opener->coders[thread], frame, opener->next, err)
				   : open_and_keep(opener->coders[thread], frame, err);
}

/* There is one way to write an object: offsets and numbers go together without a table; a pack has its index. */
static bool has_its_length(const struct opener *opener, const struct frame *frame)
{
	if (opener->params.is_pack)
		return frame->last == (frame->content_len == 0);
	return frame->last ? frame->content_len > 0 || frame->number == 0 : frame->content_len == FRAME_CONTENT_BYTES;
}

static enum status pass_on(void *arg, size_t slot, struct error *err)
{
	struct opener *opener = arg;
	const struct frame *frame = &opener->frames[slot];
	if (!has_its_length(opener, frame))
		return refuse(err, "damaged: a frame has a content length that its place does not allow");
	if (opens_alone(opener) || frame->content_len == 0)
		return STATUS_OK;
	return sink_write(opener->next, frame->content, frame->content_len, err);
}

static enum status no_such_key(const struct unseal_params *params, const uint8_t *key_id, struct error *err)
{
	char id[2 * KEY_ID_BYTES + 1];
	hex_encode(id, key_id, KEY_ID_BYTES);
	if (params->lack != NULL) {
		params->lack->lacks = true;
		memcpy(params->lack->key_id, key_id, KEY_ID_BYTES);
	}
	(void)error_set(err, STATUS_DAMAGED, "encrypted with key id %s, which is not configured", id);
	return error_hint(err, STATUS_DAMAGED,
			  "keys configured: %zu; add the old key as another cipher-key-file (or cipher-key-command)",
			  params->keys->count);
}

enum status unseal_find_key(const struct unseal_params *params, struct frame_object *object, struct error *err)
{
	if (object->header.protection == PROTECTION_AES_HMAC) {
		object->key = keyring_find(params->keys, object->header.key_id);
		return object->key == NULL ? no_such_key(params, object->header.key_id, err) : STATUS_OK;
	}
	if (params->allow_unprotected)
		return STATUS_OK;
	(void)error_set(err, STATUS_DAMAGED, "not encrypted, but the configuration requires encryption");
	return error_hint(err, STATUS_DAMAGED,
			  "anyone who can write to the store could have created this object; to read it "
			  "anyway, set cipher = none");
}

/* The header is complete. It is trusted only as far as the verification of the first frame needs it. */
static enum status begin(struct opener *opener, struct error *err)
{
	bool newer;
	enum status st = header_read(&opener->object.header, opener->header, sizeof opener->header, &newer, err);
	if (!st)
		st = codec_check(codec_by_id(opener->object.header.compression), STATUS_DAMAGED, err);
	if (!st)
		st = unseal_find_key(&opener->params, &opener->object, err);
	/* The codec's library is loaded here, by one thread, before others use it. */
	return st ? st : frame_opener_new(&opener->coders[0], &opener->object, err);
}

static struct frame *current(struct opener *opener)
{
	return &opener->frames[pipeline_slot(&opener->pipeline)];
}

static enum status prepare_frame(struct opener *opener, struct error *err)
{
	struct frame *frame = current(opener);
	if (frame->bytes == NULL)
		frame->bytes = malloc(FRAME_MAX);
	if (frame->bytes == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	frame->number = opener->number;
	return STATUS_OK;
}

/* Fills *len of the buffer up to want from the input; whether it is full. */
static bool take(uint8_t *buffer, size_t *len, size_t want, const uint8_t **from, size_t *left)
{
	size_t missing = want - *len;
	size_t taken = *left < missing ? *left : missing;
	memcpy(buffer + *len, *from, taken);
	*len += taken;
	*from += taken;
	*left -= taken;
	return *len == want;
}

static enum status read_head(struct opener *opener, const struct frame *frame, struct error *err)
{
	size_t body;
	enum status st = frame_body_len(frame->bytes, &body, err);
	if (st)
		return st;
	opener->frame_len = FRAME_MIN + body;
	opener->last_seen = frame_head_is_last(frame->bytes);
	return STATUS_OK;
}

/* Some of a frame; the whole frame is submitted. */
static enum status take_frame(struct opener *opener, const uint8_t **from, size_t *left, struct error *err)
{
	enum status st = prepare_frame(opener, err);
	struct frame *frame = current(opener);
	if (st)
		return st;
	if (opener->frame_len == 0) {
		if (opener->last_seen)
			return refuse(err, "damaged: bytes follow the last frame");
		if (!take(frame->bytes, &frame->bytes_len, FRAME_HEAD_BYTES, from, left))
			return STATUS_OK;
		st = read_head(opener, frame, err);
		if (st)
			return st;
	}
	if (!take(frame->bytes, &frame->bytes_len, opener->frame_len, from, left))
		return STATUS_OK;
	opener->frame_len = 0;
	opener->number++;
	st = pipeline_submit(&opener->pipeline, err);
	if (!st)
		current(opener)->bytes_len = 0;
	return st;
}

static enum status unseal_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct opener *opener = (struct opener *)sink;
	const uint8_t *from = data;
	enum status st = STATUS_OK;
	if (len > 0 && opener->header_len < HEADER_BYTES &&
	    take(opener->header, &opener->header_len, HEADER_BYTES, &from, &len))
		st = begin(opener, err);
	while (!st && len > 0)
		st = take_frame(opener, &from, &len, err);
	return st;
}

static enum status unseal_finish(struct sink *sink, struct error *err)
{
	struct opener *opener = (struct opener *)sink;
	if (opener->header_len < HEADER_BYTES)
		return refuse(err, "truncated: the object ends within its header");
	/* The fault of an earlier frame is reported first. */
	enum status st = pipeline_finish(&opener->pipeline, err);
	if (st)
		return st;
	if (!opener->last_seen || opener->frame_len > 0)
		return refuse(err, "truncated: the object ends before its last frame does");
	return sink_finish(opener->next, err);
}

static void unseal_free(struct sink *sink)
{
	struct opener *opener = (struct opener *)sink;
	pipeline_fini(&opener->pipeline);
	for (size_t i = 0; i < PIPELINE_SLOTS_MAX; i++) {
		free(opener->frames[i].content);
		free(opener->frames[i].bytes);
	}
	for (size_t i = 0; i < PIPELINE_THREADS_MAX; i++)
		frame_coder_free(opener->coders[i]);
	sink_free(opener->next);
	free(opener);
}

enum status unseal_new(struct sink **chain, const struct unseal_params *params, struct error *err)
{
	static const struct sink_ops ops = {unseal_write, unseal_finish, unseal_free};
	struct opener *opener = calloc(1, sizeof *opener);
	if (opener == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory for an object");
	opener->sink.ops = &ops;
	opener->params = *params;
	opener->object.name = params->name;
	opener->pipeline =
	    (struct pipeline){.work = open_frame, .take = pass_on, .arg = opener, .threads = params->threads};
	pipeline_init(&opener->pipeline);
	opener->next = *chain;
	*chain = &opener->sink;
	return STATUS_OK;
}

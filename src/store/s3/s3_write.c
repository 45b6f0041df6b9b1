/* Writes a new object: collects it in one buffer and puts it at the end, or uploads it in parts if it is larger. */
#include <stdlib.h>
#include <string.h>

#include "store/s3/s3_private.h"

struct writer {
	struct sink sink;
	struct s3 *s3;
	const struct call *call;
	char key[S3_KEY_MAX + 1];
	uint8_t *buffer;          /* s3->buffer_bytes; the kernel allocates only pages that are written */
	size_t used;              /* of the buffer, or of the current part */
	struct s3_upload *upload; /* NULL while the object fits the buffer */
};

static enum status exists(struct error *err)
{
	return error_set(err, STATUS_EXISTS, "already there");
}

/* A web server or login proxy may answer 200 to any request. S3's response has an ETag and no body. */
static enum status check_stored(const struct s3_reply *reply, struct error *err)
{
	if (reply->http.etag[0] != '\0' && reply->http.body_len == 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_UNREACHABLE, "HTTP %d, but the response to the put is not from S3: %s%.60s",
			reply->http.status, reply->http.body_len == 0 ? "without an ETag" : "with the text ",
			reply->http.body);
	return error_hint(err, STATUS_UNREACHABLE, "check s3-endpoint and, if configured, the proxy");
}

static enum status put_once(struct writer *writer, const struct s3_digests *digests, struct s3_reply *reply,
			    struct error *err)
{
	struct s3 *s3 = writer->s3;
	struct field headers[4 + S3_OBJECT_HEADERS_MAX] = {{"content-type", "application/octet-stream"}};
	size_t count = 1;
	if (digests->md5[0] != '\0')
		headers[count++] = (struct field){"content-md5", digests->md5};
	/* AWS checks this too, at no cost. Other stores may refuse an unknown header. */
	if (s3->aws)
		headers[count++] = (struct field){"x-amz-checksum-sha256", digests->sha256_base64};
	if (!s3->unconditional)
		headers[count++] = (struct field){"if-none-match", "*"};
	count += s3_object_headers(&s3->object, headers + count);
	enum status st = s3_exchange(s3, writer->call,
				     &(struct s3_request){.method = "PUT",
							  .key = writer->key,
							  .headers = headers,
							  .header_count = count,
							  .body = writer->buffer,
							  .body_bytes = writer->used,
							  .body_sha256 = digests->sha256},
				     reply, err);
	return st ? st : check_stored(reply, err);
}

/*
 * Asks for what an earlier call knows of If-None-Match. *test: nothing is known, so this put is to find out. Then the
 * name is looked for with one request, as the condition may not protect it. A refusal of the look, for want of
 * s3:ListBucket, leaves the condition.
 */
static enum status recall_condition(struct writer *writer, bool *test, struct error *err)
{
	struct s3 *s3 = writer->s3;
	struct s3_reply reply;
	*test = false;
	if (s3->condition.recall == NULL || s3->look_first || s3->unconditional)
		return STATUS_OK;
	enum s3_condition condition = s3->condition.recall(s3->condition.arg);
	s3->condition.recall = NULL;
	s3->look_first = condition == S3_CONDITION_IGNORED;
	s3->unconditional = condition == S3_CONDITION_REFUSED;
	*test = condition == S3_CONDITION_UNKNOWN;
	if (!*test)
		return STATUS_OK;
	const struct s3_request request = {.method = "HEAD", .key = writer->key};
	enum status st = s3_exchange(s3, writer->call, &request, &reply, err);
	if (!st)
		return exists(err);
	return reply.http.outcome == HTTP_ANSWERED ? STATUS_OK : st;
}

/* The object is there, and nobody else has created it: the same put again must not succeed. */
static void test_condition(struct writer *writer, const struct s3_digests *digests)
{
	struct s3 *s3 = writer->s3;
	struct s3_reply reply;
	struct error ignored = {0};
	enum status st = put_once(writer, digests, &reply, &ignored);
	if (st && s3_reply_says_exists(&reply))
		s3->condition.note(s3->condition.arg, S3_CONDITION_HONORED);
	if (st)
		return;
	s3->look_first = true;
	s3->condition.note(s3->condition.arg, S3_CONDITION_IGNORED);
	log_line(
	    writer->call->log, LEVEL_WARNING,
	    "the store of bucket %s ignores If-None-Match: walship checks the name before each upload instead, and "
	    "two simultaneous writers can both succeed; walship check --store tells more",
	    s3->bucket);
}

/* 409 may be another writer's put, or any conflict. If the object exists, the caller compares it. */
static enum status look_after(struct writer *writer, enum status failure, struct error *err)
{
	struct error trouble = {0};
	if (s3_check_absent(writer->s3, writer->call, writer->key, &trouble) != STATUS_EXISTS)
		return failure;
	*err = trouble;
	return STATUS_EXISTS;
}

static enum status put_conditionally(struct writer *writer, struct s3_digests *digests, struct s3_reply *reply,
				     struct error *err)
{
	enum status st = put_once(writer, digests, reply, err);
	if (st && s3_misses_md5(writer->s3, reply)) {
		st = s3_digests_of(digests, writer->buffer, writer->used, true, err);
		if (!st)
			st = put_once(writer, digests, reply, err);
	}
	if (st && s3_refuses_condition(writer->s3, writer->call, reply)) {
		if (writer->s3->condition.note != NULL)
			writer->s3->condition.note(writer->s3->condition.arg, S3_CONDITION_REFUSED);
		st = s3_check_absent(writer->s3, writer->call, writer->key, err);
		if (!st)
			st = put_once(writer, digests, reply, err);
	}
	return st;
}

static enum status put_whole(struct writer *writer, struct error *err)
{
	struct s3_digests digests;
	struct s3_reply reply;
	bool test = false;
	enum status st = s3_digests_of(&digests, writer->buffer, writer->used, writer->s3->md5, err);
	if (!st)
		st = recall_condition(writer, &test, err);
	if (!st && (writer->s3->unconditional || writer->s3->look_first))
		st = s3_check_absent(writer->s3, writer->call, writer->key, err);
	if (st)
		return st;
	st = put_conditionally(writer, &digests, &reply, err);
	if (!st && test && !writer->s3->unconditional)
		test_condition(writer, &digests);
	/* This also answers a retried put whose first response was lost: the caller compares the object. */
	if (st && s3_reply_says_exists(&reply))
		return exists(err);
	if (st && reply.http.outcome == HTTP_ANSWERED && reply.http.status == 409)
		return look_after(writer, st, err);
	return st;
}

/* The whole buffer becomes parts. */
static enum status begin_upload(struct writer *writer, struct error *err)
{
	const struct s3 *s3 = writer->s3;
	enum status st = s3_upload_begin(writer->s3, writer->call, writer->key, writer->buffer, &writer->upload, err);
	for (size_t done = 0; done < s3->buffer_bytes && !st; done += s3->part_bytes)
		st = s3_upload_part(writer->upload, s3->part_bytes, err);
	writer->used = 0;
	return st;
}

/* Copies what fits, and sends the part if it is full then. */
static enum status take(struct writer *writer, const uint8_t *data, size_t len, size_t *taken, struct error *err)
{
	const struct s3 *s3 = writer->s3;
	/* Start an upload only when the buffer overflows: an object that just fits needs one request. */
	if (writer->upload == NULL && writer->used == s3->buffer_bytes) {
		enum status st = begin_upload(writer, err);
		if (st)
			return st;
	}
	uint8_t *room = writer->upload == NULL ? writer->buffer : s3_upload_room(writer->upload);
	size_t most = (writer->upload == NULL ? s3->buffer_bytes : s3->part_bytes) - writer->used;
	*taken = len < most ? len : most;
	memcpy(room + writer->used, data, *taken);
	writer->used += *taken;
	if (writer->upload == NULL || writer->used < s3->part_bytes)
		return STATUS_OK;
	writer->used = 0;
	return s3_upload_part(writer->upload, s3->part_bytes, err);
}

static enum status writer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		size_t taken = 0;
		enum status st = take(writer, from, len, &taken, err);
		if (st)
			return s3_wrap(writer->s3, "put", writer->key, st, err);
		from += taken;
		len -= taken;
	}
	return STATUS_OK;
}

static enum status put_rest(struct writer *writer, struct error *err)
{
	enum status st = writer->used == 0 ? STATUS_OK : s3_upload_part(writer->upload, writer->used, err);
	return st ? st : s3_upload_complete(writer->upload, err);
}

static enum status writer_finish(struct sink *sink, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	enum status st = writer->upload == NULL ? put_whole(writer, err) : put_rest(writer, err);
	return st ? s3_wrap(writer->s3, "put", writer->key, st, err) : STATUS_OK;
}

static void writer_free(struct sink *sink)
{
	struct writer *writer = (struct writer *)sink;
	s3_upload_free(writer->upload);
	free(writer->buffer);
	free(writer);
}

static const struct sink_ops writer_ops = {.write = writer_write, .finish = writer_finish, .free = writer_free};

enum status s3_create(struct store *store, const struct call *call, const char *name, struct sink **out,
		      struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	writer->sink.ops = &writer_ops;
	writer->s3 = s3;
	writer->call = call;
	enum status st = s3_key(s3, name, writer->key, err);
	if (!st) {
		writer->buffer = malloc(s3->buffer_bytes);
		if (writer->buffer == NULL)
			st = error_set(err, STATUS_LOCAL, "out of memory for a part of %zu bytes", s3->buffer_bytes);
	}
	if (st) {
		writer_free(&writer->sink);
		return st;
	}
	*out = &writer->sink;
	return STATUS_OK;
}

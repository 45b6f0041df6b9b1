/* Writes a new object: collects it in one buffer and puts it at the end, or uploads it in parts if it is larger. */
#include <stdlib.h>
#include <string.h>

#include "store/s3/s3_private.h"

struct writer {
	struct sink sink;
	struct s3 *s3;
	const struct call *call;
	char key[S3_KEY_MAX + 1];
	uint8_t *part; /* s3->part_bytes; the kernel allocates only pages that are written */
	size_t used;
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
							  .body = writer->part,
							  .body_bytes = writer->used,
							  .body_sha256 = digests->sha256},
				     reply, err);
	return st ? st : check_stored(reply, err);
}

static enum status put_whole(struct writer *writer, struct error *err)
{
	struct s3_digests digests;
	struct s3_reply reply;
	enum status st = s3_digests_of(&digests, writer->part, writer->used, writer->s3->md5, err);
	if (!st && (writer->s3->unconditional || writer->s3->look_first))
		st = s3_check_absent(writer->s3, writer->call, writer->key, err);
	if (st)
		return st;
	st = put_once(writer, &digests, &reply, err);
	if (st && s3_misses_md5(writer->s3, &reply)) {
		st = s3_digests_of(&digests, writer->part, writer->used, true, err);
		if (!st)
			st = put_once(writer, &digests, &reply, err);
	}
	if (st && s3_refuses_condition(writer->s3, writer->call, &reply)) {
		st = s3_check_absent(writer->s3, writer->call, writer->key, err);
		if (!st)
			st = put_once(writer, &digests, &reply, err);
	}
	/* This also answers a retried put whose first response was lost: the caller compares the object. */
	if (st && reply.http.outcome == HTTP_ANSWERED && reply.http.status == 412)
		return exists(err);
	return st;
}

static enum status put_part(struct writer *writer, struct error *err)
{
	enum status st = STATUS_OK;
	if (writer->upload == NULL)
		st = s3_upload_begin(writer->s3, writer->call, writer->key, &writer->upload, err);
	if (!st)
		st = s3_upload_part(writer->upload, writer->part, writer->used, err);
	writer->used = 0;
	return st;
}

static enum status writer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	const uint8_t *from = data;
	while (len > 0) {
		/* Start an upload only when the buffer overflows: an object of exactly one part needs one request. */
		if (writer->used == writer->s3->part_bytes) {
			enum status st = put_part(writer, err);
			if (st)
				return s3_wrap(writer->s3, "put", writer->key, st, err);
		}
		size_t room = writer->s3->part_bytes - writer->used;
		size_t taken = len < room ? len : room;
		memcpy(writer->part + writer->used, from, taken);
		writer->used += taken;
		from += taken;
		len -= taken;
	}
	return STATUS_OK;
}

static enum status writer_finish(struct sink *sink, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	enum status st;
	if (writer->upload == NULL) {
		st = put_whole(writer, err);
	} else {
		st = put_part(writer, err);
		if (!st)
			st = s3_upload_complete(writer->upload, err);
	}
	return st ? s3_wrap(writer->s3, "put", writer->key, st, err) : STATUS_OK;
}

static void writer_free(struct sink *sink)
{
	struct writer *writer = (struct writer *)sink;
	s3_upload_free(writer->upload);
	free(writer->part);
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
		writer->part = malloc(s3->part_bytes);
		if (writer->part == NULL)
			st = error_set(err, STATUS_LOCAL, "out of memory for a part of %zu bytes", s3->part_bytes);
	}
	if (st) {
		writer_free(&writer->sink);
		return st;
	}
	*out = &writer->sink;
	return STATUS_OK;
}

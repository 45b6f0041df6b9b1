/*
 * Uploads an object in parts: CreateMultipartUpload, UploadPart, CompleteMultipartUpload.
 *
 * Amazon S3 user guide, "Uploading and copying objects using multipart upload".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/s3/s3_private.h"

#define PARTS_MAX 10000                       /* S3's limit */
#define COMPLETE_BODY_MAX (4UL * 1024 * 1024) /* 10,000 parts with an ETag of HTTP_FIELD_MAX bytes each */
#define BEGIN_MS 1000                         /* for a pending response when a signal arrives */
#define ABORT_MS 3000                         /* less than the command's grace period after its timeout */
#define ABORT_HINT "a lifecycle rule with AbortIncompleteMultipartUpload removes such uploads"

struct s3_upload {
	struct s3 *s3;
	const struct call *call;
	char key[S3_KEY_MAX + 1];
	char id[S3_UPLOAD_ID_MAX]; /* "" until the store has assigned it */
	unsigned parts;
	struct buffer body; /* of CompleteMultipartUpload: the parts so far */
	bool over;          /* completed: nothing to abort */
};

enum status s3_upload_begin(struct s3 *s3, const struct call *call, const char *key, struct s3_upload **out,
			    struct error *err)
{
	const struct field query = {"uploads", ""};
	struct field headers[1 + S3_OBJECT_HEADERS_MAX] = {{"content-type", "application/octet-stream"}};
	size_t count = 1 + s3_object_headers(&s3->object, headers + 1);
	struct s3_reply reply;
	*out = NULL;
	struct s3_upload *upload = calloc(1, sizeof *upload);
	if (upload == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	/* From here on an upload may exist that must be aborted; only the response gives its id. */
	call_hold(call);
	*upload = (struct s3_upload){.s3 = s3, .call = call, .body.max = COMPLETE_BODY_MAX};
	(void)snprintf(upload->key, sizeof upload->key, "%s", key);
	*out = upload;
	/* A signal arrived while another thread held it. */
	if (call_is_interrupted(call))
		return error_set(err, STATUS_UNREACHABLE, "begin upload: interrupted by a signal");
	enum status st = s3_exchange(s3, call,
				     &(struct s3_request){.method = "POST",
							  .key = key,
							  .query = &query,
							  .query_count = 1,
							  .headers = headers,
							  .header_count = count,
							  .body = "",
							  .grace_ms = BEGIN_MS},
				     &reply, err);
	if (st)
		return error_wrap(err, st, "begin upload");
	if (reply.upload_id[0] == '\0')
		return error_set(err, STATUS_UNREACHABLE, "begin upload: HTTP %d without an upload id",
				 reply.http.status);
	memcpy(upload->id, reply.upload_id, sizeof upload->id);
	return STATUS_OK;
}

static enum status note_part(struct s3_upload *upload, const char *etag, struct error *err)
{
	if (etag[0] == '\0' || strpbrk(etag, "<>&") != NULL)
		return error_set(err, STATUS_UNREACHABLE, "part %u: the response has no usable ETag", upload->parts);
	enum status st = STATUS_OK;
	if (upload->parts == 1)
		st = buffer_printf(&upload->body, err,
				   "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	return st ? st
		  : buffer_printf(&upload->body, err, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>",
				  upload->parts, etag);
}

enum status s3_upload_part(struct s3_upload *upload, const void *data, size_t len, struct error *err)
{
	char number[12];
	struct s3_digests digests;
	struct s3_reply reply;
	if (upload->parts == PARTS_MAX)
		return error_set(err, STATUS_USAGE, "the object has more than %d parts of %zu bytes", PARTS_MAX,
				 upload->s3->part_bytes);
	enum status st = s3_digests_of(&digests, data, len, true, err);
	if (st)
		return st;
	(void)snprintf(number, sizeof number, "%u", ++upload->parts);
	const struct field query[] = {{"partNumber", number}, {"uploadId", upload->id}};
	const struct field md5 = {"content-md5", digests.md5};
	st = s3_exchange(upload->s3, upload->call,
			 &(struct s3_request){.method = "PUT",
					      .key = upload->key,
					      .query = query,
					      .query_count = 2,
					      .headers = &md5,
					      .header_count = digests.md5[0] != '\0',
					      .body = data,
					      .body_bytes = len,
					      .body_sha256 = digests.sha256},
			 &reply, err);
	return st ? error_wrap(err, st, "part %u", upload->parts) : note_part(upload, reply.http.etag, err);
}

static enum status complete_once(struct s3_upload *upload, const struct s3_digests *digests, struct s3_reply *reply,
				 struct error *err)
{
	const struct field query = {"uploadId", upload->id};
	struct field headers[3] = {{"content-type", "application/xml"}};
	size_t count = 1;
	if (digests->md5[0] != '\0')
		headers[count++] = (struct field){"content-md5", digests->md5};
	if (!upload->s3->unconditional)
		headers[count++] = (struct field){"if-none-match", "*"};
	enum status st = s3_exchange(upload->s3, upload->call,
				     &(struct s3_request){.method = "POST",
							  .key = upload->key,
							  .query = &query,
							  .query_count = 1,
							  .headers = headers,
							  .header_count = count,
							  .body = upload->body.data,
							  .body_bytes = upload->body.len,
							  .body_sha256 = digests->sha256},
				     reply, err);
	if (!st && strcmp(reply->root, "CompleteMultipartUploadResult") != 0)
		st = error_set(err, STATUS_UNREACHABLE, "HTTP %d without a result", reply->http.status);
	return st;
}

/*
 * The response to an earlier attempt may have been lost, so this upload may have created the object (NoSuchUpload), or
 * another writer did (ConditionalRequestConflict). If the object exists, the caller compares it; otherwise the failure
 * stands.
 */
static enum status look_again(struct s3_upload *upload, enum status failure, struct error *err)
{
	struct error trouble = {0};
	if (s3_check_absent(upload->s3, upload->call, upload->key, &trouble) != STATUS_EXISTS)
		return failure;
	*err = trouble;
	return STATUS_EXISTS;
}

enum status s3_upload_complete(struct s3_upload *upload, struct error *err)
{
	struct s3_digests digests;
	struct s3_reply reply;
	/* Some servers, such as Ceph, ignore the condition on this request, so check the name first. AWS honors it,
	 * and there the check would need permission to list. */
	const struct s3 *s3 = upload->s3;
	enum status st = STATUS_OK;
	if (!s3->aws || s3->unconditional || s3->look_first)
		st = s3_check_absent(upload->s3, upload->call, upload->key, err);
	if (!st)
		st = buffer_printf(&upload->body, err, "</CompleteMultipartUpload>");
	if (!st)
		st = s3_digests_of(&digests, upload->body.data, upload->body.len, true, err);
	if (st)
		return st;

	st = complete_once(upload, &digests, &reply, err);
	if (st && s3_refuses_condition(upload->s3, upload->call, &reply))
		st = complete_once(upload, &digests, &reply, err);
	upload->over = st == STATUS_OK;
	if (!st)
		return STATUS_OK;
	(void)error_wrap(err, st, "complete upload");
	if (reply.http.outcome != HTTP_ANSWERED)
		return st;
	if (reply.http.status == 412)
		return error_set(err, STATUS_EXISTS, "already there");
	return look_again(upload, st, err);
}

/* Tries once, with its own short deadline: the call's may have passed, or a signal may be pending. */
static void abort_upload(struct s3_upload *upload)
{
	struct call last = *upload->call;
	int64_t until_ms = clock_monotonic_ms(last.clock) + ABORT_MS;
	last.signal_hold = NULL;
	last.deadline_ms =
	    last.deadline_ms > until_ms && upload->call->signal_hold == NULL ? last.deadline_ms : until_ms;
	const struct field query = {"uploadId", upload->id};
	const struct s3_request request = {.method = "DELETE", .key = upload->key, .query = &query, .query_count = 1};
	struct attempt attempt = {0};
	struct s3_reply reply;
	struct error err = {0};
	enum status st = s3_try(upload->s3, &last, &request, &reply, &attempt, &err);
	if (st && !(reply.http.outcome == HTTP_ANSWERED && reply.http.status == 404))
		log_line(upload->call->log, LEVEL_WARNING, "an unfinished upload of s3://%s/%s remains: %s; %s",
			 upload->s3->bucket, upload->key, err.text, ABORT_HINT);
}

void s3_upload_free(struct s3_upload *upload)
{
	if (upload == NULL)
		return;
	const struct call *call = upload->call;
	if (!upload->over && upload->id[0] != '\0')
		abort_upload(upload);
	buffer_fini(&upload->body);
	free(upload);
	call_release(call);
}

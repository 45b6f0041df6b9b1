/*
 * Uploads an object in parts: CreateMultipartUpload, UploadPart, CompleteMultipartUpload.
 *
 * Amazon S3 user guide, "Uploading and copying objects using multipart upload". Parts may arrive in any order; their
 * numbers order them.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "job/pipeline.h"
#include "store/s3/s3_private.h"

#define PARTS_MAX 10000                       /* S3's limit */
#define COMPLETE_BODY_MAX (4UL * 1024 * 1024) /* 10,000 parts with an ETag of HTTP_FIELD_MAX bytes each */
#define BEGIN_MS 1000                         /* for a pending response when a signal arrives */
#define ABORT_MS 3000                         /* less than the command's grace period after its timeout */
#define ABORT_HINT "a lifecycle rule with AbortIncompleteMultipartUpload removes such uploads"
#define STACK_BYTES (1024UL * 1024) /* jansson recurses 2048 levels deep when a thread renews its credentials */

/* One of the connections that parts go over. */
struct lane {
	struct s3_upload *upload;
	struct s3 s3; /* a copy, with a connection and credentials of its own; http is NULL until it is open */
	struct credentials credentials;
};

struct part {
	unsigned number;
	size_t len;
	char etag[HTTP_FIELD_MAX]; /* once the store has it */
};

struct s3_upload {
	struct s3 *s3;
	const struct call *call;
	char key[S3_KEY_MAX + 1];
	char id[S3_UPLOAD_ID_MAX]; /* "" until the store has assigned it */
	unsigned parts;
	struct buffer body; /* of CompleteMultipartUpload: the parts so far */
	bool over;          /* completed: nothing to abort */
	uint8_t *buffer;
	struct pipeline pipeline; /* its slots are those of the buffer */
	struct part slots[PIPELINE_SLOTS_MAX];
	struct lane lanes[PIPELINE_THREADS_MAX]; /* not used by a single thread, which is the owner's */
	atomic_bool failed;                      /* later parts need not begin */
	pthread_mutex_t renewing;                /* guards the credentials of s3 while there are threads */
};

static bool is_same(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Renews the credentials of the store, unless another lane has done so, and takes them over. */
static enum status renew(void *arg, const struct call *call, struct error *err)
{
	struct lane *lane = arg;
	const struct s3 *s3 = lane->upload->s3;
	enum status st = STATUS_OK;
	(void)pthread_mutex_lock(&lane->upload->renewing);
	if (is_same(&lane->credentials.access_key, &s3->credentials->access_key) &&
	    is_same(&lane->credentials.session_token, &s3->credentials->session_token))
		st = s3->renew(s3->renew_arg, call, err);
	credentials_fini(&lane->credentials);
	if (!st)
		st = credentials_copy(&lane->credentials, s3->credentials, err);
	(void)pthread_mutex_unlock(&lane->upload->renewing);
	return st;
}

static enum status open_lane(struct s3_upload *upload, struct lane *lane, struct error *err)
{
	lane->upload = upload;
	lane->s3 = *upload->s3;
	lane->s3.http = NULL;
	lane->s3.credentials = &lane->credentials;
	lane->s3.renew = upload->s3->renew == NULL ? NULL : renew;
	lane->s3.renew_arg = lane;
	enum status st = credentials_copy(&lane->credentials, upload->s3->credentials, err);
	return st ? st : http_clone(upload->s3->http, &lane->s3.http, err);
}

static enum status note_part(void *arg, size_t slot, struct error *err)
{
	struct s3_upload *upload = arg;
	const struct part *part = &upload->slots[slot];
	enum status st = STATUS_OK;
	if (part->number == 1)
		st = buffer_printf(&upload->body, err,
				   "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	return st ? st
		  : buffer_printf(&upload->body, err, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>",
				  part->number, part->etag);
}

static enum status send_part(const struct s3_upload *upload, struct s3 *s3, struct part *part, const void *data,
			     struct error *err)
{
	char number[12];
	struct s3_digests digests;
	struct s3_reply reply;
	enum status st = s3_digests_of(&digests, data, part->len, true, err);
	if (st)
		return st;
	(void)snprintf(number, sizeof number, "%u", part->number);
	const struct field query[] = {{"partNumber", number}, {"uploadId", upload->id}};
	const struct field md5 = {"content-md5", digests.md5};
	st = s3_exchange(s3, upload->call,
			 &(struct s3_request){.method = "PUT",
					      .key = upload->key,
					      .query = query,
					      .query_count = 2,
					      .headers = &md5,
					      .header_count = digests.md5[0] != '\0',
					      .body = data,
					      .body_bytes = part->len,
					      .body_sha256 = digests.sha256},
			 &reply, err);
	if (st)
		return error_wrap(err, st, "part %u", part->number);
	if (reply.http.etag[0] == '\0' || strpbrk(reply.http.etag, "<>&") != NULL)
		return error_set(err, STATUS_UNREACHABLE, "part %u: the response has no usable ETag", part->number);
	memcpy(part->etag, reply.http.etag, sizeof part->etag);
	return STATUS_OK;
}

/* Parts begin in order, so the pipeline reports the error of an earlier part instead of one that is left out. */
static enum status work(void *arg, unsigned thread, size_t slot, struct error *err)
{
	struct s3_upload *upload = arg;
	if (atomic_load(&upload->failed))
		return STATUS_UNREACHABLE;
	struct s3 *s3 = upload->pipeline.threads > 1 ? &upload->lanes[thread].s3 : upload->s3;
	enum status st =
	    send_part(upload, s3, &upload->slots[slot], upload->buffer + slot * upload->s3->part_bytes, err);
	if (st)
		atomic_store(&upload->failed, true);
	return st;
}

static enum status begin(struct s3_upload *upload, struct error *err)
{
	const struct field query = {"uploads", ""};
	struct field headers[1 + S3_OBJECT_HEADERS_MAX] = {{"content-type", "application/octet-stream"}};
	size_t count = 1 + s3_object_headers(&upload->s3->object, headers + 1);
	struct s3_reply reply;
	enum status st = s3_exchange(upload->s3, upload->call,
				     &(struct s3_request){.method = "POST",
							  .key = upload->key,
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

enum status s3_upload_begin(struct s3 *s3, const struct call *call, const char *key, uint8_t *buffer,
			    struct s3_upload **out, struct error *err)
{
	*out = NULL;
	struct s3_upload *upload = calloc(1, sizeof *upload);
	if (upload == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	/* From here on an upload may exist that must be aborted; only the response gives its id. */
	call_hold(call);
	upload->s3 = s3;
	upload->call = call;
	upload->buffer = buffer;
	upload->body.max = COMPLETE_BODY_MAX;
	(void)snprintf(upload->key, sizeof upload->key, "%s", key);
	(void)pthread_mutex_init(&upload->renewing, NULL);
	*out = upload;
	/* A signal arrived while another thread held it. */
	if (call_is_interrupted(call))
		return error_set(err, STATUS_UNREACHABLE, "begin upload: interrupted by a signal");
	enum status st = begin(upload, err);
	for (unsigned i = 0; s3->part_threads > 1 && i < s3->part_threads && !st; i++)
		st = open_lane(upload, &upload->lanes[i], err);
	if (st)
		return st;
	upload->pipeline = (struct pipeline){
	    .work = work, .take = note_part, .arg = upload, .threads = s3->part_threads, .stack_bytes = STACK_BYTES};
	pipeline_init(&upload->pipeline);
	return STATUS_OK;
}

uint8_t *s3_upload_room(struct s3_upload *upload)
{
	return upload->buffer + pipeline_slot(&upload->pipeline) * upload->s3->part_bytes;
}

enum status s3_upload_part(struct s3_upload *upload, size_t len, struct error *err)
{
	if (upload->parts == PARTS_MAX)
		return error_set(err, STATUS_USAGE, "the object has more than %d parts of %zu bytes", PARTS_MAX,
				 upload->s3->part_bytes);
	upload->slots[pipeline_slot(&upload->pipeline)] = (struct part){.number = ++upload->parts, .len = len};
	return pipeline_submit(&upload->pipeline, err);
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
	enum status st = pipeline_finish(&upload->pipeline, err);
	if (!st && (!s3->aws || s3->unconditional || s3->look_first))
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
	if (s3_reply_says_exists(&reply))
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
	/* A part that arrives after the abort would remain. */
	atomic_store(&upload->failed, true);
	pipeline_fini(&upload->pipeline);
	if (!upload->over && upload->id[0] != '\0')
		abort_upload(upload);
	for (unsigned i = 0; i < PIPELINE_THREADS_MAX; i++) {
		http_free(upload->lanes[i].s3.http);
		credentials_fini(&upload->lanes[i].credentials);
	}
	(void)pthread_mutex_destroy(&upload->renewing);
	buffer_fini(&upload->body);
	free(upload);
	call_release(call);
}

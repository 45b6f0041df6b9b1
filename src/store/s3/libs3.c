#include "store/s3/libs3.h"

#ifndef WALSHIP_LIBS3

enum status libs3_store_open(const struct s3_options *options, struct store **out, struct error *err)
{
	(void)options;
	*out = NULL;
	(void)error_set(err, STATUS_USAGE, "s3-client = libs3, but this walship was built without libs3");
	return error_hint(err, STATUS_USAGE, "set s3-client = native, or build with -Dlibs3=enabled");
}

#else

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include <libs3.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "store/s3/s3_private.h"

#define ALL UINT64_MAX /* as far as the object goes */
#define STEP_MS 200    /* the longest wait before the deadline is checked again */

/* Only libs3 4.x defines S3_DEFAULT_REGION. It has version 4 signatures and a timeout for each request. */
#ifdef S3_DEFAULT_REGION
#define LIBS3_MODERN true
#define LIBS3_INIT (S3_INIT_ALL | S3_INIT_VERIFY_PEER)
#define CONTEXT_OF(request) (request)->context, (int)call_left_ms((request)->call)
#else
#define LIBS3_MODERN false
#define LIBS3_INIT S3_INIT_ALL
#define CONTEXT_OF(request) (request)->context
#endif

struct libs3 {
	struct store store;
	struct s3 target; /* the native client's names and keys; it sends nothing here */
	char endpoint[S3_HOST_MAX];
	S3BucketContext bucket;
};

/* A request in progress, as libs3's callbacks see it. */
struct request {
	struct libs3 *libs3;
	const struct call *call;
	S3RequestContext *context;
	const char *key;
	S3Status status; /* the result; S3StatusInterrupted until the request ends */
	struct error *err;
	enum status taken; /* the status of the receiver of the data */
	char message[S3_MESSAGE_MAX];
	uint64_t length; /* announced length of the response body */
	int64_t modified_s;
	char etag[HTTP_FIELD_MAX];
	const struct buffer *body; /* of a put */
	const char *md5;           /* of the body; "" if MD5 is not available */
	size_t sent;
	const struct store_ranges *ranges; /* of a get; NULL: any byte */
	size_t range;                      /* the current one */
	uint64_t begin, done;              /* where this request begins, and bytes of the range that the receiver has */
	uint64_t wanted, received;         /* bytes of the range that are missing, and bytes of the current response */
	uint64_t total;                    /* of a get of all: length of the object, once a response has begun */
	store_list_fn each;                /* of a list */
	void *arg;
	char after[S3_KEY_MAX + 1];
	bool news; /* the page contained something new */
	uint64_t names;
};

static S3Status on_properties(const S3ResponseProperties *properties, void *arg)
{
	struct request *request = arg;
	request->length = properties->contentLength;
	request->modified_s = properties->lastModified;
	(void)snprintf(request->etag, sizeof request->etag, "%s", properties->eTag == NULL ? "" : properties->eTag);
	return S3StatusOK;
}

static void on_complete(S3Status status, const S3ErrorDetails *details, void *arg)
{
	struct request *request = arg;
	request->status = status;
	(void)snprintf(request->message, sizeof request->message, "%s",
		       details == NULL || details->message == NULL ? "" : details->message);
}

static const S3ResponseHandler response_handler = {on_properties, on_complete};

/* libs3 has no deadlines, so wait for its sockets here, a step at a time. */
static void run(struct request *request)
{
	int remaining = 0;
	while (S3_runonce_request_context(request->context, &remaining) == S3StatusOK && remaining > 0) {
		fd_set reads, writes, excepts;
		int last = -1;
		int64_t left_ms = call_left_ms(request->call);
		if (left_ms == 0)
			break;
		int64_t wait_ms = left_ms < STEP_MS ? left_ms : STEP_MS;
		struct timeval wait = {.tv_usec = wait_ms * 1000};
		FD_ZERO(&reads);
		FD_ZERO(&writes);
		FD_ZERO(&excepts);
		if (S3_get_request_context_fdsets(request->context, &reads, &writes, &excepts, &last) != S3StatusOK)
			break;
		/* During name resolution there is no socket yet: sleep briefly. */
		if (last < 0)
			wait.tv_usec = 10000;
		if (select(last + 1, &reads, &writes, &excepts, &wait) < 0 && errno != EINTR)
			break;
	}
}

static const struct {
	S3Status status;
	bool again;
	const char *hint; /* NULL: none */
} meanings[] = {
    {S3StatusNameLookupError, true, "check s3-endpoint and this machine's DNS"},
    {S3StatusFailedToConnect, true, "check that the server runs, s3-endpoint, http_proxy, and firewalls in between"},
    {S3StatusConnectionFailed, true, NULL},
    {S3StatusErrorInternalError, true, NULL},
    {S3StatusErrorSlowDown, true, NULL},
    {S3StatusErrorRequestTimeout, true, NULL},
    {S3StatusErrorOperationAborted, true, NULL},
    {S3StatusHttpErrorUnknown, true, NULL},
    {S3StatusInternalError, true, NULL},
    {S3StatusErrorUnknown, true, NULL},
    {S3StatusErrorSignatureDoesNotMatch, false, "the secret key does not belong to the access key"},
    {S3StatusErrorInvalidAccessKeyId, false, "the store does not know the access key"},
    {S3StatusErrorNoSuchBucket, false, "check the bucket in repo, and s3-endpoint"},
    {S3StatusErrorAccessDenied, false, "grant s3:GetObject, s3:PutObject and s3:ListBucket"},
};

static enum status judge(struct request *request, struct attempt *attempt, struct error *err)
{
	enum status st = request->taken;
	if (st)
		return st;
	if (request->status == S3StatusOK)
		return STATUS_OK;
	if (request->status == S3StatusErrorNoSuchKey)
		return error_set(err, STATUS_MISSING, "no such object");
	if (request->status == S3StatusInterrupted)
		return error_set(err, STATUS_UNREACHABLE, "no answer in time");
	st = error_set(err, request->status == S3StatusOutOfMemory ? STATUS_LOCAL : STATUS_UNREACHABLE, "libs3: %s%s%s",
		       S3_get_status_name(request->status), request->message[0] == '\0' ? "" : ": ", request->message);
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
		if (meanings[i].status != request->status)
			continue;
		attempt->again = meanings[i].again;
		attempt->slow_down = request->status == S3StatusErrorSlowDown;
		if (meanings[i].hint != NULL)
			(void)error_hint(err, st, "%s", meanings[i].hint);
	}
	return st;
}

/* Runs one request to its end, in its own context. */
static enum status perform(struct request *request, void (*send)(struct request *), struct attempt *attempt,
			   struct error *err)
{
	request->status = S3StatusInterrupted;
	request->taken = STATUS_OK;
	request->message[0] = '\0';
	request->err = err;
	if (S3_create_request_context(&request->context) != S3StatusOK)
		return error_set(err, STATUS_LOCAL, "out of memory");
	send(request);
	run(request);
	S3_destroy_request_context(request->context);
	return judge(request, attempt, err);
}

static void send_head(struct request *request)
{
	S3_head_object(&request->libs3->bucket, request->key, CONTEXT_OF(request), &response_handler, request);
}

/* libs3 does not tell the status: a response that is longer than the range is that of a server without ranges. */
static S3Status on_range_data(int len, const char *data, void *arg)
{
	struct request *request = arg;
	const struct store_ranges *ranges = request->ranges;
	uint64_t begin = request->length > request->wanted ? request->begin : 0;
	uint64_t end = begin + request->wanted;
	uint64_t at = request->received;
	request->received += (uint64_t)len;
	uint64_t from = at < begin ? begin : at;
	uint64_t to = request->received < end ? request->received : end;
	if (from < to) {
		request->taken =
		    ranges->each(ranges->arg, request->range, data + (from - at), (size_t)(to - from), request->err);
		request->done += to - from;
	}
	return request->taken || request->received > end ? S3StatusAbortedByCallback : S3StatusOK;
}

static void send_get(struct request *request)
{
	static const S3GetObjectHandler handler = {{on_properties, on_complete}, on_range_data};
	bool started = request->range > 0 || request->done > 0;
	const S3GetConditions same = {-1, -1, started ? request->etag : NULL, NULL};
	S3_get_object(&request->libs3->bucket, request->key, &same, request->begin,
		      request->wanted == ALL ? 0 : request->wanted, CONTEXT_OF(request), &handler, request);
}

static S3Status on_any_data(int len, const char *data, void *arg)
{
	(void)len, (void)data, (void)arg;
	return S3StatusOK;
}

static void send_get_any(struct request *request)
{
	static const S3GetObjectHandler handler = {{on_properties, on_complete}, on_any_data};
	const S3GetConditions none = {-1, -1, NULL, NULL};
	S3_get_object(&request->libs3->bucket, request->key, &none, 0, 1, CONTEXT_OF(request), &handler, request);
}

static int on_put_data(int size, char *buffer, void *arg)
{
	struct request *request = arg;
	size_t left = request->body->len - request->sent;
	size_t len = left < (size_t)size ? left : (size_t)size;
	memcpy(buffer, request->body->data + request->sent, len);
	request->sent += len;
	return (int)len;
}

static void send_put(struct request *request)
{
	static const S3PutObjectHandler handler = {{on_properties, on_complete}, on_put_data};
	/* Signatures of libs3 do not cover the body, so the store checks this MD5. */
	const S3PutProperties properties = {.contentType = "application/octet-stream",
					    .md5 = request->md5,
					    .expires = -1,
					    .cannedAcl = S3CannedAclPrivate};
	request->sent = 0;
	S3_put_object(&request->libs3->bucket, request->key, request->body->len, &properties, CONTEXT_OF(request),
		      &handler, request);
}

static void send_delete(struct request *request)
{
	S3_delete_object(&request->libs3->bucket, request->key, CONTEXT_OF(request), &response_handler, request);
}

/*
 * libs3 reports success too often: after an interim "100 Continue", or a 404 or 502 whose body is not XML. Only a HEAD
 * proves that the object exists, with this size and an ETag, which a page of a web server or proxy lacks.
 */
static enum status put_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct request *request = arg;
	enum status st = perform(request, send_put, attempt, err);
	if (st)
		return st;
	request->etag[0] = '\0';
	st = perform(request, send_head, attempt, err);
	if (!st && request->etag[0] != '\0' && request->length == request->body->len)
		return STATUS_OK;
	attempt->again = true;
	return error_set(err, STATUS_UNREACHABLE, "the put was answered, but the object does not exist");
}

static enum status delete_once(void *arg, struct attempt *attempt, struct error *err)
{
	enum status st = perform(arg, send_delete, attempt, err);
	return st == STATUS_MISSING ? STATUS_OK : st;
}

/*
 * Gets the rest of a range. libs3 reports a truncated response as success: request the missing rest again. It does not
 * report InvalidObjectState: an archived object is an error.
 */
static enum status get_range_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct request *request = arg;
	const struct store_ranges *ranges = request->ranges;
	const struct store_range *range = &ranges->items[request->range];
	bool started = request->range > 0 || request->done > 0;
	request->begin = range->offset + request->done;
	request->wanted = (range->bytes == ALL && started ? request->total : range->bytes) - request->done;
	request->received = request->length = 0;
	if (started && request->etag[0] == '\0')
		return error_set(err, STATUS_UNREACHABLE, "the response had no ETag, so the rest cannot be requested");
	enum status st = perform(request, send_get, attempt, err);
	if (!started)
		request->total = request->length;
	if (started && st == STATUS_MISSING)
		return error_set(err, STATUS_UNREACHABLE, "the object changed during the read");
	if (request->taken || request->done == range->bytes)
		return request->taken;
	attempt->again = attempt->again && (request->done == 0 || request->etag[0] != '\0');
	bool invalid = request->status == S3StatusErrorInvalidRange;
	if (!invalid && (st || request->received != request->length)) {
		attempt->again |= !st && request->received < request->length;
		return st ? st
			  : error_set(err, STATUS_UNREACHABLE, "%" PRIu64 " of %" PRIu64 " bytes came",
				      request->received, request->length);
	}
	/* An empty object has no first byte. */
	if (ranges->may_be_shorter && request->range == ranges->count - 1 && (!invalid || request->begin == 0))
		return STATUS_OK;
	return error_set(err, STATUS_DAMAGED, "the object ends before byte %" PRIu64, range->offset + range->bytes - 1);
}

/* HEAD cannot distinguish a missing key from other errors; a GET of one byte can. */
static enum status look_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct request *request = arg;
	enum status st = perform(request, send_head, attempt, err);
	if (request->status != S3StatusHttpErrorNotFound && request->status != S3StatusHttpErrorForbidden)
		return st;
	st = perform(request, send_get_any, attempt, err);
	/* The object has appeared meanwhile: send HEAD again. */
	return st ? st : perform(request, send_head, attempt, err);
}

static enum status look(struct request *request, struct error *err)
{
	return retry_run(request->call, look_once, request, err);
}

struct writer {
	struct sink sink;
	struct libs3 *libs3;
	const struct call *call;
	char key[S3_KEY_MAX + 1];
	struct buffer body;
};

static enum status writer_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	enum status st = buffer_append(&writer->body, data, len, err);
	return st ? error_hint(err, st, "s3-client = native handles objects of any size in bounded memory") : STATUS_OK;
}

static enum status writer_finish(struct sink *sink, struct error *err)
{
	struct writer *writer = (struct writer *)sink;
	struct s3 *target = &writer->libs3->target;
	struct request request = {
	    .libs3 = writer->libs3, .call = writer->call, .key = writer->key, .body = &writer->body};
	struct s3_digests digests;
	enum status st = s3_digests_of(&digests, writer->body.data, writer->body.len, true, err);
	if (st)
		return st;
	request.md5 = digests.md5;
	st = look(&request, err);
	if (st == STATUS_OK)
		st = error_set(err, STATUS_EXISTS, "already there");
	else if (st == STATUS_MISSING)
		st = retry_run(writer->call, put_once, &request, err);
	return st ? s3_wrap(target, "put", writer->key, st, err) : STATUS_OK;
}

static void writer_free(struct sink *sink)
{
	struct writer *writer = (struct writer *)sink;
	buffer_fini(&writer->body);
	free(writer);
}

static enum status libs3_create(struct store *store, const struct call *call, const char *name, struct sink **out,
				struct error *err)
{
	static const struct sink_ops ops = {.write = writer_write, .finish = writer_finish, .free = writer_free};
	struct libs3 *libs3 = (struct libs3 *)store;
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	*writer = (struct writer){.sink.ops = &ops, .libs3 = libs3, .call = call, .body.max = LIBS3_OBJECT_MAX};
	enum status st = s3_key(&libs3->target, name, writer->key, err);
	if (st) {
		writer_free(&writer->sink);
		return st;
	}
	*out = &writer->sink;
	return STATUS_OK;
}

static enum status libs3_read_ranges(struct store *store, const struct call *call, const char *name,
				     const struct store_ranges *ranges, struct error *err)
{
	struct libs3 *libs3 = (struct libs3 *)store;
	char key[S3_KEY_MAX + 1];
	struct request request = {.libs3 = libs3, .call = call, .key = key, .ranges = ranges};
	enum status st = s3_key(&libs3->target, name, key, err);
	for (; !st && request.range < ranges->count; request.range++) {
		request.done = 0;
		st = retry_run(call, get_range_once, &request, err);
	}
	return st && !request.taken ? s3_wrap(&libs3->target, "get", key, st, err) : st;
}

static enum status write_piece(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	(void)range;
	return sink_write(arg, data, len, err);
}

static enum status libs3_read(struct store *store, const struct call *call, const char *name, struct sink *into,
			      struct error *err)
{
	static const struct store_range whole = {0, ALL};
	const struct store_ranges ranges = {
	    .items = &whole, .count = 1, .may_be_shorter = true, .each = write_piece, .arg = into};
	return libs3_read_ranges(store, call, name, &ranges, err);
}

static enum status libs3_stat(struct store *store, const struct call *call, const char *name, struct object_info *out,
			      struct error *err)
{
	struct libs3 *libs3 = (struct libs3 *)store;
	char key[S3_KEY_MAX + 1];
	struct request request = {.libs3 = libs3, .call = call, .key = key};
	enum status st = s3_key(&libs3->target, name, key, err);
	if (!st)
		st = look(&request, err);
	if (st)
		return s3_wrap(&libs3->target, "look at", key, st, err);
	*out = (struct object_info){.name = name, .bytes = request.length, .modified_s = request.modified_s};
	return STATUS_OK;
}

static enum status remove_one(struct libs3 *libs3, const struct call *call, const char *name,
			      const struct store_removal *removal, struct error *err)
{
	char key[S3_KEY_MAX + 1];
	struct error why;
	struct request request = {.libs3 = libs3, .call = call, .key = key};
	enum status st = s3_key(&libs3->target, name, key, err);
	if (!st)
		st = retry_run(call, delete_once, &request, err);
	if (!st)
		return STATUS_OK;
	(void)s3_wrap(&libs3->target, "remove", key, st, err);
	if (request.status != S3StatusErrorAccessDenied)
		return st;
	why = *err;
	return removal->refused(removal->arg, &(struct store_refusal){name, st, &why}, err);
}

static enum status libs3_remove(struct store *store, const struct call *call, const struct store_removal *removal,
				struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; i < removal->count && !st; i++) {
		const struct call step = call_step(call);
		st = remove_one((struct libs3 *)store, &step, removal->names[i], removal, err);
	}
	return st;
}

static S3Status on_page(int truncated, const char *next, int count, const S3ListBucketContent *contents, int prefixes,
			const char **prefix, void *arg)
{
	struct request *request = arg;
	size_t skip = strlen(request->libs3->target.prefix) + (request->libs3->target.prefix[0] != '\0');
	(void)truncated, (void)next, (void)prefixes, (void)prefix;
	for (int i = 0; i < count && !request->taken; i++) {
		if (strncmp(contents[i].key, request->key, strlen(request->key)) != 0) {
			request->taken =
			    error_set(request->err, STATUS_UNREACHABLE,
				      "the listing contains '%.200s', which was not requested", contents[i].key);
			break;
		}
		const struct object_info info = {
		    .name = contents[i].key + skip, .bytes = contents[i].size, .modified_s = contents[i].lastModified};
		/* A page may repeat after a failure: pass on each object once. */
		if (strcmp(contents[i].key, request->after) <= 0)
			continue;
		(void)snprintf(request->after, sizeof request->after, "%s", contents[i].key);
		request->news = true;
		request->names++;
		/* An object that represents the directory itself, as S3 consoles create. */
		if (info.name[0] == '\0')
			continue;
		request->taken = request->each(request->arg, &info, request->err);
	}
	return request->taken ? S3StatusAbortedByCallback : S3StatusOK;
}

static void send_list(struct request *request)
{
	static const S3ListBucketHandler handler = {{on_properties, on_complete}, on_page};
	S3_list_bucket(&request->libs3->bucket, request->key, request->after, NULL, 1000, CONTEXT_OF(request), &handler,
		       request);
}

static enum status list_once(void *arg, struct attempt *attempt, struct error *err)
{
	return perform(arg, send_list, attempt, err);
}

/*
 * libs3's IsTruncated is not reliable: it takes a truncated page for a complete one and ignores everything after the
 * 32nd key. So the listing ends at a page with nothing new. (A page truncated before its first key looks the same.)
 */
static enum status libs3_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			      void *arg, struct error *err)
{
	struct libs3 *libs3 = (struct libs3 *)store;
	const char *own = libs3->target.prefix;
	CLEANUP(buffer_fini) struct buffer whole = {0};
	enum status st = buffer_printf(&whole, err, "%s%s%s", own, own[0] == '\0' ? "" : "/", prefix);
	struct call step = *call;
	struct request request = {.libs3 = libs3, .call = &step, .key = buffer_text(&whole), .each = each, .arg = arg};
	do {
		request.news = false;
		step = call_step(call);
		if (!st)
			st = retry_run(&step, list_once, &request, err);
		if (!st && request.names > S3_LIST_NAMES_MAX)
			st = error_set(err, STATUS_UNREACHABLE, "the listing does not end: %" PRIu64 " names so far",
				       request.names);
	} while (!st && request.news);
	return st && !request.taken ? s3_wrap(&libs3->target, "list", request.key, st, err) : st;
}

static void libs3_free(struct store *store)
{
	S3_deinitialize();
	free(store);
}

/* Refuses options that need a header or a connection property that libs3 lacks. */
static enum status refuse(const struct s3 *target, const struct s3_options *options, struct error *err)
{
	bool tls = options->endpoint == NULL || strncmp(options->endpoint, "https://", 8) == 0;
	const struct {
		bool wanted;
		const char *what;
	} table[] = {
	    {!LIBS3_MODERN && options->endpoint == NULL, "AWS (version 4 signatures)"},
	    {!LIBS3_MODERN && tls, "https (it does not verify certificates)"},
	    {!LIBS3_MODERN && options->credentials->session_token.len > 0, "session tokens"},
	    {options->ca_file != NULL && tls, "s3-ca-file"},
	    {options->cert_file != NULL, "s3-tls-cert-file"},
	    {options->connect_to != NULL, "s3-connect-to"},
	    {target->base_path[0] != '\0', "a path in s3-endpoint"},
	    {options->endpoint_mode != S3_ENDPOINT_STANDARD, "s3-endpoint-mode"},
	    {options->storage_class != NULL, "s3-storage-class"},
	    {options->sse != NULL || options->sse_kms_key_id != NULL, "s3-sse"},
	    {options->customer_key != NULL, "s3-sse-customer-key-file"},
	    {options->tags != NULL, "s3-tags"},
	    {options->lock_mode != NULL || options->lock_days > 0, "s3-object-lock-mode"},
	    {options->requester_pays, "s3-requester-pays"},
	    {options->at_s != 0, "s3-at-time"},
	    {options->proxy != NULL, "s3-proxy"},
	    {options->proxy_ca_file != NULL, "s3-proxy-ca-file"},
	    {options->bytes_per_s > 0, "s3-bandwidth-limit"},
	};
	size_t i = 0;
	while (i < sizeof table / sizeof table[0] && !table[i].wanted)
		i++;
	if (i == sizeof table / sizeof table[0])
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "s3-client = libs3 does not support %s", table[i].what);
	return error_hint(err, STATUS_USAGE, "use s3-client = native");
}

static void fill_bucket(struct libs3 *libs3, const struct s3_options *options)
{
	struct s3 *target = &libs3->target;
	/* libs3 itself puts the bucket's name before the host. */
	size_t skip = target->path_style ? 0 : strlen(target->bucket) + 1;
	(void)snprintf(libs3->endpoint, sizeof libs3->endpoint, "%s", target->host + skip);
	libs3->bucket = (S3BucketContext){
	    .hostName = libs3->endpoint,
	    .bucketName = target->bucket,
	    .protocol = target->tls ? S3ProtocolHTTPS : S3ProtocolHTTP,
	    .uriStyle = target->path_style ? S3UriStylePath : S3UriStyleVirtualHost,
	    .accessKeyId = options->credentials->access_key.data,
	    .secretAccessKey = options->credentials->secret_key.data,
#ifdef S3_DEFAULT_REGION
	    .securityToken = options->credentials->session_token.data,
	    .authRegion = target->region,
#endif
	};
}

enum status libs3_store_open(const struct s3_options *options, struct store **out, struct error *err)
{
	/* No abilities: no condition on a put, no status, Content-Range, DeleteObjects, usable parts or pages. */
	static const struct store_ops ops = {
	    .create = libs3_create,
	    .read = libs3_read,
	    .read_ranges = libs3_read_ranges,
	    .stat = libs3_stat,
	    .list = libs3_list,
	    .remove = libs3_remove,
	    .free = libs3_free,
	};
	struct libs3 *libs3 = calloc(1, sizeof *libs3);
	if (libs3 == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	libs3->store.ops = &ops;
	enum status st = s3_target_init(&libs3->target, options, err);
	if (!st)
		st = refuse(&libs3->target, options, err);
	if (!st && S3_initialize("walship", LIBS3_INIT, NULL) != S3StatusOK)
		st = error_set(err, STATUS_LOCAL, "cannot initialize libs3");
	if (st) {
		free(libs3);
		return st;
	}
	fill_bucket(libs3, options);
	*out = &libs3->store;
	return STATUS_OK;
}

#endif

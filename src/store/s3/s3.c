#include "store/s3/s3.h"

#include <stdlib.h>
#include <string.h>

#include "job/pipeline.h"
#include "net/http/xml.h"
#include "store/s3/s3_private.h"
#include "text/number.h"

/* Parses the total length in "bytes 0-0/16777216". */
static bool total_of_range(const char *content_range, uint64_t *out)
{
	const char *slash = strchr(content_range, '/');
	return slash != NULL && number_read(slash + 1, UINT64_MAX, out) != NULL;
}

static enum status read_info(const struct s3_reply *reply, struct object_info *out, struct error *err)
{
	uint64_t bytes = (uint64_t)reply->http.content_length;
	if (reply->http.content_length < 0 ||
	    (reply->http.status == 206 && !total_of_range(reply->http.content_range, &bytes)))
		return error_set(err, STATUS_UNREACHABLE, "HTTP %d without the object's length", reply->http.status);
	/* A proxy's error page has a length too, but no ETag. */
	if (reply->http.etag[0] == '\0' && reply->http.last_modified[0] == '\0')
		return error_hint(
		    err,
		    error_set(err, STATUS_UNREACHABLE, "HTTP %d, but the response is not from S3", reply->http.status),
		    "check s3-endpoint and, if configured, the proxy");
	*out = (struct object_info){.bytes = bytes, .modified_s = http_date_s(reply->http.last_modified)};
	s3_thaw_state(&reply->http, out);
	return STATUS_OK;
}

/* A response to HEAD has no body: 404 may mean the key or the bucket, and 403 anything. A GET tells which. */
static enum status ask_why(struct s3 *s3, const struct call *call, const struct s3_request *head,
			   struct s3_reply *reply, struct error *err)
{
	const struct field range = {"range", "bytes=0-0"};
	const struct s3_request request = {
	    .method = "GET", .key = head->key, .version = head->version, .headers = &range, .header_count = 1};
	enum status st = s3_exchange(s3, call, &request, reply, err);
	return st && s3_reply_says_missing(reply) ? s3_reply_missing(reply, err) : st;
}

enum status s3_look_at(struct s3 *s3, const struct call *call, const char *key, const char *version,
		       struct object_info *out, struct error *err)
{
	struct s3_reply reply;
	const struct s3_request request = {.method = "HEAD", .key = key, .version = version};
	enum status st = s3_exchange(s3, call, &request, &reply, err);
	if (st && reply.http.outcome == HTTP_ANSWERED && reply.http.status >= 400 && reply.http.status <= 499)
		st = ask_why(s3, call, &request, &reply, err);
	return st ? st : read_info(&reply, out, err);
}

enum status s3_look(struct s3 *s3, const struct call *call, const char *key, struct object_info *out, struct error *err)
{
	return s3_look_at(s3, call, key, NULL, out, err);
}

enum status s3_check_absent(struct s3 *s3, const struct call *call, const char *key, struct error *err)
{
	struct object_info info;
	enum status st = s3_look(s3, call, key, &info, err);
	if (!st)
		return error_set(err, STATUS_EXISTS, "already there");
	return st == STATUS_MISSING ? STATUS_OK : st;
}

static enum status s3_stat(struct store *store, const struct call *call, const char *name, struct object_info *out,
			   struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	char key[S3_KEY_MAX + 1];
	enum status st = s3_key(s3, name, key, err);
	if (st)
		return st;
	st = s3_look(s3, call, key, out, err);
	if (st)
		return s3_wrap(s3, "look at", key, st, err);
	out->name = name;
	return STATUS_OK;
}

/* Any response shows that the store is reachable; other operations report refusals. */
enum status s3_reach(struct store *store, const struct call *call, int64_t *clock_s, struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	struct s3_reply reply;
	const struct s3_request request = {.method = "HEAD"};
	enum status st = s3_exchange(s3, call, &request, &reply, err);
	if (st && (reply.http.outcome != HTTP_ANSWERED || reply.http.status >= 500 || reply.http.status == 407))
		return error_wrap(err, st, "reach s3://%s", s3->bucket);
	*clock_s = http_date_s(reply.http.date);
	return STATUS_OK;
}

void s3_free(struct store *store)
{
	struct s3 *s3 = (struct s3 *)store;
	http_free(s3->http);
	s3_customer_key_free(s3->customer_key);
	free(s3);
}

static const struct store_ops s3_ops = {
    .abilities = STORE_CREATES_ONCE | STORE_PROVES_RANGES | STORE_REMOVES_MANY | STORE_LISTS_LEVELS |
		 STORE_SPLITS_OBJECTS | STORE_REACHES | STORE_UNDELETES | STORE_LEAVES_UPLOADS | STORE_THAWS,
    .create = s3_create,
    .read = s3_read,
    .read_ranges = s3_read_ranges,
    .stat = s3_stat,
    .list = s3_list,
    .list_level = s3_list_level,
    .remove = s3_remove,
    .reach = s3_reach,
    .undelete = s3_undelete,
    .clear_uploads = s3_clear_uploads,
    .thaw = s3_thaw,
    .free = s3_free,
};

/* As many parts at a time as have the least size that S3 accepts. With a limit, each connection would have all of it.
 */
static void plan_parts(struct s3 *s3, const struct s3_options *options)
{
	size_t bytes = options->upload_bytes == 0 ? S3_UPLOAD_BYTES_DEFAULT : options->upload_bytes;
	s3->part_threads = options->bytes_per_s > 0 ? 1 : PIPELINE_THREADS_MAX;
	while (s3->part_threads > 1 && bytes / PIPELINE_SLOTS(s3->part_threads) < S3_PART_BYTES_MIN)
		s3->part_threads--;
	/* All parts but the last have the same size, which some stores require: a few bytes may stay unused. */
	s3->part_bytes = bytes / PIPELINE_SLOTS(s3->part_threads);
	s3->buffer_bytes = s3->part_bytes * PIPELINE_SLOTS(s3->part_threads);
}

enum status s3_store_open(const struct s3_options *options, struct store **out, struct error *err)
{
	struct s3 *s3 = calloc(1, sizeof *s3);
	if (s3 == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	s3->store.ops = options->at_s != 0 ? &s3_past_ops : &s3_ops;
	s3->at_s = options->at_s;
	s3->credentials = options->credentials;
	s3->renew = options->renew;
	s3->renew_arg = options->renew_arg;
	plan_parts(s3, options);
	s3->requester_pays = options->requester_pays;
	s3->look_first = options->look_first;
	s3->condition = options->condition;
	s3->list_names_max = S3_LIST_NAMES_MAX;
	s3->list_empty_pages_max = S3_LIST_EMPTY_PAGES_MAX;
	const struct http_options http = {.ca_file = options->ca_file,
					  .connect_to = options->connect_to,
					  .cert_file = options->cert_file,
					  .key_file = options->key_file,
					  .proxy = options->proxy,
					  .proxy_ca_file = options->proxy_ca_file,
					  .no_proxy = options->no_proxy,
					  .bytes_per_s = options->bytes_per_s,
					  .connect_timeout_ms = options->connect_timeout_ms};
	enum status st = s3_target_init(s3, options, err);
	if (!st)
		st = s3_object_init(&s3->object, options, err);
	if (!st)
		st = s3_customer_key_new(&s3->customer_key, options, err);
	s3->md5 = !s3->tls || s3->object.lock_mode[0] != '\0';
	/* Load the XML parser before any request: only the XML body tells a missing object from a missing bucket. */
	if (!st)
		st = xml_start(err);
	if (!st)
		st = http_new(&s3->http, &http, err);
	if (st) {
		s3_free(&s3->store);
		return st;
	}
	*out = &s3->store;
	return STATUS_OK;
}

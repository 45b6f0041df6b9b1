/* Signs and sends a request, and sends it again if the response reveals another region, clock or connection state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/s3/s3_private.h"
#include "sys/libcrypto.h"
#include "text/hex.h"

#define PATH_SIZE (S3_BASE_PATH_MAX + 1 + BUCKET_NAME_MAX + 1 + S3_KEY_MAX + 1)
#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGNED_FIELDS 4 /* authorization, x-amz-content-sha256, x-amz-date, x-amz-security-token */

static void to_base64(char *out, const uint8_t *digest, unsigned len)
{
	(void)libcrypto.EVP_EncodeBlock((unsigned char *)out, digest, (int)len);
}

enum status s3_digests_of(struct s3_digests *out, const void *data, size_t len, bool md5, struct error *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	if (libcrypto.EVP_Digest(data, len, digest, &digest_len, libcrypto.EVP_sha256(), NULL) != 1)
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
	hex_encode(out->sha256, digest, digest_len);
	to_base64(out->sha256_base64, digest, digest_len);
	out->md5[0] = '\0';
	if (md5 && libcrypto.EVP_Digest(data, len, digest, &digest_len, libcrypto.EVP_md5(), NULL) == 1)
		to_base64(out->md5, digest, digest_len);
	return STATUS_OK;
}

bool s3_misses_md5(struct s3 *s3, const struct s3_reply *reply)
{
	if (s3->md5 || reply->http.outcome != HTTP_ANSWERED || reply->http.status != 400 ||
	    strstr(reply->message, "Content-MD5") == NULL)
		return false;
	s3->md5 = true;
	return true;
}

int64_t s3_now_s(const struct s3 *s3, const struct call *call)
{
	return clock_utc_s(call->clock) + s3->skew_s;
}

static const char *hash_of_body(const struct s3_request *request)
{
	return request->body_sha256 == NULL ? SHA256_OF_NOTHING : request->body_sha256;
}

static enum status sign(const struct s3 *s3, const struct call *call, const struct s3_request *request,
			struct sigv4_signature *signature, struct error *err)
{
	char path[PATH_SIZE];
	(void)snprintf(path, sizeof path, "%s/%s%s%s", s3->base_path, s3->path_style ? s3->bucket : "",
		       s3->path_style && request->key != NULL ? "/" : "", request->key == NULL ? "" : request->key);
	return sigv4_sign(&(struct sigv4_request){.method = request->method,
						  .host = s3->host,
						  .path = path,
						  .query = request->query,
						  .query_count = request->query_count,
						  .headers = request->headers,
						  .header_count = request->header_count,
						  .payload_sha256 = hash_of_body(request),
						  .region = s3->region,
						  .service = "s3",
						  .credentials = s3->credentials,
						  .now_s = s3_now_s(s3, call)},
			  signature, err);
}

static enum status send_signed(struct s3 *s3, const struct call *call, const struct s3_request *request,
			       const struct sigv4_signature *signature, struct http_response *response,
			       struct error *err)
{
	char url[HTTP_URL_MAX];
	struct field headers[S3_REQUEST_HEADERS_MAX + S3_ADDED_HEADERS_MAX + SIGNED_FIELDS];
	size_t count = 0;
	for (; count < request->header_count; count++)
		headers[count] = request->headers[count];
	headers[count++] = (struct field){"authorization", signature->authorization};
	headers[count++] = (struct field){"x-amz-content-sha256", hash_of_body(request)};
	headers[count++] = (struct field){"x-amz-date", signature->date};
	if (s3->credentials->session_token.len > 0)
		headers[count++] = (struct field){"x-amz-security-token", s3->credentials->session_token.data};
	(void)snprintf(url, sizeof url, "%s://%s%s", s3->tls ? "https" : "http", s3->host, signature->target);

	response->outcome = HTTP_FAILED;
	int64_t start_ms = clock_monotonic_ms(call->clock);
	int64_t left_ms = call_left_ms(call);
	if (left_ms == 0)
		return error_set(err, STATUS_UNREACHABLE, "timed out");
	enum status st =
	    http_perform(s3->http,
			 &(struct http_request){
			     .method = request->method,
			     .url = url,
			     .headers = headers,
			     .header_count = count,
			     .body = request->body,
			     .body_bytes = request->body_bytes,
			     .timeout_ms = left_ms,
			     .fresh = s3->fresh,
			     .is_interrupted = call->signal_hold == NULL ? NULL : call->signal_hold->is_interrupted,
			     .grace_ms = request->grace_ms,
			     .on_body = request->on_body,
			     .arg = request->arg},
			 response, err);
	log_line(call->log, LEVEL_DEBUG, "%s %s: HTTP %d in %lld ms, request id '%s'", request->method, url,
		 response->status, (long long)(clock_monotonic_ms(call->clock) - start_ms), response->amz_request_id);
	return st;
}

/* Adopts the region in the response if the request was signed for another one. */
static bool learn_region(struct s3 *s3, const struct call *call, const struct s3_reply *reply)
{
	int status = reply->http.status;
	const char *region = reply->http.amz_bucket_region[0] != '\0' ? reply->http.amz_bucket_region : reply->region;
	if ((status != 301 && status != 307 && status != 400) || !s3_is_region(s3, region) ||
	    strcmp(region, s3->region) == 0)
		return false;
	log_line(call->log, LEVEL_WARNING,
		 "bucket %s is in region %s, not %s: set s3-region to avoid an extra request on every call", s3->bucket,
		 region, s3->region);
	s3_set_region(s3, region);
	return true;
}

/* Adopts the server's clock. A response to HEAD has no error code, so the Date header decides. */
static bool learn_clock(struct s3 *s3, const struct call *call, const struct s3_reply *reply)
{
	int64_t theirs = http_date_s(reply->http.date);
	int64_t signed_at = s3_now_s(s3, call);
	int64_t off = theirs - signed_at;
	if (reply->http.status != 403 || theirs < 0 || (off < S3_SKEW_MAX_S && off > -S3_SKEW_MAX_S) ||
	    (reply->code[0] != '\0' && strcmp(reply->code, "RequestTimeTooSkewed") != 0))
		return false;
	s3->skew_s += off;
	log_line(call->log, LEVEL_WARNING, "the store's clock differs from this machine's by %lld s",
		 (long long)s3->skew_s);
	return true;
}

/* Renews temporary credentials that expired during this call, or earlier than announced. */
static bool is_expired(const struct s3 *s3, const struct s3_reply *reply)
{
	static const char *const codes[] = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"};
	for (size_t i = 0; s3->renew != NULL && i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(reply->code, codes[i]) == 0)
			return true;
	return false;
}

static enum status try_signed(struct s3 *s3, const struct call *call, const struct s3_request *request,
			      struct s3_reply *reply, struct error *err)
{
	struct sigv4_signature signature;
	s3_object_begin(&s3->object, s3_now_s(s3, call));
	enum status st = sign(s3, call, request, &signature, err);
	if (!st)
		st = send_signed(s3, call, request, &signature, &reply->http, err);
	if (st)
		return st;
	s3_reply_read(reply);
	return STATUS_OK;
}

/* As s3_reply_error names the requests to the bucket. */
static const char *operation_of(const struct s3_request *request)
{
	const char *first = request->query_count == 0 ? "" : request->query[0].name;
	if (strcmp(first, "versions") == 0)
		return "VERSIONS";
	if (strcmp(first, "uploads") == 0 && request->key == NULL)
		return "UPLOADS";
	if (strcmp(first, "restore") == 0)
		return "THAW";
	if (request->version != NULL)
		return strcmp(request->method, "DELETE") == 0 ? "UNDELETE" : "VERSION";
	if (request->key != NULL)
		return request->method;
	return strcmp(request->method, "POST") == 0 ? "DELETE" : strcmp(request->method, "GET") == 0 ? "LIST" : "HEAD";
}

/* The id of the version is part of the query. */
static void add_version(struct s3_request *request, struct field query[S3_REQUEST_QUERY_MAX + 1])
{
	if (request->version == NULL)
		return;
	for (size_t i = 0; i < request->query_count; i++)
		query[i] = request->query[i];
	query[request->query_count++] = (struct field){"versionId", request->version};
	request->query = query;
}

/* Adds what every request to this bucket needs, and every request for one of its objects. */
static void complete(const struct s3 *s3, struct s3_request *request,
		     struct field headers[S3_REQUEST_HEADERS_MAX + S3_ADDED_HEADERS_MAX])
{
	for (size_t i = 0; i < request->header_count; i++)
		headers[i] = request->headers[i];
	request->headers = headers;
	if (s3->requester_pays)
		headers[request->header_count++] = (struct field){"x-amz-request-payer", "requester"};
	/* Neither DeleteObject nor RestoreObject takes the key. */
	if (s3->customer_key == NULL || request->key == NULL || strcmp(request->method, "DELETE") == 0 ||
	    strcmp(operation_of(request), "THAW") == 0)
		return;
	s3_customer_key_headers(s3->customer_key, headers + request->header_count);
	request->header_count += S3_CUSTOMER_KEY_HEADERS;
}

enum status s3_try(struct s3 *s3, const struct call *call, const struct s3_request *given, struct s3_reply *reply,
		   struct attempt *attempt, struct error *err)
{
	struct field headers[S3_REQUEST_HEADERS_MAX + S3_ADDED_HEADERS_MAX];
	struct field query[S3_REQUEST_QUERY_MAX + 1];
	struct s3_request completed = *given;
	const struct s3_request *request = &completed;
	add_version(&completed, query);
	complete(s3, &completed, headers);
	bool region_known = false;
	bool clock_known = false;
	bool renewed = false;
	for (;;) {
		*reply = (struct s3_reply){.http.outcome = HTTP_FAILED_FINAL};
		enum status st = try_signed(s3, call, request, reply, err);
		if (st) {
			attempt->again = reply->http.outcome == HTTP_FAILED;
			s3->fresh = true;
			return st;
		}
		s3->fresh = false;
		if (!s3_reply_failed(reply))
			return STATUS_OK;
		/* Adjust each of them once: repeating the same adjustment does not help. */
		bool learned = false;
		if (!region_known)
			learned = region_known = learn_region(s3, call, reply);
		if (!learned && !clock_known)
			learned = clock_known = learn_clock(s3, call, reply);
		if (!learned && !renewed && is_expired(s3, reply)) {
			log_line(call->log, LEVEL_INFO,
				 "the store reports that the credentials have expired: renewing them");
			st = s3->renew(s3->renew_arg, call, err);
			if (st)
				return st;
			learned = renewed = true;
		}
		if (!learned)
			break;
	}
	s3_reply_judge(reply, attempt);
	/* A busy server may be one of many behind a name: a new connection may reach another one. */
	s3->fresh = attempt->slow_down;
	return s3_reply_error(reply, operation_of(request), err);
}

struct exchange {
	struct s3 *s3;
	const struct call *call;
	const struct s3_request *request;
	struct s3_reply *reply;
};

static enum status exchange_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct exchange *exchange = arg;
	return s3_try(exchange->s3, exchange->call, exchange->request, exchange->reply, attempt, err);
}

#define ONE_PLACE_HINT "archive each cluster from one place at a time"
#define REFUSED_HINT ONE_PLACE_HINT ", and set s3-no-replace = auto, which remembers the refusal and saves a request"

/* 501, or 400 "unsupported header if-none-match". */
static bool is_refusal(const struct s3_reply *reply)
{
	return reply->http.status == 501 || strcmp(reply->code, "NotImplemented") == 0 ||
	       (reply->http.status == 400 && strcasestr(reply->message, "if-none-match") != NULL &&
		!s3_reply_says_exists(reply));
}

bool s3_refuses_condition(struct s3 *s3, const struct call *call, const struct s3_reply *reply)
{
	if (s3->unconditional || reply->http.outcome != HTTP_ANSWERED || !is_refusal(reply))
		return false;
	s3->unconditional = true;
	log_line(call->log, LEVEL_WARNING,
		 "the store of bucket %s refuses If-None-Match: walship checks the name before each upload instead, "
		 "and two simultaneous writers can both succeed; %s",
		 s3->bucket, s3->condition.note == NULL ? REFUSED_HINT : ONE_PLACE_HINT);
	return true;
}

enum status s3_wrap(const struct s3 *s3, const char *verb, const char *key, enum status status, struct error *err)
{
	return error_wrap(err, status, "%s s3://%s/%s", verb, s3->bucket, key);
}

enum status s3_exchange(struct s3 *s3, const struct call *call, const struct s3_request *request,
			struct s3_reply *reply, struct error *err)
{
	struct exchange exchange = {s3, call, request, reply};
	*reply = (struct s3_reply){.http.outcome = HTTP_FAILED_FINAL};
	return retry_run(call, exchange_once, &exchange, err);
}

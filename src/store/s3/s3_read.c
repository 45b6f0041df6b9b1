/* Reads an object with one GET, or with several if the connection breaks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/s3/s3_private.h"

#define RANGE_MAX 40 /* "bytes=", a number of 20 digits, "-" */

struct reading {
	struct s3 *s3;
	const struct call *call;
	const char *key;
	struct sink *into;
	uint64_t done;             /* bytes the sink has */
	int64_t total;             /* length of the object; -1: unknown, because the response is chunked */
	char etag[HTTP_FIELD_MAX]; /* of the first response: a resumed read must get the same object */
	bool begun;                /* the headers of this response have been checked */
	uint64_t skip;             /* bytes of this response that the sink already has */
	bool sink_failed;
};

/* Without a length, a truncated response would look complete. */
static enum status begin_object(struct reading *reading, const struct http_response *response, struct error *err)
{
	if (response->content_length < 0 && strcasecmp(response->transfer_encoding, "chunked") != 0)
		return error_set(err, STATUS_UNREACHABLE, "HTTP %d without a length", response->status);
	reading->total = response->content_length;
	memcpy(reading->etag, response->etag, sizeof reading->etag);
	return STATUS_OK;
}

/* The rest must begin where the sink stopped, and belong to the same object. */
static enum status begin_rest(struct reading *reading, const struct http_response *response, struct error *err)
{
	char expected[64];
	if (strcmp(response->etag, reading->etag) != 0)
		return error_set(err, STATUS_UNREACHABLE, "the object changed during the read");
	if (response->status == 200) {
		reading->skip = reading->done; /* a server without range support sends the whole object again */
		return STATUS_OK;
	}
	(void)snprintf(expected, sizeof expected, "bytes %" PRIu64 "-", reading->done);
	if (response->status != 206 || strncmp(response->content_range, expected, strlen(expected)) != 0)
		return error_set(err, STATUS_UNREACHABLE, "HTTP %d with the range '%s' instead of '%s'",
				 response->status, response->content_range, expected);
	return STATUS_OK;
}

static enum status begin(struct reading *reading, const struct http_response *response, struct error *err)
{
	if (reading->begun)
		return STATUS_OK;
	reading->begun = true;
	reading->skip = 0;
	return reading->done == 0 ? begin_object(reading, response, err) : begin_rest(reading, response, err);
}

static enum status on_body(void *arg, const struct http_response *response, const void *data, size_t len,
			   struct error *err)
{
	struct reading *reading = arg;
	enum status st = begin(reading, response, err);
	if (st)
		return st;
	size_t skipped = reading->skip < len ? (size_t)reading->skip : len;
	reading->skip -= skipped;
	if (skipped == len)
		return STATUS_OK;
	st = sink_write(reading->into, (const char *)data + skipped, len - skipped, err);
	reading->sink_failed = st != STATUS_OK;
	reading->done += len - skipped;
	return st;
}

static enum status check_end(struct reading *reading, const struct s3_reply *reply, struct error *err)
{
	enum status st = begin(reading, &reply->http, err);
	if (!st && reading->total >= 0 && reading->done != (uint64_t)reading->total)
		st = error_set(err, STATUS_UNREACHABLE, "%" PRIu64 " of %" PRId64 " bytes came", reading->done,
			       reading->total);
	return st;
}

static enum status read_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct reading *reading = arg;
	struct s3_reply reply;
	char range[RANGE_MAX];
	(void)snprintf(range, sizeof range, "bytes=%" PRIu64 "-", reading->done);
	const struct field resume[] = {{"range", range}, {"if-match", reading->etag}};
	const struct s3_request request = {.method = "GET",
					   .key = reading->key,
					   .headers = resume,
					   .header_count = reading->done > 0 ? 2 : 0,
					   .on_body = on_body,
					   .arg = reading};
	reading->begun = false;
	enum status st = s3_try(reading->s3, reading->call, &request, &reply, attempt, err);
	if (!st)
		return check_end(reading, &reply, err);
	if (reading->done == 0)
		return s3_reply_says_missing(&reply) ? error_set(err, STATUS_MISSING, "no such object") : st;

	/* Some bytes have arrived, so a later 404 must not count as a missing object. */
	if (reading->etag[0] == '\0')
		attempt->again = false;
	if (reply.http.outcome == HTTP_ANSWERED && (reply.http.status == 412 || reply.http.status == 404))
		return error_set(err, STATUS_UNREACHABLE, "the object changed during the read (HTTP %d)",
				 reply.http.status);
	return st;
}

enum status s3_read(struct store *store, const struct call *call, const char *name, struct sink *into,
		    struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	char key[S3_KEY_MAX + 1];
	enum status st = s3_key(s3, name, key, err);
	if (st)
		return st;
	struct reading reading = {.s3 = s3, .call = call, .key = key, .into = into};
	st = retry_run(call, read_once, &reading, err);
	/* The sink failed, not the store: keep the sink's error. */
	return st && !reading.sink_failed ? s3_wrap(s3, "get", key, st, err) : st;
}

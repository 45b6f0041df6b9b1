/* Reads the first bytes of an object, with one ranged GET. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/s3/s3_private.h"
#include "text/number.h"

#define RANGE_MAX 40 /* "bytes=0-", a number of 20 digits */

struct first {
	struct s3 *s3;
	const struct call *call;
	const char *key;
	char *out;
	size_t wanted;
	size_t expected; /* bytes in this response; fewer if the object is shorter */
	size_t done;
	bool begun; /* the headers of this response have been checked */
};

/* Checks "bytes 0-63/16777216" (or "*" for the length): it must be the requested range, or all of a shorter object. */
static enum status begin_range(struct first *first, const struct http_response *response, struct error *err)
{
	static const char begin[] = "bytes 0-";
	const char *text = response->content_range;
	uint64_t last = 0, total = 0;
	const char *rest = strncmp(text, begin, sizeof begin - 1) == 0
			       ? number_read(text + sizeof begin - 1, UINT64_MAX, &last)
			       : NULL;
	bool known = rest != NULL && *rest == '/' && number_parse(rest + 1, UINT64_MAX, &total);
	uint64_t expected = total < first->wanted ? total : first->wanted;
	if (!known || expected == 0 || last != expected - 1)
		return error_set(err, STATUS_UNREACHABLE, "HTTP 206 with the range '%s' instead of 'bytes 0-%zu'", text,
				 first->wanted - 1);
	first->expected = (size_t)expected;
	return STATUS_OK;
}

/* A server without range support sends the whole object. */
static enum status begin_whole(struct first *first, const struct http_response *response, struct error *err)
{
	if (response->content_length < 0 && strcasecmp(response->transfer_encoding, "chunked") != 0)
		return error_set(err, STATUS_UNREACHABLE, "HTTP %d without a length", response->status);
	uint64_t length = (uint64_t)response->content_length;
	bool shorter = response->content_length >= 0 && length < first->wanted;
	first->expected = shorter ? (size_t)length : first->wanted;
	return STATUS_OK;
}

static enum status begin(struct first *first, const struct http_response *response, struct error *err)
{
	if (first->begun)
		return STATUS_OK;
	first->begun = true;
	first->done = 0;
	return response->status == 206 ? begin_range(first, response, err) : begin_whole(first, response, err);
}

/* Returns STATUS_EXISTS to end the transfer once enough bytes have arrived; the caller does not pass that on. */
static enum status on_body(void *arg, const struct http_response *response, const void *data, size_t len,
			   struct error *err)
{
	struct first *first = arg;
	enum status st = begin(first, response, err);
	if (st)
		return st;
	size_t room = first->expected - first->done;
	if (len > room && response->status == 206)
		return error_set(err, STATUS_UNREACHABLE, "more than the %zu bytes that HTTP 206 announces",
				 first->expected);
	memcpy(first->out + first->done, data, len < room ? len : room);
	first->done += len < room ? len : room;
	return len > room ? error_set(err, STATUS_EXISTS, "enough") : STATUS_OK;
}

/* Whether the response says that the object is empty. */
static bool is_empty(const struct s3_reply *reply)
{
	return reply->http.outcome == HTTP_ANSWERED && reply->http.status == 416 &&
	       (strcmp(reply->code, "InvalidRange") == 0 || strcmp(reply->http.content_range, "bytes */0") == 0);
}

static enum status check_end(struct first *first, const struct s3_reply *reply, struct error *err)
{
	enum status st = begin(first, &reply->http, err);
	/* A chunked response marks the end of a shorter object itself. */
	bool short_of_it =
	    first->done < first->expected && (reply->http.status == 206 || reply->http.content_length >= 0);
	if (!st && short_of_it)
		st = error_set(err, STATUS_UNREACHABLE, "%zu of %zu bytes came", first->done, first->expected);
	return st;
}

static enum status read_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct first *first = arg;
	struct s3_reply reply;
	char range[RANGE_MAX];
	(void)snprintf(range, sizeof range, "bytes=0-%zu", first->wanted - 1);
	const struct field header = {"range", range};
	const struct s3_request request = {.method = "GET",
					   .key = first->key,
					   .headers = &header,
					   .header_count = 1,
					   .on_body = on_body,
					   .arg = first};
	first->begun = false;
	first->done = 0;
	enum status st = s3_try(first->s3, first->call, &request, &reply, attempt, err);
	if (!st)
		return check_end(first, &reply, err);
	if (st == STATUS_EXISTS) {
		attempt->again = false;
		return STATUS_OK;
	}
	if (is_empty(&reply)) {
		first->done = 0;
		return STATUS_OK;
	}
	if (s3_reply_says_missing(&reply))
		return error_set(err, STATUS_MISSING, "no such object");
	if (reply.http.outcome == HTTP_ANSWERED && strcmp(reply.code, "InvalidObjectState") == 0)
		return STATUS_EXISTS;
	return st;
}

enum status s3_read_first(struct store *store, const struct call *call, const char *name, void *out, size_t *len,
			  struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	char key[S3_KEY_MAX + 1];
	char bytes[STORE_FIRST_MAX];
	enum status st = s3_key(s3, name, key, err);
	if (!st && (*len == 0 || *len > sizeof bytes))
		st = error_set(err, STATUS_USAGE, "1 to %zu bytes can be read, not %zu", sizeof bytes, *len);
	if (st)
		return st;
	struct first first = {.s3 = s3, .call = call, .key = key, .out = bytes, .wanted = *len};
	st = retry_run(call, read_once, &first, err);
	if (st)
		return s3_wrap(s3, "get", key, st, err);
	memcpy(out, bytes, first.done);
	*len = first.done;
	return STATUS_OK;
}

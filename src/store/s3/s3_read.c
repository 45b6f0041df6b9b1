/*
 * Reads an object, or ranges of it: one GET for each run of ranges, and more if the connection breaks.
 *
 * Amazon S3 API reference, GetObject (Range, If-Match); RFC 9110, 14.4 (Content-Range), 15.5.17 (416).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/s3/s3_private.h"
#include "text/number.h"

#define RANGE_MAX 64   /* "bytes=", two numbers of 20 digits, "-" */
#define ALL UINT64_MAX /* as far as the object goes */

struct reading {
	struct s3 *s3;
	const struct call *call;
	const char *key, *version; /* version: its id; NULL: the newest one */
	const struct store_ranges *ranges;
	size_t range;              /* the first one that is not complete */
	uint64_t done;             /* bytes of that range that the receiver has */
	bool total_known;          /* not while the response is chunked */
	uint64_t total;            /* length of the object */
	char etag[HTTP_FIELD_MAX]; /* of the first response: later ones must be of the same object */
	uint64_t from, to;         /* of the object, asked for by this request; to: behind the last byte, or ALL */
	bool begun;                /* the headers of this response have been checked */
	uint64_t at, end;          /* of the object: the next byte of this response, and behind its last one, or ALL */
	bool receiver_failed;
};

static bool is_started(const struct reading *reading)
{
	return reading->range > 0 || reading->done > 0;
}

/* Nothing is left to ask for, however the response ended: only the last range may be shorter. */
static bool has_all(const struct reading *reading)
{
	const struct store_ranges *ranges = reading->ranges;
	if (reading->range == ranges->count)
		return true;
	return ranges->may_be_shorter && reading->range + 1 == ranges->count && reading->total_known &&
	       ranges->items[reading->range].offset + reading->done == reading->total;
}

/* Sets from and to: the rest of the current range, and the ranges after it as long as the gaps are small. */
static void choose_span(struct reading *reading)
{
	const struct store_ranges *ranges = reading->ranges;
	const struct store_range *current = &ranges->items[reading->range];
	reading->from = current->offset + reading->done;
	reading->to = current->bytes == ALL ? ALL : current->offset + current->bytes;
	for (size_t i = reading->range + 1; i < ranges->count; i++) {
		if (ranges->items[i].offset - reading->to > STORE_MERGE_GAP_BYTES)
			break;
		reading->to = ranges->items[i].offset + ranges->items[i].bytes;
	}
}

static enum status too_short(const struct reading *reading, uint64_t total, struct error *err)
{
	const struct store_range *range = &reading->ranges->items[reading->ranges->count - 1];
	for (size_t i = reading->range; i < reading->ranges->count; i++)
		if (reading->ranges->items[i].offset + reading->ranges->items[i].bytes > total) {
			range = &reading->ranges->items[i];
			break;
		}
	return error_set(err, STATUS_DAMAGED,
			 "the object has %" PRIu64 " bytes, but bytes %" PRIu64 " to %" PRIu64 " were requested", total,
			 range->offset, range->offset + range->bytes - 1);
}

static enum status take_total(struct reading *reading, uint64_t total, struct error *err)
{
	if (reading->total_known && total != reading->total)
		return error_set(err, STATUS_UNREACHABLE,
				 "the object changed during the read: %" PRIu64 " bytes instead of %" PRIu64, total,
				 reading->total);
	reading->total_known = true;
	reading->total = total;
	const struct store_range *last = &reading->ranges->items[reading->ranges->count - 1];
	uint64_t needed = reading->ranges->may_be_shorter ? last->offset : last->offset + last->bytes;
	return total < needed ? too_short(reading, total, err) : STATUS_OK;
}

/* Checks "bytes 64-127/16777216": the requested range, or its part in a shorter object. */
static enum status begin_part(struct reading *reading, const struct http_response *response, struct error *err)
{
	uint64_t first = 0, last = 0, total = 0;
	const char *at = strncmp(response->content_range, "bytes ", 6) == 0 ? response->content_range + 6 : NULL;
	if (at != NULL)
		at = number_read(at, INT64_MAX, &first);
	at = at != NULL && *at == '-' ? number_read(at + 1, INT64_MAX, &last) : NULL;
	bool known = at != NULL && *at == '/' && number_parse(at + 1, INT64_MAX, &total);
	uint64_t end = total < reading->to ? total : reading->to;
	if (!known || first != reading->from || last < first || last + 1 != end) {
		char wanted[RANGE_MAX] = "";
		if (reading->to != ALL)
			(void)snprintf(wanted, sizeof wanted, "%" PRIu64, reading->to - 1);
		return error_set(err, STATUS_UNREACHABLE,
				 "HTTP %d with the range '%s' instead of 'bytes %" PRIu64 "-%s'", response->status,
				 response->content_range, reading->from, wanted);
	}
	reading->at = first;
	reading->end = end;
	return take_total(reading, total, err);
}

/* A server without range support sends the whole object. Without a length, a truncated one would look complete. */
static enum status begin_whole(struct reading *reading, const struct http_response *response, struct error *err)
{
	reading->at = 0;
	reading->end = ALL;
	if (response->content_length < 0)
		return strcasecmp(response->transfer_encoding, "chunked") == 0
			   ? STATUS_OK
			   : error_set(err, STATUS_UNREACHABLE, "HTTP %d without a length", response->status);
	reading->end = (uint64_t)response->content_length;
	return take_total(reading, reading->end, err);
}

static enum status begin(struct reading *reading, const struct http_response *response, struct error *err)
{
	if (reading->begun)
		return STATUS_OK;
	reading->begun = true;
	if (is_started(reading) && strcmp(response->etag, reading->etag) != 0)
		return error_set(err, STATUS_UNREACHABLE, "the object changed during the read");
	memcpy(reading->etag, response->etag, sizeof reading->etag);
	return response->status == 206 ? begin_part(reading, response, err) : begin_whole(reading, response, err);
}

/* Passes on the bytes that belong to the current range; *taken: these, or the ones of the gap before it. */
static enum status pass_on(struct reading *reading, const char *data, size_t len, size_t *taken, struct error *err)
{
	const struct store_range *range = &reading->ranges->items[reading->range];
	uint64_t wanted = range->offset + reading->done;
	uint64_t most = reading->at < wanted ? wanted - reading->at : range->bytes - reading->done;
	*taken = len < most ? len : (size_t)most;
	bool in_range = reading->at >= wanted;
	reading->at += *taken;
	if (!in_range)
		return STATUS_OK;
	enum status st = reading->ranges->each(reading->ranges->arg, reading->range, data, *taken, err);
	reading->receiver_failed = st != STATUS_OK;
	reading->done += *taken;
	if (reading->done == range->bytes) {
		reading->range++;
		reading->done = 0;
	}
	return st;
}

/* Returns STATUS_EXISTS to end the transfer of a whole object early; the caller does not pass that on. */
static enum status on_body(void *arg, const struct http_response *response, const void *data, size_t len,
			   struct error *err)
{
	struct reading *reading = arg;
	enum status st = begin(reading, response, err);
	if (!st && len > reading->end - reading->at)
		st = error_set(err, STATUS_UNREACHABLE, "more than the %" PRIu64 " bytes that HTTP %d announces",
			       reading->end - reading->from, response->status);
	for (const char *rest = data; len > 0 && !st;) {
		size_t taken;
		if (reading->range == reading->ranges->count)
			return error_set(err, STATUS_EXISTS, "enough");
		st = pass_on(reading, rest, len, &taken, err);
		rest += taken;
		len -= taken;
	}
	return st;
}

/* The response is complete: was it all that it announced, and has the object ended? */
static enum status check_end(struct reading *reading, const struct s3_reply *reply, struct error *err)
{
	enum status st = begin(reading, &reply->http, err);
	if (st)
		return st;
	uint64_t from = reply->http.status == 206 ? reading->from : 0;
	if (reading->end == ALL)
		st = take_total(reading, reading->at, err);
	else if (reading->at != reading->end)
		st = error_set(err, STATUS_UNREACHABLE, "%" PRIu64 " of %" PRIu64 " bytes came", reading->at - from,
			       reading->end - from);
	/* Of all ranges only the last one may still be incomplete, if it may be shorter: take_total refuses the others.
	 */
	if (!st && reading->at == reading->total && reading->range < reading->ranges->count)
		reading->range++;
	return st;
}

/* The store answered, but not with the object. */
static enum status judge(struct reading *reading, const struct s3_reply *reply, enum status st, struct error *err)
{
	int status = reply->http.status;
	/* Some bytes have arrived, so a later 404 must not count as a missing object. */
	if (is_started(reading) && (status == 412 || status == 404))
		return error_set(err, STATUS_UNREACHABLE, "the object changed during the read (HTTP %d)", status);
	if (s3_reply_says_missing(reply))
		return s3_reply_missing(reply, err);
	if (reading->to == ALL)
		return st;
	if (strcmp(reply->code, "InvalidObjectState") == 0)
		return STATUS_EXISTS;
	if (status != 416 ||
	    (strcmp(reply->code, "InvalidRange") != 0 && strncmp(reply->http.content_range, "bytes */", 8) != 0))
		return st;
	/* An empty object has no first byte. */
	if (reading->from > 0 || !reading->ranges->may_be_shorter || reading->ranges->count > 1)
		return error_set(err, STATUS_DAMAGED, "the object ends before byte %" PRIu64, reading->from);
	reading->range++;
	return STATUS_OK;
}

static enum status read_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct reading *reading = arg;
	struct s3_reply reply;
	char range[RANGE_MAX];
	choose_span(reading);
	int len = snprintf(range, sizeof range, "bytes=%" PRIu64 "-", reading->from);
	if (reading->to != ALL)
		(void)snprintf(range + len, sizeof range - (size_t)len, "%" PRIu64, reading->to - 1);
	struct field headers[2];
	size_t count = 0;
	if (reading->from > 0 || reading->to != ALL)
		headers[count++] = (struct field){"range", range};
	if (is_started(reading) && reading->etag[0] == '\0')
		return error_set(err, STATUS_UNREACHABLE, "the response had no ETag, so the rest cannot be requested");
	if (is_started(reading))
		headers[count++] = (struct field){"if-match", reading->etag};
	reading->begun = false;
	const struct s3_request request = {.method = "GET",
					   .key = reading->key,
					   .version = reading->version,
					   .headers = headers,
					   .header_count = count,
					   .on_body = on_body,
					   .arg = reading};
	enum status st = s3_try(reading->s3, reading->call, &request, &reply, attempt, err);
	if (!st)
		return check_end(reading, &reply, err);
	attempt->again = attempt->again && (!is_started(reading) || reading->etag[0] != '\0');
	/* A response may announce more bytes than it sends. */
	if (!reading->receiver_failed && has_all(reading)) {
		reading->range = reading->ranges->count;
		return STATUS_OK;
	}
	return reply.http.outcome == HTTP_ANSWERED ? judge(reading, &reply, st, err) : st;
}

enum status s3_read_version_ranges(struct s3 *s3, const struct call *call, const char *key, const char *version,
				   const struct store_ranges *ranges, struct error *err)
{
	struct reading reading = {.s3 = s3, .call = call, .key = key, .version = version, .ranges = ranges};
	enum status st = STATUS_OK;
	while (!st && reading.range < ranges->count)
		st = retry_run(call, read_once, &reading, err);
	/* The receiver failed, not the store: keep its error. */
	return st && !reading.receiver_failed ? s3_wrap(s3, "get", key, st, err) : st;
}

enum status s3_read_ranges(struct store *store, const struct call *call, const char *name,
			   const struct store_ranges *ranges, struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	char key[S3_KEY_MAX + 1];
	enum status st = s3_key(s3, name, key, err);
	return st ? st : s3_read_version_ranges(s3, call, key, NULL, ranges, err);
}

static enum status write_piece(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	(void)range;
	return sink_write(arg, data, len, err);
}

enum status s3_read_version(struct s3 *s3, const struct call *call, const char *key, const char *version,
			    struct sink *into, struct error *err)
{
	static const struct store_range whole = {0, ALL};
	const struct store_ranges ranges = {
	    .items = &whole, .count = 1, .may_be_shorter = true, .each = write_piece, .arg = into};
	return s3_read_version_ranges(s3, call, key, version, &ranges, err);
}

enum status s3_read(struct store *store, const struct call *call, const char *name, struct sink *into,
		    struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	char key[S3_KEY_MAX + 1];
	enum status st = s3_key(s3, name, key, err);
	return st ? st : s3_read_version(s3, call, key, NULL, into, err);
}

/*
 * Removes objects: DeleteObjects for many, DeleteObject for one.
 *
 * Amazon S3 API reference, DeleteObjects: up to 1,000 keys, Content-MD5 or a checksum is required; in quiet mode the
 * response has only the keys that were not removed, each with a code, and its status is 200 all the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "store/s3/s3_private.h"
#include "text/text.h"

/* 1,000 keys, each byte as an entity of up to five characters, and the elements around them. */
#define BODY_MAX ((size_t)STORE_REMOVE_MAX * (5 * S3_KEY_MAX + 64))

enum fate { WAITS, REMOVED, REFUSED };
enum root { OTHER, RESULT, ERROR }; /* of a response: DeleteResult, Error */

/* One request's names. */
struct batch {
	struct s3 *s3;
	const struct call *call;
	const char *const *names;
	size_t count;
	enum fate fates[STORE_REMOVE_MAX];
	size_t reasons[STORE_REMOVE_MAX]; /* of the refused ones: offsets in texts */
	struct buffer texts;
	/* Of the response. */
	enum root root;
	struct s3_reply entry; /* code and message of the current key, or of the whole response */
	char key[S3_KEY_MAX + 1];
	bool has_key;
	size_t next; /* where the search for the next key begins: the order is usually that of the request */
	bool again[STORE_REMOVE_MAX];                        /* a later try may succeed */
	char again_reason[S3_CODE_MAX + S3_MESSAGE_MAX + 2]; /* of the last such key; "": none */
};

static enum status refuse(const struct store_removal *removal, const char *name, const struct error *why,
			  struct error *err)
{
	return removal->refused(removal->arg, &(struct store_refusal){name, STATUS_UNREACHABLE, why}, err);
}

/* Codes that concern one key, not the bucket, the credentials or the request. */
static bool is_refusal(const struct s3_reply *reply)
{
	static const char *const codes[] = {"AccessDenied", "InvalidRequest", "ObjectLocked", "MethodNotAllowed", NULL};
	return reply->http.outcome == HTTP_ANSWERED && text_is_one_of(reply->code, codes, strcmp);
}

static enum status remove_one(struct s3 *s3, const struct call *call, const char *name,
			      const struct store_removal *removal, struct error *err)
{
	struct s3_reply reply;
	struct error why = {0};
	char key[S3_KEY_MAX + 1];
	enum status st = s3_key(s3, name, key, err);
	if (st)
		return st;
	const struct s3_request request = {.method = "DELETE", .key = key};
	st = s3_exchange(s3, call, &request, &reply, &why);
	if (!st || s3_reply_says_missing(&reply))
		return STATUS_OK;
	(void)s3_wrap(s3, "remove", key, st, &why);
	if (is_refusal(&reply))
		return refuse(removal, name, &why, err);
	*err = why;
	return st;
}

static enum status add_escaped(struct buffer *body, const char *text, struct error *err)
{
	enum status st = STATUS_OK;
	for (; *text != '\0' && !st; text++) {
		if (*text == '&' || *text == '<' || *text == '>')
			st = buffer_printf(body, err, "&#%d;", *text);
		else
			st = buffer_append(body, text, 1, err);
	}
	return st;
}

static enum status make_body(const struct batch *batch, struct buffer *body, struct error *err)
{
	enum status st =
	    buffer_printf(body, err, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
	for (size_t i = 0; i < batch->count && !st; i++) {
		char key[S3_KEY_MAX + 1];
		if (batch->fates[i] != WAITS)
			continue;
		st = s3_key(batch->s3, batch->names[i], key, err);
		if (!st)
			st = buffer_printf(body, err, "<Object><Key>");
		if (!st)
			st = add_escaped(body, key, err);
		if (!st)
			st = buffer_printf(body, err, "</Key></Object>");
	}
	return st ? st : buffer_printf(body, err, "</Delete>");
}

/* The index of the name with this key; batch->count if there is none. */
static size_t find(const struct batch *batch, const char *key)
{
	size_t skip = s3_key_skip(batch->s3);
	if (strlen(key) < skip || strncmp(key, batch->s3->prefix, skip == 0 ? 0 : skip - 1) != 0)
		return batch->count;
	for (size_t n = 0; n < batch->count; n++) {
		size_t i = (batch->next + n) % batch->count;
		if (strcmp(batch->names[i], key + skip) == 0)
			return i;
	}
	return batch->count;
}

static enum status note_refusal(struct batch *batch, struct error *err)
{
	struct attempt attempt = {0};
	size_t i = find(batch, batch->key);
	if (!batch->has_key || batch->entry.code[0] == '\0' || i == batch->count || batch->fates[i] != WAITS)
		return error_set(err, STATUS_UNREACHABLE, "invalid response: it refuses the key '%.80s', code '%s'",
				 batch->key, batch->entry.code);
	batch->next = i + 1;
	s3_reply_judge(&batch->entry, &attempt);
	batch->again[i] = attempt.again;
	if (strcmp(batch->entry.code, "NoSuchKey") == 0 || strcmp(batch->entry.code, "NoSuchVersion") == 0)
		return STATUS_OK;
	const char *colon = batch->entry.message[0] == '\0' ? "" : ": ";
	char reason[sizeof batch->again_reason];
	(void)snprintf(reason, sizeof reason, "%s%s%s", batch->entry.code, colon, batch->entry.message);
	if (attempt.again) {
		memcpy(batch->again_reason, reason, sizeof reason);
		return STATUS_OK;
	}
	batch->fates[i] = REFUSED;
	batch->reasons[i] = batch->texts.len;
	return buffer_append(&batch->texts, reason, strlen(reason) + 1, err);
}

static enum status take_code(void *arg, const char *text, struct error *err)
{
	struct batch *batch = arg;
	(void)err;
	if (strlen(text) < sizeof batch->entry.code)
		(void)snprintf(batch->entry.code, sizeof batch->entry.code, "%s", text);
	return STATUS_OK;
}

static enum status take_message(void *arg, const char *text, struct error *err)
{
	struct batch *batch = arg;
	(void)err;
	(void)snprintf(batch->entry.message, sizeof batch->entry.message, "%s", text);
	return STATUS_OK;
}

static enum status take_key(void *arg, const char *text, struct error *err)
{
	struct batch *batch = arg;
	(void)err;
	(void)snprintf(batch->key, sizeof batch->key, "%s", text);
	batch->has_key = strlen(text) < sizeof batch->key;
	return STATUS_OK;
}

static enum status take_refusal(void *arg, const char *text, struct error *err)
{
	struct batch *batch = arg;
	(void)text;
	enum status st = note_refusal(batch, err);
	batch->has_key = false;
	batch->key[0] = batch->entry.code[0] = batch->entry.message[0] = '\0';
	return st;
}

static enum status take_result(void *arg, const char *text, struct error *err)
{
	struct batch *batch = arg;
	(void)text, (void)err;
	batch->root = RESULT;
	return STATUS_OK;
}

static enum status take_error(void *arg, const char *text, struct error *err)
{
	struct batch *batch = arg;
	(void)text, (void)err;
	batch->root = ERROR;
	return STATUS_OK;
}

static const struct s3_element element_list[] = {
    {"DeleteResult/Error/Code", take_code}, {"DeleteResult/Error/Message", take_message},
    {"DeleteResult/Error/Key", take_key},   {"DeleteResult/Error", take_refusal},
    {"DeleteResult", take_result},          {"Error/Code", take_code},
    {"Error/Message", take_message},        {"Error", take_error},
};
static const struct s3_elements elements = {element_list, sizeof element_list / sizeof element_list[0]};

static enum status send(struct batch *batch, const struct buffer *body, struct s3_reply *reply, struct attempt *attempt,
			struct error *err)
{
	static const struct field query = {"delete", ""};
	struct s3_digests digests;
	struct field headers[3] = {{"content-type", "application/xml"}};
	size_t count = 1;
	enum status st = s3_digests_of(&digests, body->data, body->len, true, err);
	if (st)
		return st;
	if (digests.md5[0] != '\0')
		headers[count++] = (struct field){"content-md5", digests.md5};
	if (digests.md5[0] == '\0' || batch->s3->aws)
		headers[count++] = (struct field){"x-amz-checksum-sha256", digests.sha256_base64};
	return s3_try_xml(batch->s3, batch->call,
			  &(struct s3_request){.method = "POST",
					       .query = &query,
					       .query_count = 1,
					       .headers = headers,
					       .header_count = count,
					       .body = body->data,
					       .body_bytes = body->len,
					       .body_sha256 = digests.sha256,
					       .elements = &elements,
					       .arg = batch},
			  reply, attempt, err);
}

/* The response is complete. Names that it does not mention are gone. */
static enum status settle(struct batch *batch, struct attempt *attempt, struct error *err)
{
	if (batch->root == ERROR) {
		s3_reply_judge(&batch->entry, attempt);
		return s3_reply_error(&batch->entry, "POST", err);
	}
	if (batch->root != RESULT)
		return error_set(err, STATUS_UNREACHABLE, "the response is not the result of DeleteObjects");
	for (size_t i = 0; i < batch->count; i++)
		if (batch->fates[i] == WAITS && !batch->again[i])
			batch->fates[i] = REMOVED;
	attempt->again = batch->again_reason[0] != '\0';
	return attempt->again ? error_set(err, STATUS_UNREACHABLE, "%s", batch->again_reason) : STATUS_OK;
}

static enum status remove_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct batch *batch = arg;
	struct s3_reply reply = {.http.outcome = HTTP_FAILED_FINAL};
	CLEANUP(buffer_fini) struct buffer body = {.max = BODY_MAX};
	enum status st = make_body(batch, &body, err);
	if (st)
		return st;
	batch->root = OTHER;
	batch->key[0] = batch->again_reason[0] = '\0';
	batch->has_key = false;
	batch->entry = (struct s3_reply){.http = {.outcome = HTTP_ANSWERED, .status = 200}};
	memset(batch->again, 0, sizeof batch->again);
	st = send(batch, &body, &reply, attempt, err);
	if (!st)
		return settle(batch, attempt, err);
	batch->entry = reply;
	return st;
}

/*
 * Whether the server has no DeleteObjects, as Google's XML API, or does not allow it: Ceph 16 wants s3:DeleteObject on
 * the bucket, where a policy need only have it on the keys. If so, remembers that.
 */
static bool lacks_it(struct batch *batch)
{
	static const char *const codes[] = {"NotImplemented", "MethodNotAllowed", "AccessDenied", NULL};
	const struct s3_reply *reply = &batch->entry;
	int status = reply->http.outcome == HTTP_ANSWERED ? reply->http.status : 0;
	if (status == 501 || status == 405 || (status >= 400 && text_is_one_of(reply->code, codes, strcmp)))
		batch->s3->one_by_one = true;
	return batch->s3->one_by_one;
}

static enum status report(struct batch *batch, const struct store_removal *removal, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; i < batch->count && !st; i++) {
		char key[S3_KEY_MAX + 1];
		struct error why;
		if (batch->fates[i] != REFUSED)
			continue;
		st = s3_key(batch->s3, batch->names[i], key, err);
		(void)error_set(&why, STATUS_UNREACHABLE, "%s", buffer_text(&batch->texts) + batch->reasons[i]);
		(void)s3_wrap(batch->s3, "remove", key, STATUS_UNREACHABLE, &why);
		if (!st)
			st = refuse(removal, batch->names[i], &why, err);
	}
	return st;
}

static enum status remove_batch(struct batch *batch, const struct store_removal *removal, struct error *err)
{
	const struct call step = call_step(batch->call);
	batch->call = &step;
	enum status st = retry_run(&step, remove_once, batch, err);
	if (st && lacks_it(batch))
		return STATUS_MISSING;
	if (st)
		(void)s3_wrap(batch->s3, "remove objects from", batch->s3->prefix, st, err);
	/* Report the refusals even after a failure: they are final. */
	struct error trouble = {0};
	enum status reported = report(batch, removal, &trouble);
	if (st || !reported)
		return st;
	*err = trouble;
	return reported;
}

static enum status remove_some(struct s3 *s3, const struct call *call, const struct store_removal *removal,
			       size_t *done, struct error *err)
{
	size_t left = removal->count - *done;
	struct batch *batch = calloc(1, sizeof *batch);
	if (batch == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	batch->s3 = s3;
	batch->call = call;
	batch->names = removal->names + *done;
	batch->count = left < STORE_REMOVE_MAX ? left : STORE_REMOVE_MAX;
	enum status st = remove_batch(batch, removal, err);
	*done += st ? 0 : batch->count;
	buffer_fini(&batch->texts);
	free(batch);
	return st == STATUS_MISSING ? STATUS_OK : st;
}

enum status s3_remove(struct store *store, const struct call *call, const struct store_removal *removal,
		      struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	enum status st = STATUS_OK;
	for (size_t done = 0; done < removal->count && !st;) {
		if (removal->count > 1 && !s3->one_by_one) {
			st = remove_some(s3, call, removal, &done, err);
			continue;
		}
		const struct call step = call_step(call);
		st = remove_one(s3, &step, removal->names[done++], removal, err);
	}
	return st;
}

/*
 * Objects in an archive storage class, which GET refuses until a copy has been brought back.
 *
 * Amazon S3 API reference, RestoreObject (202: requested, 200: the copy is there and its time starts anew, 409
 * RestoreAlreadyInProgress), HeadObject (x-amz-storage-class, x-amz-restore); user guide, "Working with archived
 * objects".
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/s3/s3_private.h"

#define BODY_MAX 256 /* the text below has 190 characters */

const char *s3_archive_class(const char *storage_class)
{
	static const char *const classes[] = {"GLACIER", "DEEP_ARCHIVE"};
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(storage_class, classes[i]) == 0)
			return classes[i];
	return NULL;
}

void s3_thaw_state(const struct http_response *response, struct object_info *out)
{
	const char *class = s3_archive_class(response->amz_storage_class);
	bool is_thawed = strstr(response->amz_restore, "ongoing-request=\"false\"") != NULL;
	if (class == NULL || is_thawed)
		return;
	out->archived = true;
	out->archive_class = class;
	out->thawing = strstr(response->amz_restore, "ongoing-request=\"true\"") != NULL;
}

static enum status request_copy(struct s3 *s3, const struct call *call, const struct s3_request *object,
				const char *body, struct s3_reply *reply, struct error *err)
{
	static const struct field query = {"restore", ""};
	struct s3_digests digests;
	struct field headers[2] = {{"content-type", "application/xml"}};
	size_t count = 1;
	enum status st = s3_digests_of(&digests, body, strlen(body), s3->md5, err);
	if (st)
		return st;
	if (digests.md5[0] != '\0')
		headers[count++] = (struct field){"content-md5", digests.md5};
	return s3_exchange(s3, call,
			   &(struct s3_request){.method = "POST",
						.key = object->key,
						.version = object->version,
						.query = &query,
						.query_count = 1,
						.headers = headers,
						.header_count = count,
						.body = body,
						.body_bytes = strlen(body),
						.body_sha256 = digests.sha256},
			   reply, err);
}

enum status s3_thaw_version(struct s3 *s3, const struct call *call, const char *key, const char *version,
			    const struct store_thaw *thaw, struct error *err)
{
	char body[BODY_MAX];
	struct s3_reply reply;
	(void)snprintf(body, sizeof body,
		       "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>%u</Days>"
		       "<GlacierJobParameters><Tier>%s</Tier></GlacierJobParameters></RestoreRequest>",
		       thaw->days, thaw->tier);
	const struct call step = call_step(call);
	enum status st =
	    request_copy(s3, &step, &(struct s3_request){.key = key, .version = version}, body, &reply, err);
	if (!st || strcmp(reply.code, "RestoreAlreadyInProgress") == 0)
		return STATUS_OK;
	if (s3_reply_says_missing(&reply))
		return s3_reply_missing(&reply, err);
	return s3_wrap(s3, "restore", key, st, err);
}

enum status s3_thaw(struct store *store, const struct call *call, const char *name, const struct store_thaw *thaw,
		    struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	char key[S3_KEY_MAX + 1];
	enum status st = s3_key(s3, name, key, err);
	return st ? st : s3_thaw_version(s3, call, key, NULL, thaw, err);
}

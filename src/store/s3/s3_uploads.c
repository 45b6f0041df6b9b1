/* Aborts uploads that were begun and neither completed nor aborted: AbortMultipartUpload. */
#include <string.h>

#include "store/s3/s3_id_list.h"
#include "text/text.h"

struct uploads {
	struct s3 *s3;
	const struct call *call;
	const struct store_clearing *clearing;
};

/* No permission, or a store without this operation. */
static bool is_refusal(const struct s3_reply *reply)
{
	static const char *const codes[] = {"AccessDenied", "MethodNotAllowed", "NotImplemented", NULL};
	return reply->http.outcome == HTTP_ANSWERED && text_is_one_of(reply->code, codes, strcmp);
}

/* why: of the request with that reply. The status is st unless the store refused the request. */
static enum status settle(const struct store_clearing *clearing, const struct s3_reply *reply,
			  const struct store_refusal *refusal, struct error *err)
{
	if (is_refusal(reply))
		return clearing->refused(clearing->arg, refusal, err);
	*err = *refusal->why;
	return refusal->status;
}

static enum status abort_upload(const struct uploads *uploads, const struct s3_id_entry *entry, const char *name,
				struct error *err)
{
	struct s3_reply reply;
	struct error why = {0};
	const struct field query = {"uploadId", entry->id};
	const struct s3_request request = {.method = "DELETE", .key = entry->key, .query = &query, .query_count = 1};
	const struct call step = call_step(uploads->call);
	enum status st = s3_exchange(uploads->s3, &step, &request, &reply, &why);
	/* Completed or aborted meanwhile. */
	if (!st || (reply.http.outcome == HTTP_ANSWERED && reply.http.status == 404))
		return STATUS_OK;
	(void)s3_wrap(uploads->s3, "abort the upload of", entry->key, st, &why);
	return settle(uploads->clearing, &reply, &(struct store_refusal){name, st, &why}, err);
}

static enum status tell_upload(void *arg, const struct s3_id_entry *entry, struct error *err)
{
	const struct uploads *uploads = arg;
	const struct store_clearing *clearing = uploads->clearing;
	bool abort = false;
	const struct store_upload upload = {entry->key + s3_key_skip(uploads->s3), entry->modified_s};
	enum status st = clearing->each(clearing->arg, &upload, &abort, err);
	return st || !abort ? st : abort_upload(uploads, entry, upload.name, err);
}

enum status s3_clear_uploads(struct store *store, const struct call *call, const struct store_clearing *clearing,
			     struct error *err)
{
	struct s3_reply reply;
	struct error why = {0};
	struct uploads uploads = {(struct s3 *)store, call, clearing};
	const struct s3_id_listing listing = {S3_UPLOADS, clearing->prefix, tell_upload, &uploads};
	enum status st = s3_id_list(uploads.s3, call, &listing, &reply, &why);
	if (!st)
		return STATUS_OK;
	return settle(clearing, &reply, &(struct store_refusal){clearing->prefix, st, &why}, err);
}

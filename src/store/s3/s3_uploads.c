/*
 * Uploads that were begun and neither completed nor aborted: ListMultipartUploads, page by page, and
 * AbortMultipartUpload.
 *
 * Amazon S3 API reference, ListMultipartUploads: at most 1,000 uploads in a page, sorted by key; of one key, by the
 * time of their beginning. As in s3_list.c, a page is received completely before its first upload is passed on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "net/http/xml.h"
#include "store/s3/s3_private.h"
#include "text/text.h"

#define PAGE_UPLOADS 1000 /* the most that S3 returns in a page */

/* Texts are offsets in page->texts, which moves while it grows. */
struct entry {
	size_t key, id;
	int64_t begun_s;
};

struct page {
	struct entry entries[PAGE_UPLOADS];
	size_t count;
	struct buffer texts; /* null-terminated, one after another */
	struct entry next;   /* the one being read */
	bool has_key, has_id, has_date;
	bool encoded, truncated, says_end, complete;
	char next_key[3 * S3_KEY_MAX + 1];
	char next_id[S3_UPLOAD_ID_MAX];
};

struct uploads {
	struct s3 *s3;
	const struct call *call;
	const struct store_clearing *clearing;
	struct call step; /* deadline of the current request */
	size_t skip;      /* bytes of a key before the name */
	char prefix[S3_KEY_MAX + 1];
	char from_key[3 * S3_KEY_MAX + 1]; /* where the next page begins; "": the first */
	char from_id[S3_UPLOAD_ID_MAX];
	uint64_t seen, empty_pages;
	struct s3_reply reply; /* of the last request */
	struct page *page;
	struct xml_reader *reader;
};

static enum status bad(struct error *err, const char *what, const char *text)
{
	return error_set(err, STATUS_UNREACHABLE, "invalid listing of uploads: %s '%.80s'", what, text);
}

static enum status keep(struct page *page, size_t *offset, bool *known, const char *text, struct error *err)
{
	*offset = page->texts.len;
	*known = true;
	return buffer_append(&page->texts, text, strlen(text) + 1, err);
}

static enum status take_key(struct page *page, const char *text, struct error *err)
{
	return keep(page, &page->next.key, &page->has_key, text, err);
}

static enum status take_id(struct page *page, const char *text, struct error *err)
{
	if (text[0] == '\0' || strlen(text) >= S3_UPLOAD_ID_MAX)
		return bad(err, "upload id", text);
	return keep(page, &page->next.id, &page->has_id, text, err);
}

static enum status take_date(struct page *page, const char *text, struct error *err)
{
	page->has_date = true;
	return utc_parse(text, &page->next.begun_s) ? STATUS_OK : bad(err, "date", text);
}

static enum status take_upload(struct page *page, const char *text, struct error *err)
{
	if (!page->has_key || !page->has_id || !page->has_date)
		return bad(err, "entry without key, id or date", text);
	if (page->count == PAGE_UPLOADS)
		return bad(err, "page too long:", (char *)page->texts.data + page->next.key);
	page->entries[page->count++] = page->next;
	page->next = (struct entry){0};
	page->has_key = page->has_id = page->has_date = false;
	return STATUS_OK;
}

static enum status take_encoding(struct page *page, const char *text, struct error *err)
{
	page->encoded = strcmp(text, "url") == 0;
	return page->encoded ? STATUS_OK : bad(err, "encoding", text);
}

static enum status take_truncated(struct page *page, const char *text, struct error *err)
{
	page->says_end = true;
	page->truncated = strcmp(text, "true") == 0;
	return page->truncated || strcmp(text, "false") == 0 ? STATUS_OK : bad(err, "IsTruncated", text);
}

static enum status take_next_key(struct page *page, const char *text, struct error *err)
{
	int len = snprintf(page->next_key, sizeof page->next_key, "%s", text);
	return len < (int)sizeof page->next_key ? STATUS_OK : bad(err, "key marker", text);
}

static enum status take_next_id(struct page *page, const char *text, struct error *err)
{
	int len = snprintf(page->next_id, sizeof page->next_id, "%s", text);
	return len < (int)sizeof page->next_id ? STATUS_OK : bad(err, "upload id marker", text);
}

static enum status take_root(struct page *page, const char *text, struct error *err)
{
	(void)text, (void)err;
	page->complete = true;
	return STATUS_OK;
}

#define ROOT "ListMultipartUploadsResult"
static const struct {
	const char *path;
	enum status (*take)(struct page *page, const char *text, struct error *err);
} elements[] = {
    {ROOT "/Upload/Key", take_key},
    {ROOT "/Upload/UploadId", take_id},
    {ROOT "/Upload/Initiated", take_date},
    {ROOT "/Upload", take_upload},
    {ROOT "/EncodingType", take_encoding},
    {ROOT "/IsTruncated", take_truncated},
    {ROOT "/NextKeyMarker", take_next_key},
    {ROOT "/NextUploadIdMarker", take_next_id},
    {ROOT, take_root},
};

static enum status on_element(void *arg, const char *path, const char *text, struct error *err)
{
	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (strcmp(path, elements[i].path) == 0)
			return elements[i].take(arg, text, err);
	return STATUS_OK;
}

static enum status on_body(void *arg, const struct http_response *response, const void *data, size_t len,
			   struct error *err)
{
	const struct uploads *uploads = arg;
	enum status st = xml_reader_feed(uploads->reader, data, len, err);
	return st ? error_wrap(err, st, "HTTP %d", response->status) : STATUS_OK;
}

static enum status ask_for_page(struct uploads *uploads, struct attempt *attempt, struct error *err)
{
	struct field query[6] = {{"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", "1000"}};
	size_t count = 3;
	query[count++] = (struct field){"prefix", uploads->prefix};
	if (uploads->from_key[0] != '\0')
		query[count++] = (struct field){"key-marker", uploads->from_key};
	if (uploads->from_id[0] != '\0')
		query[count++] = (struct field){"upload-id-marker", uploads->from_id};
	enum status st =
	    s3_try(uploads->s3, &uploads->step,
		   &(struct s3_request){
		       .method = "GET", .query = query, .query_count = count, .on_body = on_body, .arg = uploads},
		   &uploads->reply, attempt, err);
	if (st)
		return st;
	st = xml_reader_finish(uploads->reader, err);
	if (!st && (!uploads->page->complete || !uploads->page->says_end))
		st = error_set(err, STATUS_UNREACHABLE, "the response is not a complete listing of uploads");
	return st ? error_wrap(err, st, "HTTP %d", uploads->reply.http.status) : STATUS_OK;
}

static enum status page_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct uploads *uploads = arg;
	struct buffer texts = uploads->page->texts;
	buffer_clear(&texts);
	*uploads->page = (struct page){.texts = texts};
	enum status st = xml_reader_new(&uploads->reader, on_element, uploads->page, err);
	if (!st)
		st = ask_for_page(uploads, attempt, err);
	xml_reader_free(uploads->reader);
	uploads->reader = NULL;
	return st;
}

/* No permission, or a store without this operation. */
static bool is_refusal(const struct s3_reply *reply)
{
	static const char *const codes[] = {"AccessDenied", "MethodNotAllowed", "NotImplemented", NULL};
	return reply->http.outcome == HTTP_ANSWERED && text_is_one_of(reply->code, codes, strcmp);
}

/* why: of the last request. The status is st unless the store refused it. */
static enum status settle(const struct uploads *uploads, const char *name, enum status st, const struct error *why,
			  struct error *err)
{
	const struct store_clearing *clearing = uploads->clearing;
	if (is_refusal(&uploads->reply))
		return clearing->refused(clearing->arg, &(struct store_refusal){name, st, why}, err);
	*err = *why;
	return st;
}

static enum status abort_upload(struct uploads *uploads, const char *key, const char *id, struct error *err)
{
	struct error why = {0};
	const struct field query = {"uploadId", id};
	const struct s3_request request = {.method = "DELETE", .key = key, .query = &query, .query_count = 1};
	uploads->step = call_step(uploads->call);
	enum status st = s3_exchange(uploads->s3, &uploads->step, &request, &uploads->reply, &why);
	/* Completed or aborted meanwhile. */
	if (!st || (uploads->reply.http.outcome == HTTP_ANSWERED && uploads->reply.http.status == 404))
		return STATUS_OK;
	return settle(uploads, key + uploads->skip, s3_wrap(uploads->s3, "abort the upload of", key, st, &why), &why,
		      err);
}

static enum status tell_entry(struct uploads *uploads, const struct entry *entry, struct error *err)
{
	struct page *page = uploads->page;
	char *key = (char *)page->texts.data + entry->key;
	bool abort = false;
	if (page->encoded && !s3_decode_key(key))
		return bad(err, "key", key);
	if (strncmp(key, uploads->prefix, strlen(uploads->prefix)) != 0 || strlen(key) > S3_KEY_MAX)
		return bad(err, "unrequested key", key);
	const struct store_upload upload = {key + uploads->skip, entry->begun_s};
	enum status st = uploads->clearing->each(uploads->clearing->arg, &upload, &abort, err);
	return st || !abort ? st : abort_upload(uploads, key, (char *)page->texts.data + entry->id, err);
}

/* Sets where the next page begins, and whether there is one. */
static enum status find_next(struct uploads *uploads, bool *more, struct error *err)
{
	struct page *page = uploads->page;
	*more = page->truncated;
	if (!page->truncated)
		return STATUS_OK;
	if (page->next_key[0] == '\0' || (page->encoded && !s3_decode_key(page->next_key)))
		return bad(err, "incomplete, but without a valid key marker:", page->next_key);
	if (strcmp(page->next_key, uploads->from_key) == 0 && strcmp(page->next_id, uploads->from_id) == 0)
		return bad(err, "it leads back to key", page->next_key);
	uploads->seen += page->count;
	uploads->empty_pages += page->count == 0;
	if (uploads->seen > uploads->s3->list_names_max || uploads->empty_pages > uploads->s3->list_empty_pages_max)
		return bad(err, "it does not end, and goes on at key", page->next_key);
	memcpy(uploads->from_key, page->next_key, sizeof uploads->from_key);
	memcpy(uploads->from_id, page->next_id, sizeof uploads->from_id);
	return STATUS_OK;
}

static enum status next_page(struct uploads *uploads, bool *more, struct error *err)
{
	const struct page *page = uploads->page;
	struct error why = {0};
	uploads->step = call_step(uploads->call);
	*more = false;
	enum status st = retry_run(&uploads->step, page_once, uploads, &why);
	if (st)
		return settle(uploads, uploads->clearing->prefix,
			      s3_wrap(uploads->s3, "list the uploads of", uploads->prefix, st, &why), &why, err);
	for (size_t i = 0; i < page->count && !st; i++)
		st = tell_entry(uploads, &page->entries[i], err);
	return st ? st : find_next(uploads, more, err);
}

enum status s3_clear_uploads(struct store *store, const struct call *call, const struct store_clearing *clearing,
			     struct error *err)
{
	struct s3 *s3 = (struct s3 *)store;
	struct uploads uploads = {.s3 = s3, .call = call, .clearing = clearing};
	uploads.skip = s3->prefix[0] == '\0' ? 0 : strlen(s3->prefix) + 1;
	int len = snprintf(uploads.prefix, sizeof uploads.prefix, "%s%s%s", s3->prefix, uploads.skip == 0 ? "" : "/",
			   clearing->prefix);
	if (len >= (int)sizeof uploads.prefix)
		return STATUS_OK; /* longer than any key, so nothing matches */
	uploads.page = calloc(1, sizeof *uploads.page);
	if (uploads.page == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	bool more = true;
	enum status st = STATUS_OK;
	while (more && !st)
		st = next_page(&uploads, &more, err);
	buffer_fini(&uploads.page->texts);
	free(uploads.page);
	return st;
}

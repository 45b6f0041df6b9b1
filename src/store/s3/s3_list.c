/*
 * The names below a prefix, or one level of them: ListObjectsV2, page by page.
 *
 * A page may have no names and still say that more follow (Amazon S3 API reference, ListObjectsV2: KeyCount is at most
 * MaxKeys). So a server could go on for ever; s3->list_names_max and s3->list_empty_pages_max end that.
 *
 * A page is received completely before its first name is passed on, so a page that broke off can be requested again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buffer.h"
#include "net/http/xml.h"
#include "store/s3/s3_private.h"
#include "text/hex.h"
#include "text/number.h"

#define PAGE_KEYS 1000         /* the most that S3 returns in a page */
#define TOKEN_MAX 2048         /* AWS's have under 200 characters; radosgw uses keys */
#define DATE_MAX 40            /* 2009-10-12T17:50:30.000Z */
#define BYTES_MAX (1ULL << 50) /* of an object: S3 allows 50 TB; the sum of a page still fits 64 bits */

struct entry {
	size_t offset; /* of the key in page->keys */
	char *key;     /* decoded; set when the page is complete */
	uint64_t bytes;
	int64_t modified_s;
	const char *archive_class; /* NULL: in no archive storage class */
	bool has_restore;          /* a copy is there, or requested */
	bool restoring;
	bool directory; /* a common prefix */
};

struct page {
	struct entry entries[PAGE_KEYS];
	size_t count;
	struct buffer keys; /* null-terminated, one after another */
	struct entry next;  /* the one being read */
	bool has_key;
	bool has_size;
	bool has_date;
	bool encoded;   /* keys are percent-encoded, as requested */
	bool truncated; /* another page follows */
	bool says_end;  /* the page says whether another follows */
	bool complete;  /* the end of the root element was seen */
	char token[TOKEN_MAX];
};

struct listing {
	struct s3 *s3;
	const struct call *call;
	struct call step;            /* deadline of the current page */
	char prefix[S3_KEY_MAX + 1]; /* of the keys */
	size_t skip;                 /* bytes of a key before the name */
	bool level;                  /* without the names behind a further '/' */
	char token[TOKEN_MAX];       /* of the next page; "": the first */
	uint64_t names, empty_pages; /* so far */
	char last[S3_KEY_MAX + 1];   /* the last key passed on */
	store_list_fn each;
	void *arg;
	struct page *page;
	struct xml_reader *reader;
};

static enum status bad(struct error *err, const char *what, const char *text)
{
	return error_set(err, STATUS_UNREACHABLE, "invalid listing: %s '%.80s'", what, text);
}

static enum status take_key(struct page *page, const char *text, struct error *err)
{
	page->next.offset = page->keys.len;
	page->has_key = true;
	return buffer_append(&page->keys, text, strlen(text) + 1, err);
}

static enum status take_size(struct page *page, const char *text, struct error *err)
{
	page->has_size = true;
	return number_parse(text, BYTES_MAX, &page->next.bytes) ? STATUS_OK : bad(err, "size", text);
}

static enum status take_date(struct page *page, const char *text, struct error *err)
{
	struct tm utc = {0};
	if (strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) == NULL)
		return bad(err, "date", text);
	page->next.modified_s = (int64_t)timegm(&utc);
	page->has_date = true;
	return STATUS_OK;
}

static enum status take_class(struct page *page, const char *text, struct error *err)
{
	(void)err;
	page->next.archive_class = s3_archive_class(text);
	return STATUS_OK;
}

/* Amazon S3 API reference, RestoreStatus: absent unless the object has been restored, or is being restored. */
static enum status take_restoring(struct page *page, const char *text, struct error *err)
{
	(void)err;
	page->next.has_restore = true;
	page->next.restoring = strcasecmp(text, "true") == 0;
	return STATUS_OK;
}

static enum status end_entry(struct page *page, const char *text, struct error *err)
{
	if (page->count == PAGE_KEYS)
		return bad(err, "page too long:", text);
	page->entries[page->count++] = page->next;
	page->next = (struct entry){0};
	page->has_key = page->has_size = page->has_date = false;
	return STATUS_OK;
}

static enum status take_entry(struct page *page, const char *text, struct error *err)
{
	if (!page->has_key || !page->has_size || !page->has_date)
		return bad(err, "entry without key, size or date", text);
	return end_entry(page, text, err);
}

static enum status take_directory(struct page *page, const char *text, struct error *err)
{
	if (!page->has_key)
		return bad(err, "common prefix without a name", text);
	page->next.directory = true;
	return end_entry(page, text, err);
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

static enum status take_token(struct page *page, const char *text, struct error *err)
{
	if (strlen(text) >= sizeof page->token)
		return bad(err, "continuation token too long:", text);
	(void)snprintf(page->token, sizeof page->token, "%s", text);
	return STATUS_OK;
}

static enum status take_root(struct page *page, const char *text, struct error *err)
{
	(void)text, (void)err;
	page->complete = true;
	return STATUS_OK;
}

static const struct {
	const char *path;
	enum status (*take)(struct page *page, const char *text, struct error *err);
} elements[] = {
    {"ListBucketResult/Contents/Key", take_key},
    {"ListBucketResult/Contents/Size", take_size},
    {"ListBucketResult/Contents/LastModified", take_date},
    {"ListBucketResult/Contents/StorageClass", take_class},
    {"ListBucketResult/Contents/RestoreStatus/IsRestoreInProgress", take_restoring},
    {"ListBucketResult/Contents", take_entry},
    {"ListBucketResult/CommonPrefixes/Prefix", take_key},
    {"ListBucketResult/CommonPrefixes", take_directory},
    {"ListBucketResult/EncodingType", take_encoding},
    {"ListBucketResult/IsTruncated", take_truncated},
    {"ListBucketResult/NextContinuationToken", take_token},
    {"ListBucketResult", take_root},
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
	const struct listing *listing = arg;
	enum status st = xml_reader_feed(listing->reader, data, len, err);
	return st ? error_wrap(err, st, "HTTP %d", response->status) : STATUS_OK;
}

static enum status ask_for_page(struct listing *listing, struct attempt *attempt, struct error *err)
{
	struct s3_reply reply;
	static const struct field optional = {"x-amz-optional-object-attributes", "RestoreStatus"};
	struct field query[6] = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1000"}};
	size_t count = 3;
	query[count++] = (struct field){"prefix", listing->prefix};
	if (listing->level)
		query[count++] = (struct field){"delimiter", "/"};
	if (listing->token[0] != '\0')
		query[count++] = (struct field){"continuation-token", listing->token};
	enum status st = s3_try(listing->s3, &listing->step,
				&(struct s3_request){.method = "GET",
						     .query = query,
						     .query_count = count,
						     .headers = &optional,
						     .header_count = 1,
						     .on_body = on_body,
						     .arg = listing},
				&reply, attempt, err);
	if (st)
		return st;
	st = xml_reader_finish(listing->reader, err);
	if (!st && !listing->page->complete)
		st = error_set(err, STATUS_UNREACHABLE, "the response is not a listing");
	if (!st && !listing->page->says_end)
		st = error_set(err, STATUS_UNREACHABLE, "the listing does not say whether it is complete");
	return st ? error_wrap(err, st, "HTTP %d", reply.http.status) : STATUS_OK;
}

static enum status page_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct listing *listing = arg;
	struct buffer keys = listing->page->keys;
	buffer_clear(&keys);
	*listing->page = (struct page){.keys = keys};
	enum status st = xml_reader_new(&listing->reader, on_element, listing->page, err);
	if (!st)
		st = ask_for_page(listing, attempt, err);
	xml_reader_free(listing->reader);
	listing->reader = NULL;
	return st;
}

/* Decodes in place. AWS encodes a space as '+' and a plus as %2B. */
bool s3_decode_key(char *text)
{
	char *out = text;
	for (; *text != '\0'; text++) {
		if (*text == '%') {
			uint8_t byte;
			if (text[1] == '\0' || !hex_decode(&byte, text + 1, 1) || byte == 0)
				return false;
			*out++ = (char)byte;
			text += 2;
		} else {
			*out++ = *text == '+' ? ' ' : *text;
		}
	}
	*out = '\0';
	return true;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

/* Decodes the keys, and merges objects and directories, which S3 lists one after the other. */
static enum status settle(struct listing *listing, struct error *err)
{
	struct page *page = listing->page;
	for (size_t i = 0; i < page->count; i++) {
		char *key = (char *)page->keys.data + page->entries[i].offset;
		if (page->encoded && !s3_decode_key(key))
			return bad(err, "key", key);
		page->entries[i].key = key;
	}
	if (listing->level && page->count > 1)
		qsort(page->entries, page->count, sizeof page->entries[0], by_key);
	return STATUS_OK;
}

/* Whether the listing should have this key: below the prefix, and of this level. */
static bool is_requested(const struct listing *listing, const struct entry *entry)
{
	size_t len = strlen(listing->prefix);
	if (strncmp(entry->key, listing->prefix, len) != 0 || strlen(entry->key) > S3_KEY_MAX)
		return false;
	const char *slash = strchr(entry->key + len, '/');
	if (!listing->level || slash == NULL)
		return !entry->directory;
	return entry->directory && slash[1] == '\0';
}

/* S3 consoles create an empty object named as a directory, to represent it. */
static bool is_the_directory(const struct listing *listing, const struct entry *entry)
{
	if (entry->key[listing->skip] == '\0')
		return true;
	return listing->level && !entry->directory && entry->key[strlen(entry->key) - 1] == '/';
}

static enum status tell_entry(struct listing *listing, const struct entry *entry, struct error *err)
{
	const char *key = entry->key;
	if (!is_requested(listing, entry))
		return bad(err, "unrequested key", key);
	/* store_list promises ascending order. The check also ends a listing that repeats itself. */
	if (listing->last[0] != '\0' && strcmp(key, listing->last) <= 0)
		return bad(err, "key out of order:", key);
	(void)snprintf(listing->last, sizeof listing->last, "%s", key);
	if (is_the_directory(listing, entry))
		return STATUS_OK;
	bool archived = entry->archive_class != NULL && (!entry->has_restore || entry->restoring);
	const struct object_info info = {.name = key + listing->skip,
					 .bytes = entry->bytes,
					 .modified_s = entry->modified_s,
					 .directory = entry->directory,
					 .archived = archived,
					 .thawing = archived && entry->restoring,
					 .archive_class = archived ? entry->archive_class : NULL};
	return listing->each(listing->arg, &info, err);
}

/* Whether the listing may go on behind this page. */
static enum status check_more(struct listing *listing, struct error *err)
{
	const struct page *page = listing->page;
	listing->names += page->count;
	listing->empty_pages += page->count == 0;
	if (!page->truncated)
		return STATUS_OK;
	if (page->token[0] == '\0')
		return error_set(err, STATUS_UNREACHABLE, "the listing is incomplete but has no continuation token");
	if (page->count == 0 && strcmp(page->token, listing->token) == 0)
		return error_set(err, STATUS_UNREACHABLE, "the listing leads back to the same empty page");
	if (listing->names > listing->s3->list_names_max || listing->empty_pages > listing->s3->list_empty_pages_max)
		return error_set(err, STATUS_UNREACHABLE,
				 "the listing does not end: %llu names and %llu empty pages so far",
				 (unsigned long long)listing->names, (unsigned long long)listing->empty_pages);
	return STATUS_OK;
}

static enum status next_page(struct listing *listing, bool *more, struct error *err)
{
	struct page *page = listing->page;
	listing->step = call_step(listing->call);
	enum status st = retry_run(&listing->step, page_once, listing, err);
	if (!st)
		st = check_more(listing, err);
	if (st)
		return s3_wrap(listing->s3, "list", listing->prefix, st, err);
	st = settle(listing, err);
	for (size_t i = 0; i < page->count && !st; i++)
		st = tell_entry(listing, &page->entries[i], err);
	memcpy(listing->token, page->token, sizeof listing->token);
	*more = page->truncated;
	return st;
}

static enum status list(struct s3 *s3, struct listing *listing, const char *prefix, struct error *err)
{
	listing->s3 = s3;
	listing->skip = s3->prefix[0] == '\0' ? 0 : strlen(s3->prefix) + 1;
	int len = snprintf(listing->prefix, sizeof listing->prefix, "%s%s%s", s3->prefix, listing->skip == 0 ? "" : "/",
			   prefix);
	if (len >= (int)sizeof listing->prefix)
		return STATUS_OK; /* longer than any key, so nothing matches */
	listing->page = calloc(1, sizeof *listing->page);
	if (listing->page == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	bool more = true;
	enum status st = STATUS_OK;
	while (more && !st)
		st = next_page(listing, &more, err);
	buffer_fini(&listing->page->keys);
	free(listing->page);
	return st;
}

enum status s3_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each, void *arg,
		    struct error *err)
{
	struct listing listing = {.call = call, .each = each, .arg = arg};
	return list((struct s3 *)store, &listing, prefix, err);
}

enum status s3_list_level(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			  void *arg, struct error *err)
{
	struct listing listing = {.call = call, .each = each, .arg = arg, .level = true};
	return list((struct s3 *)store, &listing, prefix, err);
}

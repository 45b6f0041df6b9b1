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

#include "store/s3/s3_private.h"
#include "text/hex.h"
#include "text/number.h"

#define PAGE_KEYS 1000 /* the most that S3 returns in a page */
#define TOKEN_MAX 2048 /* AWS's have under 200 characters; radosgw uses keys */

struct entry {
	size_t offset; /* of the key in the texts of the page */
	char *key;     /* decoded; set when the page is complete */
	uint64_t bytes;
	int64_t modified_s;
	const char *archive_class; /* NULL: in no archive storage class */
	bool has_restore;          /* a copy is there, or requested */
	bool restoring;
	bool directory; /* a common prefix */
};

struct page {
	struct s3_page base;
	struct entry entries[PAGE_KEYS];
	size_t count;
	struct entry next; /* the one being read */
	bool has_key;
	bool has_size;
	bool has_date;
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
};

static enum status take_key(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has_key = true;
	return s3_page_keep(&page->base, text, &page->next.offset, err);
}

static enum status take_size(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has_size = true;
	return number_parse(text, S3_OBJECT_BYTES_MAX, &page->next.bytes) ? STATUS_OK
									  : s3_page_bad(&page->base, "size", text, err);
}

static enum status take_date(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	struct tm utc = {0};
	if (strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) == NULL)
		return s3_page_bad(&page->base, "date", text, err);
	page->next.modified_s = (int64_t)timegm(&utc);
	page->has_date = true;
	return STATUS_OK;
}

static enum status take_class(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	(void)err;
	page->next.archive_class = s3_archive_class(text);
	return STATUS_OK;
}

/* Amazon S3 API reference, RestoreStatus: absent unless the object has been restored, or is being restored. */
static enum status take_restoring(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	(void)err;
	page->next.has_restore = true;
	page->next.restoring = strcasecmp(text, "true") == 0;
	return STATUS_OK;
}

static enum status end_entry(struct page *page, const char *text, struct error *err)
{
	if (page->count == PAGE_KEYS)
		return s3_page_bad(&page->base, "page too long:", text, err);
	page->entries[page->count++] = page->next;
	page->next = (struct entry){0};
	page->has_key = page->has_size = page->has_date = false;
	return STATUS_OK;
}

static enum status take_entry(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	if (!page->has_key || !page->has_size || !page->has_date)
		return s3_page_bad(&page->base, "entry without key, size or date", text, err);
	return end_entry(page, text, err);
}

static enum status take_directory(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	if (!page->has_key)
		return s3_page_bad(&page->base, "common prefix without a name", text, err);
	page->next.directory = true;
	return end_entry(page, text, err);
}

static enum status take_token(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	if (strlen(text) >= sizeof page->token)
		return s3_page_bad(&page->base, "continuation token too long:", text, err);
	(void)snprintf(page->token, sizeof page->token, "%s", text);
	return STATUS_OK;
}

#define ROOT "ListBucketResult"
static const struct s3_element element_list[] = {
    {ROOT "/Contents/Key", take_key},
    {ROOT "/Contents/Size", take_size},
    {ROOT "/Contents/LastModified", take_date},
    {ROOT "/Contents/StorageClass", take_class},
    {ROOT "/Contents/RestoreStatus/IsRestoreInProgress", take_restoring},
    {ROOT "/Contents", take_entry},
    {ROOT "/CommonPrefixes/Prefix", take_key},
    {ROOT "/CommonPrefixes", take_directory},
    {ROOT "/NextContinuationToken", take_token},
    S3_PAGE_ELEMENTS(ROOT),
};
static const struct s3_elements elements = {element_list, sizeof element_list / sizeof element_list[0]};

static enum status page_once(void *arg, struct attempt *attempt, struct error *err)
{
	const struct listing *listing = arg;
	struct page *page = listing->page;
	struct s3_reply reply;
	static const struct field optional = {"x-amz-optional-object-attributes", "RestoreStatus"};
	struct field query[6] = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1000"}};
	size_t count = 3;
	query[count++] = (struct field){"prefix", listing->prefix};
	if (listing->level)
		query[count++] = (struct field){"delimiter", "/"};
	if (listing->token[0] != '\0')
		query[count++] = (struct field){"continuation-token", listing->token};
	s3_page_clear(&page->base);
	*page = (struct page){.base = page->base};
	return s3_try_page(listing->s3, &listing->step,
			   &(struct s3_request){.method = "GET",
						.query = query,
						.query_count = count,
						.headers = &optional,
						.header_count = 1,
						.elements = &elements,
						.arg = page},
			   &reply, attempt, err);
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
		char *key = s3_page_text(&page->base, page->entries[i].offset);
		if (page->base.encoded && !s3_decode_key(key))
			return s3_page_bad(&page->base, "key", key, err);
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
		return s3_page_bad(&listing->page->base, "unrequested key", key, err);
	/* store_list promises ascending order. The check also ends a listing that repeats itself. */
	if (listing->last[0] != '\0' && strcmp(key, listing->last) <= 0)
		return s3_page_bad(&listing->page->base, "key out of order:", key, err);
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
	if (!page->base.truncated)
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
	*more = page->base.truncated;
	return st;
}

static enum status list(struct s3 *s3, struct listing *listing, const char *prefix, struct error *err)
{
	listing->s3 = s3;
	listing->skip = s3_key_skip(s3);
	if (!s3_key_prefix(s3, prefix, listing->prefix))
		return STATUS_OK;
	listing->page = calloc(1, sizeof *listing->page);
	if (listing->page == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	listing->page->base.of = "objects";
	bool more = true;
	enum status st = STATUS_OK;
	while (more && !st)
		st = next_page(listing, &more, err);
	buffer_fini(&listing->page->base.texts);
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

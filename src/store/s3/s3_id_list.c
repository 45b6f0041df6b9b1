/*
 * Amazon S3 API reference, ListObjectVersions: sorted by key, and each key's versions from the newest to the oldest,
 * Version and DeleteMarker mixed. A page may end between two versions of a key. ListMultipartUploads: sorted by key,
 * and each key's uploads by the time when they began. In both listings a key and an id say where the next page begins.
 *
 * As in s3_list.c, a page is received completely before its first entry is passed on, and a listing that never ends
 * is an error.
 */
#include "store/s3/s3_id_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"

#define PAGE_ENTRIES 1000 /* the most that S3 returns in a page */

/* Elements of an entry. */
enum { KEY = 1, ID = 2, DATE = 4, LATEST = 8, SIZE = 16 };

struct entry {
	size_t key, id; /* offsets in the page's texts */
	struct s3_id_entry entry;
};

struct page {
	struct s3_page base;
	struct entry entries[PAGE_ENTRIES];
	size_t count;
	struct entry next;                 /* the one being read */
	unsigned has;                      /* its elements so far */
	char next_key[3 * S3_KEY_MAX + 1]; /* encoded or not, as the keys */
	char next_id[S3_ID_MAX + 1];
};

struct listing {
	struct s3 *s3;
	const struct call *call;
	const struct kind *kind;
	const struct s3_id_listing *wanted;
	struct call step; /* deadline of the current page */
	char prefix[S3_KEY_MAX + 1];
	char from_key[3 * S3_KEY_MAX + 1]; /* where the next page begins; "": the first */
	char from_id[S3_ID_MAX + 1];
	char last[S3_KEY_MAX + 1]; /* the last key passed on */
	uint64_t entries, empty_pages;
	struct s3_reply *reply;
	struct page *page;
};

static enum status take_key(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has |= KEY;
	return s3_page_keep(&page->base, text, &page->next.key, err);
}

static enum status take_id(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has |= ID;
	if (text[0] == '\0' || strlen(text) > S3_ID_MAX)
		return s3_page_bad(&page->base, "id", text, err);
	return s3_page_keep(&page->base, text, &page->next.id, err);
}

static enum status take_latest(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has |= LATEST;
	page->next.entry.latest = strcmp(text, "true") == 0;
	return page->next.entry.latest || strcmp(text, "false") == 0 ? STATUS_OK
								     : s3_page_bad(&page->base, "IsLatest", text, err);
}

static enum status take_size(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has |= SIZE;
	return number_parse(text, S3_OBJECT_BYTES_MAX, &page->next.entry.bytes)
		   ? STATUS_OK
		   : s3_page_bad(&page->base, "size", text, err);
}

static enum status take_date(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	page->has |= DATE;
	return utc_parse(text, &page->next.entry.modified_s) ? STATUS_OK : s3_page_bad(&page->base, "date", text, err);
}

static enum status take_class(void *arg, const char *text, struct error *err)
{
	(void)err;
	((struct page *)arg)->next.entry.archive_class = s3_archive_class(text);
	return STATUS_OK;
}

static enum status end_entry(struct page *page, unsigned needed, struct error *err)
{
	const char *key = (page->has & KEY) != 0 ? s3_page_text(&page->base, page->next.key) : "";
	if ((page->has & needed) != needed)
		return s3_page_bad(&page->base,
				   (needed & LATEST) != 0 ? "entry without key, id, date, size or IsLatest"
							  : "entry without key, id or date",
				   key, err);
	if (page->count == PAGE_ENTRIES)
		return s3_page_bad(&page->base, "page too long:", key, err);
	page->entries[page->count++] = page->next;
	page->next = (struct entry){0};
	page->has = 0;
	return STATUS_OK;
}

static enum status take_version(void *arg, const char *text, struct error *err)
{
	(void)text;
	return end_entry(arg, KEY | ID | DATE | LATEST | SIZE, err);
}

static enum status take_marker(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	(void)text;
	page->next.entry.marker = true;
	return end_entry(page, KEY | ID | DATE | LATEST, err);
}

static enum status take_upload(void *arg, const char *text, struct error *err)
{
	(void)text;
	return end_entry(arg, KEY | ID | DATE, err);
}

static enum status take_next_key(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	int len = snprintf(page->next_key, sizeof page->next_key, "%s", text);
	return len < (int)sizeof page->next_key ? STATUS_OK : s3_page_bad(&page->base, "key marker", text, err);
}

static enum status take_next_id(void *arg, const char *text, struct error *err)
{
	struct page *page = arg;
	int len = snprintf(page->next_id, sizeof page->next_id, "%s", text);
	return len < (int)sizeof page->next_id ? STATUS_OK : s3_page_bad(&page->base, "marker of an id", text, err);
}

#define VERSIONS "ListVersionsResult"
static const struct s3_element of_versions[] = {
    {VERSIONS "/Version/Key", take_key},
    {VERSIONS "/Version/VersionId", take_id},
    {VERSIONS "/Version/IsLatest", take_latest},
    {VERSIONS "/Version/LastModified", take_date},
    {VERSIONS "/Version/Size", take_size},
    {VERSIONS "/Version/StorageClass", take_class},
    {VERSIONS "/Version", take_version},
    {VERSIONS "/DeleteMarker/Key", take_key},
    {VERSIONS "/DeleteMarker/VersionId", take_id},
    {VERSIONS "/DeleteMarker/IsLatest", take_latest},
    {VERSIONS "/DeleteMarker/LastModified", take_date},
    {VERSIONS "/DeleteMarker", take_marker},
    {VERSIONS "/NextKeyMarker", take_next_key},
    {VERSIONS "/NextVersionIdMarker", take_next_id},
    S3_PAGE_ELEMENTS(VERSIONS),
};

#define UPLOADS "ListMultipartUploadsResult"
static const struct s3_element of_uploads[] = {
    {UPLOADS "/Upload/Key", take_key},
    {UPLOADS "/Upload/UploadId", take_id},
    {UPLOADS "/Upload/Initiated", take_date},
    {UPLOADS "/Upload", take_upload},
    {UPLOADS "/NextKeyMarker", take_next_key},
    {UPLOADS "/NextUploadIdMarker", take_next_id},
    S3_PAGE_ELEMENTS(UPLOADS),
};

static const struct kind {
	const char *of, *verb; /* for errors */
	struct s3_elements elements;
	const char *query, *max, *id_marker; /* parameters of the request */
	bool latest_first;                   /* the first entry of each key, and only that, must be the latest */
} kinds[] = {
    [S3_VERSIONS] = {.of = "versions",
		     .verb = "list the versions of",
		     .elements = {of_versions, sizeof of_versions / sizeof of_versions[0]},
		     .query = "versions",
		     .max = "max-keys",
		     .id_marker = "version-id-marker",
		     .latest_first = true},
    [S3_UPLOADS] = {.of = "uploads",
		    .verb = "list the uploads of",
		    .elements = {of_uploads, sizeof of_uploads / sizeof of_uploads[0]},
		    .query = "uploads",
		    .max = "max-uploads",
		    .id_marker = "upload-id-marker",
		    .latest_first = false},
};

static enum status page_once(void *arg, struct attempt *attempt, struct error *err)
{
	const struct listing *listing = arg;
	struct page *page = listing->page;
	s3_page_clear(&page->base);
	*page = (struct page){.base = page->base};
	struct field query[6] = {{listing->kind->query, ""}, {"encoding-type", "url"}, {listing->kind->max, "1000"}};
	size_t count = 3;
	query[count++] = (struct field){"prefix", listing->prefix};
	if (listing->from_key[0] != '\0')
		query[count++] = (struct field){"key-marker", listing->from_key};
	if (listing->from_id[0] != '\0')
		query[count++] = (struct field){listing->kind->id_marker, listing->from_id};
	return s3_try_page(listing->s3, &listing->step,
			   &(struct s3_request){.method = "GET",
						.query = query,
						.query_count = count,
						.elements = &listing->kind->elements,
						.arg = page},
			   listing->reply, attempt, err);
}

static enum status tell_entry(struct listing *listing, const struct entry *told, struct error *err)
{
	const struct s3_page *page = &listing->page->base;
	struct s3_id_entry entry = told->entry;
	char *key = s3_page_text(page, told->key);
	entry.id = s3_page_text(page, told->id);
	entry.key = key;
	if (page->encoded && !s3_decode_key(key))
		return s3_page_bad(page, "key", key, err);
	if (strncmp(key, listing->prefix, strlen(listing->prefix)) != 0 || strlen(key) > S3_KEY_MAX)
		return s3_page_bad(page, "unrequested key", key, err);
	/* The caller relies on the order: the newest version of each key is the latest, and no older one. */
	int order = strcmp(key, listing->last);
	if (listing->kind->latest_first && (order < 0 || (order == 0) == entry.latest))
		return s3_page_bad(page, "version out of order: key", key, err);
	(void)snprintf(listing->last, sizeof listing->last, "%s", key);
	return listing->wanted->each(listing->wanted->arg, &entry, err);
}

/* Sets where the next page begins, and whether there is one. */
static enum status find_next(struct listing *listing, bool *more, struct error *err)
{
	struct page *page = listing->page;
	*more = page->base.truncated;
	if (!page->base.truncated)
		return STATUS_OK;
	if (page->next_key[0] == '\0' || (page->base.encoded && !s3_decode_key(page->next_key)))
		return s3_page_bad(&page->base, "incomplete, but without a valid key marker:", page->next_key, err);
	if (strcmp(page->next_key, listing->from_key) == 0 && strcmp(page->next_id, listing->from_id) == 0)
		return s3_page_bad(&page->base, "it leads back to key", page->next_key, err);
	listing->entries += page->count;
	listing->empty_pages += page->count == 0;
	if (listing->entries > listing->s3->list_names_max || listing->empty_pages > listing->s3->list_empty_pages_max)
		return s3_page_bad(&page->base, "it does not end, and goes on at key", page->next_key, err);
	memcpy(listing->from_key, page->next_key, sizeof listing->from_key);
	memcpy(listing->from_id, page->next_id, sizeof listing->from_id);
	return STATUS_OK;
}

static enum status next_page(struct listing *listing, bool *more, struct error *err)
{
	const struct page *page = listing->page;
	listing->step = call_step(listing->call);
	enum status st = retry_run(&listing->step, page_once, listing, err);
	if (st)
		return s3_wrap(listing->s3, listing->kind->verb, listing->prefix, st, err);
	for (size_t i = 0; i < page->count && !st; i++)
		st = tell_entry(listing, &page->entries[i], err);
	return st ? st : find_next(listing, more, err);
}

enum status s3_id_list(struct s3 *s3, const struct call *call, const struct s3_id_listing *wanted,
		       struct s3_reply *reply, struct error *err)
{
	struct listing listing = {
	    .s3 = s3, .call = call, .kind = &kinds[wanted->kind], .wanted = wanted, .reply = reply};
	*reply = (struct s3_reply){0};
	if (!s3_key_prefix(s3, wanted->prefix, listing.prefix))
		return STATUS_OK;
	listing.page = calloc(1, sizeof *listing.page);
	if (listing.page == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	listing.page->base.of = listing.kind->of;
	bool more = true;
	enum status st = STATUS_OK;
	while (more && !st)
		st = next_page(&listing, &more, err);
	buffer_fini(&listing.page->base.texts);
	free(listing.page);
	return st;
}

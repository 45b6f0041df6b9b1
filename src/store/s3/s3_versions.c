/*
 * Amazon S3 API reference, ListObjectVersions: sorted by key, and each key's versions from the newest to the oldest,
 * Version and DeleteMarker mixed. A page may end between two versions of a key.
 *
 * As in s3_list.c, a page is received completely before its first version is passed on, and a listing that never ends
 * is an error.
 */
#include "store/s3/s3_versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "net/http/xml.h"
#include "text/number.h"

#define PAGE_VERSIONS 1000     /* the most that S3 returns in a page */
#define BYTES_MAX (1ULL << 50) /* of an object: S3 allows 50 TB */

/* Texts are offsets in page->texts, which moves while it grows. */
struct entry {
	size_t key, id;
	struct s3_version version;
};

struct page {
	struct entry entries[PAGE_VERSIONS];
	size_t count;
	struct buffer texts; /* null-terminated, one after another */
	struct entry next;   /* the one being read */
	bool has_key, has_id, has_latest, has_date, has_size;
	bool encoded;
	bool truncated, says_end;
	bool complete;
	char next_key[3 * S3_KEY_MAX + 1]; /* encoded or not, as the keys */
	char next_id[S3_VERSION_ID_MAX + 1];
};

struct listing {
	struct s3 *s3;
	const struct call *call;
	struct call step; /* deadline of the current page */
	char prefix[S3_KEY_MAX + 1];
	char from_key[3 * S3_KEY_MAX + 1]; /* where the next page begins; "": the first */
	char from_id[S3_VERSION_ID_MAX + 1];
	char last[S3_KEY_MAX + 1]; /* the last key passed on */
	uint64_t versions, empty_pages;
	s3_version_fn each;
	void *arg;
	struct page *page;
	struct xml_reader *reader;
};

static enum status bad(struct error *err, const char *what, const char *text)
{
	return error_set(err, STATUS_UNREACHABLE, "invalid listing of versions: %s '%.80s'", what, text);
}

static enum status take_key(struct page *page, const char *text, struct error *err)
{
	page->next.key = page->texts.len;
	page->has_key = true;
	return buffer_append(&page->texts, text, strlen(text) + 1, err);
}

static enum status take_id(struct page *page, const char *text, struct error *err)
{
	if (text[0] == '\0' || strlen(text) > S3_VERSION_ID_MAX)
		return bad(err, "version id", text);
	page->next.id = page->texts.len;
	page->has_id = true;
	return buffer_append(&page->texts, text, strlen(text) + 1, err);
}

static enum status take_bool(bool *out, bool *known, const char *what, const char *text, struct error *err)
{
	*known = true;
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0 ? STATUS_OK : bad(err, what, text);
}

static enum status take_latest(struct page *page, const char *text, struct error *err)
{
	return take_bool(&page->next.version.latest, &page->has_latest, "IsLatest", text, err);
}

static enum status take_truncated(struct page *page, const char *text, struct error *err)
{
	return take_bool(&page->truncated, &page->says_end, "IsTruncated", text, err);
}

static enum status take_size(struct page *page, const char *text, struct error *err)
{
	page->has_size = true;
	return number_parse(text, BYTES_MAX, &page->next.version.bytes) ? STATUS_OK : bad(err, "size", text);
}

static enum status take_date(struct page *page, const char *text, struct error *err)
{
	page->has_date = true;
	return utc_parse(text, &page->next.version.modified_s) ? STATUS_OK : bad(err, "date", text);
}

static enum status end_entry(struct page *page, bool marker, struct error *err)
{
	if (!page->has_key || !page->has_id || !page->has_latest || !page->has_date || (!marker && !page->has_size))
		return bad(err, "entry without key, id, date, size or IsLatest",
			   page->has_key ? (char *)page->texts.data + page->next.key : "");
	if (page->count == PAGE_VERSIONS)
		return bad(err, "page too long:", (char *)page->texts.data + page->next.key);
	page->next.version.marker = marker;
	page->entries[page->count++] = page->next;
	page->next = (struct entry){0};
	page->has_key = page->has_id = page->has_latest = page->has_date = page->has_size = false;
	return STATUS_OK;
}

static enum status take_version(struct page *page, const char *text, struct error *err)
{
	(void)text;
	return end_entry(page, false, err);
}

static enum status take_marker(struct page *page, const char *text, struct error *err)
{
	(void)text;
	return end_entry(page, true, err);
}

static enum status take_encoding(struct page *page, const char *text, struct error *err)
{
	page->encoded = strcmp(text, "url") == 0;
	return page->encoded ? STATUS_OK : bad(err, "encoding", text);
}

static enum status take_next_key(struct page *page, const char *text, struct error *err)
{
	int len = snprintf(page->next_key, sizeof page->next_key, "%s", text);
	return len < (int)sizeof page->next_key ? STATUS_OK : bad(err, "key marker", text);
}

static enum status take_next_id(struct page *page, const char *text, struct error *err)
{
	int len = snprintf(page->next_id, sizeof page->next_id, "%s", text);
	return len < (int)sizeof page->next_id ? STATUS_OK : bad(err, "version id marker", text);
}

static enum status take_root(struct page *page, const char *text, struct error *err)
{
	(void)text, (void)err;
	page->complete = true;
	return STATUS_OK;
}

#define ROOT "ListVersionsResult"
static const struct {
	const char *path;
	enum status (*take)(struct page *page, const char *text, struct error *err);
} elements[] = {
    {ROOT "/Version/Key", take_key},
    {ROOT "/Version/VersionId", take_id},
    {ROOT "/Version/IsLatest", take_latest},
    {ROOT "/Version/LastModified", take_date},
    {ROOT "/Version/Size", take_size},
    {ROOT "/Version", take_version},
    {ROOT "/DeleteMarker/Key", take_key},
    {ROOT "/DeleteMarker/VersionId", take_id},
    {ROOT "/DeleteMarker/IsLatest", take_latest},
    {ROOT "/DeleteMarker/LastModified", take_date},
    {ROOT "/DeleteMarker", take_marker},
    {ROOT "/EncodingType", take_encoding},
    {ROOT "/IsTruncated", take_truncated},
    {ROOT "/NextKeyMarker", take_next_key},
    {ROOT "/NextVersionIdMarker", take_next_id},
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
	const struct listing *listing = arg;
	enum status st = xml_reader_feed(listing->reader, data, len, err);
	return st ? error_wrap(err, st, "HTTP %d", response->status) : STATUS_OK;
}

static enum status ask_for_page(struct listing *listing, struct attempt *attempt, struct error *err)
{
	struct s3_reply reply;
	struct field query[6] = {{"versions", ""}, {"encoding-type", "url"}, {"max-keys", "1000"}};
	size_t count = 3;
	query[count++] = (struct field){"prefix", listing->prefix};
	if (listing->from_key[0] != '\0')
		query[count++] = (struct field){"key-marker", listing->from_key};
	if (listing->from_id[0] != '\0')
		query[count++] = (struct field){"version-id-marker", listing->from_id};
	enum status st =
	    s3_try(listing->s3, &listing->step,
		   &(struct s3_request){
		       .method = "GET", .query = query, .query_count = count, .on_body = on_body, .arg = listing},
		   &reply, attempt, err);
	if (st)
		return st;
	st = xml_reader_finish(listing->reader, err);
	if (!st && (!listing->page->complete || !listing->page->says_end))
		st = error_set(err, STATUS_UNREACHABLE, "the response is not a complete listing of versions");
	return st ? error_wrap(err, st, "HTTP %d", reply.http.status) : STATUS_OK;
}

static enum status page_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct listing *listing = arg;
	struct buffer texts = listing->page->texts;
	buffer_clear(&texts);
	*listing->page = (struct page){.texts = texts};
	enum status st = xml_reader_new(&listing->reader, on_element, listing->page, err);
	if (!st)
		st = ask_for_page(listing, attempt, err);
	xml_reader_free(listing->reader);
	listing->reader = NULL;
	return st;
}

static enum status tell_entry(struct listing *listing, const struct entry *entry, struct error *err)
{
	struct page *page = listing->page;
	struct s3_version version = entry->version;
	char *key = (char *)page->texts.data + entry->key;
	version.id = (char *)page->texts.data + entry->id;
	version.key = key;
	if (page->encoded && !s3_decode_key(key))
		return bad(err, "key", key);
	if (strncmp(key, listing->prefix, strlen(listing->prefix)) != 0 || strlen(key) > S3_KEY_MAX)
		return bad(err, "unrequested key", key);
	/* The caller relies on the order: the newest version of each key is the latest, and no older one. */
	int order = strcmp(key, listing->last);
	if (order < 0 || (order == 0) == version.latest)
		return bad(err, "version out of order: key", key);
	(void)snprintf(listing->last, sizeof listing->last, "%s", key);
	return listing->each(listing->arg, &version, err);
}

/* Sets where the next page begins, and whether there is one. */
static enum status find_next(struct listing *listing, bool *more, struct error *err)
{
	struct page *page = listing->page;
	*more = page->truncated;
	if (!page->truncated)
		return STATUS_OK;
	if (page->next_key[0] == '\0' || (page->encoded && !s3_decode_key(page->next_key)))
		return bad(err, "incomplete, but without a valid key marker:", page->next_key);
	if (strcmp(page->next_key, listing->from_key) == 0 && strcmp(page->next_id, listing->from_id) == 0)
		return bad(err, "it leads back to key", page->next_key);
	listing->versions += page->count;
	listing->empty_pages += page->count == 0;
	if (listing->versions > listing->s3->list_names_max || listing->empty_pages > listing->s3->list_empty_pages_max)
		return bad(err, "it does not end, and goes on at key", page->next_key);
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
		return s3_wrap(listing->s3, "list the versions of", listing->prefix, st, err);
	for (size_t i = 0; i < page->count && !st; i++)
		st = tell_entry(listing, &page->entries[i], err);
	return st ? st : find_next(listing, more, err);
}

enum status s3_list_versions(struct s3 *s3, const struct call *call, const char *prefix, s3_version_fn each, void *arg,
			     struct error *err)
{
	struct listing listing = {.s3 = s3, .call = call, .each = each, .arg = arg};
	int len = snprintf(listing.prefix, sizeof listing.prefix, "%s%s%s", s3->prefix,
			   s3->prefix[0] == '\0' ? "" : "/", prefix);
	if (len >= (int)sizeof listing.prefix)
		return STATUS_OK; /* longer than any key, so nothing matches */
	listing.page = calloc(1, sizeof *listing.page);
	if (listing.page == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	bool more = true;
	enum status st = STATUS_OK;
	while (more && !st)
		st = next_page(&listing, &more, err);
	buffer_fini(&listing.page->texts);
	free(listing.page);
	return st;
}

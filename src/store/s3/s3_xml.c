/* Responses in XML: a reader is fed while the body arrives, and a table says which elements matter. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/http/xml.h"
#include "store/s3/s3_private.h"

struct reading {
	const struct s3_elements *elements;
	void *arg;
	struct xml_reader *reader;
};

static enum status on_element(void *arg, const char *path, const char *text, struct error *err)
{
	const struct reading *reading = arg;
	for (size_t i = 0; i < reading->elements->count; i++)
		if (strcmp(path, reading->elements->list[i].path) == 0)
			return reading->elements->list[i].take(reading->arg, text, err);
	return STATUS_OK;
}

static enum status on_body(void *arg, const struct http_response *response, const void *data, size_t len,
			   struct error *err)
{
	const struct reading *reading = arg;
	enum status st = xml_reader_feed(reading->reader, data, len, err);
	return st ? error_wrap(err, st, "HTTP %d", response->status) : STATUS_OK;
}

enum status s3_try_xml(struct s3 *s3, const struct call *call, const struct s3_request *given, struct s3_reply *reply,
		       struct attempt *attempt, struct error *err)
{
	CLEANUP(xml_reader_freep) struct xml_reader *reader = NULL;
	struct reading reading = {.elements = given->elements, .arg = given->arg};
	struct s3_request request = *given;
	request.on_body = on_body;
	request.arg = &reading;
	*reply = (struct s3_reply){.http.outcome = HTTP_FAILED_FINAL};
	enum status st = xml_reader_new(&reader, on_element, &reading, err);
	if (st)
		return st;
	reading.reader = reader;
	st = s3_try(s3, call, &request, reply, attempt, err);
	if (st)
		return st;
	st = xml_reader_finish(reader, err);
	return st ? error_wrap(err, st, "HTTP %d", reply->http.status) : STATUS_OK;
}

enum status s3_try_page(struct s3 *s3, const struct call *call, const struct s3_request *request,
			struct s3_reply *reply, struct attempt *attempt, struct error *err)
{
	const struct s3_page *page = request->arg;
	enum status st = s3_try_xml(s3, call, request, reply, attempt, err);
	if (st || (page->complete && page->says_end))
		return st;
	st = error_set(err, STATUS_UNREACHABLE, "the response is not a complete listing of %s", page->of);
	return error_wrap(err, st, "HTTP %d", reply->http.status);
}

enum status s3_page_bad(const struct s3_page *page, const char *what, const char *text, struct error *err)
{
	return error_set(err, STATUS_UNREACHABLE, "invalid listing of %s: %s '%.80s'", page->of, what, text);
}

void s3_page_clear(struct s3_page *page)
{
	buffer_clear(&page->texts);
	*page = (struct s3_page){.of = page->of, .texts = page->texts};
}

enum status s3_page_keep(struct s3_page *page, const char *text, size_t *offset, struct error *err)
{
	*offset = page->texts.len;
	return buffer_append(&page->texts, text, strlen(text) + 1, err);
}

char *s3_page_text(const struct s3_page *page, size_t offset)
{
	return (char *)page->texts.data + offset;
}

enum status s3_take_encoding(void *arg, const char *text, struct error *err)
{
	struct s3_page *page = arg;
	page->encoded = strcmp(text, "url") == 0;
	return page->encoded ? STATUS_OK : s3_page_bad(page, "encoding", text, err);
}

enum status s3_take_truncated(void *arg, const char *text, struct error *err)
{
	struct s3_page *page = arg;
	page->says_end = true;
	page->truncated = strcmp(text, "true") == 0;
	return page->truncated || strcmp(text, "false") == 0 ? STATUS_OK : s3_page_bad(page, "IsTruncated", text, err);
}

enum status s3_take_root(void *arg, const char *text, struct error *err)
{
	struct s3_page *page = arg;
	(void)text, (void)err;
	page->complete = true;
	return STATUS_OK;
}

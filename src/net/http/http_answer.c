#include "net/http/http_answer.h"

#include <string.h>
#include <strings.h>

#include "net/http/libcurl.h"
#include "text/number.h"

#define SMALL_NUMBER_MAX 999999999

/* The headers that callers use, and their places in the response. */
static const struct {
	const char *name;
	size_t offset;
} known_headers[] = {
    {"etag", offsetof(struct http_response, etag)},
    {"date", offsetof(struct http_response, date)},
    {"last-modified", offsetof(struct http_response, last_modified)},
    {"content-range", offsetof(struct http_response, content_range)},
    {"transfer-encoding", offsetof(struct http_response, transfer_encoding)},
    {"retry-after", offsetof(struct http_response, retry_after)},
    {"x-amz-retry-after", offsetof(struct http_response, amz_retry_after)},
    {"x-amz-bucket-region", offsetof(struct http_response, amz_bucket_region)},
    {"x-amz-delete-marker", offsetof(struct http_response, amz_delete_marker)},
    {"x-amz-request-id", offsetof(struct http_response, amz_request_id)},
    {"x-amz-storage-class", offsetof(struct http_response, amz_storage_class)},
    {"x-amz-restore", offsetof(struct http_response, amz_restore)},
};

void http_answer_header(struct http_response *response, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	if (colon == NULL)
		return;
	size_t name_len = (size_t)(colon - line);
	const char *value = colon + 1;
	const char *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (unsigned char)end[-1] <= ' ')
		end--;
	size_t value_len = (size_t)(end - value);
	for (size_t i = 0; i < sizeof known_headers / sizeof known_headers[0]; i++) {
		/* A value that is too long is invalid; better none than a truncated one. */
		if (strlen(known_headers[i].name) != name_len ||
		    strncasecmp(known_headers[i].name, line, name_len) != 0 || value_len >= HTTP_FIELD_MAX)
			continue;
		char *field = (char *)response + known_headers[i].offset;
		memcpy(field, value, value_len);
		field[value_len] = '\0';
	}
}

void http_answer_reset(struct http_response *response)
{
	*response = (struct http_response){.content_length = -1};
}

void http_answer_begin(struct http_response *response, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	http_answer_reset(response);
	if (space == NULL || line + len - space < 4)
		return;
	uint64_t status = 0;
	const char *at = space + 1;
	(void)number_take(&at, at + 3, 10, 999, &status);
	response->status = (int)status;
}

int64_t http_date_s(const char *date)
{
	return (int64_t)libcurl.getdate(date, NULL);
}

/* Parses a number of at most nine digits; -1 for anything else. */
static int64_t small_number(const char *text)
{
	uint64_t number;
	return number_parse(text, SMALL_NUMBER_MAX, &number) ? (int64_t)number : -1;
}

int64_t http_retry_after_ms(const struct http_response *response)
{
	int64_t ms = small_number(response->amz_retry_after);
	if (ms >= 0)
		return ms;
	int64_t seconds = small_number(response->retry_after);
	if (seconds < 0 && response->retry_after[0] != '\0') {
		/* Relative to the server's clock: the local one may be wrong. */
		int64_t until = http_date_s(response->retry_after);
		int64_t from = http_date_s(response->date);
		seconds = until > 0 && from > 0 ? until - from : 0;
	}
	return seconds > 0 ? seconds * 1000 : 0;
}

bool http_status_may_pass(int status)
{
	return status == 408 || status == 429 || (status >= 500 && status <= 599 && status != 501 && status != 505);
}

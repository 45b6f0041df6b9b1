/* What an answer says about time and about another try. */
#include "net/http/http.h"
#include "net/http/libcurl.h"
#include "text/number.h"

#define SMALL_NUMBER_MAX 999999999

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

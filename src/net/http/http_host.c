#include <stdio.h>

#include "net/http/http.h"
#include "net/http/libcurl.h"

static enum status read_parts(CURLU *parsed, const char *url, char *out, size_t size, struct error *err)
{
	char *host = NULL;
	char *port = NULL;
	CURLUcode code = libcurl.url_set(parsed, CURLUPART_URL, url, 0);
	if (code == CURLUE_OK)
		code = libcurl.url_get(parsed, CURLUPART_HOST, &host, 0);
	if (code == CURLUE_OK)
		code = libcurl.url_get(parsed, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
	bool known = code == CURLUE_OK || (code == CURLUE_NO_PORT && host != NULL);
	int len = known ? snprintf(out, size, "%s%s%s", host, port == NULL ? "" : ":", port == NULL ? "" : port) : 0;
	libcurl.free(host);
	libcurl.free(port);
	if (known && len < (int)size)
		return STATUS_OK;
	return error_set(err, STATUS_USAGE, "libcurl cannot parse the URL %.200s", url);
}

enum status http_host_header(const char *url, char *out, size_t size, struct error *err)
{
	enum status st = libcurl_load(err);
	if (st)
		return st;
	CURLU *parsed = libcurl.url();
	if (parsed == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	st = read_parts(parsed, url, out, size, err);
	libcurl.url_cleanup(parsed);
	return st;
}

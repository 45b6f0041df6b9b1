/* Turns libcurl's errors into messages with a hint for the operator. Private to http.c. */
#ifndef WALSHIP_NET_HTTP_HTTP_ERROR_H
#define WALSHIP_NET_HTTP_HTTP_ERROR_H

#include <stdbool.h>

#include "net/http/http.h"
#include "net/http/libcurl.h"

struct http_failure {
	CURL *curl;
	CURLcode code;
	const char *text;    /* libcurl's message, or "" */
	const char *server;  /* scheme, host and port */
	const char *ca_file; /* NULL: the system's */
	bool limited;        /* a bandwidth limit is set */
	const struct http_request *request;
};

/* Sets err and response->outcome, and returns the status. */
enum status http_explain(const struct http_failure *failure, struct http_response *response, struct error *err);

#endif

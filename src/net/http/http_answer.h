/* Reads the lines of an answer's head. Private to http.c. */
#ifndef WALSHIP_NET_HTTP_HTTP_ANSWER_H
#define WALSHIP_NET_HTTP_HTTP_ANSWER_H

#include "net/http/http.h"

void http_answer_reset(struct http_response *response);

/* Takes "HTTP/1.1 404 Not Found". A further status line means that the previous answer was interim (100, 103). */
void http_answer_begin(struct http_response *response, const char *line, size_t len);

/* Takes a header, if it is one that callers use. */
void http_answer_header(struct http_response *response, const char *line, size_t len);

#endif

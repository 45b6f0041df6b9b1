/*
 * HTTP/1.1 requests, one after the other, over a connection that is kept. The only user of libcurl.
 *
 * Never follows a redirection, reads no .netrc, speaks http and https only, always verifies the server's
 * certificate and name, and never runs past the time given. libcurl takes proxies from its usual variables.
 */
#ifndef WALSHIP_NET_HTTP_HTTP_H
#define WALSHIP_NET_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http/field.h"
#include "walship/error.h"

#define HTTP_CONNECT_TIMEOUT_MS 10000      /* three SYNs: the first can get lost, and the second */
#define HTTP_STALL_BYTES 1024              /* slower than this ... */
#define HTTP_STALL_S 20                    /* ... for so long is as good as dead */
#define HTTP_HEADER_LINE_MAX (32UL * 1024) /* web identity and session tokens reach 20 KiB */
#define HTTP_BODY_MAX (16UL * 1024)        /* an S3 error is under 1 KiB; a proxy's page is larger */
#define HTTP_FIELD_MAX 256                 /* the headers below are under 100 bytes */
#define HTTP_URL_MAX (9 * 1024)            /* SIGV4_TARGET_MAX and a host name */

struct http; /* one connection at a time; not for two threads at once */

struct http_options {
	const char *ca_file;        /* PEM, instead of the system's authorities; NULL: those */
	int64_t connect_timeout_ms; /* 0: HTTP_CONNECT_TIMEOUT_MS */
	const char *proxy;          /* http://host[:port]; "": never through one; NULL: as the usual variables say */
	uint64_t bytes_per_s;       /* at most, each way; 0: no limit */
};

enum http_outcome {
	HTTP_ANSWERED,     /* status is the server's, whatever it is */
	HTTP_FAILED,       /* no whole answer; another try may do better */
	HTTP_FAILED_FINAL, /* no whole answer, and no other try will do better */
};

struct http_response {
	enum http_outcome outcome;
	int status;             /* 0 until a status line has come */
	bool connected;         /* the server was there, whatever came of it */
	int64_t content_length; /* -1: not announced */
	char etag[HTTP_FIELD_MAX];
	char date[HTTP_FIELD_MAX];
	char last_modified[HTTP_FIELD_MAX];
	char content_range[HTTP_FIELD_MAX];
	char transfer_encoding[HTTP_FIELD_MAX];
	char retry_after[HTTP_FIELD_MAX];
	char amz_retry_after[HTTP_FIELD_MAX];
	char amz_bucket_region[HTTP_FIELD_MAX];
	char amz_request_id[HTTP_FIELD_MAX];
	char body[HTTP_BODY_MAX + 1]; /* what on_body did not take; a 0 byte stands behind it */
	size_t body_len;
	bool body_cut; /* there was more than HTTP_BODY_MAX */
};

/* A piece of a 2xx answer; response's status and headers are known. Anything but STATUS_OK ends the request. */
typedef enum status (*http_body_fn)(void *arg, const struct http_response *response, const void *data, size_t len,
				    struct error *err);

struct http_request {
	const char *method;
	const char *url;             /* encoded; sent as it is, dots and double slashes too */
	const struct field *headers; /* may hold secrets: never logged, wiped after use */
	size_t header_count;
	const void *body; /* NULL: none. Stays the caller's */
	size_t body_bytes;
	int64_t timeout_ms;   /* of the whole request; above 0 */
	bool fresh;           /* over a new connection */
	bool (*ended)(void);  /* asked all the time; true ends the request; NULL: never */
	int64_t grace_ms;     /* so much longer the answer is waited for then */
	http_body_fn on_body; /* NULL: the body of a 2xx goes to response->body too */
	void *arg;
};

/*
 * Loads libcurl, which the first one must do before there are threads (sys/dynlib.h). STATUS_LOCAL when it cannot be
 * loaded or set up.
 */
enum status http_new(struct http **out, const struct http_options *options, struct error *err);

/*
 * STATUS_OK: HTTP_ANSWERED, also for 4xx and 5xx. Otherwise on_body's own status and error, or
 * STATUS_UNREACHABLE (no whole answer), STATUS_USAGE (a CA file or URL that is none), STATUS_LOCAL (memory).
 */
enum status http_perform(struct http *http, const struct http_request *request, struct http_response *response,
			 struct error *err);

/* How long the server asks to be left alone: x-amz-retry-after (ms), Retry-After (seconds or a date); 0: it does not.
 */
int64_t http_retry_after_ms(const struct http_response *response);

/* Seconds since 1970 of an HTTP date; -1 when it is none. Of an answer, so that libcurl is loaded. */
int64_t http_date_s(const char *date);

void http_free(struct http *http);

#endif

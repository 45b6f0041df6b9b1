/*
 * Sequential HTTP/1.1 requests over a persistent connection. The only user of libcurl.
 *
 * It never follows redirections, reads no .netrc, supports only http and https, always verifies the server's
 * certificate and name, and never exceeds the given time. libcurl takes proxies from its usual variables.
 */
#ifndef WALSHIP_NET_HTTP_HTTP_H
#define WALSHIP_NET_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http/field.h"
#include "walship/error.h"

#define HTTP_CONNECT_TIMEOUT_MS 10000      /* three SYNs: the first and the second may get lost */
#define HTTP_STALL_BYTES 1024              /* a transfer slower than this ... */
#define HTTP_STALL_S 20                    /* ... for this long counts as dead */
#define HTTP_HEADER_LINE_MAX (32UL * 1024) /* web identity and session tokens reach 20 KiB */
#define HTTP_BODY_MAX (16UL * 1024)        /* an S3 error is under 1 KiB, a proxy's page is larger */
#define HTTP_FIELD_MAX 256                 /* the headers below are under 100 bytes */
#define HTTP_URL_MAX (9 * 1024)            /* SIGV4_TARGET_MAX and a host name */

#define HTTP_PROXY_USER_HINT                                                                                           \
	"set HTTPS_PROXY or http_proxy, in the environment of walship, to http://user:password@host:port"

struct http; /* one connection; not for concurrent use */

struct http_options {
	const char *ca_file;        /* PEM; replaces the system's CA certificates; NULL: those */
	int64_t connect_timeout_ms; /* 0: HTTP_CONNECT_TIMEOUT_MS */
	const char *connect_to;     /* host:port to connect to instead of the URL's; the URL's is sent and verified */
	const char *cert_file;      /* PEM, for a server that asks who this is; NULL: none */
	const char *key_file;       /* PEM, its key, without a password; NULL: in cert_file */
	const char *proxy;          /* http(s)://host[:port]; "": no proxy; NULL: from the usual variables */
	const char *proxy_ca_file;  /* PEM; as ca_file, for a proxy with TLS */
	const char *no_proxy; /* the variable: hosts, also with a port, that need no proxy; NULL: libcurl's own look */
	uint64_t bytes_per_s; /* limit for each direction; 0: none */
};

enum http_outcome {
	HTTP_ANSWERED,     /* a complete answer, of any status */
	HTTP_FAILED,       /* no complete answer; a retry may succeed */
	HTTP_FAILED_FINAL, /* no complete answer; a retry cannot succeed */
};

struct http_response {
	enum http_outcome outcome;
	int status;             /* 0 before the status line */
	bool connected;         /* a connection to the server was made */
	int64_t content_length; /* -1: not announced */
	char etag[HTTP_FIELD_MAX];
	char date[HTTP_FIELD_MAX];
	char last_modified[HTTP_FIELD_MAX];
	char content_range[HTTP_FIELD_MAX];
	char transfer_encoding[HTTP_FIELD_MAX];
	char retry_after[HTTP_FIELD_MAX];
	char amz_retry_after[HTTP_FIELD_MAX];
	char amz_bucket_region[HTTP_FIELD_MAX];
	char amz_delete_marker[HTTP_FIELD_MAX];
	char amz_request_id[HTTP_FIELD_MAX];
	char amz_storage_class[HTTP_FIELD_MAX];
	char amz_restore[HTTP_FIELD_MAX];
	char body[HTTP_BODY_MAX + 1]; /* data that did not go to on_body; ends with a 0 byte */
	size_t body_len;
	bool body_cut; /* the body exceeds HTTP_BODY_MAX */
};

/*
 * Receives a piece of a 2xx answer; the response has its status and headers. Any status but STATUS_OK ends the request.
 */
typedef enum status (*http_body_fn)(void *arg, const struct http_response *response, const void *data, size_t len,
				    struct error *err);

struct http_request {
	const char *method;
	const char *url;             /* encoded; sent unchanged, including dots and double slashes */
	const struct field *headers; /* may contain secrets: never logged, wiped after use */
	size_t header_count;
	const void *body; /* NULL: none; owned by the caller */
	size_t body_bytes;
	int64_t timeout_ms;           /* of the whole request; above 0 */
	bool fresh;                   /* use a new connection */
	bool (*is_interrupted)(void); /* polled; true ends the request; NULL: never */
	int64_t grace_ms;             /* extra wait for the answer after that */
	http_body_fn on_body;         /* NULL: the body of a 2xx answer goes to response->body too */
	void *arg;
};

/* The value of no_proxy, else of NO_PROXY, which libcurl reads in this order; NULL: neither is set. */
const char *http_no_proxy_variable(const char *const *environment);

/* Creates a client, and loads libcurl if necessary. STATUS_LOCAL when that fails. */
enum status http_new(struct http **out, const struct http_options *options, struct error *err);

/* Creates a client with the same options, for another thread. */
enum status http_clone(const struct http *http, struct http **out, struct error *err);

/*
 * Performs one request. STATUS_OK: HTTP_ANSWERED, also for 4xx and 5xx. Otherwise on_body's status and error,
 * STATUS_UNREACHABLE (no complete answer), STATUS_USAGE (invalid CA file or URL) or STATUS_LOCAL (memory).
 */
enum status http_perform(struct http *http, const struct http_request *request, struct http_response *response,
			 struct error *err);

/*
 * Returns the wait that the server requests, in milliseconds: x-amz-retry-after (ms) or Retry-After (seconds or a
 * date); 0: none.
 */
int64_t http_retry_after_ms(const struct http_response *response);

/*
 * Whether another try may get another answer: 408, 429, and every 5xx but 501 (Not Implemented) and 505 (HTTP Version
 * Not Supported). Proxies, CDNs and cloud stores have codes of their own: 507, 509, 520 to 530, 598, 599.
 */
bool http_status_may_pass(int status);

/*
 * Parses an HTTP date to seconds since 1970; -1 when it is invalid. Call it after a request, because it needs libcurl.
 */
int64_t http_date_s(const char *date);

/*
 * Gets the Host header of a request to this URL. libcurl normalizes hosts and ports: it sends "[::1]:9880" for
 * "http://[0:0:0:0:0:0:0:1]:09880/" (curl_url_set(3)). STATUS_USAGE: libcurl cannot parse the URL. Loads libcurl.
 */
enum status http_host_header(const char *url, char *out, size_t size, struct error *err);

void http_free(struct http *http);

#endif

/*
 * An HTTP server on loopback that plays a script: the n-th request gets the n-th answer, with its fault. It notes
 * every request. A thread of this process, so that a test needs nothing but itself.
 */
#ifndef TEST_NET_FAULT_SERVER_H
#define TEST_NET_FAULT_SERVER_H

#include <stddef.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_HANG,    /* no answer, until the client goes */
	FAULT_CLOSE,   /* the connection ends without an answer */
	FAULT_CUT,     /* ... after `at` bytes of the body */
	FAULT_RESET,   /* the same with a reset */
	FAULT_DRIP,    /* a byte of the body every 20 ms */
	FAULT_CHUNKED, /* no Content-Length, but chunks */
	FAULT_OPEN,    /* no Content-Length: the end of the connection is the end of the body */
};

struct fault_answer {
	const char *status;  /* "404 Not Found"; NULL: "200 OK" */
	const char *headers; /* each with \r\n behind it; NULL: none */
	const char *body;    /* NULL: "" */
	size_t body_len;     /* 0: up to its 0 byte */
	enum fault_kind kind;
	size_t at;
};

enum fault_tls {
	FAULT_PLAIN,
	FAULT_TLS, /* a certificate for 127.0.0.1, which is its own authority */
	FAULT_TLS_EXPIRED,
	FAULT_TLS_FUTURE,     /* not valid yet */
	FAULT_TLS_OTHER_NAME, /* for other.test */
};

struct fault_server;

/* Never fails: it aborts instead. The answers are not copied. */
struct fault_server *fault_server_start(enum fault_tls tls, const struct fault_answer *answers, size_t count);

/* "http(s)://127.0.0.1:port" */
const char *fault_server_url(const struct fault_server *server);

/* Path of a file with the certificate; removed with the server. */
const char *fault_server_ca_file(const struct fault_server *server);

/* How many requests came so far, and the head and body of the n-th of them, counted from 0. */
size_t fault_server_count(struct fault_server *server);
const char *fault_server_head(struct fault_server *server, size_t n);
const char *fault_server_body(struct fault_server *server, size_t n);
size_t fault_server_body_len(struct fault_server *server, size_t n);

/* How many connections were made. */
size_t fault_server_connections(struct fault_server *server);

void fault_server_stop(struct fault_server *server);

#endif

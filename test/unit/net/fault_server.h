/*
 * An HTTP server on loopback that plays a script: request n gets answer n with its fault. It records every request. It
 * is a thread of this process, so tests need no other program.
 */
#ifndef TEST_NET_FAULT_SERVER_H
#define TEST_NET_FAULT_SERVER_H

#include <stddef.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_HANG,    /* no answer until the client disconnects */
	FAULT_CLOSE,   /* closes the connection without an answer */
	FAULT_CUT,     /* closes it after `at` bytes of the body */
	FAULT_RESET,   /* the same with a TCP reset */
	FAULT_DRIP,    /* one byte of the body every 20 ms */
	FAULT_CHUNKED, /* chunked transfer encoding */
	FAULT_OPEN,    /* no Content-Length: the end of the connection ends the body */
};

struct fault_answer {
	const char *status;  /* "404 Not Found"; NULL: "200 OK" */
	const char *headers; /* each ends with \r\n; NULL: none */
	const char *body;    /* NULL: "" */
	size_t body_len;     /* 0: strlen */
	enum fault_kind kind;
	size_t at;
};

enum fault_tls {
	FAULT_PLAIN,
	FAULT_TLS, /* self-signed certificate for 127.0.0.1 */
	FAULT_TLS_EXPIRED,
	FAULT_TLS_FUTURE,     /* not valid yet */
	FAULT_TLS_OTHER_NAME, /* for other.test */
	FAULT_TLS_CLIENT,     /* requires a client certificate: its own will do */
};

struct fault_server;

/* Aborts on failure. The answers are not copied. */
struct fault_server *fault_server_start(enum fault_tls tls, const struct fault_answer *answers, size_t count);

/* "http(s)://127.0.0.1:port" */
const char *fault_server_url(const struct fault_server *server);

/* Path of a file with the certificate; removed with the server. */
const char *fault_server_ca_file(const struct fault_server *server);

/* Path of a file with the certificate's key, mode 0600; removed with the server. */
const char *fault_server_key_file(const struct fault_server *server);

/* The number of requests so far, and the head and body of request n, counted from 0. */
size_t fault_server_count(struct fault_server *server);
const char *fault_server_head(struct fault_server *server, size_t n);
const char *fault_server_body(struct fault_server *server, size_t n);
size_t fault_server_body_len(struct fault_server *server, size_t n);

/* The number of connections. */
size_t fault_server_connections(struct fault_server *server);

void fault_server_stop(struct fault_server *server);

#endif

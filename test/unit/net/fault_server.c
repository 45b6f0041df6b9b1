#include "fault_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define REQUESTS_MAX 64
#define HEAD_MAX (16 * 1024)
#define DRIP_US 20000

struct request {
	char head[HEAD_MAX];
	char *body;
	size_t body_len;
};

struct fault_server {
	const struct fault_answer *answers;
	size_t count;
	struct request requests[REQUESTS_MAX];
	size_t seen;
	size_t connections;
	pthread_mutex_t lock; /* guards the three fields above */
	pthread_t thread;
	int listener;
	int stop[2];
	int conn; /* -1: none */
	SSL_CTX *tls;
	SSL *ssl;
	char url[64];
	char ca_file[64];
	char key_file[64];
};

static void need(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "fault server: %s: %s\n", what, strerror(errno));
	abort();
}

static ssize_t get(struct fault_server *server, char *buf, size_t len)
{
	return server->ssl != NULL ? SSL_read(server->ssl, buf, (int)len) : recv(server->conn, buf, len, 0);
}

static bool put(struct fault_server *server, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = server->ssl != NULL ? SSL_write(server->ssl, data, (int)len)
						   : send(server->conn, data, len, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static void hang_up(struct fault_server *server, bool reset)
{
	if (server->conn < 0)
		return;
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	if (reset)
		(void)setsockopt(server->conn, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	SSL_free(server->ssl);
	server->ssl = NULL;
	(void)close(server->conn);
	server->conn = -1;
}

static void take_connection(struct fault_server *server)
{
	/* The client uses one connection: a new one means that the old one is finished. */
	hang_up(server, false);
	server->conn = accept(server->listener, NULL, NULL);
	need(server->conn >= 0, "accept");
	(void)pthread_mutex_lock(&server->lock);
	server->connections++;
	(void)pthread_mutex_unlock(&server->lock);
	if (server->tls == NULL)
		return;
	server->ssl = SSL_new(server->tls);
	(void)SSL_set_fd(server->ssl, server->conn);
	if (SSL_accept(server->ssl) == 1)
		return;
	/* The client reads the alert before a reset overtakes it. */
	char unread[1024];
	(void)shutdown(server->conn, SHUT_WR);
	while (recv(server->conn, unread, sizeof unread, 0) > 0)
		;
	hang_up(server, false);
}

/* Returns false when the client has disconnected. */
static bool read_request(struct fault_server *server, struct request *request)
{
	size_t len = 0;
	char *end = NULL;
	while (end == NULL) {
		need(len < HEAD_MAX - 1, "a head that is too long");
		ssize_t got = get(server, request->head + len, HEAD_MAX - 1 - len);
		if (got <= 0)
			return false;
		len += (size_t)got;
		request->head[len] = '\0';
		end = strstr(request->head, "\r\n\r\n");
	}
	const char *length = strcasestr(request->head, "content-length: ");
	request->body_len = length == NULL ? 0 : strtoull(length + 16, NULL, 10);
	request->body = calloc(1, request->body_len + 1);
	need(request->body != NULL, "memory");
	size_t done = len - (size_t)(end + 4 - request->head);
	memcpy(request->body, end + 4, done);
	end[2] = '\0';
	while (done < request->body_len) {
		ssize_t got = get(server, request->body + done, request->body_len - done);
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static void wait_for_the_end(struct fault_server *server)
{
	struct pollfd fds[] = {{.fd = server->conn, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};
	(void)poll(fds, 2, 60000);
}

static bool put_head(struct fault_server *server, const struct fault_answer *answer, size_t len)
{
	char head[4096];
	char framing[64] = "Connection: close\r\n";
	if (answer->kind == FAULT_CHUNKED)
		(void)strcpy(framing, "Transfer-Encoding: chunked\r\n");
	else if (answer->kind != FAULT_OPEN)
		(void)snprintf(framing, sizeof framing, "Content-Length: %zu\r\n", len);
	int head_len =
	    snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%s%s\r\n", answer->status == NULL ? "200 OK" : answer->status,
		     answer->headers == NULL ? "" : answer->headers, framing);
	return put(server, head, (size_t)head_len);
}

static void put_chunked(struct fault_server *server, const char *body, size_t len)
{
	char size[32];
	if (len > 0)
		(void)put(server, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", len));
	if (len > 0 && put(server, body, len))
		(void)put(server, "\r\n", 2);
	(void)put(server, "0\r\n\r\n", 5);
}

static void put_slowly(struct fault_server *server, const char *body, size_t len)
{
	for (size_t i = 0; i < len && put(server, body + i, 1); i++)
		(void)usleep(DRIP_US);
}

static void answer_request(struct fault_server *server, const struct request *request,
			   const struct fault_answer *answer)
{
	const char *body = answer->body == NULL ? "" : answer->body;
	size_t len = answer->body_len == 0 ? strlen(body) : answer->body_len;
	bool cut = answer->kind == FAULT_CUT || answer->kind == FAULT_RESET;
	if (answer->kind == FAULT_HANG)
		wait_for_the_end(server);
	if (answer->kind == FAULT_HANG || answer->kind == FAULT_CLOSE || !put_head(server, answer, len)) {
		hang_up(server, false);
		return;
	}
	if (strncmp(request->head, "HEAD ", 5) == 0)
		return;
	if (answer->kind == FAULT_CHUNKED)
		put_chunked(server, body, len);
	else if (answer->kind == FAULT_DRIP)
		put_slowly(server, body, len);
	else if (!put(server, body, cut ? answer->at : len) || cut || answer->kind == FAULT_OPEN) {
		/* The data must arrive before the reset overtakes it. */
		if (answer->kind == FAULT_RESET)
			(void)usleep(50000);
		hang_up(server, answer->kind == FAULT_RESET);
	}
}

static void serve(struct fault_server *server)
{
	static const struct fault_answer beyond = {.status = "505 No Answer In The Script"};
	size_t n = server->seen;
	need(n < REQUESTS_MAX, "too many requests");
	struct request *request = &server->requests[n];
	if (!read_request(server, request)) {
		free(request->body);
		*request = (struct request){0};
		hang_up(server, false);
		return;
	}
	(void)pthread_mutex_lock(&server->lock);
	server->seen++;
	(void)pthread_mutex_unlock(&server->lock);
	answer_request(server, request, n < server->count ? &server->answers[n] : &beyond);
}

static void *run(void *arg)
{
	struct fault_server *server = arg;
	for (;;) {
		struct pollfd fds[] = {{.fd = server->stop[0], .events = POLLIN},
				       {.fd = server->listener, .events = POLLIN},
				       {.fd = server->conn, .events = POLLIN}};
		need(poll(fds, server->conn < 0 ? 2 : 3, -1) > 0, "poll");
		if (fds[0].revents != 0)
			return NULL;
		if (fds[1].revents != 0)
			take_connection(server);
		else if (server->conn >= 0)
			serve(server);
	}
}

static X509 *make_certificate(EVP_PKEY *key, enum fault_tls tls)
{
	X509 *cert = X509_new();
	const char *name = tls == FAULT_TLS_OTHER_NAME ? "DNS:other.test" : "IP:127.0.0.1";
	long from = tls == FAULT_TLS_EXPIRED ? -7200 : tls == FAULT_TLS_FUTURE ? 3600 : -3600;
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), from);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), from + 3600 + (tls == FAULT_TLS_EXPIRED ? 0 : 3600));
	(void)X509_set_pubkey(cert, key);
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
					 (const unsigned char *)"fault server", -1, -1, 0);
	(void)X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
	X509_EXTENSION *authority = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	(void)X509_add_ext(cert, names, -1);
	(void)X509_add_ext(cert, authority, -1);
	X509_EXTENSION_free(names);
	X509_EXTENSION_free(authority);
	need(X509_sign(cert, key, EVP_sha256()) > 0, "sign a certificate");
	return cert;
}

static void start_tls(struct fault_server *server, enum fault_tls tls)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_certificate(key, tls);
	(void)strcpy(server->ca_file, "/tmp/walship-test-ca-XXXXXX");
	int fd = mkstemp(server->ca_file);
	FILE *file = fdopen(fd, "w");
	need(file != NULL && PEM_write_X509(file, cert) == 1 && fclose(file) == 0, "write the certificate");
	(void)strcpy(server->key_file, "/tmp/walship-test-key-XXXXXX");
	fd = mkstemp(server->key_file);
	file = fdopen(fd, "w");
	need(file != NULL && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0,
	     "write the key");
	server->tls = SSL_CTX_new(TLS_server_method());
	if (tls == FAULT_TLS_CLIENT) {
		SSL_CTX_set_verify(server->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		need(SSL_CTX_load_verify_file(server->tls, server->ca_file) == 1, "trust the certificate");
	}
	need(SSL_CTX_use_certificate(server->tls, cert) == 1 && SSL_CTX_use_PrivateKey(server->tls, key) == 1,
	     "use the certificate");
	X509_free(cert);
	EVP_PKEY_free(key);
}

struct fault_server *fault_server_start(enum fault_tls tls, const struct fault_answer *answers, size_t count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	struct fault_server *server = calloc(1, sizeof *server);
	need(server != NULL, "memory");
	/* A client that disconnects first must not end the test, and a proxy must not interfere. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setenv("no_proxy", "*", 1);
	server->answers = answers;
	server->count = count;
	server->conn = -1;
	(void)pthread_mutex_init(&server->lock, NULL);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(server->listener >= 0 && bind(server->listener, (struct sockaddr *)&address, len) == 0 &&
		 listen(server->listener, 8) == 0 &&
		 getsockname(server->listener, (struct sockaddr *)&address, &len) == 0 && pipe(server->stop) == 0,
	     "listen");
	(void)snprintf(server->url, sizeof server->url, "http%s://127.0.0.1:%u", tls == FAULT_PLAIN ? "" : "s",
		       (unsigned)ntohs(address.sin_port));
	if (tls != FAULT_PLAIN)
		start_tls(server, tls);
	need(pthread_create(&server->thread, NULL, run, server) == 0, "thread");
	return server;
}

const char *fault_server_url(const struct fault_server *server)
{
	return server->url;
}

const char *fault_server_ca_file(const struct fault_server *server)
{
	return server->ca_file;
}

const char *fault_server_key_file(const struct fault_server *server)
{
	return server->key_file;
}

size_t fault_server_count(struct fault_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	size_t seen = server->seen;
	(void)pthread_mutex_unlock(&server->lock);
	return seen;
}

size_t fault_server_connections(struct fault_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	size_t connections = server->connections;
	(void)pthread_mutex_unlock(&server->lock);
	return connections;
}

static const struct request *request(struct fault_server *server, size_t n)
{
	if (n >= fault_server_count(server)) {
		(void)fprintf(stderr, "fault server: request %zu did not come\n", n);
		abort();
	}
	return &server->requests[n];
}

const char *fault_server_head(struct fault_server *server, size_t n)
{
	return request(server, n)->head;
}

const char *fault_server_body(struct fault_server *server, size_t n)
{
	return request(server, n)->body;
}

size_t fault_server_body_len(struct fault_server *server, size_t n)
{
	return request(server, n)->body_len;
}

void fault_server_stop(struct fault_server *server)
{
	need(write(server->stop[1], "", 1) == 1, "stop");
	(void)pthread_join(server->thread, NULL);
	hang_up(server, false);
	(void)close(server->listener);
	(void)close(server->stop[0]);
	(void)close(server->stop[1]);
	(void)pthread_mutex_destroy(&server->lock);
	SSL_CTX_free(server->tls);
	if (server->ca_file[0] != '\0')
		(void)unlink(server->ca_file);
	if (server->key_file[0] != '\0')
		(void)unlink(server->key_file);
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		free(server->requests[i].body);
	free(server);
}

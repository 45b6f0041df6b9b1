#include "net/http/http.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/http/http_answer.h"
#include "net/http/http_error.h"
#include "net/http/http_proxy.h"
#include "net/http/libcurl.h"
#include "sys/crypto.h"

#define TRANSFER_BUFFER_BYTES (256L * 1024) /* a segment takes dozens of reads, not a thousand */
#define HTTP_TEXTS 7
#define SERVER_NAME_MAX 300 /* a host name of 255 bytes, scheme and port */

struct http {
	CURL *curl;
	struct http_options options; /* with copies of the texts, which belong to: */
	char *texts[HTTP_TEXTS];
	struct curl_slist *connect_to; /* in libcurl's form */
	int socket;                    /* of the last connection; -1: none yet */
	char text[CURL_ERROR_SIZE];    /* libcurl's message for the last failure */
};

/* The current request, as libcurl's callbacks see it. */
struct transfer {
	CURL *curl;
	const struct http *http;
	const struct http_request *request;
	struct http_response *response;
	enum status body_status;   /* status that on_body returned */
	curl_off_t interrupted_us; /* time of the interruption on libcurl's scale; 0: none yet */
	struct error *err;
};

/* The release that introduced CURLOPT_PROTOCOLS_STR deprecated CURLOPT_PROTOCOLS, so using it causes a warning. */
#if LIBCURL_VERSION_NUM >= 0x075500
static CURLcode limit_protocols(CURL *curl)
{
	return libcurl_set_object(curl, CURLOPT_PROTOCOLS_STR, "http,https");
}
#else
static CURLcode limit_protocols(CURL *curl)
{
	return libcurl_set_long(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
}
#endif

/* libcurl opens the file for each connection, when the working directory may have changed. */
static char *absolute(const char *path)
{
	char *found = realpath(path, NULL);
	return found != NULL ? found : strdup(path);
}

/* Copies the options. False when memory is short. */
static bool own(struct http *http, const struct http_options *options)
{
	struct {
		const char **text;
		bool is_path;
	} all[HTTP_TEXTS] = {{&http->options.ca_file, true},    {&http->options.cert_file, true},
			     {&http->options.key_file, true},   {&http->options.proxy_ca_file, true},
			     {&http->options.proxy, false},     {&http->options.no_proxy, false},
			     {&http->options.connect_to, false}};
	bool good = true;
	http->options = *options;
	for (size_t i = 0; i < HTTP_TEXTS; i++) {
		if (*all[i].text == NULL)
			continue;
		http->texts[i] = all[i].is_path ? absolute(*all[i].text) : strdup(*all[i].text);
		*all[i].text = http->texts[i];
		good = good && http->texts[i] != NULL;
	}
	return good;
}

/* "::host:port": for any host and port of a URL (curl_easy_setopt, CURLOPT_CONNECT_TO). */
static bool make_connect_to(struct http *http)
{
	char entry[SERVER_NAME_MAX];
	if (http->options.connect_to == NULL)
		return true;
	(void)snprintf(entry, sizeof entry, "::%s", http->options.connect_to);
	http->connect_to = libcurl.slist_append(NULL, entry);
	return http->connect_to != NULL;
}

enum status http_new(struct http **out, const struct http_options *options, struct error *err)
{
	enum status st = libcurl_load(err);
	if (!st)
		st = crypto_start(err); /* for http_error.c's text about certificates */
	if (st)
		return st;
	struct http *http = calloc(1, sizeof *http);
	if (http == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	http->socket = -1;
	http->curl = libcurl.easy_init();
	if (http->curl == NULL || !own(http, options) || !make_connect_to(http)) {
		http_free(http);
		return error_set(err, STATUS_LOCAL, "cannot initialize libcurl");
	}
	if (http->options.connect_timeout_ms <= 0)
		http->options.connect_timeout_ms = HTTP_CONNECT_TIMEOUT_MS;
	*out = http;
	return STATUS_OK;
}

enum status http_clone(const struct http *http, struct http **out, struct error *err)
{
	return http_new(out, &http->options, err);
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	libcurl.easy_cleanup(http->curl);
	libcurl.slist_free_all(http->connect_to);
	for (size_t i = 0; i < HTTP_TEXTS; i++)
		free(http->texts[i]);
	free(http);
}

static int on_socket(void *arg, curl_socket_t socket, curlsocktype purpose)
{
	struct http *http = arg;
	(void)purpose;
	http->socket = socket;
	return CURL_SOCKOPT_OK;
}

/*
 * Acknowledges the headers at once. A server that sends headers and body separately without TCP_NODELAY (Ceph) holds
 * the body back until then, and a delayed ACK costs 40 ms (tcp(7), TCP_QUICKACK).
 */
static void send_quick_ack(const struct http *http)
{
	(void)setsockopt(http->socket, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
	struct transfer *transfer = arg;
	(void)one;
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		send_quick_ack(transfer->http);
		http_answer_begin(transfer->response, line, len);
	} else
		http_answer_header(transfer->response, line, len);
	return len;
}

static bool succeeded(const struct http_response *response)
{
	return response->status >= 200 && response->status <= 299;
}

static void store_length(struct transfer *transfer)
{
	curl_off_t announced = libcurl_get_offset(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
	transfer->response->content_length = announced;
}

static size_t store_body(struct http_response *response, const char *data, size_t len)
{
	size_t room = HTTP_BODY_MAX - response->body_len;
	size_t taken = len < room ? len : room;
	memcpy(response->body + response->body_len, data, taken);
	response->body_len += taken;
	response->body[response->body_len] = '\0';
	/* A short count ends the transfer: nobody needs the rest. */
	response->body_cut = taken < len;
	return taken;
}

/* libcurl calls this at each step of a transfer, and at least once a second. */
static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct transfer *transfer = arg;
	(void)down_all, (void)down, (void)up_all, (void)up;
	if (transfer->request->is_interrupted == NULL || !transfer->request->is_interrupted())
		return 0;
	curl_off_t now_us = libcurl_get_offset(transfer->curl, CURLINFO_TOTAL_TIME_T);
	if (transfer->interrupted_us == 0)
		transfer->interrupted_us = now_us;
	return now_us - transfer->interrupted_us >= transfer->request->grace_ms * 1000;
}

static size_t on_data(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *transfer = arg;
	const struct http_request *request = transfer->request;
	(void)one;
	if (request->on_body == NULL || !succeeded(transfer->response))
		return store_body(transfer->response, data, len);
	store_length(transfer);
	transfer->body_status = request->on_body(request->arg, transfer->response, data, len, transfer->err);
	return transfer->body_status ? 0 : len;
}

/* A line break in a value could inject a header. */
static bool is_one_line(const char *value)
{
	return value[strcspn(value, "\r\n")] == '\0';
}

static enum status add_header(struct curl_slist **list, const struct field *header, struct error *err)
{
	char line[HTTP_HEADER_LINE_MAX];
	int len = snprintf(line, sizeof line, "%s: %s", header->name, header->value);
	if (len >= (int)sizeof line || !is_one_line(line)) {
		explicit_bzero(line, sizeof line);
		return error_set(err, STATUS_USAGE, "the header %s is too long or contains a line break", header->name);
	}
	struct curl_slist *longer = libcurl.slist_append(*list, line);
	explicit_bzero(line, (size_t)len);
	if (longer == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	*list = longer;
	return STATUS_OK;
}

/* Wipes the headers too: one is a session token. */
static void headers_freep(struct curl_slist **list)
{
	for (struct curl_slist *item = *list; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	libcurl.slist_free_all(*list);
}

static enum status make_headers(const struct http_request *request, struct curl_slist **list, struct error *err)
{
	/* An empty value suppresses libcurl's own header: no wait for "100 Continue", no form content type. */
	static const char *const unwanted[] = {"Expect:", "Content-Type:", "Accept:"};
	enum status st = STATUS_OK;
	for (size_t i = 0; i < sizeof unwanted / sizeof unwanted[0]; i++) {
		struct curl_slist *longer = libcurl.slist_append(*list, unwanted[i]);
		if (longer == NULL)
			return error_set(err, STATUS_LOCAL, "out of memory");
		*list = longer;
	}
	for (size_t i = 0; i < request->header_count && !st; i++)
		st = add_header(list, &request->headers[i], err);
	return st;
}

/* libcurl may process a hundred buffers before it checks the clock: limit them to half a second of data. */
static long transfer_bytes(const struct http *http)
{
	uint64_t bytes = http->options.bytes_per_s / 200;
	if (http->options.bytes_per_s == 0 || bytes > TRANSFER_BUFFER_BYTES)
		return TRANSFER_BUFFER_BYTES;
	return bytes < 1024 ? 1024 : (long)bytes;
}

/* Who may vouch for the other side, and who this side is. */
static unsigned set_trust(const struct http *http)
{
	const struct http_options *options = &http->options;
	CURL *curl = http->curl;
	unsigned failed = 0;
	/* A configured CA replaces the system's: no other CA may vouch for that server. */
	if (options->ca_file != NULL) {
		failed |= libcurl_set_object(curl, CURLOPT_CAINFO, options->ca_file);
		failed |= libcurl_set_object(curl, CURLOPT_CAPATH, NULL);
	}
	if (options->cert_file != NULL) {
		failed |= libcurl_set_object(curl, CURLOPT_SSLCERT, options->cert_file);
		/* OpenSSL would ask the terminal for the password of a key. */
		failed |= libcurl_set_object(curl, CURLOPT_KEYPASSWD, "");
	}
	if (options->key_file != NULL)
		failed |= libcurl_set_object(curl, CURLOPT_SSLKEY, options->key_file);
	if (http->connect_to != NULL)
		failed |= libcurl_set_object(curl, CURLOPT_CONNECT_TO, http->connect_to);
	return failed;
}

static unsigned set_proxy(const struct http *http, const char *url)
{
	const struct http_options *options = &http->options;
	CURL *curl = http->curl;
	unsigned failed = 0;
	if (options->proxy != NULL)
		failed |= libcurl_set_object(curl, CURLOPT_PROXY, options->proxy);
	if (options->proxy_ca_file != NULL) {
		failed |= libcurl_set_object(curl, CURLOPT_PROXY_CAINFO, options->proxy_ca_file);
		failed |= libcurl_set_object(curl, CURLOPT_PROXY_CAPATH, NULL);
	}
	/* NO_PROXY applies to every proxy. */
	if (options->no_proxy == NULL)
		return failed;
	char *hosts = http_no_proxy(options->no_proxy, url);
	failed |= hosts == NULL || libcurl_set_object(curl, CURLOPT_NOPROXY, hosts);
	free(hosts);
	return failed;
}

static unsigned set_connection(const struct http *http, const struct http_request *request)
{
	CURL *curl = http->curl;
	unsigned failed = limit_protocols(curl);
	failed |= libcurl_set_long(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	failed |= libcurl_set_long(curl, CURLOPT_FOLLOWLOCATION, 0L);
	failed |= libcurl_set_long(curl, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	failed |= libcurl_set_long(curl, CURLOPT_NOSIGNAL, 1L);
	failed |= libcurl_set_long(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	failed |= libcurl_set_long(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	failed |= libcurl_set_long(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	failed |= libcurl_set_long(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	failed |= libcurl_set_long(curl, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
	failed |= libcurl_set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)http->options.connect_timeout_ms);
	failed |= libcurl_set_long(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	failed |= libcurl_set_long(curl, CURLOPT_LOW_SPEED_LIMIT, HTTP_STALL_BYTES);
	failed |= libcurl_set_long(curl, CURLOPT_LOW_SPEED_TIME, HTTP_STALL_S);
	failed |= libcurl_set_object(curl, CURLOPT_USERAGENT, "walship/" WALSHIP_VERSION);
	failed |= libcurl_set_offset(curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)http->options.bytes_per_s);
	failed |= libcurl_set_offset(curl, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)http->options.bytes_per_s);
	/* Optional: after a name was not found, libcurl keeps its buffer and refuses a new size. */
	(void)libcurl_set_long(curl, CURLOPT_BUFFERSIZE, transfer_bytes(http));
	(void)libcurl_set_long(curl, CURLOPT_UPLOAD_BUFFERSIZE, TRANSFER_BUFFER_BYTES);
	return failed | set_trust(http) | set_proxy(http, request->url);
}

static unsigned set_request(struct http *http, struct transfer *transfer, struct curl_slist *headers)
{
	const struct http_request *request = transfer->request;
	CURL *curl = http->curl;
	unsigned failed = libcurl_set_object(curl, CURLOPT_URL, request->url);
	failed |= libcurl_set_long(curl, CURLOPT_PATH_AS_IS, 1L);
	failed |= libcurl_set_object(curl, CURLOPT_HTTPHEADER, headers);
	failed |= libcurl_set_object(curl, CURLOPT_ERRORBUFFER, http->text);
	failed |= libcurl.easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	failed |= libcurl_set_object(curl, CURLOPT_HEADERDATA, transfer);
	failed |= libcurl.easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	failed |= libcurl_set_object(curl, CURLOPT_WRITEDATA, transfer);
	failed |= libcurl.easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
	failed |= libcurl_set_object(curl, CURLOPT_SOCKOPTDATA, http);
	failed |= libcurl_set_long(curl, CURLOPT_NOPROGRESS, 0L);
	failed |= libcurl.easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	failed |= libcurl_set_object(curl, CURLOPT_XFERINFODATA, transfer);
	if (request->body != NULL) {
		/* libcurl can send the caller's memory again by itself when a persistent connection died. */
		failed |= libcurl_set_object(curl, CURLOPT_POSTFIELDS, request->body);
		failed |= libcurl_set_offset(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
	}
	if (strcmp(request->method, "HEAD") == 0)
		failed |= libcurl_set_long(curl, CURLOPT_NOBODY, 1L);
	else
		failed |= libcurl_set_object(curl, CURLOPT_CUSTOMREQUEST, request->method);
	return failed;
}

static enum status explain(struct http *http, const struct http_request *request, CURLcode code,
			   struct http_response *response, struct error *err)
{
	char server[SERVER_NAME_MAX];
	const char *host = strstr(request->url, "://");
	size_t len = host == NULL ? 0 : (size_t)(host + 3 - request->url) + strcspn(host + 3, "/?");
	(void)snprintf(server, sizeof server, "%.*s", (int)(len == 0 ? strlen(request->url) : len), request->url);
	return http_explain(&(struct http_failure){.curl = http->curl,
						   .code = code,
						   .text = http->text,
						   .server = server,
						   .ca_file = http->options.ca_file,
						   .limited = http->options.bytes_per_s > 0,
						   .request = request},
			    response, err);
}

enum status http_perform(struct http *http, const struct http_request *request, struct http_response *response,
			 struct error *err)
{
	struct transfer transfer = {
	    .request = request, .response = response, .curl = http->curl, .http = http, .err = err};
	CLEANUP(headers_freep) struct curl_slist *headers = NULL;
	http_answer_reset(response);
	response->outcome = HTTP_FAILED_FINAL;
	enum status st = make_headers(request, &headers, err);
	if (st)
		return st;

	/* The reset keeps connections. */
	libcurl.easy_reset(http->curl);
	http->text[0] = '\0';
	if (set_connection(http, request) != 0 || set_request(http, &transfer, headers) != 0)
		return error_set(err, STATUS_LOCAL, "libcurl rejected an option");
	CURLcode code = libcurl.easy_perform(http->curl);
	store_length(&transfer);
	curl_off_t connect_us = libcurl_get_offset(http->curl, CURLINFO_CONNECT_TIME_T);
	response->connected = connect_us > 0;
	if (transfer.body_status) {
		response->outcome = HTTP_FAILED_FINAL;
		st = transfer.body_status;
	} else if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && response->body_cut)) {
		response->outcome = HTTP_ANSWERED;
	} else {
		st = explain(http, request, code, response, err);
	}
	/* The header list and the buffers do not outlive this function. */
	libcurl.easy_reset(http->curl);
	return st;
}

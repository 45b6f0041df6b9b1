#include "net/http/http.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/http/http_error.h"
#include "net/http/libcurl.h"
#include "sys/crypto.h"
#include "text/number.h"

#define TRANSFER_BUFFER_BYTES (256L * 1024) /* a segment takes dozens of reads, not a thousand */
#define SERVER_NAME_MAX 300                 /* a host name of 255 bytes, scheme and port */

struct http {
	CURL *curl;
	char *ca_file; /* NULL: the system's */
	int64_t connect_timeout_ms;
	char *proxy; /* NULL: from the environment */
	uint64_t bytes_per_s;
	int socket;                 /* of the last connection; -1: none yet */
	char text[CURL_ERROR_SIZE]; /* libcurl's message for the last failure */
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
	http->connect_timeout_ms =
	    options->connect_timeout_ms > 0 ? options->connect_timeout_ms : HTTP_CONNECT_TIMEOUT_MS;
	http->bytes_per_s = options->bytes_per_s;
	http->socket = -1;
	http->curl = libcurl.easy_init();
	http->ca_file = options->ca_file == NULL ? NULL : absolute(options->ca_file);
	http->proxy = options->proxy == NULL ? NULL : strdup(options->proxy);
	if (http->curl == NULL || (options->ca_file != NULL && http->ca_file == NULL) ||
	    (options->proxy != NULL && http->proxy == NULL)) {
		http_free(http);
		return error_set(err, STATUS_LOCAL, "cannot initialize libcurl");
	}
	*out = http;
	return STATUS_OK;
}

enum status http_clone(const struct http *http, struct http **out, struct error *err)
{
	return http_new(out,
			&(struct http_options){.ca_file = http->ca_file,
					       .connect_timeout_ms = http->connect_timeout_ms,
					       .proxy = http->proxy,
					       .bytes_per_s = http->bytes_per_s},
			err);
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	libcurl.easy_cleanup(http->curl);
	free(http->ca_file);
	free(http->proxy);
	free(http);
}

/* The headers that callers use, and their places in the response. */
static const struct {
	const char *name;
	size_t offset;
} known_headers[] = {
    {"etag", offsetof(struct http_response, etag)},
    {"date", offsetof(struct http_response, date)},
    {"last-modified", offsetof(struct http_response, last_modified)},
    {"content-range", offsetof(struct http_response, content_range)},
    {"transfer-encoding", offsetof(struct http_response, transfer_encoding)},
    {"retry-after", offsetof(struct http_response, retry_after)},
    {"x-amz-retry-after", offsetof(struct http_response, amz_retry_after)},
    {"x-amz-bucket-region", offsetof(struct http_response, amz_bucket_region)},
    {"x-amz-request-id", offsetof(struct http_response, amz_request_id)},
};

static void store_header(struct http_response *response, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	if (colon == NULL)
		return;
	size_t name_len = (size_t)(colon - line);
	const char *value = colon + 1;
	const char *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (unsigned char)end[-1] <= ' ')
		end--;
	size_t value_len = (size_t)(end - value);
	for (size_t i = 0; i < sizeof known_headers / sizeof known_headers[0]; i++) {
		/* A value that is too long is invalid; better none than a truncated one. */
		if (strlen(known_headers[i].name) != name_len ||
		    strncasecmp(known_headers[i].name, line, name_len) != 0 || value_len >= HTTP_FIELD_MAX)
			continue;
		char *field = (char *)response + known_headers[i].offset;
		memcpy(field, value, value_len);
		field[value_len] = '\0';
	}
}

static void reset_response(struct http_response *response)
{
	*response = (struct http_response){.content_length = -1};
}

/* Parses "HTTP/1.1 404 Not Found". A further status line means that the previous answer was interim (100, 103). */
static void store_status(struct http_response *response, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	reset_response(response);
	if (space == NULL || line + len - space < 4)
		return;
	uint64_t status = 0;
	const char *at = space + 1;
	(void)number_take(&at, at + 3, 10, 999, &status);
	response->status = (int)status;
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
		store_status(transfer->response, line, len);
	} else
		store_header(transfer->response, line, len);
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
	uint64_t bytes = http->bytes_per_s / 200;
	if (http->bytes_per_s == 0 || bytes > TRANSFER_BUFFER_BYTES)
		return TRANSFER_BUFFER_BYTES;
	return bytes < 1024 ? 1024 : (long)bytes;
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
	failed |= libcurl_set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_timeout_ms);
	failed |= libcurl_set_long(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	failed |= libcurl_set_long(curl, CURLOPT_LOW_SPEED_LIMIT, HTTP_STALL_BYTES);
	failed |= libcurl_set_long(curl, CURLOPT_LOW_SPEED_TIME, HTTP_STALL_S);
	failed |= libcurl_set_object(curl, CURLOPT_USERAGENT, "walship/" WALSHIP_VERSION);
	/* NO_PROXY still applies. */
	if (http->proxy != NULL)
		failed |= libcurl_set_object(curl, CURLOPT_PROXY, http->proxy);
	failed |= libcurl_set_offset(curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)http->bytes_per_s);
	failed |= libcurl_set_offset(curl, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)http->bytes_per_s);
	/* Optional: after a name was not found, libcurl keeps its buffer and refuses a new size. */
	(void)libcurl_set_long(curl, CURLOPT_BUFFERSIZE, transfer_bytes(http));
	(void)libcurl_set_long(curl, CURLOPT_UPLOAD_BUFFERSIZE, TRANSFER_BUFFER_BYTES);
	/* A configured CA replaces the system's: no other CA may vouch for that server. */
	if (http->ca_file != NULL) {
		failed |= libcurl_set_object(curl, CURLOPT_CAINFO, http->ca_file);
		failed |= libcurl_set_object(curl, CURLOPT_CAPATH, NULL);
	}
	return failed;
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
						   .ca_file = http->ca_file,
						   .limited = http->bytes_per_s > 0,
						   .request = request},
			    response, err);
}

enum status http_perform(struct http *http, const struct http_request *request, struct http_response *response,
			 struct error *err)
{
	struct transfer transfer = {
	    .request = request, .response = response, .curl = http->curl, .http = http, .err = err};
	CLEANUP(headers_freep) struct curl_slist *headers = NULL;
	reset_response(response);
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

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "fault_server.h"
#include "net/http/http.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct error err;
static struct http_response response;
static char url[256];

static struct http *open_http(const char *ca_file)
{
	struct http *http = NULL;
	enum status st = http_new(&http, &(struct http_options){.ca_file = ca_file}, &err);
	assert_ok(st, err);
	return http;
}

static const char *url_of(struct fault_server *server, const char *target)
{
	(void)snprintf(url, sizeof url, "%s%s", fault_server_url(server), target);
	return url;
}

/* One GET with a new client. */
static enum status get(struct fault_server *server, const char *ca_file, int64_t timeout_ms)
{
	struct http *http = open_http(ca_file);
	err = (struct error){0};
	enum status st = http_perform(
	    http, &(struct http_request){.method = "GET", .url = url_of(server, "/x"), .timeout_ms = timeout_ms},
	    &response, &err);
	http_free(http);
	return st;
}

struct taking {
	struct buffer bytes;
	enum status fail;
	int status;
	int64_t announced;
};

static enum status take(void *arg, const struct http_response *answer, const void *data, size_t len,
			struct error *error)
{
	struct taking *taking = arg;
	taking->status = answer->status;
	taking->announced = answer->content_length;
	if (taking->fail)
		return error_set(error, taking->fail, "the disk is full");
	return buffer_append(&taking->bytes, data, len, error);
}

/* Method, headers and body are as requested; libcurl adds only Host, User-Agent and Content-Length. */
static void sends_what_it_is_given(void **state)
{
	(void)state;
	static const struct field headers[] = {{"x-amz-date", "now"}, {"authorization", "secret words"}};
	static const struct {
		const char *method, *target, *body, *expected;
	} cases[] = {
	    {"GET", "/a/.././/b%2F?x=&y=%20", NULL, "GET /a/.././/b%2F?x=&y=%20 HTTP/1.1\r\n"},
	    {"HEAD", "/h", NULL, "HEAD /h HTTP/1.1\r\n"},
	    {"PUT", "/p", "body", "PUT /p HTTP/1.1\r\n"},
	    {"POST", "/q?uploads=", "", "POST /q?uploads= HTTP/1.1\r\n"},
	    {"DELETE", "/d", NULL, "DELETE /d HTTP/1.1\r\n"},
	};
	static const struct fault_answer answers[COUNT(cases)] = {{.body = "abc"}, {.body = "1234"}};
	struct fault_server *server = fault_server_start(FAULT_PLAIN, answers, COUNT(cases));
	struct http *http = open_http(NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum status st =
		    http_perform(http,
				 &(struct http_request){.method = cases[i].method,
							.url = url_of(server, cases[i].target),
							.headers = headers,
							.header_count = COUNT(headers),
							.body = cases[i].body,
							.body_bytes = cases[i].body == NULL ? 0 : strlen(cases[i].body),
							.timeout_ms = 5000},
				 &response, &err);
		assert_ok(st, err);
		assert_int_equal(response.outcome, HTTP_ANSWERED);
		assert_int_equal(response.status, 200);
		const char *head = fault_server_head(server, i);
		assert_memory_equal(head, cases[i].expected, strlen(cases[i].expected));
		assert_non_null(strstr(head, "\r\nHost: 127.0.0.1:"));
		assert_non_null(strstr(head, "\r\nUser-Agent: walship/"));
		assert_non_null(strstr(head, "\r\nauthorization: secret words\r\n"));
		assert_null(strstr(head, "Expect"));
		assert_null(strstr(head, "Content-Type"));
		assert_null(strstr(head, "Accept"));
		assert_int_equal(strstr(head, "Content-Length") != NULL, cases[i].body != NULL);
		assert_string_equal(fault_server_body(server, i), cases[i].body == NULL ? "" : cases[i].body);
		assert_int_equal(response.content_length, i == 0 ? 3 : i == 1 ? 4 : 0);
		assert_string_equal(response.body, i == 0 ? "abc" : "");
	}
	assert_int_equal(fault_server_connections(server), 1);
	enum status st = http_perform(
	    http,
	    &(struct http_request){.method = "GET", .url = url_of(server, "/"), .timeout_ms = 5000, .fresh = true},
	    &response, &err);
	assert_ok(st, err);
	assert_int_equal(fault_server_connections(server), 2);
	http_free(http);
	fault_server_stop(server);
}

static void keeps_the_headers_asked_for(void **state)
{
	(void)state;
	static char long_line[400];
	(void)snprintf(long_line, sizeof long_line, "x-amz-bucket-region: %0300d\r\n", 1);
	static struct fault_answer answers[] = {
	    {.status = "404 Not Found",
	     .headers = "ETAG: \"abc\" \r\nDate:Fri, 24 May 2013 00:00:00 GMT\r\nx-amz-request-id:\tr1\r\n"
			"Retry-After: 3\r\nContent-Range: bytes 0-1/2\r\n",
	     .body = "no"},
	    {.status = "103 Early Hints\r\nETag: wrong\r\n\r\nHTTP/1.1 200 OK", .headers = long_line},
	};
	struct fault_server *server = fault_server_start(FAULT_PLAIN, answers, COUNT(answers));
	enum status st = get(server, NULL, 5000);
	assert_ok(st, err);
	assert_int_equal(response.status, 404);
	assert_string_equal(response.etag, "\"abc\"");
	assert_string_equal(response.date, "Fri, 24 May 2013 00:00:00 GMT");
	assert_int_equal(http_date_s(response.date), 1369353600);
	assert_string_equal(response.amz_request_id, "r1");
	assert_string_equal(response.content_range, "bytes 0-1/2");
	assert_string_equal(response.body, "no");
	assert_int_equal(response.body_len, 2);

	st = get(server, NULL, 5000);
	assert_ok(st, err);
	assert_int_equal(response.status, 200);
	assert_string_equal(response.etag, "");
	assert_string_equal(response.amz_bucket_region, "");
	fault_server_stop(server);
}

static void reads_how_long_to_wait(void **state)
{
	(void)state;
	static const struct {
		struct http_response response;
		int64_t ms;
	} cases[] = {
	    {{.retry_after = ""}, 0},
	    {{.retry_after = "3"}, 3000},
	    {{.retry_after = "0"}, 0},
	    {{.retry_after = "-3"}, 0},
	    {{.retry_after = "99999999999999999999"}, 0},
	    {{.retry_after = "Fri, 24 May 2013 00:00:07 GMT", .date = "Fri, 24 May 2013 00:00:00 GMT"}, 7000},
	    {{.retry_after = "Fri, 24 May 2013 00:00:07 GMT", .date = "Fri, 24 May 2013 00:01:00 GMT"}, 0},
	    {{.retry_after = "Fri, 24 May 2013 00:00:07 GMT"}, 0},
	    {{.retry_after = "3", .amz_retry_after = "1500"}, 1500},
	    {{.retry_after = "3", .amz_retry_after = "soon"}, 3000},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(http_retry_after_ms(&cases[i].response), cases[i].ms);
}

static void hands_on_the_body_of_success_only(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {.body = "content"},
	    {.status = "403 Forbidden", .body = "reason"},
	    {.body = "content"},
	    {.body = "chunked", .kind = FAULT_CHUNKED},
	    {.body = "open", .kind = FAULT_OPEN},
	};
	struct fault_server *server = fault_server_start(FAULT_PLAIN, answers, COUNT(answers));
	struct http *http = open_http(NULL);
	static const struct {
		const char *taken, *kept;
		enum status fail;
		int64_t announced;
	} cases[] = {
	    {"content", "", STATUS_OK, 7},  {"", "reason", STATUS_OK, 0}, {"", "", STATUS_LOCAL, 7},
	    {"chunked", "", STATUS_OK, -1}, {"open", "", STATUS_OK, -1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct taking taking = {.fail = cases[i].fail};
		enum status st = http_perform(http,
					      &(struct http_request){.method = "GET",
								     .url = url_of(server, "/"),
								     .timeout_ms = 5000,
								     .on_body = take,
								     .arg = &taking},
					      &response, &err);
		assert_int_equal(st, cases[i].fail);
		assert_int_equal(response.outcome, cases[i].fail ? HTTP_FAILED_FINAL : HTTP_ANSWERED);
		assert_string_equal(buffer_text(&taking.bytes), cases[i].taken);
		assert_string_equal(response.body, cases[i].kept);
		assert_int_equal(taking.announced, cases[i].announced);
		if (cases[i].fail)
			assert_string_equal(err.text, "the disk is full");
		buffer_fini(&taking.bytes);
	}
	http_free(http);
	fault_server_stop(server);
}

static void cuts_a_huge_error_body(void **state)
{
	(void)state;
	size_t len = 4 * 1024 * 1024;
	char *huge = test_malloc(len);
	memset(huge, 'x', len);
	const struct fault_answer answers[] = {{.status = "500 Oops", .body = huge, .body_len = len}};
	struct fault_server *server = fault_server_start(FAULT_PLAIN, answers, 1);
	enum status st = get(server, NULL, 5000);
	assert_ok(st, err);
	assert_int_equal(response.status, 500);
	assert_int_equal(response.body_len, HTTP_BODY_MAX);
	assert_true(response.body_cut);
	fault_server_stop(server);
	test_free(huge);
}

/* An incomplete answer is a failure that allows a retry. */
static void names_what_broke(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {.kind = FAULT_CLOSE},
	    {.body = "abcdef", .kind = FAULT_CUT, .at = 3},
	    {.body = "abcdef", .kind = FAULT_RESET, .at = 3},
	    {.kind = FAULT_HANG},
	    {.body = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", .kind = FAULT_DRIP},
	    {.status = "404 Not Found", .body = "abcdef", .kind = FAULT_CUT, .at = 3},
	    {.headers = "nonsense\r\n"},
	};
	static const char *const texts[] = {"closed the connection without an answer",
					    "the answer was cut off",
					    "the connection was lost while receiving",
					    "no answer in time",
					    "the answer was not complete in time",
					    "the answer was cut off",
					    "Header without colon"};
	struct fault_server *server = fault_server_start(FAULT_PLAIN, answers, COUNT(answers));
	for (size_t i = 0; i < COUNT(answers); i++) {
		int64_t start = clock_monotonic_ms(&system_clock);
		assert_int_equal(get(server, NULL, i == 3 || i == 4 ? 300 : 5000), STATUS_UNREACHABLE);
		assert_int_equal(response.outcome, HTTP_FAILED);
		if (strstr(err.text, texts[i]) == NULL)
			fail_msg("'%s' lacks '%s'", err.text, texts[i]);
		assert_memory_equal(err.text, fault_server_url(server), strlen(fault_server_url(server)));
		assert_true(clock_monotonic_ms(&system_clock) - start < 2000);
	}
	fault_server_stop(server);
}

static void says_whom_it_cannot_reach(void **state)
{
	(void)state;
	static const struct {
		const char *url, *text, *hint;
		enum status status;
		enum http_outcome outcome;
	} cases[] = {
	    {"http://127.0.0.1:1/x", "http://127.0.0.1:1: cannot connect: Connection refused", "s3-endpoint",
	     STATUS_UNREACHABLE, HTTP_FAILED},
	    {"https://no-such-host.invalid/x", "https://no-such-host.invalid: cannot resolve the host name",
	     "s3-endpoint", STATUS_UNREACHABLE, HTTP_FAILED},
	    {"ftp://127.0.0.1/x", "only http:// and https:// are supported", "", STATUS_USAGE, HTTP_FAILED_FINAL},
	    {"http://[", "invalid URL", "", STATUS_USAGE, HTTP_FAILED_FINAL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http *http = open_http(NULL);
		(void)setenv("no_proxy", "*", 1);
		/* The second time on the same handle, as a retry does. */
		for (int tries = 0; tries < 2; tries++) {
			const struct http_request request = {.method = "GET", .url = cases[i].url, .timeout_ms = 5000};
			assert_int_equal(http_perform(http, &request, &response, &err), cases[i].status);
			assert_int_equal(response.outcome, cases[i].outcome);
			if (strstr(err.text, cases[i].text) == NULL)
				fail_msg("'%s' lacks '%s'", err.text, cases[i].text);
			assert_non_null(strstr(err.hint, cases[i].hint));
		}
		http_free(http);
	}
}

/* libcurl says of a socket that the system does not give that it cannot connect. */
static void says_that_this_machine_has_no_socket(void **state)
{
	(void)state;
	struct rlimit before, none;
	struct http *http = open_http(NULL);
	const struct http_request request = {.method = "GET", .url = "http://127.0.0.1:1/x", .timeout_ms = 5000};
	assert_int_equal(http_perform(http, &request, &response, &err), STATUS_UNREACHABLE);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* As many as there are. */
	int next = dup(0);
	assert_int_equal(close(next), 0);
	none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	enum status st = http_perform(http, &request, &response, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(st, STATUS_LOCAL);
	assert_int_equal(response.outcome, HTTP_FAILED);
	assert_string_equal(err.text, "http://127.0.0.1:1: cannot open a socket: Too many open files");
	assert_non_null(strstr(err.hint, "ulimit -n"));
	http_free(http);
}

/* libcurl quotes an unusable proxy. */
static void says_nothing_of_a_proxys_password(void **state)
{
	(void)state;
	static const char *const proxies[] = {"foo://user:sesame@h", "http://user:sesame@h:port",
					      "http://user:sesame@[::1", "//user:sesame@@",
					      "http://user:sesame@127.0.0.1:1"};
	(void)unsetenv("no_proxy");
	for (size_t i = 0; i < COUNT(proxies); i++) {
		struct http *http = open_http(NULL);
		(void)setenv("http_proxy", proxies[i], 1);
		const struct http_request request = {
		    .method = "GET", .url = "http://127.0.0.1:1/x", .timeout_ms = 5000};
		err = (struct error){0};
		assert_int_equal(http_perform(http, &request, &response, &err), STATUS_UNREACHABLE);
		if (strstr(err.text, "sesame") != NULL || strstr(err.hint, "proxy") == NULL)
			fail_msg("'%s', hint '%s'", err.text, err.hint);
		http_free(http);
	}
	(void)unsetenv("http_proxy");
}

/* A server whose backlog is full does not answer a connection, like a firewall that drops packets. */
static void gives_up_connecting_in_time(void **state)
{
	(void)state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t address_len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int waiting[4];
	char silent_url[64];
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &address_len), 0);
	for (size_t i = 0; i < COUNT(waiting); i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&address, sizeof address);
	}
	(void)snprintf(silent_url, sizeof silent_url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
	struct http *http = NULL;
	enum status st = http_new(&http, &(struct http_options){.connect_timeout_ms = 200}, &err);
	assert_ok(st, err);
	int64_t start = clock_monotonic_ms(&system_clock);
	st = http_perform(http, &(struct http_request){.method = "GET", .url = silent_url, .timeout_ms = 5000},
			  &response, &err);
	assert_int_equal(st, STATUS_UNREACHABLE);
	assert_int_equal(response.outcome, HTTP_FAILED);
	assert_true(clock_monotonic_ms(&system_clock) - start < 2000);
	http_free(http);
	for (size_t i = 0; i < COUNT(waiting); i++)
		(void)close(waiting[i]);
	(void)close(listener);
}

static void trusts_only_whom_it_should(void **state)
{
	(void)state;
	static const struct {
		enum fault_tls tls;
		bool with_ca;
		enum status status;
		const char *text, *hint;
	} cases[] = {
	    {FAULT_TLS, true, STATUS_OK, "", ""},
	    {FAULT_TLS, false, STATUS_UNREACHABLE, "certificate is not trusted", "s3-ca-file"},
	    {FAULT_TLS_EXPIRED, true, STATUS_UNREACHABLE, "certificate has expired", "renew"},
	    {FAULT_TLS_FUTURE, true, STATUS_UNREACHABLE, "not yet valid", "clock"},
	    {FAULT_TLS_OTHER_NAME, true, STATUS_UNREACHABLE, "certificate is not trusted", "another name"},
	};
	static const struct fault_answer answers[] = {{.body = "ok"}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault_server *server = fault_server_start(cases[i].tls, answers, 1);
		assert_int_equal(get(server, cases[i].with_ca ? fault_server_ca_file(server) : NULL, 5000),
				 cases[i].status);
		if (strstr(err.text, cases[i].text) == NULL || strstr(err.hint, cases[i].hint) == NULL)
			fail_msg("case %zu: '%s', hint '%s'", i, err.text, err.hint);
		assert_int_equal(response.outcome, cases[i].status ? HTTP_FAILED_FINAL : HTTP_ANSWERED);
		assert_int_equal(fault_server_count(server), cases[i].status ? 0 : 1);
		fault_server_stop(server);
	}
}

static void explains_wrong_tls_settings(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {{.body = "ok"}};
	struct fault_server *server = fault_server_start(FAULT_TLS, answers, 1);
	assert_int_equal(get(server, "/nonexistent/ca.pem", 5000), STATUS_USAGE);
	assert_non_null(strstr(err.text, "/nonexistent/ca.pem: "));
	assert_non_null(strstr(err.hint, "s3-ca-file"));
	fault_server_stop(server);

	/* TLS to a server without TLS. */
	server = fault_server_start(FAULT_PLAIN, answers, 1);
	struct http *http = open_http(NULL);
	(void)snprintf(url, sizeof url, "https%s/", fault_server_url(server) + 4);
	assert_int_equal(
	    http_perform(http, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 500}, &response, &err),
	    STATUS_UNREACHABLE);
	http_free(http);
	fault_server_stop(server);
}

static void refuses_headers_that_are_not_one_line(void **state)
{
	(void)state;
	static char long_value[HTTP_HEADER_LINE_MAX];
	memset(long_value, 'a', sizeof long_value - 1);
	const struct field cases[] = {{"if-match", "\"a\"\r\nx-evil: 1"}, {"x", long_value}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http *http = open_http(NULL);
		assert_int_equal(http_perform(http,
					      &(struct http_request){.method = "GET",
								     .url = "http://127.0.0.1:1/",
								     .headers = &cases[i],
								     .header_count = 1,
								     .timeout_ms = 500},
					      &response, &err),
				 STATUS_USAGE);
		assert_null(strstr(err.text, "evil"));
		assert_int_equal(response.outcome, HTTP_FAILED_FINAL);
		http_free(http);
	}
	http_free(NULL);
}

/* As libcurl sends it: the signature of a request covers it. */
static void tells_the_host_header(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		enum status status;
		const char *expected;
	} cases[] = {
	    {"http://127.0.0.1:9880/", STATUS_OK, "127.0.0.1:9880"},
	    {"http://127.0.0.1:09880/", STATUS_OK, "127.0.0.1:9880"},
	    {"http://store.test:80/", STATUS_OK, "store.test"},
	    {"http://store.test:0080/", STATUS_OK, "store.test"},
	    {"https://store.test:443/", STATUS_OK, "store.test"},
	    {"https://store.test:80/", STATUS_OK, "store.test:80"},
	    {"http://[::1]:9880/", STATUS_OK, "[::1]:9880"},
	    {"http://[0:0:0:0:0:0:0:1]:9880/", STATUS_OK, "[::1]:9880"},
	    {"https://[2001:0db8:0000:0000:0000:0000:0000:0001]/", STATUS_OK, "[2001:db8::1]"},
	    {"http://127.0.0.01/", STATUS_OK, "127.0.0.1"},
	    {"http://[::1/", STATUS_USAGE, ""},
	    {"http://[zz]/", STATUS_USAGE, ""},
	    {"http://store.test:99999/", STATUS_USAGE, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char host[64] = "";
		enum status st = http_host_header(cases[i].url, host, sizeof host, &err);
		if (st != cases[i].status || (!st && strcmp(host, cases[i].expected) != 0))
			fail_msg("%s: status %d, '%s', %s", cases[i].url, (int)st, host, err.text);
	}
	char small[8];
	assert_int_equal(http_host_header("http://store.test/", small, sizeof small, &err), STATUS_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_the_host_header),
	    cmocka_unit_test(sends_what_it_is_given),
	    cmocka_unit_test(keeps_the_headers_asked_for),
	    cmocka_unit_test(reads_how_long_to_wait),
	    cmocka_unit_test(hands_on_the_body_of_success_only),
	    cmocka_unit_test(cuts_a_huge_error_body),
	    cmocka_unit_test(names_what_broke),
	    cmocka_unit_test(says_whom_it_cannot_reach),
	    cmocka_unit_test(says_that_this_machine_has_no_socket),
	    cmocka_unit_test(says_nothing_of_a_proxys_password),
	    cmocka_unit_test(gives_up_connecting_in_time),
	    cmocka_unit_test(trusts_only_whom_it_should),
	    cmocka_unit_test(explains_wrong_tls_settings),
	    cmocka_unit_test(refuses_headers_that_are_not_one_line),
	};
	return cmocka_run_group_tests_name("net/http/http", tests, NULL, NULL);
}

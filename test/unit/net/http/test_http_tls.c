/* The two ends of a connection: another address than the name, and a certificate of this side. */
#include <stdio.h>
#include <string.h>

#include "fault_server.h"
#include "net/http/http.h"
#include "support/cmocka.h"

static struct error err;
static struct http_response response;

static enum status get(const struct http_options *options, const char *url)
{
	struct http *http = NULL;
	struct http *another = NULL;
	err = (struct error){0};
	enum status st = http_new(&http, options, &err);
	assert_ok(st, err);
	/* Other threads use clones. */
	st = http_clone(http, &another, &err);
	assert_ok(st, err);
	http_free(http);
	st = http_perform(another, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 5000}, &response,
			  &err);
	http_free(another);
	return st;
}

/* The name that is sent and verified is the URL's. */
static void connects_to_another_address(void **state)
{
	(void)state;
	struct fault_server *server = fault_server_start(FAULT_TLS_OTHER_NAME, NULL, 0);
	const char *to = fault_server_url(server) + strlen("https://");
	struct http_options options = {.ca_file = fault_server_ca_file(server), .connect_to = to};
	enum status st = get(&options, "https://other.test:7/x");
	assert_ok(st, err);
	assert_non_null(strstr(fault_server_head(server, 0), "\r\nHost: other.test:7\r\n"));
	st = get(&options, "https://wrong.test/x");
	assert_int_equal(st, STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "https://wrong.test: the server's certificate is not trusted"));
	fault_server_stop(server);
}

static void shows_its_certificate(void **state)
{
	(void)state;
	struct fault_server *server = fault_server_start(FAULT_TLS_CLIENT, NULL, 0);
	const char *cert = fault_server_ca_file(server);
	const struct {
		const char *cert, *key;
		enum status status;
		enum http_outcome outcome;
		const char *text, *hint;
	} cases[] = {
	    {cert, fault_server_key_file(server), STATUS_OK, HTTP_ANSWERED, "", ""},
	    {NULL, NULL, STATUS_UNREACHABLE, HTTP_FAILED_FINAL, "the server requires a client certificate",
	     "set s3-tls-cert-file"},
	    {cert, "/nonexistent/key", STATUS_USAGE, HTTP_FAILED_FINAL, "cannot use the client certificate",
	     "s3-tls-key-file"},
	    {cert, NULL, STATUS_USAGE, HTTP_FAILED_FINAL, "cannot use the client certificate", "s3-tls-key-file"},
	    {"/etc/hostname", NULL, STATUS_USAGE, HTTP_FAILED_FINAL, "cannot use the client certificate", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct http_options options = {
		    .ca_file = cert, .cert_file = cases[i].cert, .key_file = cases[i].key};
		char url[64];
		(void)snprintf(url, sizeof url, "%s/x", fault_server_url(server));
		enum status st = get(&options, url);
		if (st != cases[i].status || response.outcome != cases[i].outcome ||
		    strstr(err.text, cases[i].text) == NULL || strstr(err.hint, cases[i].hint) == NULL)
			fail_msg("case %zu: %d, %d: %s; hint: %s", i, (int)st, (int)response.outcome, err.text,
				 err.hint);
	}
	fault_server_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connects_to_another_address),
	    cmocka_unit_test(shows_its_certificate),
	};
	return cmocka_run_group_tests_name("net/http/http_tls", tests, NULL, NULL);
}

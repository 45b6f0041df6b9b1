/* Which requests go through a proxy, and what a proxy can answer. */
#include <stdlib.h>
#include <string.h>

#include "fault_server.h"
#include "net/http/http.h"
#include "net/http/http_proxy.h"
#include "support/cmocka.h"

static struct error err;
static struct http_response response;

static enum status get(const struct http_options *options, const char *url)
{
	struct http *http = NULL;
	err = (struct error){0};
	enum status st = http_new(&http, options, &err);
	assert_ok(st, err);
	st = http_perform(http, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 5000}, &response,
			  &err);
	http_free(http);
	return st;
}

static void leaves_out_hosts_with_other_ports(void **state)
{
	(void)state;
	static const struct {
		const char *no_proxy, *url, *expected;
	} cases[] = {
	    {"", "https://h", ""},
	    {"*", "https://h", "*"},
	    {"a,.b, c\td", "https://h", "a,.b,c,d"},
	    {"h:443", "https://h/x", "h"},
	    {"h:443", "https://h:8443/x", ""},
	    {"h:8443,10.0.0.0/8", "https://h:8443?x", "h,10.0.0.0/8"},
	    {"h:80,i:443", "http://h", "h"},
	    {"::1,[::1]:9000,fe80::1", "http://[::1]:9000/x", "::1,::1,fe80::1"},
	    {"[::1]:9000", "http://[::1]:9001/x", ""},
	    {"h:port,h:,h:0,:80", "http://h", "h:port,h:,h"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *hosts = http_no_proxy(cases[i].no_proxy, cases[i].url);
		assert_string_equal(hosts, cases[i].expected);
		free(hosts);
	}
}

static void goes_past_the_proxy_for_this_port_only(void **state)
{
	(void)state;
	static const char *const environment[] = {"NO_PROXY=x:1", "no_proxy=store.invalid:8080", NULL};
	struct fault_server *proxy = fault_server_start(FAULT_PLAIN, NULL, 0);
	const struct http_options options = {.proxy = fault_server_url(proxy),
					     .no_proxy = http_no_proxy_variable(environment)};
	assert_string_equal(options.no_proxy, "store.invalid:8080");
	assert_string_equal(http_no_proxy_variable((const char *const[]){"NO_PROXY=y", NULL}), "y");
	assert_null(http_no_proxy_variable((const char *const[]){NULL}));
	enum status st = get(&options, "http://store.invalid/x");
	assert_ok(st, err);
	assert_memory_equal(fault_server_head(proxy, 0), "GET http://store.invalid/x HTTP/1.1\r\n", 37);
	assert_int_equal(get(&options, "http://store.invalid:8080/x"), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "cannot resolve the host name"));
	assert_int_equal(fault_server_count(proxy), 1);
	fault_server_stop(proxy);
}

static void says_what_the_proxy_refused(void **state)
{
	(void)state;
	static const struct {
		const char *status;
		enum http_outcome outcome;
		const char *text, *hint;
	} cases[] = {
	    {"407 Proxy Authentication Required", HTTP_FAILED_FINAL, "the proxy answered HTTP 407",
	     "http://user:password@host:port"},
	    {"403 Forbidden", HTTP_FAILED_FINAL, "the proxy answered HTTP 403", "must allow connections"},
	    {"503 Service Unavailable", HTTP_FAILED, "the proxy answered HTTP 503", "must allow connections"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct fault_answer answer = {.status = cases[i].status};
		struct fault_server *proxy = fault_server_start(FAULT_PLAIN, &answer, 1);
		const struct http_options options = {.proxy = fault_server_url(proxy), .no_proxy = ""};
		assert_int_equal(get(&options, "https://store.invalid/x"), STATUS_UNREACHABLE);
		if (response.outcome != cases[i].outcome || strstr(err.text, cases[i].text) == NULL ||
		    strstr(err.hint, cases[i].hint) == NULL)
			fail_msg("%s: %d: %s; hint: %s", cases[i].status, (int)response.outcome, err.text, err.hint);
		assert_memory_equal(fault_server_head(proxy, 0), "CONNECT store.invalid:443 HTTP/1.1\r\n", 36);
		fault_server_stop(proxy);
	}
}

/* The store's authority does not vouch for the proxy. */
static void trusts_the_proxys_own_authority(void **state)
{
	(void)state;
	struct fault_server *proxy = fault_server_start(FAULT_TLS, NULL, 0);
	struct http_options options = {
	    .proxy = fault_server_url(proxy), .no_proxy = "", .ca_file = fault_server_ca_file(proxy)};
	assert_int_equal(get(&options, "http://store.invalid/x"), STATUS_UNREACHABLE);
	assert_int_equal(response.outcome, HTTP_FAILED_FINAL);
	assert_non_null(strstr(err.text, "the proxy's certificate is not trusted: self"));
	assert_non_null(strstr(err.hint, "set s3-proxy-ca-file"));
	options.ca_file = NULL;
	options.proxy_ca_file = fault_server_ca_file(proxy);
	enum status st = get(&options, "http://store.invalid/x");
	assert_ok(st, err);
	fault_server_stop(proxy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaves_out_hosts_with_other_ports),
	    cmocka_unit_test(goes_past_the_proxy_for_this_port_only),
	    cmocka_unit_test(says_what_the_proxy_refused),
	    cmocka_unit_test(trusts_the_proxys_own_authority),
	};
	return cmocka_run_group_tests_name("net/http/http_proxy", tests, NULL, NULL);
}

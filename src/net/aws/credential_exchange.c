/* Requests to endpoints that provide credentials. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/retry.h"
#include "net/aws/credential_source.h"

#define TIMEOUT_MS 20000 /* of one try; STS answers within a second */

struct exchange {
	const struct credential_search *search;
	const struct credential_request *request;
	struct http *http;
	struct http_response *response;
	int64_t timeout_ms; /* of the next try */
	bool connected;     /* some try has connected */
};

static void http_freep(struct http **http)
{
	http_free(*http);
}

void http_response_wipe(struct http_response *response)
{
	explicit_bzero(response->body, sizeof response->body);
}

/* "localhost" of a proxy is another machine. */
static bool is_direct(const struct credential_request *request)
{
	return request->direct || url_is_loopback(request->url);
}

static enum status exchange_once(void *arg, struct attempt *attempt, struct error *err)
{
	struct exchange *exchange = arg;
	const struct credential_request *request = exchange->request;
	struct http_response *response = exchange->response;
	int64_t left_ms = call_left_ms(exchange->search->call);
	int64_t timeout_ms = exchange->timeout_ms;
	const struct signal_hold *signal_hold = exchange->search->call->signal_hold;
	if (left_ms == 0)
		return error_set(err, STATUS_UNREACHABLE, "%s: timed out", request->what);
	enum status st = http_perform(
	    exchange->http,
	    &(struct http_request){.method = request->method,
				   .url = request->url,
				   .headers = request->headers,
				   .header_count = request->header_count,
				   .body = request->body,
				   .body_bytes = request->body == NULL ? 0 : strlen(request->body),
				   .timeout_ms = left_ms < timeout_ms ? left_ms : timeout_ms,
				   .is_interrupted = signal_hold == NULL ? NULL : signal_hold->is_interrupted},
	    response, err);
	exchange->connected |= response->connected;
	response->connected = exchange->connected;
	/* Whatever took the connection may be slow. */
	exchange->timeout_ms = timeout_ms * 2 < TIMEOUT_MS ? timeout_ms * 2 : TIMEOUT_MS;
	if (st) {
		attempt->again = response->outcome == HTTP_FAILED && (!request->once || exchange->connected);
		/* http.c's hints are about the store. */
		if (response->outcome == HTTP_FAILED)
			err->hint[0] = '\0';
		if (response->outcome == HTTP_FAILED && !request->once)
			(void)error_hint(
			    err, st,
			    "check the address in AWS's variables and profiles, and that it answers from here%s",
			    is_direct(request) ? "" : ", through the proxy if there is one");
		return error_wrap(err, st, "%s", request->what);
	}
	attempt->again = http_status_may_pass(response->status);
	attempt->wait_ms = http_retry_after_ms(response);
	if (attempt->again)
		return credential_refused(request, response, err);
	attempt->again = request->may_pass != NULL && request->may_pass(request, response, err);
	return attempt->again ? STATUS_UNREACHABLE : STATUS_OK;
}

enum status credential_exchange(const struct credential_search *search, const struct credential_request *request,
				struct http_response *response, struct error *err)
{
	CLEANUP(http_freep) struct http *http = NULL;
	enum status st = http_new(&http,
				  &(struct http_options){.proxy = is_direct(request) ? "" : search->proxy,
							 .proxy_ca_file = search->proxy_ca_file,
							 .no_proxy = http_no_proxy_variable(search->environment),
							 .ca_file = credential_variable(search, "AWS_CA_BUNDLE"),
							 .connect_timeout_ms = request->timeout_ms},
				  err);
	if (st)
		return st;
	struct exchange exchange = {.search = search,
				    .request = request,
				    .http = http,
				    .response = response,
				    .timeout_ms = request->timeout_ms == 0 ? TIMEOUT_MS : request->timeout_ms};
	return retry_run(search->call, exchange_once, &exchange, err);
}

enum status credential_refused(const struct credential_request *request, const struct http_response *response,
			       struct error *err)
{
	return error_set(err, STATUS_UNREACHABLE, "%s %s answered HTTP %d", request->what, request->url,
			 response->status);
}

enum status credential_endpoint(const struct credential_search *search, const struct aws_service *service,
				char out[AWS_ENDPOINT_MAX], struct error *err)
{
	const char *own = credential_variable(search, service->variable);
	if (own == NULL && !aws_region_is_valid(service->region))
		return error_hint(err,
				  error_set(err, STATUS_USAGE, "%s: %s '%.64s' is not a region of AWS", service->what,
					    service->region_name, service->region),
				  "set %s to the address of the service", service->variable);
	if (own == NULL) {
		(void)snprintf(out, AWS_ENDPOINT_MAX, "https://%s.%s.%s/", service->host, service->region,
			       aws_dns_suffix(service->region));
		return STATUS_OK;
	}
	if (strncmp(own, "https://", 8) != 0 && !url_is_loopback(own))
		return error_set(err, STATUS_USAGE, "%s '%.200s' is not https://", service->variable, own);
	(void)snprintf(out, AWS_ENDPOINT_MAX, "%.400s%s", own, own[strlen(own) - 1] == '/' ? "" : "/");
	return STATUS_OK;
}

bool url_has_host(const char *url, const char *host)
{
	static const char scheme[] = "http://";
	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return false;
	/* Check the whole authority: "user@host" names another host than it seems. */
	const char *authority = url + sizeof scheme - 1;
	size_t len = strcspn(authority, "/?#\\");
	if (memchr(authority, '@', len) != NULL || strncmp(authority, host, strlen(host)) != 0)
		return false;
	size_t host_len = strlen(host);
	return host_len == len || (host_len < len && authority[host_len] == ':' &&
				   strspn(authority + host_len + 1, "0123456789") == len - host_len - 1);
}

bool url_is_loopback(const char *url)
{
	return url_has_host(url, "127.0.0.1") || url_has_host(url, "localhost") || url_has_host(url, "[::1]");
}

/*
 * Credentials from the endpoint that ECS, EKS and others give a container (AWS SDKs and Tools reference, "Container
 * credential provider").
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"

#define URL_MAX 1024
#define ECS_ENDPOINT "http://169.254.170.2"

struct container {
	char url[URL_MAX];
};

/* Plain http is allowed only to loopback and AWS's link-local addresses. */
static enum status check_url(const char *url, struct error *err)
{
	static const char *const trusted[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
	if (strncmp(url, "https://", 8) == 0 || url_is_loopback(url))
		return STATUS_OK;
	for (size_t i = 0; i < sizeof trusted / sizeof trusted[0]; i++)
		if (url_has_host(url, trusted[i]))
			return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "AWS_CONTAINER_CREDENTIALS_FULL_URI '%.200s' is not an allowed address",
			url);
	return error_hint(err, STATUS_USAGE,
			  "use https://, or http:// to loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
}

static enum status find_url(const struct credential_search *search, struct container *container, struct error *err)
{
	const char *relative = credential_variable(search, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = credential_variable(search, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	container->url[0] = '\0';
	if (relative == NULL && full == NULL)
		return STATUS_OK;
	if (relative != NULL && relative[0] != '/')
		return error_set(err, STATUS_USAGE,
				 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI '%.200s' does not begin with '/'", relative);
	if (strlen(relative != NULL ? relative : full) >= URL_MAX - sizeof ECS_ENDPOINT)
		return error_set(err, STATUS_USAGE, "the URL of the container endpoint is too long");
	(void)snprintf(container->url, URL_MAX, "%s%s", relative != NULL ? ECS_ENDPOINT : "",
		       relative != NULL ? relative : full);
	return relative != NULL ? STATUS_OK : check_url(full, err);
}

/* The token stays empty when neither variable is set. The file wins and is read each time, because EKS replaces it. */
static enum status read_token(const struct credential_search *search, struct secret *token, struct error *err)
{
	const char *path = credential_variable(search, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *text = credential_variable(search, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	enum status st = STATUS_OK;
	if (path != NULL) {
		st = secret_read_file_unchecked(token, path, err);
		secret_chomp(token);
	} else if (text != NULL) {
		st = secret_set(token, text, strlen(text), err);
	}
	if (!st && token->len > 0 && strcspn(token->data, "\r\n") != token->len)
		st = error_set(err, STATUS_USAGE, "the container's authorization token contains a line break");
	return st;
}

static enum status request_from_container(const struct credential_search *search, const void *arg,
					  struct credentials *out, struct error *err)
{
	const struct container *container = arg;
	CLEANUP(secret_fini) struct secret token = {0};
	CLEANUP(http_response_wipe) struct http_response response = {0};
	char source[CREDENTIALS_SOURCE_MAX];
	enum status st = read_token(search, &token, err);
	if (st)
		return st;
	struct field authorization = {"Authorization", token.data};
	struct credential_request request = {.what = "the container endpoint",
					     .method = "GET",
					     .url = container->url,
					     .headers = &authorization,
					     .header_count = token.len > 0,
					     .direct = true};
	st = credential_exchange(search, &request, &response, err);
	if (!st && response.status != 200) {
		(void)credential_refused(&request, &response, err);
		return error_hint(err, STATUS_UNREACHABLE,
				  "check that the task or pod has a role, and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	}
	(void)snprintf(source, sizeof source, "the container endpoint %.400s", container->url);
	return st ? st : credentials_from_json(response.body, response.body_len, "Token", source, out, err);
}

enum status find_in_container(const struct credential_search *search, struct credentials *out, struct error *err)
{
	struct container container;
	char source[CREDENTIALS_SOURCE_MAX];
	enum status st = find_url(search, &container, err);
	if (st || container.url[0] == '\0')
		return st;
	(void)snprintf(source, sizeof source, "the container endpoint %.400s", container.url);
	return credential_cache_get(
	    search, &(struct credential_query){.source = source, .request = request_from_container, .arg = &container},
	    out, err);
}

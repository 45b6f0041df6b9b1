/*
 * Credentials of an EC2 instance's role from its metadata service, version 2 only (Amazon EC2 user guide, "Use
 * IMDSv2").
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"

#define WHAT "the instance's metadata service"
#define URL_MAX 1024
#define ROLE_MAX 256
#define TIMEOUT_MS 1000 /* outside EC2 nobody answers at its address, and no credentials are to be found fast */
#define ROLES "/latest/meta-data/iam/security-credentials/"

struct instance {
	char endpoint[URL_MAX / 2]; /* without trailing '/' */
	bool *absent;               /* out: nobody answers, so this is not an instance */
};

static enum status find_endpoint(const struct credential_search *search, struct instance *instance, struct error *err)
{
	const char *own = credential_variable(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = credential_variable(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	bool six = mode != NULL && strcasecmp(mode, "IPv6") == 0;
	if (mode != NULL && !six && strcasecmp(mode, "IPv4") != 0)
		return error_set(err, STATUS_USAGE,
				 "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is '%.40s', neither IPv4 nor IPv6", mode);
	if (own == NULL)
		own = six ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	if (strncmp(own, "http://", 7) != 0 && strncmp(own, "https://", 8) != 0)
		return error_set(err, STATUS_USAGE, "AWS_EC2_METADATA_SERVICE_ENDPOINT '%.200s' is no URL", own);
	size_t len = strlen(own);
	(void)snprintf(instance->endpoint, sizeof instance->endpoint, "%.*s",
		       (int)(own[len - 1] == '/' ? len - 1 : len), own);
	return STATUS_OK;
}

static enum status get_token(const struct credential_search *search, const struct instance *instance,
			     struct secret *token, struct error *err)
{
	CLEANUP(http_response_wipe) struct http_response response = {0};
	const struct field ttl = {"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
	char url[URL_MAX];
	(void)snprintf(url, sizeof url, "%s/latest/api/token", instance->endpoint);
	struct credential_request request = {.what = WHAT,
					     .method = "PUT",
					     .url = url,
					     .headers = &ttl,
					     .header_count = 1,
					     .body = "",
					     .direct = true,
					     .once = true,
					     .timeout_ms = TIMEOUT_MS};
	enum status st = credential_exchange(search, &request, &response, err);
	/* Other clouds have their own service at this address and refuse the request. */
	*instance->absent = st ? !response.connected : response.status >= 400 && response.status <= 499;
	if (st)
		return error_hint(err, st,
				  "in a container the instance needs an HttpPutResponseHopLimit of at least 2");
	if (response.status != 200)
		return credential_refused(&request, &response, err);
	return secret_set(token, response.body, response.body_len, err);
}

/* Gets a path with the token. response->status 401 means that the token is stale. */
static enum status get(const struct credential_search *search, const struct instance *instance, const char *path,
		       const struct secret *token, struct http_response *response, struct error *err)
{
	const struct field header = {"x-aws-ec2-metadata-token", token->data};
	char url[URL_MAX];
	(void)snprintf(url, sizeof url, "%s%s", instance->endpoint, path);
	struct credential_request request = {.what = WHAT,
					     .method = "GET",
					     .url = url,
					     .headers = &header,
					     .header_count = 1,
					     .direct = true,
					     .timeout_ms = TIMEOUT_MS};
	enum status st = credential_exchange(search, &request, response, err);
	if (st || response->status == 200)
		return st;
	st = credential_refused(&request, response, err);
	return response->status == 404 ? error_hint(err, st, "attach an IAM role (instance profile) to the instance")
				       : st;
}

static enum status get_role(const struct credential_search *search, const struct instance *instance,
			    const struct secret *token, char role[ROLE_MAX], struct http_response *response,
			    struct error *err)
{
	enum status st = get(search, instance, ROLES, token, response, err);
	if (st)
		return st;
	/* One line per role; an instance has one role. */
	size_t len = strcspn(response->body, "\r\n");
	if (len == 0 || len >= ROLE_MAX ||
	    strspn(response->body, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789+=,.@_-") < len)
		return error_set(err, STATUS_UNREACHABLE, WHAT " returned no role name: '%.60s'", response->body);
	(void)snprintf(role, ROLE_MAX, "%.*s", (int)len, response->body);
	return STATUS_OK;
}

static enum status request_once(const struct credential_search *search, const struct instance *instance,
				bool *stale_token, struct credentials *out, struct error *err)
{
	CLEANUP(http_response_wipe) struct http_response response = {0};
	CLEANUP(secret_fini) struct secret token = {0};
	char role[ROLE_MAX];
	char path[sizeof ROLES + ROLE_MAX];
	char source[CREDENTIALS_SOURCE_MAX];
	enum status st = get_token(search, instance, &token, err);
	if (st)
		return st;
	st = get_role(search, instance, &token, role, &response, err);
	if (!st) {
		(void)snprintf(path, sizeof path, "%s%s", ROLES, role);
		st = get(search, instance, path, &token, &response, err);
	}
	*stale_token = st && response.status == 401;
	(void)snprintf(source, sizeof source, "instance role %s by %.200s", role, instance->endpoint);
	return st ? st : credentials_from_json(response.body, response.body_len, "Token", source, out, err);
}

static enum status request_from_instance(const struct credential_search *search, const void *arg,
					 struct credentials *out, struct error *err)
{
	bool stale_token = false;
	enum status st = request_once(search, arg, &stale_token, out, err);
	return stale_token ? request_once(search, arg, &stale_token, out, err) : st;
}

enum status find_in_instance(const struct credential_search *search, struct credentials *out, struct error *err)
{
	bool absent = false;
	struct instance instance = {.absent = &absent};
	char source[CREDENTIALS_SOURCE_MAX];
	const char *disabled = credential_variable(search, "AWS_EC2_METADATA_DISABLED");
	if (disabled != NULL && strcasecmp(disabled, "true") == 0)
		return STATUS_OK;
	enum status st = find_endpoint(search, &instance, err);
	if (st)
		return st;
	(void)snprintf(source, sizeof source, "the instance's role by %.200s", instance.endpoint);
	st = credential_cache_get(
	    search, &(struct credential_query){.source = source, .request = request_from_instance, .arg = &instance},
	    out, err);
	if (!st || !absent)
		return st;
	log_line(search->call->log, LEVEL_INFO, "%s", err->text);
	*err = (struct error){0};
	return STATUS_OK;
}

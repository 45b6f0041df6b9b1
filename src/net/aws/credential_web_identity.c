/*
 * Credentials of a role by web identity: an identity provider (Kubernetes, GitHub) issues a token, and the region's STS
 * accepts it without a signature (AWS STS API reference, AssumeRoleWithWebIdentity).
 */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "net/aws/partition.h"
#include "net/http/xml.h"
#include "text/text.h"
#include "text/uri.h"

#define WHAT "STS (AssumeRoleWithWebIdentity)"
#define ENDPOINT_MAX 512
#define FIELD_MAX 256

struct answer {
	struct secret access_key, secret_key, session_token;
	char expires[FIELD_MAX];
	char code[FIELD_MAX];
	char message[FIELD_MAX];
};

static void answer_fini(struct answer *answer)
{
	secret_fini(&answer->access_key);
	secret_fini(&answer->secret_key);
	secret_fini(&answer->session_token);
}

#define CREDENTIALS "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"

static enum status keep_element(void *arg, const char *path, const char *text, struct error *err)
{
	struct answer *answer = arg;
	if (strcmp(path, CREDENTIALS "AccessKeyId") == 0)
		return secret_set(&answer->access_key, text, strlen(text), err);
	if (strcmp(path, CREDENTIALS "SecretAccessKey") == 0)
		return secret_set(&answer->secret_key, text, strlen(text), err);
	if (strcmp(path, CREDENTIALS "SessionToken") == 0)
		return secret_set(&answer->session_token, text, strlen(text), err);
	if (strcmp(path, CREDENTIALS "Expiration") == 0)
		(void)snprintf(answer->expires, sizeof answer->expires, "%s", text);
	if (strcmp(path, "ErrorResponse/Error/Code") == 0)
		(void)snprintf(answer->code, sizeof answer->code, "%s", text);
	if (strcmp(path, "ErrorResponse/Error/Message") == 0)
		(void)snprintf(answer->message, sizeof answer->message, "%s", text);
	return STATUS_OK;
}

static enum status read_answer(const struct http_response *response, struct answer *answer, struct error *err)
{
	CLEANUP(xml_reader_freep) struct xml_reader *reader = NULL;
	enum status st = xml_reader_new(&reader, keep_element, answer, err);
	if (!st)
		st = xml_reader_feed(reader, response->body, response->body_len, err);
	return st ? st : xml_reader_finish(reader, err);
}

/*
 * STS reports passing faults with 400 (AWS STS API reference, AssumeRoleWithWebIdentity, "Errors"; botocore,
 * retries/standard.py, "ThrottledRetryableChecker"). An invalid token is one of them only while STS cannot reach the
 * identity provider for the key.
 */
static bool is_passing(const struct answer *answer)
{
	static const char *const codes[] = {"Throttling",
					    "ThrottlingException",
					    "ThrottledException",
					    "RequestThrottled",
					    "RequestThrottledException",
					    "TooManyRequestsException",
					    "RequestLimitExceeded",
					    "BandwidthLimitExceeded",
					    "LimitExceededException",
					    "PriorRequestNotComplete",
					    "SlowDown",
					    "EC2ThrottledException",
					    "RequestTimeout",
					    "RequestTimeoutException",
					    "InternalFailure",
					    "ServiceUnavailable",
					    "IDPCommunicationError",
					    NULL};
	return text_is_one_of(answer->code, codes, strcmp) ||
	       (strcmp(answer->code, "InvalidIdentityToken") == 0 &&
		strstr(answer->message, "Couldn't retrieve verification key") != NULL);
}

static enum status tell(const struct answer *answer, const struct credential_request *request,
			const struct http_response *response, struct error *err)
{
	return error_set(err, STATUS_UNREACHABLE, "%s %s answered HTTP %d %s: %s", request->what, request->url,
			 response->status, answer->code, answer->message);
}

static bool may_pass(const struct credential_request *request, const struct http_response *response, struct error *err)
{
	CLEANUP(answer_fini) struct answer answer = {0};
	struct error no_xml = {0};
	if (response->status == 200 || read_answer(response, &answer, &no_xml) || !is_passing(&answer))
		return false;
	(void)tell(&answer, request, response, err);
	return true;
}

static enum status refused(const struct answer *answer, const struct credential_request *request,
			   const struct http_response *response, struct error *err)
{
	if (answer->code[0] == '\0')
		return credential_refused(request, response, err);
	enum status st = tell(answer, request, response, err);
	return error_hint(
	    err, st, "check AWS_ROLE_ARN, the role's trust policy, and that the token file belongs to this cluster");
}

static enum status take(const struct answer *answer, const struct web_identity *identity, struct credentials *out,
			struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	int64_t expires_s;
	if (answer->access_key.len == 0 || answer->secret_key.len == 0 || answer->session_token.len == 0)
		return error_set(err, STATUS_UNREACHABLE, WHAT ": the answer contains no credentials");
	if (!utc_parse(answer->expires, &expires_s))
		return error_set(err, STATUS_UNREACHABLE, WHAT ": the Expiration is invalid: '%.40s'", answer->expires);
	(void)snprintf(source, sizeof source, "role %.200s by the token in %.200s", identity->role_arn,
		       identity->token_file);
	enum status st =
	    credentials_static(out, &answer->access_key, &answer->secret_key, &answer->session_token, source, err);
	if (!st)
		out->expires_s = expires_s;
	return st;
}

static enum status add_parameter(struct buffer *form, const char *name, const char *value, struct error *err)
{
	/* Each byte becomes at most %XX. */
	size_t size = 3 * strlen(value) + 1;
	CLEANUP(freep) char *encoded = malloc(size);
	if (encoded == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)uri_encode(encoded, size, value, false);
	return buffer_printf(form, err, "&%s=%s", name, encoded);
}

static enum status make_form(const struct web_identity *identity, struct buffer *form, struct error *err)
{
	CLEANUP(secret_fini) struct secret token = {0};
	/* Read each time: Kubernetes replaces the token every hour. */
	enum status st = secret_read_file_unchecked(&token, identity->token_file, err);
	if (st)
		return error_wrap(err, st, "the web identity token");
	secret_chomp(&token);
	st = buffer_printf(form, err, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
	if (!st)
		st = add_parameter(form, "RoleArn", identity->role_arn, err);
	if (!st)
		st = add_parameter(form, "RoleSessionName",
				   identity->session_name == NULL ? "walship" : identity->session_name, err);
	return st ? st : add_parameter(form, "WebIdentityToken", token.data, err);
}

/* Requires https, because the token is as sensitive as a password. */
static enum status find_endpoint(const struct credential_search *search, char out[ENDPOINT_MAX], struct error *err)
{
	const char *own = credential_variable(search, "AWS_ENDPOINT_URL_STS");
	if (own == NULL && !aws_region_is_valid(search->region))
		return error_hint(
		    err,
		    error_set(err, STATUS_USAGE, WHAT ": s3-region '%.64s' is not a region of AWS", search->region),
		    "set AWS_ENDPOINT_URL_STS to the address of the STS");
	if (own == NULL) {
		(void)snprintf(out, ENDPOINT_MAX, "https://sts.%s.%s/", search->region, aws_dns_suffix(search->region));
		return STATUS_OK;
	}
	if (strncmp(own, "https://", 8) != 0 && !url_is_loopback(own))
		return error_set(err, STATUS_USAGE, "AWS_ENDPOINT_URL_STS '%.200s' is not https://", own);
	(void)snprintf(out, ENDPOINT_MAX, "%.400s%s", own, own[strlen(own) - 1] == '/' ? "" : "/");
	return STATUS_OK;
}

static enum status request_from_sts(const struct credential_search *search, const void *arg, struct credentials *out,
				    struct error *err)
{
	const struct web_identity *identity = arg;
	CLEANUP(buffer_fini) struct buffer form = {0};
	CLEANUP(answer_fini) struct answer answer = {0};
	CLEANUP(http_response_wipe) struct http_response response = {0};
	char url[ENDPOINT_MAX];
	struct error no_xml = {0};
	const struct field type = {"Content-Type", "application/x-www-form-urlencoded"};
	struct credential_request request = {
	    .what = WHAT, .method = "POST", .url = url, .headers = &type, .header_count = 1, .may_pass = may_pass};
	enum status st = find_endpoint(search, url, err);
	if (!st)
		st = make_form(identity, &form, err);
	request.body = buffer_text(&form);
	if (!st)
		st = credential_exchange(search, &request, &response, err);
	if (form.len > 0)
		explicit_bzero(form.data, form.len);
	if (st)
		return st;
	enum status read = read_answer(&response, &answer, &no_xml);
	if (response.status != 200)
		return refused(&answer, &request, &response, err);
	if (read)
		return error_set(err, read, WHAT ": %s", no_xml.text);
	return take(&answer, identity, out, err);
}

enum status assume_role(const struct credential_search *search, const struct web_identity *identity,
			struct credentials *out, struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	(void)snprintf(source, sizeof source, "role %.200s by the token in %.200s", identity->role_arn,
		       identity->token_file);
	return credential_cache_get(
	    search,
	    &(struct credential_query){
		.source = source, .identity = identity->session_name, .request = request_from_sts, .arg = identity},
	    out, err);
}

enum status find_by_web_identity(const struct credential_search *search, struct credentials *out, struct error *err)
{
	struct web_identity identity = {
	    .role_arn = credential_variable(search, "AWS_ROLE_ARN"),
	    .token_file = credential_variable(search, "AWS_WEB_IDENTITY_TOKEN_FILE"),
	    .session_name = credential_variable(search, "AWS_ROLE_SESSION_NAME"),
	};
	if (identity.token_file == NULL)
		return STATUS_OK;
	if (identity.role_arn == NULL)
		return error_set(err, STATUS_USAGE, "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
	return assume_role(search, &identity, out, err);
}

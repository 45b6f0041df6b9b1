/*
 * Temporary credentials from the region's STS (AWS STS API reference). A request with a token of an identity provider
 * has no signature; the others are signed.
 */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "net/aws/partition.h"
#include "net/aws/sigv4.h"
#include "net/http/xml.h"
#include "sys/libcrypto.h"
#include "text/hex.h"
#include "text/text.h"
#include "text/uri.h"

#define WHAT_MAX 64 /* "STS (AssumeRoleWithWebIdentity)" has 31 characters */
#define FIELD_MAX 256
#define STS_HEADERS_MAX 5
#define FORM_TYPE "application/x-www-form-urlencoded"

struct answer {
	char beginning[FIELD_MAX]; /* of the elements with the credentials */
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

static enum status keep_element(void *arg, const char *path, const char *text, struct error *err)
{
	struct answer *answer = arg;
	size_t len = strlen(answer->beginning);
	const char *name = strncmp(path, answer->beginning, len) == 0 ? path + len : "";
	if (strcmp(name, "AccessKeyId") == 0)
		return secret_set(&answer->access_key, text, strlen(text), err);
	if (strcmp(name, "SecretAccessKey") == 0)
		return secret_set(&answer->secret_key, text, strlen(text), err);
	if (strcmp(name, "SessionToken") == 0)
		return secret_set(&answer->session_token, text, strlen(text), err);
	if (strcmp(name, "Expiration") == 0)
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

static enum status refused(const struct answer *answer, const struct sts_action *action,
			   const struct credential_request *request, const struct http_response *response,
			   struct error *err)
{
	if (answer->code[0] == '\0')
		return credential_refused(request, response, err);
	return error_hint(err, tell(answer, request, response, err), "%s", action->hint);
}

static enum status take(const struct answer *answer, const struct sts_action *action, const char *what,
			struct credentials *out, struct error *err)
{
	int64_t expires_s;
	if (answer->access_key.len == 0 || answer->secret_key.len == 0 || answer->session_token.len == 0)
		return error_set(err, STATUS_UNREACHABLE, "%s: the answer contains no credentials", what);
	if (!utc_parse(answer->expires, &expires_s))
		return error_set(err, STATUS_UNREACHABLE, "%s: the Expiration is invalid: '%.40s'", what,
				 answer->expires);
	enum status st = credentials_static(out, &answer->access_key, &answer->secret_key, &answer->session_token,
					    action->source, err);
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

static enum status make_form(const struct sts_action *action, struct buffer *form, struct error *err)
{
	enum status st = buffer_printf(form, err, "Action=%s&Version=2011-06-15", action->name);
	for (size_t i = 0; !st && i < action->parameter_count; i++)
		if (action->parameters[i].value != NULL)
			st = add_parameter(form, action->parameters[i].name, action->parameters[i].value, err);
	return st;
}

/* The host as curl sends it: without the scheme's own port. */
static void split_url(const char *url, char host[AWS_ENDPOINT_MAX], const char **path)
{
	bool tls = strncmp(url, "https://", 8) == 0;
	const char *begin = strstr(url, "://") + 3, *port = tls ? ":443" : ":80";
	size_t len = strcspn(begin, "/");
	*path = begin + len;
	if (len > strlen(port) && strncmp(begin + len - strlen(port), port, strlen(port)) == 0)
		len -= strlen(port);
	(void)snprintf(host, AWS_ENDPOINT_MAX, "%.*s", (int)len, begin);
}

struct signed_headers {
	struct sigv4_signature signature;
	char body_sha256[SHA256_HEX_SIZE];
	struct field fields[STS_HEADERS_MAX];
	size_t count;
};

static enum status hash_body(const char *body, char out[SHA256_HEX_SIZE], struct error *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (libcrypto.EVP_Digest(body, strlen(body), digest, &len, libcrypto.EVP_sha256(), NULL) != 1)
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
	hex_encode(out, digest, len);
	return STATUS_OK;
}

/* A store of one's own has a region that STS does not know: the signature has to name one of AWS all the same. */
static enum status sign(const struct credential_search *search, const struct sts_action *action, const char *url,
			const char *body, struct signed_headers *out, struct error *err)
{
	char host[AWS_ENDPOINT_MAX];
	const char *path;
	const struct field type = {"content-type", FORM_TYPE};
	out->fields[out->count++] = type;
	if (action->signer == NULL)
		return STATUS_OK;
	split_url(url, host, &path);
	enum status st = hash_body(body, out->body_sha256, err);
	if (!st)
		st = sigv4_sign(&(struct sigv4_request){.method = "POST",
							.host = host,
							.path = path,
							.headers = &type,
							.header_count = 1,
							.payload_sha256 = out->body_sha256,
							.region = aws_region_is_valid(search->region) ? search->region
												      : "us-east-1",
							.service = "sts",
							.credentials = action->signer,
							.now_s = clock_utc_s(search->call->clock)},
				&out->signature, err);
	out->fields[out->count++] = (struct field){"x-amz-content-sha256", out->body_sha256};
	out->fields[out->count++] = (struct field){"x-amz-date", out->signature.date};
	out->fields[out->count++] = (struct field){"authorization", out->signature.authorization};
	if (action->signer->session_token.len > 0)
		out->fields[out->count++] = (struct field){"x-amz-security-token", action->signer->session_token.data};
	return st;
}

static enum status exchange(const struct credential_search *search, const struct sts_action *action,
			    struct credential_request *request, struct credentials *out, struct error *err)
{
	CLEANUP(http_response_wipe) struct http_response response = {0};
	CLEANUP(answer_fini) struct answer answer = {0};
	struct signed_headers headers = {0};
	struct error no_xml = {0};
	(void)snprintf(answer.beginning, sizeof answer.beginning, "%sResponse/%sResult/Credentials/", action->name,
		       action->name);
	enum status st = sign(search, action, request->url, request->body, &headers, err);
	request->headers = headers.fields;
	request->header_count = headers.count;
	if (!st)
		st = credential_exchange(search, request, &response, err);
	request->headers = NULL;
	request->header_count = 0;
	if (st)
		return st;
	enum status read = read_answer(&response, &answer, &no_xml);
	if (response.status != 200)
		return refused(&answer, action, request, &response, err);
	if (read) {
		*err = no_xml;
		return error_wrap(err, read, "%s", request->what);
	}
	return take(&answer, action, request->what, out, err);
}

enum status sts_request(const struct credential_search *search, const struct sts_action *action,
			struct credentials *out, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer form = {0};
	char url[AWS_ENDPOINT_MAX], what[WHAT_MAX];
	struct credential_request request = {.what = what, .method = "POST", .url = url, .may_pass = may_pass};
	(void)snprintf(what, sizeof what, "STS (%s)", action->name);
	const struct aws_service service = {.what = what,
					    .variable = "AWS_ENDPOINT_URL_STS",
					    .host = "sts",
					    .region_name = "s3-region",
					    .region = search->region};
	enum status st = credential_endpoint(search, &service, url, err);
	if (!st)
		st = make_form(action, &form, err);
	request.body = buffer_text(&form);
	if (!st)
		st = exchange(search, action, &request, out, err);
	if (form.len > 0)
		explicit_bzero(form.data, form.len);
	return st;
}

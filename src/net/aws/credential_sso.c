/*
 * Credentials of a role of IAM Identity Center (AWS SDKs and Tools reference guide, "IAM Identity Center credential
 * provider"). "aws sso login" leaves a token in ~/.aws/sso/cache; a token of an sso-session can be renewed there.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "sys/libcrypto.h"
#include "sys/newfile.h"
#include "text/hex.h"
#include "text/uri.h"

#define URL_MAX (AWS_ENDPOINT_MAX + 1024)
#define RENEW_BEFORE_S (15 * 60) /* botocore, tokens.py: _REFRESH_WINDOW */
#define LOGIN_HINT "run as the user that runs walship: aws sso login"

/* The file in the cache. */
struct token {
	char path[PATH_MAX];
	json_t *values;
	const char *access; /* accessToken, of values */
	int64_t expires_s;
};

static void token_fini(struct token *token)
{
	json_decref(token->values);
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static enum status find_path(const struct credential_search *search, const struct sso_role *role, char out[PATH_MAX],
			     struct error *err)
{
	const char *name = role->session != NULL ? role->session : role->start_url;
	const char *home = credential_variable(search, "HOME");
	uint8_t digest[EVP_MAX_MD_SIZE];
	char digits[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;
	if (home == NULL)
		return error_set(err, STATUS_USAGE, "%s needs HOME, to find the token in ~/.aws/sso/cache",
				 role->profile);
	if (libcrypto.EVP_Digest(name, strlen(name), digest, &len, libcrypto.EVP_sha1(), NULL) != 1)
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-1");
	hex_encode(digits, digest, len);
	(void)snprintf(out, PATH_MAX, "%s/.aws/sso/cache/%s.json", home, digits);
	return STATUS_OK;
}

/* Old versions of AWS's tool wrote "2020-06-17T10:02:08UTC". */
static bool read_time(const char *text, int64_t *out_s)
{
	char utc[UTC_TEXT_SIZE];
	if (text == NULL)
		return false;
	size_t len = strlen(text);
	if (len <= 3 || len >= sizeof utc + 2 || strcmp(text + len - 3, "UTC") != 0)
		return utc_parse(text, out_s);
	(void)snprintf(utc, sizeof utc, "%.*sZ", (int)len - 3, text);
	return utc_parse(utc, out_s);
}

static enum status read_token(const struct credential_search *search, const struct sso_role *role, struct token *out,
			      struct error *err)
{
	CLEANUP(secret_fini) struct secret text = {0};
	enum status st = find_path(search, role, out->path, err);
	if (!st)
		st = secret_read_file_by(search->secret_files, &text, out->path, err);
	if (st)
		return err->hint[0] != '\0' ? st : error_hint(err, st, "%s", LOGIN_HINT);
	out->values = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	out->access = text_of(out->values, "accessToken");
	if (out->access == NULL || strpbrk(out->access, "\r\n") != NULL ||
	    !read_time(text_of(out->values, "expiresAt"), &out->expires_s))
		return error_hint(err, error_set(err, STATUS_USAGE, "%s has no valid token", out->path), "%s",
				  LOGIN_HINT);
	return STATUS_OK;
}

/*
 * Renewal of the token.
 */

static enum status find_service(const struct credential_search *search, const struct sso_role *role, bool oidc,
				char out[AWS_ENDPOINT_MAX], struct error *err)
{
	return credential_endpoint(
	    search,
	    &(struct aws_service){.what = "IAM Identity Center",
				  .variable = oidc ? "AWS_ENDPOINT_URL_SSO_OIDC" : "AWS_ENDPOINT_URL_SSO",
				  .host = oidc ? "oidc" : "portal.sso",
				  .region_name = "sso_region",
				  .region = role->region},
	    out, err);
}

static bool is_renewable(const struct token *token, int64_t now_s)
{
	int64_t ends_s;
	return text_of(token->values, "refreshToken") != NULL && text_of(token->values, "clientId") != NULL &&
	       text_of(token->values, "clientSecret") != NULL &&
	       read_time(text_of(token->values, "registrationExpiresAt"), &ends_s) && ends_s > now_s;
}

/* AWS's tools read the file too; a refresh token is good for one use. */
static enum status save_token(const struct token *token, struct error *err)
{
	CLEANUP(freep) char *text = json_dumps(token->values, JSON_INDENT(2));
	if (text == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = newfile_put(token->path, text, strlen(text), err);
	explicit_bzero(text, strlen(text));
	return st;
}

static enum status take_new_token(struct token *token, const struct http_response *response, int64_t now_s,
				  struct error *err)
{
	CLEANUP(json_freep) json_t *answer = json_loadb(response->body, response->body_len, 0, NULL);
	const char *access = text_of(answer, "accessToken"), *refresh = text_of(answer, "refreshToken");
	int64_t life_s = json_integer_value(json_object_get(answer, "expiresIn"));
	char expires[UTC_TEXT_SIZE];
	if (access == NULL || life_s <= 0)
		return error_set(err, STATUS_UNREACHABLE, "IAM Identity Center renewed no token");
	token->expires_s = now_s + life_s;
	utc_text(token->expires_s, expires);
	int failed = json_object_set_new(token->values, "accessToken", json_string(access)) |
		     json_object_set_new(token->values, "expiresAt", json_string(expires));
	if (refresh != NULL)
		failed |= json_object_set_new(token->values, "refreshToken", json_string(refresh));
	token->access = text_of(token->values, "accessToken");
	return failed != 0 ? error_set(err, STATUS_LOCAL, "out of memory") : save_token(token, err);
}

static enum status request_token(const struct credential_search *search, const struct sso_role *role,
				 struct token *token, struct error *err)
{
	CLEANUP(http_response_wipe) struct http_response response = {0};
	CLEANUP(freep) char *body = NULL;
	char endpoint[AWS_ENDPOINT_MAX], url[URL_MAX];
	const struct field type = {"content-type", "application/json"};
	enum status st = find_service(search, role, true, endpoint, err);
	if (st)
		return st;
	json_t *form =
	    json_pack("{s:s, s:s, s:s, s:s}", "grantType", "refresh_token", "clientId",
		      text_of(token->values, "clientId"), "clientSecret", text_of(token->values, "clientSecret"),
		      "refreshToken", text_of(token->values, "refreshToken"));
	body = json_dumps(form, JSON_COMPACT);
	json_decref(form);
	if (body == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(void)snprintf(url, sizeof url, "%stoken", endpoint);
	struct credential_request request = {.what = "IAM Identity Center",
					     .method = "POST",
					     .url = url,
					     .headers = &type,
					     .header_count = 1,
					     .body = body};
	st = credential_exchange(search, &request, &response, err);
	if (!st && response.status != 200)
		st = credential_refused(&request, &response, err);
	explicit_bzero(body, strlen(body));
	return st ? st : take_new_token(token, &response, clock_utc_s(search->call->clock), err);
}

/* A token that cannot be renewed is used until it expires. */
static enum status renew_token(const struct credential_search *search, const struct sso_role *role, struct token *token,
			       struct error *err)
{
	int64_t now_s = clock_utc_s(search->call->clock);
	char expired[UTC_TEXT_SIZE];
	struct error trouble = {0};
	utc_text(token->expires_s, expired);
	if (token->expires_s - RENEW_BEFORE_S > now_s)
		return STATUS_OK;
	if (is_renewable(token, now_s) && request_token(search, role, token, &trouble))
		log_line(search->call->log, LEVEL_WARNING, "could not renew the token in %s: %s", token->path,
			 trouble.text);
	if (token->expires_s > now_s)
		return STATUS_OK;
	return error_hint(err, error_set(err, STATUS_USAGE, "the token in %s expired %s", token->path, expired), "%s",
			  LOGIN_HINT);
}

/*
 * The role's credentials.
 */

static void describe(const struct sso_role *role, char out[CREDENTIALS_SOURCE_MAX])
{
	(void)snprintf(out, CREDENTIALS_SOURCE_MAX, "role %.64s of account %.20s by %.300s", role->role_name,
		       role->account_id, role->profile);
}

/* Borrows the text; empty when there is none. */
static struct secret borrow(const char *text)
{
	union {
		const char *in;
		char *out;
	} value = {.in = text};
	return text == NULL ? (struct secret){0} : (struct secret){.data = value.out, .len = strlen(text)};
}

/* {"roleCredentials": {"accessKeyId", "secretAccessKey", "sessionToken", "expiration": milliseconds}} */
static enum status take_credentials(const struct sso_role *role, const struct http_response *response,
				    struct credentials *out, struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	CLEANUP(json_freep) json_t *answer = json_loadb(response->body, response->body_len, 0, NULL);
	const json_t *given = json_object_get(answer, "roleCredentials");
	struct secret key = borrow(text_of(given, "accessKeyId"));
	struct secret secret = borrow(text_of(given, "secretAccessKey"));
	struct secret token = borrow(text_of(given, "sessionToken"));
	int64_t expires_ms = json_integer_value(json_object_get(given, "expiration"));
	if (key.len == 0 || secret.len == 0 || token.len == 0 || expires_ms <= 0)
		return error_set(err, STATUS_UNREACHABLE, "IAM Identity Center answered without credentials");
	describe(role, source);
	enum status st = credentials_static(out, &key, &secret, &token, source, err);
	if (!st)
		out->expires_s = expires_ms / 1000;
	return st;
}

static enum status make_url(const struct credential_search *search, const struct sso_role *role, char out[URL_MAX],
			    struct error *err)
{
	char endpoint[AWS_ENDPOINT_MAX], name[256], account[64];
	enum status st = find_service(search, role, false, endpoint, err);
	if (st)
		return st;
	if (uri_encode(name, sizeof name, role->role_name, false) >= sizeof name ||
	    uri_encode(account, sizeof account, role->account_id, false) >= sizeof account)
		return error_set(err, STATUS_USAGE, "%s has a sso_role_name or sso_account_id that is too long",
				 role->profile);
	(void)snprintf(out, URL_MAX, "%sfederation/credentials?role_name=%s&account_id=%s", endpoint, name, account);
	return STATUS_OK;
}

static enum status request_from_sso(const struct credential_search *search, const void *arg, struct credentials *out,
				    struct error *err)
{
	const struct sso_role *role = arg;
	CLEANUP(token_fini) struct token token = {0};
	CLEANUP(http_response_wipe) struct http_response response = {0};
	char url[URL_MAX];
	enum status st = read_token(search, role, &token, err);
	if (!st)
		st = renew_token(search, role, &token, err);
	if (!st)
		st = make_url(search, role, url, err);
	if (st)
		return st;
	const struct field bearer = {"x-amz-sso_bearer_token", token.access};
	struct credential_request request = {
	    .what = "IAM Identity Center", .method = "GET", .url = url, .headers = &bearer, .header_count = 1};
	st = credential_exchange(search, &request, &response, err);
	if (st)
		return st;
	if (response.status != 200)
		return error_hint(err, credential_refused(&request, &response, err),
				  "check sso_account_id and sso_role_name, and that the user has the role; a new "
				  "login: aws sso login");
	return take_credentials(role, &response, out, err);
}

enum status get_sso_role(const struct credential_search *search, const struct sso_role *role, struct credentials *out,
			 struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	describe(role, source);
	return credential_cache_get(
	    search,
	    &(struct credential_query){
		.source = source, .identity = role->start_url, .request = request_from_sso, .arg = role},
	    out, err);
}

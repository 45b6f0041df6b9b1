#include "net/aws/sigv4.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/libcrypto.h"
#include "text/hex.h"
#include "text/uri.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SHA256_BYTES 32
#define OWN_HEADERS 4   /* host, x-amz-content-sha256, x-amz-date, x-amz-security-token */
#define SCOPE_MAX 256   /* date, region, service and aws4_request */
#define TO_SIGN_MAX 512 /* algorithm, date, scope and a hash */

/* The canonical request is hashed in pieces, so it needs no size limit. */
struct hash {
	EVP_MD_CTX *context;
	bool ok;
};

static void put_bytes(struct hash *hash, const char *text, size_t len)
{
	hash->ok = hash->ok && libcrypto.EVP_DigestUpdate(hash->context, text, len) == 1;
}

static void put(struct hash *hash, const char *text)
{
	put_bytes(hash, text, strlen(text));
}

static int by_name(const void *left, const void *right)
{
	const struct field *a = left;
	const struct field *b = right;
	int order = strcmp(a->name, b->name);
	return order != 0 ? order : strcmp(a->value, b->value);
}

/* Appends the encoded text to scratch. Returns NULL when it is full. */
static const char *encode_into(char *scratch, size_t *used, const char *text)
{
	char *out = scratch + *used;
	size_t room = SIGV4_TARGET_MAX - *used;
	size_t len = uri_encode(out, room, text, false);
	if (len >= room)
		return NULL;
	*used += len + 1;
	return out;
}

static enum status append_query(const struct sigv4_request *request, char *target, struct error *err)
{
	char scratch[SIGV4_TARGET_MAX];
	struct field sorted[SIGV4_QUERY_MAX];
	size_t used = 0;
	for (size_t i = 0; i < request->query_count; i++) {
		sorted[i].name = encode_into(scratch, &used, request->query[i].name);
		sorted[i].value = sorted[i].name == NULL ? NULL : encode_into(scratch, &used, request->query[i].value);
		if (sorted[i].value == NULL)
			return error_set(err, STATUS_USAGE, "the query is too long");
	}
	qsort(sorted, request->query_count, sizeof sorted[0], by_name);

	size_t len = strlen(target);
	for (size_t i = 0; i < request->query_count && len < SIGV4_TARGET_MAX; i++)
		len += (size_t)snprintf(target + len, SIGV4_TARGET_MAX - len, "%c%s=%s", i == 0 ? '?' : '&',
					sorted[i].name, sorted[i].value);
	if (len >= SIGV4_TARGET_MAX)
		return error_set(err, STATUS_USAGE, "path and query are too long");
	return STATUS_OK;
}

/* The request must send exactly the path and query that are signed, so they are encoded once. */
static enum status make_target(const struct sigv4_request *request, char *target, struct error *err)
{
	if (request->query_count > SIGV4_QUERY_MAX || request->header_count > SIGV4_HEADERS_MAX)
		return error_set(err, STATUS_USAGE, "too many parameters or headers to sign");
	if (uri_encode(target, SIGV4_TARGET_MAX, request->path, true) >= SIGV4_TARGET_MAX)
		return error_set(err, STATUS_USAGE, "the path is too long");
	return append_query(request, target, err);
}

static size_t sorted_headers(const struct sigv4_request *request, const char *date, struct field *out)
{
	size_t count = 0;
	for (; count < request->header_count; count++)
		out[count] = request->headers[count];
	out[count++] = (struct field){"host", request->host};
	out[count++] = (struct field){"x-amz-content-sha256", request->payload_sha256};
	out[count++] = (struct field){"x-amz-date", date};
	if (request->credentials->session_token.len > 0)
		out[count++] = (struct field){"x-amz-security-token", request->credentials->session_token.data};
	/* By name only: sorting whole lines would put "a-b:" before "a:". */
	qsort(out, count, sizeof *out, by_name);
	return count;
}

/* Trims the value and reduces each run of blanks to one. */
static void put_value(struct hash *hash, const char *value)
{
	const char *blanks = " \t";
	value += strspn(value, blanks);
	while (*value != '\0') {
		size_t word = strcspn(value, blanks);
		put_bytes(hash, value, word);
		value += word + strspn(value + word, blanks);
		if (*value != '\0')
			put(hash, " ");
	}
}

static bool hash_canonical(const struct sigv4_request *request, const char *target, const struct field *headers,
			   size_t count, char out[SHA256_HEX_SIZE])
{
	uint8_t digest[SHA256_BYTES];
	struct hash hash = {.context = libcrypto.EVP_MD_CTX_new()};
	hash.ok = hash.context != NULL && libcrypto.EVP_DigestInit_ex2(hash.context, libcrypto.EVP_sha256(), NULL) == 1;

	size_t path = strcspn(target, "?");
	put(&hash, request->method);
	put(&hash, "\n");
	put_bytes(&hash, target, path);
	put(&hash, "\n");
	put(&hash, target[path] == '?' ? target + path + 1 : "");
	put(&hash, "\n");
	for (size_t i = 0; i < count; i++) {
		put(&hash, headers[i].name);
		put(&hash, ":");
		put_value(&hash, headers[i].value);
		put(&hash, "\n");
	}
	for (size_t i = 0; i < count; i++) {
		put(&hash, i == 0 ? "\n" : ";");
		put(&hash, headers[i].name);
	}
	put(&hash, "\n");
	put(&hash, request->payload_sha256);

	hash.ok = hash.ok && libcrypto.EVP_DigestFinal_ex(hash.context, digest, NULL) == 1;
	libcrypto.EVP_MD_CTX_free(hash.context);
	hex_encode(out, digest, sizeof digest);
	return hash.ok;
}

static bool hmac(const void *key, size_t key_len, const char *text, uint8_t out[SHA256_BYTES])
{
	size_t len = 0;
	return libcrypto.EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, (const unsigned char *)text,
				   strlen(text), out, SHA256_BYTES, &len) != NULL;
}

/* The signing key is valid for one day, region and service only. */
static bool signature_of(const struct sigv4_request *request, const char *day, const char *to_sign,
			 char out[SHA256_HEX_SIZE])
{
	const struct secret *secret = &request->credentials->secret_key;
	char first[4 + SIGV4_SECRET_MAX] = "AWS4";
	uint8_t key[SHA256_BYTES];
	uint8_t signature[SHA256_BYTES] = {0};
	memcpy(first + 4, secret->data, secret->len);
	bool ok = hmac(first, 4 + secret->len, day, key) && hmac(key, sizeof key, request->region, key) &&
		  hmac(key, sizeof key, request->service, key) && hmac(key, sizeof key, "aws4_request", key) &&
		  hmac(key, sizeof key, to_sign, signature);
	explicit_bzero(first, sizeof first);
	explicit_bzero(key, sizeof key);
	hex_encode(out, signature, sizeof signature);
	return ok;
}

static bool make_authorization(struct sigv4_signature *out, const char *access_key, const char *scope,
			       const struct field *headers, size_t count, const char *signature)
{
	size_t len = (size_t)snprintf(out->authorization, sizeof out->authorization,
				      "%s Credential=%s/%s, SignedHeaders", ALGORITHM, access_key, scope);
	for (size_t i = 0; i < count && len < sizeof out->authorization; i++)
		len += (size_t)snprintf(out->authorization + len, sizeof out->authorization - len, "%c%s",
					i == 0 ? '=' : ';', headers[i].name);
	if (len < sizeof out->authorization)
		len += (size_t)snprintf(out->authorization + len, sizeof out->authorization - len, ", Signature=%s",
					signature);
	return len < sizeof out->authorization;
}

enum status sigv4_sign(const struct sigv4_request *request, struct sigv4_signature *out, struct error *err)
{
	struct field headers[SIGV4_HEADERS_MAX + OWN_HEADERS];
	char day[9]; /* 20130524 */
	char scope[SCOPE_MAX];
	char hash[SHA256_HEX_SIZE];
	char to_sign[TO_SIGN_MAX];
	char signature[SHA256_HEX_SIZE];
	struct tm utc;
	time_t now = (time_t)request->now_s;

	enum status st = make_target(request, out->target, err);
	if (st)
		return st;
	if (request->credentials->secret_key.len > SIGV4_SECRET_MAX)
		return error_set(err, STATUS_USAGE, "the secret key is longer than %d characters", SIGV4_SECRET_MAX);
	if (gmtime_r(&now, &utc) == NULL || strftime(out->date, sizeof out->date, "%Y%m%dT%H%M%SZ", &utc) == 0)
		return error_set(err, STATUS_USAGE, "cannot format the time %lld", (long long)now);
	(void)snprintf(day, sizeof day, "%.8s", out->date);

	size_t count = sorted_headers(request, out->date, headers);
	int scope_len = snprintf(scope, sizeof scope, "%s/%s/%s/aws4_request", day, request->region, request->service);
	if (scope_len >= (int)sizeof scope)
		return error_set(err, STATUS_USAGE, "the region's name is too long");
	if (!hash_canonical(request, out->target, headers, count, hash))
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
	(void)snprintf(to_sign, sizeof to_sign, "%s\n%s\n%s\n%s", ALGORITHM, out->date, scope, hash);
	if (!signature_of(request, day, to_sign, signature))
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute HMAC-SHA-256");
	if (!make_authorization(out, request->credentials->access_key.data, scope, headers, count, signature))
		return error_set(err, STATUS_USAGE, "too many headers to sign");
	return STATUS_OK;
}

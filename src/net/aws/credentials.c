#include "net/aws/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"

/* A key from a file or a variable often has a stray newline or blank, which would cause a bad signature. */
static enum status check_key(const struct secret *key, const char *what, const char *source, struct error *err)
{
	for (size_t i = 0; i < key->len; i++)
		if (key->data[i] <= ' ' || key->data[i] > '~')
			return error_hint(
			    err,
			    error_set(err, STATUS_USAGE,
				      "the %s from %s contains a blank, a control character or a non-ASCII character",
				      what, source),
			    "the value or its file must contain only the key, on one line");
	return STATUS_OK;
}

static enum status copy_key(struct secret *to, const struct secret *from, const char *what, const char *source,
			    struct error *err)
{
	enum status st = check_key(from, what, source, err);
	return st ? st : secret_set(to, from->data, from->len, err);
}

enum status credentials_static(struct credentials *out, const struct secret *access_key,
			       const struct secret *secret_key, const struct secret *session_token, const char *source,
			       struct error *err)
{
	struct credentials made = {0};
	enum status st = copy_key(&made.access_key, access_key, "access key", source, err);
	if (!st)
		st = copy_key(&made.secret_key, secret_key, "secret key", source, err);
	if (!st && session_token != NULL && session_token->len > 0)
		st = copy_key(&made.session_token, session_token, "session token", source, err);
	if (st) {
		credentials_fini(&made);
		return st;
	}
	(void)snprintf(made.source, sizeof made.source, "%s", source);
	credentials_fini(out);
	*out = made;
	return STATUS_OK;
}

enum status credentials_copy(struct credentials *out, const struct credentials *from, struct error *err)
{
	enum status st =
	    credentials_static(out, &from->access_key, &from->secret_key, &from->session_token, from->source, err);
	out->expires_s = from->expires_s;
	out->renewable = from->renewable;
	return st;
}

bool credentials_present(const struct credentials *credentials)
{
	return credentials->access_key.len > 0 && credentials->secret_key.len > 0;
}

void credentials_fini(struct credentials *credentials)
{
	secret_fini(&credentials->access_key);
	secret_fini(&credentials->secret_key);
	secret_fini(&credentials->session_token);
	*credentials = (struct credentials){0};
}

static const struct {
	const char *name;
	credential_find_fn find;
	bool renewable; /* a new request may return other credentials */
} sources[] = {
    {"profile with the environment's keys", find_in_profile_by_environment, true},
    {"environment", find_in_environment, false},
    {"profile", find_in_profile, true},
    {"web identity", find_by_web_identity, true},
    {"container", find_in_container, true},
    {"instance", find_in_instance, true},
};

enum status credentials_find(const struct credential_search *search, struct credentials *out, struct error *err)
{
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		CLEANUP(credentials_fini) struct credentials found = {0};
		enum status st = sources[i].find(search, &found, err);
		if (st)
			return error_wrap(err, st, "credentials");
		if (!credentials_present(&found)) {
			log_line(search->call->log, LEVEL_DEBUG, "credentials: %s is not configured", sources[i].name);
			continue;
		}
		found.renewable = sources[i].renewable;
		log_line(search->call->log, LEVEL_DEBUG, "credentials: from %s", found.source);
		credentials_fini(out);
		*out = found;
		found = (struct credentials){0};
		return STATUS_OK;
	}
	(void)error_set(err, STATUS_USAGE, "no credentials for S3 in options, variables, profiles or roles");
	return error_hint(err, STATUS_USAGE,
			  "set s3-key and s3-key-secret-file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; -vv "
			  "shows where walship looked");
}

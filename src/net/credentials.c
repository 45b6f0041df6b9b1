#include "net/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/environment.h"

/* A key from a file or a variable easily brings a newline or a blank along; it would end as a bad signature. */
static enum status check_key(const struct secret *key, const char *what, const char *source, struct error *err)
{
	for (size_t i = 0; i < key->len; i++)
		if (key->data[i] <= ' ' || key->data[i] > '~')
			return error_hint(err,
					  error_set(err, STATUS_USAGE,
						    "the %s from %s holds a blank or a control character", what,
						    source),
					  "the value, or its file, holds the key alone, on one line");
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

/* Borrows the variable's value, without a copy that would have to be wiped; NULL data when unset or empty. */
static struct secret look_up(const char *const *environment, const char *name)
{
	union {
		const char *in;
		char *out;
	} value = {.in = environment_value(environment, name, strlen(name))};
	return value.in == NULL ? (struct secret){0} : (struct secret){.data = value.out, .len = strlen(value.in)};
}

enum status credentials_from_environment(struct credentials *out, const char *const *environment, struct error *err)
{
	struct secret key = look_up(environment, "AWS_ACCESS_KEY_ID");
	struct secret secret = look_up(environment, "AWS_SECRET_ACCESS_KEY");
	struct secret token = look_up(environment, "AWS_SESSION_TOKEN");
	if (key.len == 0 && secret.len == 0)
		return STATUS_OK;
	if (key.len == 0 || secret.len == 0)
		return error_set(err, STATUS_USAGE, "the environment has %s without %s",
				 key.len > 0 ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
				 key.len > 0 ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	return credentials_static(out, &key, &secret, &token, "the environment (AWS_ACCESS_KEY_ID)", err);
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

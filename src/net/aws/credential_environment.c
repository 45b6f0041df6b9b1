/* Credentials from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. */
#include <string.h>

#include "base/environment.h"
#include "net/aws/credential_source.h"

const char *credential_variable(const struct credential_search *search, const char *name)
{
	const char *value = environment_value(search->environment, name, strlen(name));
	return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Borrows the variable's value, because a copy would need wiping. */
static struct secret look_up(const struct credential_search *search, const char *name)
{
	union {
		const char *in;
		char *out;
	} value = {.in = credential_variable(search, name)};
	return value.in == NULL ? (struct secret){0} : (struct secret){.data = value.out, .len = strlen(value.in)};
}

enum status find_in_environment(const struct credential_search *search, struct credentials *out, struct error *err)
{
	struct secret key = look_up(search, "AWS_ACCESS_KEY_ID");
	struct secret secret = look_up(search, "AWS_SECRET_ACCESS_KEY");
	struct secret token = look_up(search, "AWS_SESSION_TOKEN");
	if (key.len == 0 && secret.len == 0)
		return STATUS_OK;
	if (key.len == 0 || secret.len == 0)
		return error_set(err, STATUS_USAGE, "the environment has %s without %s",
				 key.len > 0 ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
				 key.len > 0 ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	return credentials_static(out, &key, &secret, &token, "the environment (AWS_ACCESS_KEY_ID)", err);
}

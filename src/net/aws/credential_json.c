/* Credentials in the JSON of AWS's endpoints and credential_process (jansson). */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"

static void json_freep(json_t **json)
{
	json_decref(*json);
}

/* Borrows the string of this name; empty when it is missing or not a string. */
static struct secret text_of(const json_t *object, const char *name)
{
	union {
		const char *in;
		char *out;
	} value = {.in = json_string_value(json_object_get(object, name))};
	return value.in == NULL ? (struct secret){0} : (struct secret){.data = value.out, .len = strlen(value.in)};
}

static enum status refused(const json_t *object, const char *source, struct error *err)
{
	const char *code = json_string_value(json_object_get(object, "Code"));
	const char *message = json_string_value(json_object_get(object, "Message"));
	if (code == NULL || strcmp(code, "Success") == 0)
		return STATUS_OK;
	return error_set(err, STATUS_UNREACHABLE, "%s refused credentials: %s%s%s", source, code,
			 message == NULL ? "" : ": ", message == NULL ? "" : message);
}

enum status credentials_from_json(const char *text, size_t len, const char *token_name, const char *source,
				  struct credentials *out, struct error *err)
{
	json_error_t trouble;
	CLEANUP(json_freep) json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &trouble);
	if (object == NULL)
		return error_set(err, STATUS_UNREACHABLE, "%s returned invalid JSON: %s in line %d", source,
				 json_error_code(&trouble) == json_error_premature_end_of_input ? "unexpected end"
												: "syntax error",
				 trouble.line);
	enum status st = refused(object, source, err);
	if (st)
		return st;
	struct secret key = text_of(object, "AccessKeyId");
	struct secret secret = text_of(object, "SecretAccessKey");
	struct secret token = text_of(object, token_name);
	struct secret expires = text_of(object, "Expiration");
	if (key.len == 0 || secret.len == 0)
		return error_set(err, STATUS_UNREACHABLE, "%s returned JSON without %s", source,
				 key.len == 0 ? "AccessKeyId" : "SecretAccessKey");
	int64_t expires_s = 0;
	if (expires.len > 0 && !utc_parse(expires.data, &expires_s))
		return error_set(err, STATUS_UNREACHABLE, "%s returned an invalid Expiration: '%.40s'", source,
				 expires.data);
	st = credentials_static(out, &key, &secret, &token, source, err);
	if (!st)
		out->expires_s = expires_s;
	return st;
}

#include "net/aws/aws_profile.h"

#include <string.h>

static const char *const names[AWS_PROPERTY_COUNT] = {
    [AWS_ACCESS_KEY_ID] = "aws_access_key_id",
    [AWS_SECRET_ACCESS_KEY] = "aws_secret_access_key",
    [AWS_SESSION_TOKEN] = "aws_session_token",
    [AWS_CREDENTIAL_PROCESS] = "credential_process",
    [AWS_ROLE_ARN] = "role_arn",
    [AWS_WEB_IDENTITY_TOKEN_FILE] = "web_identity_token_file",
    [AWS_ROLE_SESSION_NAME] = "role_session_name",
    [AWS_SOURCE_PROFILE] = "source_profile",
    [AWS_CREDENTIAL_SOURCE] = "credential_source",
    [AWS_SSO_SESSION] = "sso_session",
    [AWS_SSO_START_URL] = "sso_start_url",
    [AWS_SSO_REGION] = "sso_region",
    [AWS_SSO_ACCOUNT_ID] = "sso_account_id",
    [AWS_SSO_ROLE_NAME] = "sso_role_name",
    [AWS_DURATION_SECONDS] = "duration_seconds",
    [AWS_EXTERNAL_ID] = "external_id",
    [AWS_MFA_SERIAL] = "mfa_serial",
    [AWS_PROFILE_REGION] = "region",
};

struct span {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span span)
{
	while (span.len > 0 && is_blank(span.at[0])) {
		span.at++;
		span.len--;
	}
	while (span.len > 0 && is_blank(span.at[span.len - 1]))
		span.len--;
	return span;
}

static bool equals(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

/* "[profile name]", "[default]", "[name]" or "[sso-session name]" */
static bool is_section_of(struct span line, const char *name, enum aws_section section)
{
	const char *word = section == AWS_SECTION_OF_SSO ? "sso-session" : "profile";
	struct span inside = trim((struct span){line.at + 1, line.len - 1});
	if (inside.len == 0 || inside.at[inside.len - 1] != ']')
		return false;
	inside.len--;
	inside = trim(inside);
	size_t skip = strlen(word);
	if (section != AWS_SECTION_OF_CREDENTIALS && inside.len > skip && memcmp(inside.at, word, skip) == 0 &&
	    is_blank(inside.at[skip]))
		return equals(trim((struct span){inside.at + skip, inside.len - skip}), name);
	return equals(inside, name) && (section == AWS_SECTION_OF_CREDENTIALS ||
					(section == AWS_SECTION_OF_CONFIG && strcmp(name, "default") == 0));
}

static enum status store_property(struct aws_profile *into, struct span name, struct span value, struct error *err)
{
	for (int i = 0; i < AWS_PROPERTY_COUNT; i++)
		if (equals(name, names[i]))
			return secret_set(&into->values[i], value.at, value.len, err);
	return STATUS_OK;
}

struct parser {
	const char *name;
	enum aws_section section;
	bool inside;  /* inside a section of the profile */
	bool nesting; /* the last property had no value: indented lines belong to it */
	struct aws_profile *into;
};

static enum status read_line(struct parser *parser, struct span raw, struct error *err)
{
	struct span line = trim(raw);
	if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';')
		return STATUS_OK;
	if (line.at[0] == '[') {
		parser->inside = is_section_of(line, parser->name, parser->section);
		parser->into->found |= parser->inside;
		parser->nesting = false;
		return STATUS_OK;
	}
	bool indented = is_blank(raw.at[0]);
	const char *equal = memchr(line.at, '=', line.len);
	if (!parser->inside || equal == NULL || (indented && parser->nesting))
		return STATUS_OK;
	struct span name = trim((struct span){line.at, (size_t)(equal - line.at)});
	struct span value = trim((struct span){equal + 1, (size_t)(line.at + line.len - equal - 1)});
	parser->nesting = value.len == 0;
	return store_property(parser->into, name, value, err);
}

/* Adds the properties of one file; a property of an earlier file wins. */
static void merge(struct aws_profile *profile, struct aws_profile *read)
{
	profile->found |= read->found;
	for (int i = 0; i < AWS_PROPERTY_COUNT; i++) {
		if (profile->values[i].len > 0)
			continue;
		secret_fini(&profile->values[i]);
		profile->values[i] = read->values[i];
		read->values[i] = (struct secret){0};
	}
}

enum status aws_profile_read(struct aws_profile *profile, const char *text, size_t len, const char *name,
			     enum aws_section section, struct error *err)
{
	struct aws_profile read = {0};
	struct parser parser = {.name = name, .section = section, .into = &read};
	enum status st = STATUS_OK;
	const char *end = text + len;
	while (!st && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline == NULL ? end : newline;
		st = read_line(&parser, (struct span){text, (size_t)(line_end - text)}, err);
		text = line_end + 1;
	}
	if (!st)
		merge(profile, &read);
	aws_profile_fini(&read);
	return st;
}

const char *aws_property_name(enum aws_property property)
{
	return names[property];
}

const char *aws_profile_value(const struct aws_profile *profile, enum aws_property property)
{
	return profile->values[property].len == 0 ? NULL : profile->values[property].data;
}

void aws_profile_fini(struct aws_profile *profile)
{
	for (int i = 0; i < AWS_PROPERTY_COUNT; i++)
		secret_fini(&profile->values[i]);
	*profile = (struct aws_profile){0};
}

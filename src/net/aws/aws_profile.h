/*
 * The shared files of AWS's tools, ~/.aws/credentials and ~/.aws/config (AWS SDKs and Tools reference guide, "Shared
 * config and credentials files").
 *
 * They differ from walship.conf: a property without a value may have indented properties of its own, and '#' and ';'
 * begin a comment only at the start of a line. Session tokens make lines of 20 KiB.
 */
#ifndef WALSHIP_NET_AWS_AWS_PROFILE_H
#define WALSHIP_NET_AWS_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/secret.h"

enum aws_property {
	AWS_ACCESS_KEY_ID,
	AWS_SECRET_ACCESS_KEY,
	AWS_SESSION_TOKEN,
	AWS_CREDENTIAL_PROCESS,
	AWS_ROLE_ARN,
	AWS_WEB_IDENTITY_TOKEN_FILE,
	AWS_ROLE_SESSION_NAME,
	AWS_SOURCE_PROFILE,
	AWS_CREDENTIAL_SOURCE,
	AWS_SSO_SESSION,
	AWS_SSO_START_URL,
	AWS_SSO_REGION,
	AWS_SSO_ACCOUNT_ID,
	AWS_SSO_ROLE_NAME,
	AWS_DURATION_SECONDS,
	AWS_EXTERNAL_ID,
	AWS_MFA_SERIAL,
	AWS_PROFILE_REGION,
	AWS_PROPERTY_COUNT,
};

struct aws_profile {
	bool found; /* a section of its name exists */
	struct secret values[AWS_PROPERTY_COUNT];
};

/* Returns the property's name in the files. */
const char *aws_property_name(enum aws_property property);

/* Where the properties stand. */
enum aws_section {
	AWS_SECTION_OF_CREDENTIALS, /* [name], in a credentials file */
	AWS_SECTION_OF_CONFIG,      /* [profile name] or [default], in a config file */
	AWS_SECTION_OF_SSO,         /* [sso-session name], in a config file */
};

/*
 * Adds the properties of the section for `name` from text; properties that are already set stay. Of repeated lines the
 * last one wins. STATUS_LOCAL when memory is short.
 */
enum status aws_profile_read(struct aws_profile *profile, const char *text, size_t len, const char *name,
			     enum aws_section section, struct error *err);

/* Returns the value; NULL when it is not set. */
const char *aws_profile_value(const struct aws_profile *profile, enum aws_property property);

/* Wipes all values and leaves the zero state. */
void aws_profile_fini(struct aws_profile *profile);

#endif

/*
 * Credentials of a role by web identity: an identity provider (Kubernetes, GitHub) issues a token, and the region's STS
 * accepts it without a signature (AWS STS API reference, AssumeRoleWithWebIdentity).
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"

#define REFUSED_HINT "check AWS_ROLE_ARN, the role's trust policy, and that the token file belongs to this cluster"

static void describe(const struct web_identity *identity, char out[CREDENTIALS_SOURCE_MAX])
{
	(void)snprintf(out, CREDENTIALS_SOURCE_MAX, "role %.200s by the token in %.200s", identity->role_arn,
		       identity->token_file);
}

static enum status request_from_sts(const struct credential_search *search, const void *arg, struct credentials *out,
				    struct error *err)
{
	const struct web_identity *identity = arg;
	CLEANUP(secret_fini) struct secret token = {0};
	char source[CREDENTIALS_SOURCE_MAX];
	/* Read each time: Kubernetes replaces the token every hour. */
	enum status st = secret_read_file_unchecked(&token, identity->token_file, err);
	if (st)
		return error_wrap(err, st, "the web identity token");
	secret_chomp(&token);
	const struct field parameters[] = {
	    {"RoleArn", identity->role_arn},
	    {"RoleSessionName", identity->session_name == NULL ? "walship" : identity->session_name},
	    {"WebIdentityToken", token.data},
	};
	describe(identity, source);
	return sts_request(search,
			   &(struct sts_action){.name = "AssumeRoleWithWebIdentity",
						.parameters = parameters,
						.parameter_count = sizeof parameters / sizeof parameters[0],
						.source = source,
						.hint = REFUSED_HINT},
			   out, err);
}

enum status assume_role_by_token(const struct credential_search *search, const struct web_identity *identity,
				 struct credentials *out, struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	describe(identity, source);
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
	return assume_role_by_token(search, &identity, out, err);
}

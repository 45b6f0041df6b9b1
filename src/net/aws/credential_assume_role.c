/*
 * Credentials of a role that a profile assumes with other credentials (AWS STS API reference, AssumeRole; AWS SDKs and
 * Tools reference guide, "Assume role credential provider").
 */
#include <stdio.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "text/number.h"

/* What STS allows for DurationSeconds. */
#define DURATION_LEAST_S 900
#define DURATION_MOST_S 43200
#define REFUSED_HINT                                                                                                   \
	"check role_arn, external_id and duration_seconds of the profile, the role's trust policy, and that the "      \
	"assuming identity may use sts:AssumeRole"

static void describe(const struct assumed_role *role, char out[CREDENTIALS_SOURCE_MAX])
{
	(void)snprintf(out, CREDENTIALS_SOURCE_MAX, "role %.150s by %.300s", role->role_arn, role->profile);
}

static enum status request_from_sts(const struct credential_search *search, const void *arg, struct credentials *out,
				    struct error *err)
{
	const struct assumed_role *role = arg;
	CLEANUP(credentials_fini) struct credentials signer = {0};
	char source[CREDENTIALS_SOURCE_MAX];
	const struct field parameters[] = {
	    {"RoleArn", role->role_arn},
	    {"RoleSessionName", role->session_name == NULL ? "walship" : role->session_name},
	    {"ExternalId", role->external_id},
	    {"DurationSeconds", role->duration},
	};
	describe(role, source);
	enum status st = role->find_signer(search, role->arg, &signer, err);
	if (st)
		return st;
	log_line(search->call->log, LEVEL_DEBUG, "credentials: assuming role %.200s with those from %s", role->role_arn,
		 signer.source);
	return sts_request(search,
			   &(struct sts_action){.name = "AssumeRole",
						.parameters = parameters,
						.parameter_count = sizeof parameters / sizeof parameters[0],
						.signer = &signer,
						.source = source,
						.hint = REFUSED_HINT},
			   out, err);
}

static enum status check(const struct assumed_role *role, struct error *err)
{
	uint64_t seconds;
	if (role->duration != NULL &&
	    (!number_parse(role->duration, DURATION_MOST_S, &seconds) || seconds < DURATION_LEAST_S))
		return error_set(err, STATUS_USAGE, "%s: duration_seconds '%.40s' is not a number from %d to %d",
				 role->profile, role->duration, DURATION_LEAST_S, DURATION_MOST_S);
	return STATUS_OK;
}

enum status assume_role(const struct credential_search *search, const struct assumed_role *role,
			struct credentials *out, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer identity = {0};
	char source[CREDENTIALS_SOURCE_MAX];
	describe(role, source);
	enum status st = check(role, err);
	if (!st)
		st = buffer_printf(&identity, err, "%s\n%s\n%s", role->session_name == NULL ? "" : role->session_name,
				   role->external_id == NULL ? "" : role->external_id,
				   role->duration == NULL ? "" : role->duration);
	return st ? st
		  : credential_cache_get(search,
					 &(struct credential_query){.source = source,
								    .identity = buffer_text(&identity),
								    .request = request_from_sts,
								    .arg = role},
					 out, err);
}

/*
 * Credentials from a profile of ~/.aws/credentials and ~/.aws/config: keys, a credential_process, a role by web
 * identity or by other credentials, or a role of IAM Identity Center.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/aws/aws_profile.h"
#include "net/aws/credential_source.h"

struct shared_file {
	const char *variable; /* names the file */
	const char *in_home;  /* default path below HOME */
	enum aws_section section;
};

static const struct shared_file shared_files[] = {
    {"AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", AWS_SECTION_OF_CREDENTIALS},
    {"AWS_CONFIG_FILE", ".aws/config", AWS_SECTION_OF_CONFIG},
};
#define SHARED_FILE_COUNT (sizeof shared_files / sizeof shared_files[0])
#define PROFILES_MAX 8 /* that lead to one another; each role costs a request */

/* *named: a variable names the file, so it must exist. The path is "" without HOME. */
static void shared_file_path(const struct credential_search *search, const struct shared_file *file, char out[PATH_MAX],
			     bool *named)
{
	const char *path = credential_variable(search, file->variable);
	const char *home = credential_variable(search, "HOME");
	*named = path != NULL;
	out[0] = '\0';
	if (path != NULL)
		(void)snprintf(out, PATH_MAX, "%s", path);
	else if (home != NULL)
		(void)snprintf(out, PATH_MAX, "%s/%s", home, file->in_home);
}

/* Others may read a config file unless it contains a secret. */
static enum status read_shared_file(const struct credential_search *search, const char *path,
				    const struct shared_file *file, const char *name, struct aws_profile *profile,
				    struct error *err)
{
	CLEANUP(secret_fini) struct secret text = {0};
	CLEANUP(aws_profile_fini) struct aws_profile alone = {0};
	enum status st = secret_read_file_unchecked(&text, path, err);
	if (!st)
		st = aws_profile_read(&alone, text.data, text.len, name, file->section, err);
	if (!st && aws_profile_value(&alone, AWS_SECRET_ACCESS_KEY) != NULL)
		st = secret_read_file_by(search->secret_files, &text, path, err);
	return st ? st : aws_profile_read(profile, text.data, text.len, name, file->section, err);
}

static enum status read_profile(const struct credential_search *search, const char *name, struct aws_profile *profile,
				char paths[SHARED_FILE_COUNT][PATH_MAX], struct error *err)
{
	for (size_t i = 0; i < SHARED_FILE_COUNT; i++) {
		bool named;
		shared_file_path(search, &shared_files[i], paths[i], &named);
		if (paths[i][0] == '\0' || (!named && access(paths[i], F_OK) != 0))
			continue;
		enum status st = read_shared_file(search, paths[i], &shared_files[i], name, profile, err);
		if (st)
			return named ? error_wrap(err, st, "%s", shared_files[i].variable) : st;
	}
	return STATUS_OK;
}

static enum status read_sso_session(const struct credential_search *search, const char *name,
				    struct aws_profile *session, struct error *err)
{
	char path[PATH_MAX];
	bool named;
	const struct shared_file *config = &shared_files[SHARED_FILE_COUNT - 1];
	const struct shared_file file = {config->variable, config->in_home, AWS_SECTION_OF_SSO};
	shared_file_path(search, &file, path, &named);
	return read_shared_file(search, path, &file, name, session, err);
}

/* The profiles that led to one another by source_profile, from the one that was asked for. */
struct chain {
	const char *names[PROFILES_MAX];
	size_t count;
};

/* A profile that was read, and the chain that led to it. */
struct found_profile {
	const struct aws_profile *values;
	struct chain chain;
	const char *source; /* for messages */
};

static const char *value_of(const struct found_profile *profile, enum aws_property property)
{
	return aws_profile_value(profile->values, property);
}

static const char *name_of(const struct found_profile *profile)
{
	return profile->chain.names[profile->chain.count - 1];
}

static enum status use_keys(const struct found_profile *profile, struct credentials *out, struct error *err)
{
	const struct secret *key = &profile->values->values[AWS_ACCESS_KEY_ID];
	const struct secret *secret = &profile->values->values[AWS_SECRET_ACCESS_KEY];
	if ((key->len > 0) != (secret->len > 0))
		return error_set(err, STATUS_USAGE, "%s has %s without %s", profile->source,
				 aws_property_name(key->len > 0 ? AWS_ACCESS_KEY_ID : AWS_SECRET_ACCESS_KEY),
				 aws_property_name(key->len > 0 ? AWS_SECRET_ACCESS_KEY : AWS_ACCESS_KEY_ID));
	return credentials_static(out, key, secret, &profile->values->values[AWS_SESSION_TOKEN], profile->source, err);
}

static enum status find_in_chain(const struct credential_search *search, const struct chain *chain,
				 struct credentials *out, struct error *err);

static enum status use_credential_source(const struct credential_search *search, const struct found_profile *profile,
					 struct credentials *out, struct error *err)
{
	static const struct {
		const char *name;
		credential_find_fn find;
	} sources[] = {{"Environment", find_in_environment},
		       {"EcsContainer", find_in_container},
		       {"Ec2InstanceMetadata", find_in_instance}};
	const char *wanted = value_of(profile, AWS_CREDENTIAL_SOURCE);
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		if (strcasecmp(wanted, sources[i].name) != 0)
			continue;
		enum status st = sources[i].find(search, out, err);
		if (!st && !credentials_present(out))
			return error_set(err, STATUS_USAGE, "%s: credential_source %s has no credentials here",
					 profile->source, sources[i].name);
		return st;
	}
	return error_hint(
	    err, error_set(err, STATUS_USAGE, "%s has the unknown credential_source '%.64s'", profile->source, wanted),
	    "credential_source is Environment, EcsContainer or Ec2InstanceMetadata");
}

static enum status refuse_chain(const struct found_profile *profile, const char *next, struct error *err)
{
	if (profile->chain.count == PROFILES_MAX)
		return error_set(err, STATUS_USAGE,
				 "profile '%s' leads by source_profile through more than %d profiles",
				 profile->chain.names[0], PROFILES_MAX);
	return error_set(err, STATUS_USAGE, "profile '%s' leads back to itself: source_profile of '%s'", next,
			 name_of(profile));
}

/* A profile may name itself when it has keys: they assume its role. */
static enum status use_source_profile(const struct credential_search *search, const struct found_profile *profile,
				      struct credentials *out, struct error *err)
{
	const char *next = value_of(profile, AWS_SOURCE_PROFILE);
	struct chain chain = profile->chain;
	if (strcmp(next, name_of(profile)) == 0 && value_of(profile, AWS_ACCESS_KEY_ID) != NULL)
		return use_keys(profile, out, err);
	for (size_t i = 0; i < chain.count; i++)
		if (strcmp(chain.names[i], next) == 0)
			return refuse_chain(profile, next, err);
	if (chain.count == PROFILES_MAX)
		return refuse_chain(profile, next, err);
	chain.names[chain.count++] = next;
	return find_in_chain(search, &chain, out, err);
}

static enum status find_signer(const struct credential_search *search, const void *arg, struct credentials *out,
			       struct error *err)
{
	const struct found_profile *profile = arg;
	return value_of(profile, AWS_SOURCE_PROFILE) != NULL ? use_source_profile(search, profile, out, err)
							     : use_credential_source(search, profile, out, err);
}

/* A second factor needs AWS's own tool. */
static enum status refuse_mfa(const struct found_profile *profile, struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "%s has mfa_serial, but nobody is there to type the code", profile->source);
	return error_hint(err, STATUS_USAGE,
			  "use a profile with credential_process = aws configure "
			  "export-credentials --profile %s --format process",
			  name_of(profile));
}

static enum status use_role(const struct credential_search *search, const struct found_profile *profile,
			    struct credentials *out, struct error *err)
{
	const char *by_profile = value_of(profile, AWS_SOURCE_PROFILE);
	const char *by_source = value_of(profile, AWS_CREDENTIAL_SOURCE);
	const struct assumed_role role = {.role_arn = value_of(profile, AWS_ROLE_ARN),
					  .session_name = value_of(profile, AWS_ROLE_SESSION_NAME),
					  .external_id = value_of(profile, AWS_EXTERNAL_ID),
					  .duration = value_of(profile, AWS_DURATION_SECONDS),
					  .profile = profile->source,
					  .find_signer = find_signer,
					  .arg = profile};
	if (by_profile == NULL && by_source == NULL)
		return error_set(err, STATUS_USAGE,
				 "%s has role_arn without source_profile, credential_source or web_identity_token_file",
				 profile->source);
	if (by_profile != NULL && by_source != NULL)
		return error_set(err, STATUS_USAGE, "%s has both source_profile and credential_source",
				 profile->source);
	if (value_of(profile, AWS_MFA_SERIAL) != NULL)
		return refuse_mfa(profile, err);
	return assume_role(search, &role, out, err);
}

/* The profile itself, or the section [sso-session] that it names. */
static enum status use_sso(const struct credential_search *search, const struct found_profile *profile,
			   struct credentials *out, struct error *err)
{
	CLEANUP(aws_profile_fini) struct aws_profile session = {0};
	const char *name = value_of(profile, AWS_SSO_SESSION);
	const struct aws_profile *place = name == NULL ? profile->values : &session;
	enum status st = name == NULL ? STATUS_OK : read_sso_session(search, name, &session, err);
	if (st)
		return st;
	if (name != NULL && !session.found)
		return error_set(err, STATUS_USAGE, "%s names the sso_session '%.64s', which is not in the file",
				 profile->source, name);
	const struct sso_role role = {.session = name,
				      .start_url = aws_profile_value(place, AWS_SSO_START_URL),
				      .region = aws_profile_value(place, AWS_SSO_REGION),
				      .account_id = value_of(profile, AWS_SSO_ACCOUNT_ID),
				      .role_name = value_of(profile, AWS_SSO_ROLE_NAME),
				      .profile = profile->source};
	if (role.start_url == NULL || role.region == NULL || role.account_id == NULL || role.role_name == NULL)
		return error_set(err, STATUS_USAGE,
				 "%s lacks one of sso_start_url, sso_region, sso_account_id and sso_role_name",
				 profile->source);
	return get_sso_role(search, &role, out, err);
}

/* In the order of AWS's tools; the keys of a source profile come before its own role. */
static enum status use_profile(const struct credential_search *search, const struct found_profile *profile,
			       struct credentials *out, struct error *err)
{
	const char *process = value_of(profile, AWS_CREDENTIAL_PROCESS);
	struct web_identity identity = {
	    .role_arn = value_of(profile, AWS_ROLE_ARN),
	    .token_file = value_of(profile, AWS_WEB_IDENTITY_TOKEN_FILE),
	    .session_name = value_of(profile, AWS_ROLE_SESSION_NAME),
	};
	bool has_keys =
	    value_of(profile, AWS_ACCESS_KEY_ID) != NULL || value_of(profile, AWS_SECRET_ACCESS_KEY) != NULL;
	if (has_keys && profile->chain.count > 1)
		return use_keys(profile, out, err);
	if (identity.role_arn != NULL && identity.token_file != NULL)
		return assume_role_by_token(search, &identity, out, err);
	if (identity.role_arn != NULL)
		return use_role(search, profile, out, err);
	if (value_of(profile, AWS_SSO_ACCOUNT_ID) != NULL || value_of(profile, AWS_SSO_ROLE_NAME) != NULL)
		return use_sso(search, profile, out, err);
	if (has_keys)
		return use_keys(profile, out, err);
	if (process != NULL)
		return run_credential_process(search, process, profile->source, out, err);
	bool is_sso = value_of(profile, AWS_SSO_SESSION) != NULL || value_of(profile, AWS_SSO_START_URL) != NULL;
	return is_sso ? use_sso(search, profile, out, err) : STATUS_OK;
}

/* A profile that another one names must be there and have credentials. */
static enum status find_in_chain(const struct credential_search *search, const struct chain *chain,
				 struct credentials *out, struct error *err)
{
	CLEANUP(aws_profile_fini) struct aws_profile values = {0};
	char paths[SHARED_FILE_COUNT][PATH_MAX];
	char source[CREDENTIALS_SOURCE_MAX];
	const char *name = chain->names[chain->count - 1];
	bool wanted = chain->count > 1 || credential_variable(search, "AWS_PROFILE") != NULL;
	enum status st = read_profile(search, name, &values, paths, err);
	if (st)
		return st;
	if (!values.found && wanted) {
		(void)error_set(err, STATUS_USAGE, "profile '%s' is neither in %s nor in %s", name, paths[0], paths[1]);
		return error_hint(err, STATUS_USAGE, "check %s, and HOME of the user that runs walship",
				  chain->count > 1 ? "source_profile" : "AWS_PROFILE");
	}
	(void)snprintf(source, sizeof source, "profile '%.64s' of %.200s and %.200s", name, paths[0], paths[1]);
	const struct found_profile profile = {.values = &values, .chain = *chain, .source = source};
	st = use_profile(search, &profile, out, err);
	if (!st && chain->count > 1 && !credentials_present(out))
		return error_set(err, STATUS_USAGE, "%s, a source_profile, has no credentials", source);
	return st;
}

static const char *profile_name(const struct credential_search *search)
{
	const char *name = credential_variable(search, "AWS_PROFILE");
	return name == NULL ? "default" : name;
}

bool credentials_profile_region(const char *const *environment, char region[AWS_REGION_MAX],
				char source[AWS_PROFILE_SOURCE_MAX])
{
	CLEANUP(aws_profile_fini) struct aws_profile profile = {0};
	char paths[SHARED_FILE_COUNT][PATH_MAX];
	struct error ignored = {0};
	const struct credential_search search = {.environment = environment, .secret_files = SECRET_FILES_ANY};
	const char *name = profile_name(&search);
	if (read_profile(&search, name, &profile, paths, &ignored))
		return false;
	const char *value = aws_profile_value(&profile, AWS_PROFILE_REGION);
	if (value == NULL || strlen(value) >= AWS_REGION_MAX)
		return false;
	(void)strcpy(region, value);
	(void)snprintf(source, AWS_PROFILE_SOURCE_MAX, "AWS's profile '%.64s'", name);
	return true;
}

enum status find_in_profile(const struct credential_search *search, struct credentials *out, struct error *err)
{
	const struct chain chain = {.names = {profile_name(search)}, .count = 1};
	return find_in_chain(search, &chain, out, err);
}

/* Otherwise the keys of the environment would come first, and the role would never be assumed. */
enum status find_in_profile_by_environment(const struct credential_search *search, struct credentials *out,
					   struct error *err)
{
	CLEANUP(aws_profile_fini) struct aws_profile values = {0};
	char paths[SHARED_FILE_COUNT][PATH_MAX];
	struct error ignored = {0};
	if (credential_variable(search, "AWS_PROFILE") == NULL ||
	    credential_variable(search, "AWS_ACCESS_KEY_ID") == NULL ||
	    read_profile(search, profile_name(search), &values, paths, &ignored))
		return STATUS_OK;
	const char *source = aws_profile_value(&values, AWS_CREDENTIAL_SOURCE);
	if (source == NULL || strcasecmp(source, "Environment") != 0)
		return STATUS_OK;
	return find_in_profile(search, out, err);
}

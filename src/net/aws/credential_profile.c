/*
 * Credentials from a profile of ~/.aws/credentials and ~/.aws/config: keys, a credential_process, or a role by web
 * identity.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/aws/aws_profile.h"
#include "net/aws/credential_source.h"

struct shared_file {
	const char *variable; /* names the file */
	const char *in_home;  /* default path below HOME */
	bool is_config;
};

static const struct shared_file shared_files[] = {
    {"AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false},
    {"AWS_CONFIG_FILE", ".aws/config", true},
};
#define SHARED_FILE_COUNT (sizeof shared_files / sizeof shared_files[0])

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
		st = aws_profile_read(&alone, text.data, text.len, name, file->is_config, err);
	if (!st && aws_profile_value(&alone, AWS_SECRET_ACCESS_KEY) != NULL)
		st = secret_read_file_by(search->secret_files, &text, path, err);
	return st ? st : aws_profile_read(profile, text.data, text.len, name, file->is_config, err);
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

/* Refuses profile features that walship supports only through credential_process. */
static enum status refuse_indirect(const struct aws_profile *profile, const char *name, struct error *err)
{
	static const enum aws_property indirect[] = {AWS_SOURCE_PROFILE, AWS_CREDENTIAL_SOURCE, AWS_SSO_SESSION,
						     AWS_SSO_START_URL, AWS_ROLE_ARN};
	for (size_t i = 0; i < sizeof indirect / sizeof indirect[0]; i++) {
		if (aws_profile_value(profile, indirect[i]) == NULL)
			continue;
		(void)error_set(err, STATUS_USAGE, "profile '%s' uses %s, which walship does not support", name,
				aws_property_name(indirect[i]));
		return error_hint(err, STATUS_USAGE,
				  "use a profile with credential_process = aws configure "
				  "export-credentials --profile %s --format process",
				  name);
	}
	return STATUS_OK;
}

static enum status use_profile(const struct credential_search *search, const struct aws_profile *profile,
			       const char *name, const char *source, struct credentials *out, struct error *err)
{
	const char *process = aws_profile_value(profile, AWS_CREDENTIAL_PROCESS);
	const struct secret *key = &profile->values[AWS_ACCESS_KEY_ID];
	const struct secret *secret = &profile->values[AWS_SECRET_ACCESS_KEY];
	struct web_identity identity = {
	    .role_arn = aws_profile_value(profile, AWS_ROLE_ARN),
	    .token_file = aws_profile_value(profile, AWS_WEB_IDENTITY_TOKEN_FILE),
	    .session_name = aws_profile_value(profile, AWS_ROLE_SESSION_NAME),
	};
	if (identity.role_arn != NULL && identity.token_file != NULL)
		return assume_role(search, &identity, out, err);
	if (key->len > 0 && secret->len > 0 && identity.role_arn == NULL)
		return credentials_static(out, key, secret, &profile->values[AWS_SESSION_TOKEN], source, err);
	if ((key->len > 0) != (secret->len > 0))
		return error_set(err, STATUS_USAGE, "%s has %s without %s", source,
				 aws_property_name(key->len > 0 ? AWS_ACCESS_KEY_ID : AWS_SECRET_ACCESS_KEY),
				 aws_property_name(key->len > 0 ? AWS_SECRET_ACCESS_KEY : AWS_ACCESS_KEY_ID));
	if (process != NULL)
		return run_credential_process(search, process, source, out, err);
	return refuse_indirect(profile, name, err);
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
	CLEANUP(aws_profile_fini) struct aws_profile profile = {0};
	char paths[SHARED_FILE_COUNT][PATH_MAX];
	char source[CREDENTIALS_SOURCE_MAX];
	const char *wanted = credential_variable(search, "AWS_PROFILE");
	const char *name = profile_name(search);
	enum status st = read_profile(search, name, &profile, paths, err);
	if (st)
		return st;
	if (!profile.found && wanted != NULL) {
		(void)error_set(err, STATUS_USAGE, "profile '%s' is neither in %s nor in %s", name, paths[0], paths[1]);
		return error_hint(err, STATUS_USAGE, "check AWS_PROFILE, and HOME of the user that runs walship");
	}
	(void)snprintf(source, sizeof source, "profile '%.64s' of %.200s and %.200s", name, paths[0], paths[1]);
	return use_profile(search, &profile, name, source, out, err);
}

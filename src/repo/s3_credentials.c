/* Whose S3 requests these are: walship's own options first, then AWS's sources. */
#include "base/cleanup.h"
#include "repo/repository.h"
#include "repo/secret_source.h"
#include "sys/crypto.h"

/* The file, the command or the value itself: the one that has the strongest source. */
static enum status read_secret(const struct command_context *context, struct secret *out, struct error *err)
{
	static const enum option_id ids[] = {OPTION_ID_S3_KEY_SECRET, OPTION_ID_S3_KEY_SECRET_FILE,
					     OPTION_ID_S3_KEY_SECRET_COMMAND};
	enum option_id strongest;
	enum status st = config_strongest(context->config, ids, sizeof ids / sizeof ids[0], &strongest, err);
	if (st || strongest != OPTION_ID_S3_KEY_SECRET_COMMAND)
		return st ? st : config_secret(context->config, ids[0], ids[1], out, err);
	return secret_from_command(context, strongest, config_text(context->config, strongest), out, err);
}

static enum status read_options(const struct command_context *context, struct credentials *out, struct error *err)
{
	const struct config *config = context->config;
	CLEANUP(secret_fini) struct secret key = {0};
	CLEANUP(secret_fini) struct secret secret = {0};
	enum status st = config_secret(config, OPTION_ID_S3_KEY, OPTION_ID_S3_KEY_FILE, &key, err);
	if (!st)
		st = read_secret(context, &secret, err);
	if (st || (key.len == 0 && secret.len == 0))
		return st;
	if (key.len > 0 && secret.len > 0)
		return credentials_static(out, &key, &secret, NULL, "s3-key and s3-key-secret", err);
	(void)error_set(err, STATUS_USAGE, "%s is configured, but not %s", key.len > 0 ? "s3-key" : "s3-key-secret",
			key.len > 0 ? "s3-key-secret" : "s3-key");
	return error_hint(
	    err, STATUS_USAGE,
	    "they belong together; each may be in a file: s3-key-file, s3-key-secret-file; the latter may "
	    "come from s3-key-secret-command");
}

enum status s3_credentials_find(const struct command_context *context, struct credential_search *search,
				struct credentials *out, struct error *err)
{
	*search = (struct credential_search){
	    .call = context->call,
	    .environment = context->environment,
	    .region = config_text(context->config, OPTION_ID_S3_REGION),
	    .spool = config_text(context->config, OPTION_ID_SPOOL),
	    .secret_files = config_secret_files(context->config),
	};
	enum status st = crypto_start(err);
	if (!st)
		st = read_options(context, out, err);
	return st || credentials_present(out) ? st : credentials_find(search, out, err);
}

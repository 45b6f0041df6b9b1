#include "repo/s3_credentials.h"

#include "base/cleanup.h"
#include "sys/crypto.h"

/* walship's own options take precedence over the AWS sources. */
static enum status read_options(const struct repository_settings *settings, const struct call *call,
				struct credentials *out, struct error *err)
{
	CLEANUP(secret_fini) struct secret key = {0};
	CLEANUP(secret_fini) struct secret secret = {0};
	enum status st = secret_source_read(&settings->s3_key, &settings->reader, call, &key, err);
	if (!st)
		st = secret_source_read(&settings->s3_key_secret, &settings->reader, call, &secret, err);
	if (st || (key.len == 0 && secret.len == 0))
		return st;
	if (key.len > 0 && secret.len > 0)
		return credentials_static(out, &key, &secret, NULL, "s3-key and s3-key-secret", err);
	(void)error_set(err, STATUS_USAGE, "%s is configured, but not %s", key.len > 0 ? "s3-key" : "s3-key-secret",
			key.len > 0 ? "s3-key-secret" : "s3-key");
	return error_hint(err, STATUS_USAGE,
			  "set both; each may come from a file (s3-key-file, s3-key-secret-file), and the secret from "
			  "s3-key-secret-command");
}

enum status s3_credentials_find(const struct repository_settings *settings, const struct call *call,
				struct credential_search *search, struct credentials *out, struct error *err)
{
	*search = (struct credential_search){
	    .call = call,
	    .environment = settings->reader.environment,
	    .region = settings->s3.region,
	    .proxy = settings->s3.proxy,
	    .proxy_ca_file = settings->s3.proxy_ca_file,
	    .spool = settings->spool,
	    .secret_files = settings->reader.files,
	};
	enum status st = crypto_start(err);
	if (!st)
		st = read_options(settings, call, out, err);
	return st || credentials_present(out) ? st : credentials_find(search, out, err);
}

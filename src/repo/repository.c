#include "repo/repository.h"

#include <string.h>

#include "base/uri.h"
#include "repo/secret_source.h"
#include "store/directory/directory.h"
#include "store/s3/libs3.h"
#include "store/s3/s3.h"
#include "sys/crypto.h"

static enum status renew(void *arg, const struct call *call, struct error *err)
{
	struct repository *repo = arg;
	repo->search.call = call;
	repo->search.renew = true;
	return credentials_find(&repo->search, &repo->credentials, err);
}

/* The name that a CHOICE has chosen; NULL for none. */
static const char *unless_none(const struct config *config, enum option_id id)
{
	const char *name = config_text(config, id);
	return strcmp(name, "none") == 0 ? NULL : name;
}

static const char *proxy_of(const struct config *config)
{
	const char *url = config_text(config, OPTION_ID_S3_PROXY);
	return url != NULL && strcmp(url, "none") == 0 ? "" : url;
}

bool repository_looks_first(const struct config *config)
{
	/* A lock means versions, and there other stores than AWS ignore the condition (Ceph does). */
	bool locks = unless_none(config, OPTION_ID_S3_OBJECT_LOCK_MODE) != NULL;
	return config_number(config, OPTION_ID_S3_NO_REPLACE) == S3_NO_REPLACE_LOOK ||
	       (locks && config_text(config, OPTION_ID_S3_ENDPOINT) != NULL);
}

bool repository_uses_libs3(const struct config *config)
{
	return config_number(config, OPTION_ID_S3_CLIENT) == S3_CLIENT_LIBS3 &&
	       strncmp(config_text(config, OPTION_ID_REPO), "s3://", 5) == 0;
}

/* session has its credentials already if it joins another. */
static enum status open_s3(struct repository *repo, const struct command_context *context, const struct repo_url *url,
			   struct error *err)
{
	const struct config *config = context->config;
	/* In the order of config.h's enum uri_style, and of the option's row. */
	static const enum s3_uri_style styles[] = {
	    [URI_STYLE_AUTO] = S3_URI_AUTO, [URI_STYLE_PATH] = S3_URI_PATH, [URI_STYLE_HOST] = S3_URI_HOST};
	static const enum s3_endpoint_mode modes[] = {S3_ENDPOINT_STANDARD, S3_ENDPOINT_DUALSTACK, S3_ENDPOINT_FIPS,
						      S3_ENDPOINT_FIPS_DUALSTACK};
	struct s3_options options = {
	    .bucket = url->bucket,
	    .prefix = url->path,
	    .region = config_text(config, OPTION_ID_S3_REGION),
	    .endpoint = config_text(config, OPTION_ID_S3_ENDPOINT),
	    .uri_style = styles[config_number(config, OPTION_ID_S3_URI_STYLE)],
	    .ca_file = config_text(config, OPTION_ID_S3_CA_FILE),
	    .credentials = &repo->credentials,
	    .renew_arg = repo,
	    .part_bytes = config_number(config, OPTION_ID_S3_PART_SIZE),
	    .endpoint_mode = modes[config_number(config, OPTION_ID_S3_ENDPOINT_MODE)],
	    .look_first = !context->probe && repository_looks_first(config),
	    .requester_pays = config_number(config, OPTION_ID_S3_REQUESTER_PAYS) == ANSWER_YES,
	    .proxy = proxy_of(config),
	    .bytes_per_s = config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT),
	    .storage_class = config_text(config, OPTION_ID_S3_STORAGE_CLASS),
	    .sse = unless_none(config, OPTION_ID_S3_SSE),
	    .sse_kms_key_id = config_text(config, OPTION_ID_S3_SSE_KMS_KEY_ID),
	    .sse_bucket_key = config_number(config, OPTION_ID_S3_SSE_BUCKET_KEY) == ANSWER_YES,
	    .tags = config_text(config, OPTION_ID_S3_TAGS),
	    .lock_mode = unless_none(config, OPTION_ID_S3_OBJECT_LOCK_MODE),
	    .lock_days = (unsigned)config_number(config, OPTION_ID_S3_OBJECT_LOCK_RETAIN_DAYS),
	};
	/* What cannot be is said before anybody is asked for credentials. */
	enum status st = s3_options_check(&options, err);
	if (!st && !credentials_present(&repo->credentials))
		st = s3_credentials_find(context, &repo->search, &repo->credentials, err);
	if (st)
		return st;
	options.renew = repo->credentials.renewable ? renew : NULL;
	return config_number(config, OPTION_ID_S3_CLIENT) == S3_CLIENT_LIBS3
		   ? libs3_store_open(&options, &repo->store, err)
		   : s3_store_open(&options, &repo->store, err);
}

static enum status open_store(struct repository *repo, const struct command_context *context,
			      const struct repo_url *url, struct error *err)
{
	return url->kind == REPO_S3 ? open_s3(repo, context, url, err)
				    : directory_store_open(url->path, &repo->store, err);
}

enum status repository_open(struct repository *repo, const struct command_context *context, struct error *err)
{
	struct repo_url url;
	*repo = (struct repository){.encrypt = config_number(context->config, OPTION_ID_CIPHER) != CIPHER_NONE};
	enum status st = crypto_start(err);
	if (!st)
		st = repo_url_parse(&url, config_text(context->config, OPTION_ID_REPO), err);
	if (!st)
		st = keys_load(context, &repo->keys, err);
	if (!st)
		st = open_store(repo, context, &url, err);
	if (st)
		repository_fini(repo);
	return st;
}

enum status repository_join(struct repository *repo, const struct repository *other,
			    const struct command_context *context, struct error *err)
{
	struct repo_url url;
	enum status st = repo_url_parse(&url, config_text(context->config, OPTION_ID_REPO), err);
	*repo = (struct repository){.keys = other->keys, .encrypt = other->encrypt, .search = other->search};
	if (!st && credentials_present(&other->credentials))
		st = credentials_copy(&repo->credentials, &other->credentials, err);
	if (!st)
		st = open_store(repo, context, &url, err);
	if (st)
		repository_fini(repo);
	return st;
}

void repository_fini(struct repository *repo)
{
	store_free(repo->store);
	repo->store = NULL;
	credentials_fini(&repo->credentials);
	keyring_fini(&repo->keys);
}

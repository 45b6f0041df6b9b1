#include "command/options/settings.h"

#include "job/pipeline.h"
#include "net/http/http.h"
#include "stream/codec/codec.h"
#include "sys/processors.h"
#include "text/uri.h"

#define NO_FILE_HINT                                                                                                   \
	"no walship.conf was found: /etc/walship/walship.conf is not there, and neither --config nor WALSHIP_CONFIG "  \
	"names another; walship help sample prints one, walship keygen FILE makes a key"
#define NO_KEY_HINT "walship keygen FILE makes a key; name it with cipher-key-file and keep a copy elsewhere"

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

/* Whether objects are looked for before they are put, as the store's own condition is not enough. */
static bool looks_first(const struct config *config)
{
	/* A lock means versions, and there other stores than AWS ignore the condition (Ceph does). */
	bool locks = unless_none(config, OPTION_ID_S3_OBJECT_LOCK_MODE) != NULL;
	return config_number(config, OPTION_ID_S3_NO_REPLACE) == S3_NO_REPLACE_LOOK ||
	       (locks && config_text(config, OPTION_ID_S3_ENDPOINT) != NULL);
}

static struct s3_options s3_options(const struct config *config, const char *const *environment)
{
	/* In the order of config.h's enum uri_style, and of the option's row. */
	static const enum s3_uri_style styles[] = {
	    [URI_STYLE_AUTO] = S3_URI_AUTO, [URI_STYLE_PATH] = S3_URI_PATH, [URI_STYLE_HOST] = S3_URI_HOST};
	static const enum s3_endpoint_mode modes[] = {S3_ENDPOINT_STANDARD, S3_ENDPOINT_DUALSTACK, S3_ENDPOINT_FIPS,
						      S3_ENDPOINT_FIPS_DUALSTACK};
	return (struct s3_options){
	    .region = config_text(config, OPTION_ID_S3_REGION),
	    .endpoint = config_text(config, OPTION_ID_S3_ENDPOINT),
	    .uri_style = styles[config_number(config, OPTION_ID_S3_URI_STYLE)],
	    .ca_file = config_text(config, OPTION_ID_S3_CA_FILE),
	    .connect_to = config_text(config, OPTION_ID_S3_CONNECT_TO),
	    .cert_file = config_text(config, OPTION_ID_S3_TLS_CERT_FILE),
	    .key_file = config_text(config, OPTION_ID_S3_TLS_KEY_FILE),
	    .upload_bytes = config_number(config, OPTION_ID_S3_PART_SIZE),
	    .endpoint_mode = modes[config_number(config, OPTION_ID_S3_ENDPOINT_MODE)],
	    .look_first = looks_first(config),
	    .requester_pays = config_number(config, OPTION_ID_S3_REQUESTER_PAYS) == ANSWER_YES,
	    .proxy = proxy_of(config),
	    .proxy_ca_file = config_text(config, OPTION_ID_S3_PROXY_CA_FILE),
	    .no_proxy = http_no_proxy_variable(environment),
	    .bytes_per_s = config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT),
	    .storage_class = config_text(config, OPTION_ID_S3_STORAGE_CLASS),
	    .sse = unless_none(config, OPTION_ID_S3_SSE),
	    .sse_kms_key_id = config_text(config, OPTION_ID_S3_SSE_KMS_KEY_ID),
	    .sse_bucket_key = config_number(config, OPTION_ID_S3_SSE_BUCKET_KEY) == ANSWER_YES,
	    .tags = config_text(config, OPTION_ID_S3_TAGS),
	    .lock_mode = unless_none(config, OPTION_ID_S3_OBJECT_LOCK_MODE),
	    .lock_days = (unsigned)config_number(config, OPTION_ID_S3_OBJECT_LOCK_RETAIN_DAYS),
	};
}

static void set_keys(struct repository_settings *out, const struct config *config)
{
	size_t most = sizeof out->keys / sizeof out->keys[0], count = config_key_count(config);
	out->key_count = count < most ? count : most;
	for (size_t i = 0; i < out->key_count; i++) {
		struct config_key key = config_key(config, i);
		out->keys[i] =
		    (struct secret_source){key.id == OPTION_ID_CIPHER_KEY_COMMAND ? SECRET_COMMAND : SECRET_FILE,
					   option_table[key.id].name, key.value};
	}
}

enum status settings_time(const struct config *config, enum option_id id, int64_t *out, struct error *err)
{
	const char *text = config_text(config, id);
	*out = 0;
	if (text == NULL || (utc_parse(text, out) && *out > 0))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s: '%.64s' is not a time", option_table[id].name, text);
	return error_hint(err, STATUS_USAGE,
			  "write it as 2026-11-21T05:36:16Z, or with an offset: 2026-11-21T06:36:16+01:00");
}

enum status settings_repository(struct repository_settings *out, const struct command_context *context,
				struct error *err)
{
	static const enum option_id key[] = {OPTION_ID_S3_KEY, OPTION_ID_S3_KEY_FILE, OPTION_COUNT};
	static const enum option_id secret[] = {OPTION_ID_S3_KEY_SECRET, OPTION_ID_S3_KEY_SECRET_FILE,
						OPTION_ID_S3_KEY_SECRET_COMMAND};
	const struct config *config = context->config;
	*out = (struct repository_settings){
	    .url = config_text(config, OPTION_ID_REPO),
	    .encrypt = config_number(config, OPTION_ID_CIPHER) != CIPHER_NONE,
	    .no_key_hint = config_path(config) == NULL ? NO_FILE_HINT : NO_KEY_HINT,
	    .reader = {config_secret_files(config), context->environment},
	    .spool = config_text(config, OPTION_ID_SPOOL),
	    .s3 = s3_options(config, context->environment),
	    .s3_customer_key_file = config_text(config, OPTION_ID_S3_SSE_CUSTOMER_KEY_FILE),
	    .test_condition = config_number(config, OPTION_ID_S3_NO_REPLACE) == S3_NO_REPLACE_AUTO,
	    .use_libs3 = config_number(config, OPTION_ID_S3_CLIENT) == S3_CLIENT_LIBS3,
	};
	set_keys(out, config);
	enum status st = settings_time(config, OPTION_ID_S3_AT_TIME, &out->s3.at_s, err);
	if (!st)
		st = config_secret(config, key, &out->s3_key, err);
	return st ? st : config_secret(config, secret, &out->s3_key_secret, err);
}

struct postgres_settings settings_postgres(const struct command_context *context)
{
	const struct config *config = context->config;
	return (struct postgres_settings){.conninfo = config_text(config, OPTION_ID_PG_CONNINFO),
					  .environment = context->environment,
					  .user_file = config_text(config, OPTION_ID_PG_USER_FILE),
					  .password_file = config_text(config, OPTION_ID_PG_PASSWORD_FILE),
					  .secret_files = config_secret_files(config)};
}

struct cluster_hint settings_cluster(const struct config *config)
{
	return (struct cluster_hint){config_text(config, OPTION_ID_PG_DATA),
				     config_number(config, OPTION_ID_SYSTEM_ID)};
}

/* S3 takes a whole part at once, a directory a file as it comes. */
static uint64_t buffer_bytes(const struct config *config)
{
	struct repo_url url;
	struct error ignored = {0}; /* opening the repository reports it */
	if (repo_url_parse(&url, config_text(config, OPTION_ID_REPO), &ignored) || url.kind != REPO_S3)
		return 0;
	return config_number(config, OPTION_ID_S3_PART_SIZE);
}

struct push settings_push(const struct config *config)
{
	return (struct push){
	    .codec = codec_by_name(config_text(config, OPTION_ID_COMPRESS)),
	    .level = (int)config_number(config, OPTION_ID_COMPRESS_LEVEL),
	    .pg_data = config_text(config, OPTION_ID_PG_DATA),
	    .system_id = config_number(config, OPTION_ID_SYSTEM_ID),
	    .buffer_bytes = buffer_bytes(config),
	    .compare_ms = (int64_t)config_number(config, OPTION_ID_PUSH_TIMEOUT),
	};
}

unsigned settings_threads(const struct config *config)
{
	unsigned wanted = (unsigned)config_number(config, OPTION_ID_BACKUP_THREADS), processors = processors_count();
	if (wanted > 0)
		return wanted;
	return processors < PIPELINE_THREADS_MAX ? processors : PIPELINE_THREADS_MAX;
}

bool settings_bandwidth_is_limited(const struct config *config)
{
	return config_number(config, OPTION_ID_S3_BANDWIDTH_LIMIT) > 0;
}

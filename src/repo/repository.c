#include "repo/repository.h"

#include <string.h>

#include "base/cleanup.h"
#include "repo/condition_note.h"
#include "repo/key_load.h"
#include "repo/s3_credentials.h"
#include "store/directory/directory.h"
#include "store/s3/libs3.h"
#include "store/s3/s3.h"
#include "sys/crypto.h"
#include "sys/secret.h"
#include "text/uri.h"

static enum status renew(void *arg, const struct call *call, struct error *err)
{
	struct repository *repo = arg;
	repo->search.call = call;
	repo->search.renew = true;
	return credentials_find(&repo->search, &repo->credentials, err);
}

bool repository_in_s3(const struct repository_settings *settings)
{
	struct repo_url url;
	struct error ignored = {0};
	return repo_url_parse(&url, settings->url, &ignored) == STATUS_OK && url.kind == REPO_S3;
}

bool repository_is_directory(const struct repository_settings *settings)
{
	return strncmp(settings->url, "s3://", 5) != 0;
}

/* libcurl reads the key of the client certificate itself, from a file that others may not read. */
static enum status check_tls_key(const struct repository_settings *settings, struct error *err)
{
	CLEANUP(secret_fini) struct secret key = {0};
	const struct s3_options *s3 = &settings->s3;
	const char *path = s3->key_file == NULL ? s3->cert_file : s3->key_file;
	if (path == NULL)
		return STATUS_OK;
	enum status st = secret_read_file_by(settings->reader.files, &key, path, err);
	return st ? error_wrap(err, st, "%s", s3->key_file == NULL ? "s3-tls-cert-file" : "s3-tls-key-file")
		  : STATUS_OK;
}

static struct secret_source customer_key_source(const struct repository_settings *settings)
{
	const char *path = settings->s3_customer_key_file;
	return (struct secret_source){path == NULL ? SECRET_UNSET : SECRET_FILE, "s3-sse-customer-key-file", path};
}

static enum status read_customer_key(const struct repository_settings *settings, const struct call *call,
				     struct secret *out, struct error *err)
{
	const struct secret_source source = customer_key_source(settings);
	return source.kind == SECRET_UNSET ? STATUS_OK
					   : secret_source_read_key(&source, &settings->reader, call, out, err);
}

/* A joined repository already has credentials. */
static enum status open_s3(struct repository *repo, const struct repo_url *url, const struct call *call,
			   struct error *err)
{
	struct s3_options options = repo->settings->s3;
	CLEANUP(secret_fini) struct secret customer_key = {0};
	options.bucket = url->bucket;
	options.prefix = url->path;
	options.credentials = &repo->credentials;
	options.renew_arg = repo;
	/* Report invalid options before requesting credentials. */
	enum status st = s3_options_check(&options, err);
	if (!st)
		st = check_tls_key(repo->settings, err);
	if (!st)
		st = read_customer_key(repo->settings, call, &customer_key, err);
	if (!st && !credentials_present(&repo->credentials))
		st = s3_credentials_find(repo->settings, call, &repo->search, &repo->credentials, err);
	if (st)
		return st;
	if (repo->settings->test_condition && options.endpoint != NULL)
		options.condition = (struct s3_condition_memory){condition_recall, condition_note, repo->settings};
	options.customer_key = repo->settings->s3_customer_key_file == NULL ? NULL : &customer_key;
	options.renew = repo->credentials.renewable ? renew : NULL;
	return repo->settings->use_libs3 ? libs3_store_open(&options, &repo->store, err)
					 : s3_store_open(&options, &repo->store, err);
}

static enum status open_store(struct repository *repo, const struct repo_url *url, const struct call *call,
			      struct error *err)
{
	if (url->kind != REPO_S3 && repo->settings->s3.at_s != 0)
		return error_hint(err,
				  error_set(err, STATUS_USAGE, "s3-at-time is set, and the repository is a directory"),
				  "only a bucket with versioning keeps deleted and replaced objects");
	return url->kind == REPO_S3 ? open_s3(repo, url, call, err)
				    : directory_store_open(url->path, &repo->store, err);
}

/* PostgreSQL calls walship in the data directory, and people call it anywhere: they would not mean the same file. */
static enum status check_path(const struct secret_source *source, struct error *err)
{
	/* secret_read_file_by reports a path in quotes. */
	if (source->kind != SECRET_FILE || strchr("/\"'", source->text[0]) != NULL)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s '%s' is not an absolute path", source->option, source->text);
	return error_hint(err, STATUS_USAGE, SECRET_PATH_HINT);
}

enum status repository_check_settings(const struct repository_settings *settings, struct error *err)
{
	struct repo_url url;
	const struct secret_source customer_key = customer_key_source(settings);
	enum status st = repo_url_parse(&url, settings->url, err);
	for (size_t i = 0; !st && i < settings->key_count; i++)
		st = check_path(&settings->keys[i], err);
	if (!st)
		st = check_path(&settings->s3_key, err);
	if (!st)
		st = check_path(&settings->s3_key_secret, err);
	return st ? st : check_path(&customer_key, err);
}

enum status repository_open(struct repository *repo, const struct repository_settings *settings,
			    const struct call *call, struct error *err)
{
	struct repo_url url;
	*repo = (struct repository){.encrypt = settings->encrypt, .settings = settings};
	enum status st = repository_check_settings(settings, err);
	if (!st)
		st = repo_url_parse(&url, settings->url, err);
	if (!st)
		st = url.kind == REPO_S3 ? crypto_start(err) : crypto_start_without_texts(err);
	if (!st)
		st = keys_load(settings, call, &repo->keys, err);
	if (!st)
		st = open_store(repo, &url, call, err);
	if (st)
		repository_fini(repo);
	return st;
}

enum status repository_join(struct repository *repo, const struct repository *other, struct error *err)
{
	struct repo_url url;
	enum status st = repo_url_parse(&url, other->settings->url, err);
	*repo = (struct repository){
	    .keys = other->keys, .encrypt = other->encrypt, .settings = other->settings, .search = other->search};
	if (!st && credentials_present(&other->credentials))
		st = credentials_copy(&repo->credentials, &other->credentials, err);
	if (!st)
		st = open_store(repo, &url, other->search.call, err);
	if (!st && other->wrapper != NULL)
		st = repository_wrap(repo, other->wrapper, err);
	if (st)
		repository_fini(repo);
	return st;
}

enum status repository_wrap(struct repository *repo, const struct repository_wrapper *wrapper, struct error *err)
{
	struct store *outer;
	enum status st = wrapper->wrap(wrapper->arg, repo->store, &outer, err);
	if (st)
		return st;
	repo->store = outer;
	repo->wrapper = wrapper;
	return STATUS_OK;
}

void repository_fini(struct repository *repo)
{
	store_free(repo->store);
	repo->store = NULL;
	credentials_fini(&repo->credentials);
	keyring_fini(&repo->keys);
}

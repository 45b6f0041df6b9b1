/* Caches temporary credentials in the spool between calls. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "sys/libcrypto.h"
#include "sys/newfile.h"
#include "sys/spool.h"
#include "text/hex.h"

#define CACHE_PATH_MAX (SPOOL_PATH_MAX + 64)

/* The file name identifies the source without revealing secrets such as a token file's path or a role. */
static enum status cache_path(const char *spool, const struct credential_query *query, char out[CACHE_PATH_MAX],
			      struct error *err)
{
	CLEANUP(buffer_fini) struct buffer source_id = {0};
	uint8_t digest[EVP_MAX_MD_SIZE];
	char digits[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;
	enum status st =
	    buffer_printf(&source_id, err, "%s\n%s", query->source, query->identity == NULL ? "" : query->identity);
	if (st)
		return st;
	if (libcrypto.EVP_Digest(source_id.data, source_id.len, digest, &len, libcrypto.EVP_sha256(), NULL) != 1)
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
	hex_encode(digits, digest, len);
	(void)snprintf(out, CACHE_PATH_MAX, "%s/credentials-%.32s.json", spool, digits);
	return STATUS_OK;
}

/* Reads cached credentials that have not expired. A missing or damaged file counts as none. */
static void read_cached(const struct credential_search *search, const struct credential_query *query, const char *path,
			struct credentials *out)
{
	CLEANUP(secret_fini) struct secret text = {0};
	struct error ignored = {0};
	struct stat info;
	char source[CREDENTIALS_SOURCE_MAX];
	if (lstat(path, &info) != 0 || secret_read_file(&text, path, &ignored))
		return;
	(void)snprintf(source, sizeof source, "%.248s, cached in %.248s", query->source, path);
	if (credentials_from_json(text.data, text.len, "Token", source, out, &ignored) ||
	    out->expires_s <= clock_utc_s(search->call->clock))
		credentials_fini(out);
}

static enum status write_cached(const char *path, const struct credentials *credentials, struct error *err)
{
	char expires[UTC_TEXT_SIZE];
	utc_text(credentials->expires_s, expires);
	CLEANUP(freep) char *text = NULL;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "AccessKeyId", credentials->access_key.data,
				   "SecretAccessKey", credentials->secret_key.data, "Token",
				   credentials->session_token.data == NULL ? "" : credentials->session_token.data,
				   "Expiration", expires);
	text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(2));
	json_decref(object);
	if (text == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	/* Another call may be reading the old file. */
	enum status st = newfile_put(path, text, strlen(text), err);
	explicit_bzero(text, strlen(text));
	return st;
}

static void warn(const struct credential_search *search, const struct error *trouble)
{
	log_line(search->call->log,
		 spool_trouble_is_news(search->spool, SPOOL_MEMORY, trouble) ? LEVEL_WARNING : LEVEL_INFO,
		 "%s%s%s; temporary credentials will be requested on every call", trouble->text,
		 trouble->hint[0] == '\0' ? "" : "; ", trouble->hint);
}

static bool is_fresh(const struct credential_search *search, const struct credentials *credentials)
{
	return credentials_present(credentials) &&
	       credentials->expires_s - CREDENTIAL_RENEW_BEFORE_S > clock_utc_s(search->call->clock);
}

/* Finds the path of the cache file; "" without a usable spool. */
static void find_cache_path(const struct credential_search *search, const struct credential_query *query,
			    char out[CACHE_PATH_MAX])
{
	char spool[SPOOL_PATH_MAX];
	struct error trouble = {0};
	out[0] = '\0';
	enum status st = spool_prepare(search->spool, spool, &trouble);
	if (!st)
		st = cache_path(spool, query, out, &trouble);
	if (!st)
		return;
	warn(search, &trouble);
	out[0] = '\0';
}

enum status credential_cache_get(const struct credential_search *search, const struct credential_query *query,
				 struct credentials *out, struct error *err)
{
	CLEANUP(credentials_fini) struct credentials cached = {0};
	char path[CACHE_PATH_MAX];
	find_cache_path(search, query, path);
	if (path[0] != '\0' && !search->renew)
		read_cached(search, query, path, &cached);
	if (is_fresh(search, &cached)) {
		*out = cached;
		cached = (struct credentials){0};
		return STATUS_OK;
	}
	enum status st = query->request(search, query->arg, out, err);
	if (st && credentials_present(&cached)) {
		log_line(search->call->log, LEVEL_WARNING, "%s; using cached credentials, which expire soon",
			 err->text);
		*err = (struct error){0};
		*out = cached;
		cached = (struct credentials){0};
		return STATUS_OK;
	}
	struct error trouble = {0};
	if (!st && out->expires_s != 0 && path[0] != '\0' && write_cached(path, out, &trouble))
		warn(search, &trouble);
	return st;
}

/* Temporary credentials, kept in the spool from one call to the next. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "net/aws/credential_source.h"
#include "sys/libcrypto.h"
#include "sys/newfile.h"
#include "sys/spool.h"

#define KEPT_PATH_MAX (SPOOL_PATH_MAX + 64)

/* The file's name says which source it is of, without telling its secrets: a token file's path, a role. */
static enum status kept_path(const char *spool, const struct credential_asking *asking, char out[KEPT_PATH_MAX],
			     struct error *err)
{
	CLEANUP(buffer_fini) struct buffer identity = {0};
	uint8_t digest[EVP_MAX_MD_SIZE];
	char digits[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = 0;
	enum status st =
	    buffer_printf(&identity, err, "%s\n%s", asking->source, asking->distinct == NULL ? "" : asking->distinct);
	if (st)
		return st;
	if (libcrypto.EVP_Digest(identity.data, identity.len, digest, &len, libcrypto.EVP_sha256(), NULL) != 1)
		return error_set(err, STATUS_LOCAL, "libcrypto cannot compute SHA-256");
	hex_encode(digits, digest, len);
	(void)snprintf(out, KEPT_PATH_MAX, "%s/credentials-%.32s.json", spool, digits);
	return STATUS_OK;
}

/* What is there and not expired; a file that is not there, or damaged, is as good as none. */
static void read_kept(const struct credential_search *search, const struct credential_asking *asking, const char *path,
		      struct credentials *out)
{
	CLEANUP(secret_fini) struct secret text = {0};
	struct error ignored = {0};
	struct stat info;
	char source[CREDENTIALS_SOURCE_MAX];
	if (lstat(path, &info) != 0 || secret_read_file(&text, path, &ignored))
		return;
	(void)snprintf(source, sizeof source, "%.250s, kept in %.250s", asking->source, path);
	if (credentials_from_json(text.data, text.len, "Token", source, out, &ignored) ||
	    out->expires_s <= clock_utc_s(search->call->clock))
		credentials_fini(out);
}

static enum status write_kept(const char *path, const struct credentials *credentials, struct error *err)
{
	char expires[UTC_TEXT_SIZE];
	CLEANUP(newfile_fini) struct newfile file = {0};
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
	enum status st = newfile_open(&file, path, 0600, err);
	if (!st)
		st = newfile_write(&file, text, strlen(text), err);
	/* In place of the old one at once: another call may be reading it. */
	if (!st)
		st = newfile_replace(&file, err);
	explicit_bzero(text, strlen(text));
	return st;
}

static void warn(const struct credential_search *search, const struct error *trouble)
{
	log_line(search->call->log, LEVEL_WARNING, "%s%s%s; temporary credentials are asked for anew by every call",
		 trouble->text, trouble->hint[0] == '\0' ? "" : "; ", trouble->hint);
}

static bool lasts(const struct credential_search *search, const struct credentials *credentials)
{
	return credentials_present(credentials) &&
	       credentials->expires_s - CREDENTIAL_EARLY_S > clock_utc_s(search->call->clock);
}

/* Where they are kept; "" when there is no such place. */
static void find_place(const struct credential_search *search, const struct credential_asking *asking,
		       char out[KEPT_PATH_MAX])
{
	char spool[SPOOL_PATH_MAX];
	struct error trouble = {0};
	out[0] = '\0';
	enum status st = spool_prepare(search->spool, spool, &trouble);
	if (!st)
		st = kept_path(spool, asking, out, &trouble);
	if (!st)
		return;
	warn(search, &trouble);
	out[0] = '\0';
}

enum status credential_cache_get(const struct credential_search *search, const struct credential_asking *asking,
				 struct credentials *out, struct error *err)
{
	CLEANUP(credentials_fini) struct credentials kept = {0};
	char path[KEPT_PATH_MAX];
	find_place(search, asking, path);
	if (path[0] != '\0' && !search->renew)
		read_kept(search, asking, path, &kept);
	if (lasts(search, &kept)) {
		*out = kept;
		kept = (struct credentials){0};
		return STATUS_OK;
	}
	enum status st = asking->ask(search, asking->arg, out, err);
	if (st && credentials_present(&kept)) {
		log_line(search->call->log, LEVEL_WARNING, "%s; those of before are used, which expire soon",
			 err->text);
		*err = (struct error){0};
		*out = kept;
		kept = (struct credentials){0};
		return STATUS_OK;
	}
	struct error trouble = {0};
	if (!st && out->expires_s != 0 && path[0] != '\0' && write_kept(path, out, &trouble))
		warn(search, &trouble);
	return st;
}

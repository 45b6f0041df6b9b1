#include "repo/identity.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* Appends after the first *len bytes. False when there is no room. */
__attribute__((format(printf, 3, 4))) static bool add(char out[IDENTITY_MAX], size_t *len, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int added = vsnprintf(out + *len, IDENTITY_MAX - *len, format, args);
	va_end(args);
	if (added < 0 || (size_t)added >= IDENTITY_MAX - *len)
		return false;
	*len += (size_t)added;
	return true;
}

/* A command is represented by its command line: it is not run for this. */
static bool add_key(char out[IDENTITY_MAX], size_t *len, const struct secret_source *key)
{
	struct stat info = {0}; /* zeros for a missing file: reading the key reports that */
	const char *path = key->text;
	if (key->kind == SECRET_COMMAND)
		return add(out, len, "key command %s\n", key->text);
	if (stat(path, &info) != 0)
		info = (struct stat){0};
	int64_t changed_ns = (int64_t)info.st_ctim.tv_sec * 1000000000 + info.st_ctim.tv_nsec;
	return add(out, len, "key inode %" PRIu64 " changed %" PRId64 " %s\n", (uint64_t)info.st_ino, changed_ns, path);
}

enum status identity_text(const struct repository_settings *settings, enum identity_keys keys, char out[IDENTITY_MAX],
			  struct error *err)
{
	/* A bucket's name is unique only within an endpoint or AWS partition, which the region determines. */
	const char *endpoint = settings->s3.endpoint;
	size_t len = 0, key_count = settings->key_count;
	if (keys != IDENTITY_ALL_KEYS && key_count > keys)
		key_count = keys;
	bool fits =
	    add(out, &len, "repo %s\ns3-endpoint %s\ns3-region %s\ncipher %s\n", settings->url,
		endpoint == NULL ? "" : endpoint, settings->s3.region, settings->encrypt ? "aes-256-cbc" : "none");
	if (fits && settings->s3.at_s != 0)
		fits = add(out, &len, "s3-at-time %" PRId64 "\n", settings->s3.at_s);
	for (size_t i = 0; fits && i < key_count; i++)
		fits = add_key(out, &len, &settings->keys[i]);
	if (fits)
		return STATUS_OK;
	return error_set(err, STATUS_LOCAL,
			 "repo, s3-endpoint, s3-region, cipher-key-file and cipher-key-command together are too long");
}

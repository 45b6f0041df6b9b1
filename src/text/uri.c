#include "text/uri.h"

#include <stdio.h>
#include <string.h>

#define REPO_HINT "a repository URL is file:///directory or s3://bucket/prefix"

static enum status refuse(struct error *err, const char *text, const char *why)
{
	(void)error_set(err, STATUS_USAGE, "repo '%s' %s", text, why);
	return error_hint(err, STATUS_USAGE, REPO_HINT);
}

/* Whether a path component is "." or "..": a repository must have only one name. */
static bool has_dots(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		if ((len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		path += len + strspn(path + len, "/");
	}
	return false;
}

static void copy_trimmed(char *out, const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	memcpy(out, path, len);
	out[len] = '\0';
}

static enum status parse_file(struct repo_url *out, const char *text, const char *path, struct error *err)
{
	if (path[0] != '/')
		return refuse(err, text, "needs an absolute directory");
	if (strspn(path, "/") == strlen(path))
		return refuse(err, text, "names the root directory; name a directory below it");
	out->kind = REPO_FILE;
	copy_trimmed(out->path, path, strlen(path));
	return STATUS_OK;
}

static bool is_bucket_name(const char *name, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *colon = memchr(name, ':', len);
	if (colon != NULL && (colon == name || strspn(name, allowed) != (size_t)(colon - name)))
		return false;
	const char *bucket = colon == NULL ? name : colon + 1;
	size_t bucket_len = len - (size_t)(bucket - name);
	return bucket_len >= 3 && len < BUCKET_NAME_MAX && strspn(bucket, allowed) >= bucket_len && name[0] != '.' &&
	       name[0] != '-' && bucket[0] != '.' && bucket[0] != '-';
}

static enum status parse_s3(struct repo_url *out, const char *text, const char *rest, struct error *err)
{
	size_t len = strcspn(rest, "/");
	if (!is_bucket_name(rest, len))
		return refuse(err, text, "has no valid bucket name (3 or more letters, digits and . _ -)");
	out->kind = REPO_S3;
	copy_trimmed(out->bucket, rest, len);
	rest += len + strspn(rest + len, "/");
	copy_trimmed(out->path, rest, strlen(rest));
	return STATUS_OK;
}

enum status repo_url_parse(struct repo_url *out, const char *text, struct error *err)
{
	*out = (struct repo_url){0};
	if (strlen(text) >= URI_PATH_MAX)
		return error_set(err, STATUS_USAGE, "repo is longer than %d bytes", URI_PATH_MAX - 1);
	if (has_dots(text))
		return refuse(err, text, "contains the path component '.' or '..'");
	if (strncmp(text, "file://", 7) == 0)
		return parse_file(out, text, text + 7, err);
	if (strncmp(text, "s3://", 5) == 0)
		return parse_s3(out, text, text + 5, err);
	return refuse(err, text, text[0] == '"' || text[0] == '\'' ? "is in quotes" : "is not a supported URL");
}

size_t uri_encode(char *out, size_t size, const char *text, bool keep_slash)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t len = 0;
	for (; *text != '\0'; text++) {
		char piece[4] = {*text, '\0'};
		if (strchr(unreserved, *text) == NULL && !(keep_slash && *text == '/'))
			(void)snprintf(piece, sizeof piece, "%%%02X", (unsigned char)*text);
		for (const char *c = piece; *c != '\0'; c++, len++)
			if (len + 1 < size)
				out[len] = *c;
	}
	if (size > 0)
		out[len < size ? len : size - 1] = '\0';
	return len;
}

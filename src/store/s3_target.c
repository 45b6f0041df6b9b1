/*
 * Where requests go: scheme, host and the place of the bucket.
 *
 * Amazon S3 user guide, "Virtual hosting of buckets" and "Amazon S3 endpoints and quotas".
 */
#include <stdio.h>
#include <string.h>

#include "store/name.h"
#include "store/s3_private.h"

#define REGION_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]"
#define ENDPOINT_HINT "an endpoint is https://host or https://host:port"

/* The region becomes a part of a host name, and may come from an answer. */
bool s3_is_region(const char *region)
{
	size_t len = strlen(region);
	return len > 0 && len < S3_REGION_MAX && strspn(region, REGION_CHARACTERS) == len;
}

static void put_host(struct s3 *s3, const char *endpoint)
{
	if (s3->path_style)
		(void)snprintf(s3->host, sizeof s3->host, "%s", endpoint);
	else
		(void)snprintf(s3->host, sizeof s3->host, "%s.%s", s3->bucket, endpoint);
}

/* AWS has an endpoint in each region; an endpoint of one's own serves whatever region it signs for. */
void s3_set_region(struct s3 *s3, const char *region)
{
	char endpoint[S3_REGION_MAX + 48];
	(void)snprintf(s3->region, sizeof s3->region, "%s", region);
	if (!s3->aws)
		return;
	static const char *const service[] = {
	    [S3_ENDPOINT_STANDARD] = "s3",
	    [S3_ENDPOINT_DUALSTACK] = "s3.dualstack",
	    [S3_ENDPOINT_FIPS] = "s3-fips",
	    [S3_ENDPOINT_FIPS_DUALSTACK] = "s3-fips.dualstack",
	};
	(void)snprintf(endpoint, sizeof endpoint, "%s.%s.amazonaws.com%s", service[s3->endpoint_mode], s3->region,
		       strncmp(s3->region, "cn-", 3) == 0 ? ".cn" : "");
	put_host(s3, endpoint);
}

static enum status refuse(const char *endpoint, const char *why, struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "s3-endpoint '%s' %s", endpoint, why);
	return error_hint(err, STATUS_USAGE, ENDPOINT_HINT);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static enum status read_endpoint(struct s3 *s3, const char *endpoint, struct error *err)
{
	char host[S3_HOST_MAX - BUCKET_NAME_MAX];
	const char *rest;
	if (strncmp(endpoint, "https://", 8) == 0)
		rest = endpoint + 8;
	else if (strncmp(endpoint, "http://", 7) == 0)
		rest = endpoint + 7;
	else
		return refuse(endpoint, "has no scheme", err);
	s3->tls = rest == endpoint + 8;

	size_t len = strlen(rest);
	if (len > 0 && rest[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof host || strspn(rest, HOST_CHARACTERS) < len)
		return refuse(endpoint, "does not name a host", err);
	memcpy(host, rest, len);
	host[len] = '\0';
	/* The Host header leaves the scheme's own port out, and so must the signature. */
	const char *own_port = s3->tls ? ":443" : ":80";
	if (ends_with(host, own_port))
		host[len - strlen(own_port)] = '\0';
	put_host(s3, host);
	return STATUS_OK;
}

static enum status check_options(const struct s3_options *options, struct error *err)
{
	const char *prefix = options->prefix == NULL ? "" : options->prefix;
	if (options->bucket == NULL || options->bucket[0] == '\0' || strlen(options->bucket) >= BUCKET_NAME_MAX)
		return error_set(err, STATUS_USAGE, "a bucket's name has 3 to 63 characters");
	if (strlen(prefix) >= URI_PATH_MAX)
		return error_set(err, STATUS_USAGE, "the prefix is longer than %d bytes", URI_PATH_MAX - 1);
	if (options->region == NULL || !s3_is_region(options->region)) {
		(void)error_set(err, STATUS_USAGE, "s3-region '%s' cannot be a region",
				options->region == NULL ? "" : options->region);
		return error_hint(err, STATUS_USAGE, "for example ca-central-1");
	}
	if (options->part_bytes != 0 &&
	    (options->part_bytes < S3_PART_BYTES_MIN || options->part_bytes > S3_PART_BYTES_MAX))
		return error_set(err, STATUS_USAGE, "a part has 5 MiB to 5 GiB, not %zu bytes", options->part_bytes);
	if (options->endpoint_mode != S3_ENDPOINT_STANDARD && options->endpoint != NULL) {
		(void)error_set(err, STATUS_USAGE, "s3-endpoint-mode is of AWS's endpoints, and s3-endpoint is set");
		return error_hint(err, STATUS_USAGE, "leave one of them out");
	}
	if (options->credentials == NULL || !credentials_present(options->credentials)) {
		(void)error_set(err, STATUS_USAGE, "no credentials for s3://%s", options->bucket);
		return error_hint(err, STATUS_USAGE,
				  "give s3-key and s3-key-secret, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
	}
	return STATUS_OK;
}

enum status s3_target_init(struct s3 *s3, const struct s3_options *options, struct error *err)
{
	enum status st = check_options(options, err);
	if (st)
		return st;
	(void)snprintf(s3->bucket, sizeof s3->bucket, "%s", options->bucket);
	(void)snprintf(s3->prefix, sizeof s3->prefix, "%s", options->prefix == NULL ? "" : options->prefix);
	s3->aws = options->endpoint == NULL;
	s3->tls = true;
	/* A dot in the bucket's name is not covered by the certificate of *.s3.REGION.amazonaws.com. */
	s3->path_style = options->uri_style == S3_URI_PATH ||
			 (options->uri_style == S3_URI_AUTO && (!s3->aws || strchr(s3->bucket, '.') != NULL));
	s3_set_region(s3, options->region);
	return options->endpoint == NULL ? STATUS_OK : read_endpoint(s3, options->endpoint, err);
}

enum status s3_key(const struct s3 *s3, const char *name, char out[S3_KEY_MAX + 1], struct error *err)
{
	enum status st = object_name_check(name, err);
	if (st)
		return st;
	int len = snprintf(out, S3_KEY_MAX + 1, "%s%s%s", s3->prefix, s3->prefix[0] == '\0' ? "" : "/", name);
	if (len > S3_KEY_MAX)
		return error_set(err, STATUS_USAGE, "prefix and name make a key of more than %d bytes", S3_KEY_MAX);
	return STATUS_OK;
}

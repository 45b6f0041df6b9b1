/*
 * Determines where requests go: scheme, host and the position of the bucket name.
 *
 * Amazon S3 user guide, "Virtual hosting of buckets" and "Amazon S3 endpoints and quotas".
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/object_name.h"
#include "store/s3/s3_private.h"
#include "text/number.h"

#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]"
#define PATH_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
#define ENDPOINT_HINT "an endpoint is https://host, https://host:port or https://host:port/path"

/* It may come from a response. On AWS it becomes part of a host name; elsewhere only of the signature's scope, where
 * '/' and ',' separate. */
bool s3_is_region(const struct s3 *s3, const char *region)
{
	size_t len = strlen(region);
	if (s3->aws)
		return aws_region_is_valid(region);
	for (size_t i = 0; i < len; i++)
		if (region[i] <= ' ' || region[i] > '~' || region[i] == '/' || region[i] == ',')
			return false;
	return len > 0 && len < S3_REGION_MAX;
}

static void put_host(struct s3 *s3, const char *endpoint)
{
	if (s3->path_style)
		(void)snprintf(s3->host, sizeof s3->host, "%s", endpoint);
	else
		(void)snprintf(s3->host, sizeof s3->host, "%s.%s", s3->bucket, endpoint);
}

/* AWS has an endpoint in each region; a custom endpoint serves any region in the signature. */
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
	(void)snprintf(endpoint, sizeof endpoint, "%s.%s.%s", service[s3->endpoint_mode], s3->region,
		       aws_dns_suffix(s3->region));
	put_host(s3, endpoint);
}

static enum status refuse(const char *endpoint, const char *why, struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "s3-endpoint '%s' %s", endpoint, why);
	return error_hint(err, STATUS_USAGE, ENDPOINT_HINT);
}

/* Checks "h", "h:1" or "[::1]:1": without a host or with an invalid port no request could be sent. */
static bool is_host(const char *host)
{
	const char *bracket = strchr(host, ']');
	const char *colon = strchr(bracket == NULL ? host : bracket, ':');
	if (colon == NULL)
		return host[0] != '\0';
	uint64_t port;
	return colon > host && number_parse(colon + 1, UINT16_MAX, &port) && port > 0;
}

/* Parses an http(s) URL up to its path; *path is behind it, "" or "/...". Returns NULL, or the problem. */
static const char *split_url(const char *url, bool *tls, char *host, size_t size, const char **path)
{
	*tls = strncmp(url, "https://", 8) == 0;
	if (!*tls && strncmp(url, "http://", 7) != 0)
		return strstr(url, "://") == NULL ? "has no scheme" : "begins with neither http:// nor https://";
	const char *rest = url + (*tls ? 8 : 7);
	size_t len = strcspn(rest, "/");
	if (len >= size || strspn(rest, HOST_CHARACTERS) < len)
		return "does not name a host";
	*path = rest + len;
	memcpy(host, rest, len);
	host[len] = '\0';
	return is_host(host) ? NULL : "does not name a host";
}

/* The characters that need no encoding: it is clear then what is signed. Returns NULL, or the problem. */
static const char *take_path(struct s3 *s3, const char *path)
{
	size_t len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len >= sizeof s3->base_path || strspn(path, PATH_CHARACTERS) < strlen(path))
		return "has a path that is too long, or with characters other than letters, digits and - . _ ~ /";
	memcpy(s3->base_path, path, len);
	s3->base_path[len] = '\0';
	return NULL;
}

static enum status read_endpoint(struct s3 *s3, const char *endpoint, struct error *err)
{
	char host[S3_HOST_NAME_MAX];
	const char *path = "";
	const char *wrong = split_url(endpoint, &s3->tls, host, sizeof host, &path);
	if (wrong == NULL)
		wrong = take_path(s3, path);
	/* Do not show the URL: it may contain a password. */
	if (strchr(endpoint, '@') != NULL)
		return refuse("...", "contains a user name or password", err);
	if (wrong != NULL)
		return refuse(endpoint, wrong, err);
	put_host(s3, host);
	return STATUS_OK;
}

/* Refuses a password in the URL: ps would show it, and walship.conf may be readable by others. */
static enum status check_proxy(const char *url, struct error *err)
{
	char host[S3_HOST_MAX];
	const char *path = "";
	bool tls;
	if (url == NULL || url[0] == '\0')
		return STATUS_OK;
	if (strchr(url, '@') != NULL) {
		(void)error_set(err, STATUS_USAGE, "s3-proxy contains a user name or password");
		return error_hint(err, STATUS_USAGE, "set such a URL in the environment variable HTTPS_PROXY instead");
	}
	const char *wrong = split_url(url, &tls, host, sizeof host, &path);
	if (wrong == NULL && strcmp(path, "") != 0 && strcmp(path, "/") != 0)
		wrong = "has a path";
	if (wrong == NULL)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "s3-proxy '%.200s' %s", url, wrong);
	return error_hint(err, STATUS_USAGE, "http://host:port, or none");
}

/* The two ends of a TLS connection: the address, and this machine's certificate. */
static enum status check_connection(const struct s3_options *options, struct error *err)
{
	const char *to = options->connect_to;
	const char *port = to == NULL ? NULL : strrchr(to, ':');
	if (to != NULL && (port == NULL || strchr(port, ']') != NULL || strlen(to) >= S3_HOST_NAME_MAX ||
			   strspn(to, HOST_CHARACTERS) < strlen(to) || !is_host(to))) {
		(void)error_set(err, STATUS_USAGE, "s3-connect-to '%.200s' is not HOST:PORT", to);
		return error_hint(err, STATUS_USAGE, "for example 127.0.0.1:9443, or [::1]:9443");
	}
	if (options->key_file == NULL || options->cert_file != NULL)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "s3-tls-key-file is set without s3-tls-cert-file");
	return error_hint(err, STATUS_USAGE, "set both, or put certificate and key into one file: s3-tls-cert-file");
}

/* AWS, and names of hosts, have stricter rules than the path of another store (Amazon S3 user guide, "Bucket naming
 * rules"). */
static enum status check_bucket(const struct s3 *s3, struct error *err)
{
	if ((!s3->aws && s3->path_style) ||
	    (strlen(s3->bucket) <= 63 &&
	     strspn(s3->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(s3->bucket)))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "bucket '%.80s': %s up to 63 characters of a-z 0-9 . -", s3->bucket,
			s3->aws ? "AWS allows" : "a host name allows");
	return error_hint(err, STATUS_USAGE, "%s",
			  s3->aws ? "for a bucket of another store set s3-endpoint" : "set s3-uri-style = path");
}

static enum status check_options(const struct s3_options *options, struct error *err)
{
	const char *prefix = options->prefix == NULL ? "" : options->prefix;
	if (options->bucket == NULL || options->bucket[0] == '\0' || strlen(options->bucket) >= BUCKET_NAME_MAX)
		return error_set(err, STATUS_USAGE, "the bucket's name is empty or longer than %d bytes",
				 BUCKET_NAME_MAX - 1);
	if (strlen(prefix) >= URI_PATH_MAX)
		return error_set(err, STATUS_USAGE, "the prefix is longer than %d bytes", URI_PATH_MAX - 1);
	const struct s3 target = {.aws = options->endpoint == NULL};
	if (options->region == NULL || !s3_is_region(&target, options->region)) {
		(void)error_set(err, STATUS_USAGE, "s3-region '%s' is not a valid region",
				options->region == NULL ? "" : options->region);
		return error_hint(err, STATUS_USAGE,
				  options->endpoint == NULL
				      ? "for example ca-central-1; s3-endpoint, for another store, allows other names"
				      : "a name without blanks, '/' and ','");
	}
	if (options->upload_bytes != 0 &&
	    (options->upload_bytes < S3_PART_BYTES_MIN || options->upload_bytes > S3_PART_BYTES_MAX))
		return error_set(err, STATUS_USAGE, "the part size must be 5 MiB to 5 GiB, not %zu bytes",
				 options->upload_bytes);
	if (options->endpoint_mode != S3_ENDPOINT_STANDARD && options->endpoint != NULL) {
		(void)error_set(err, STATUS_USAGE,
				"s3-endpoint-mode applies to AWS endpoints only, but s3-endpoint is set");
		return error_hint(err, STATUS_USAGE, "remove one of the two");
	}
	enum status st = check_connection(options, err);
	return st ? st : check_proxy(options->proxy, err);
}

static enum status place(struct s3 *s3, const struct s3_options *options, struct error *err)
{
	enum status st = check_options(options, err);
	if (st)
		return st;
	(void)snprintf(s3->bucket, sizeof s3->bucket, "%s", options->bucket);
	(void)snprintf(s3->prefix, sizeof s3->prefix, "%s", options->prefix == NULL ? "" : options->prefix);
	s3->aws = options->endpoint == NULL;
	s3->endpoint_mode = options->endpoint_mode;
	s3->tls = true;
	/* The certificate for *.s3.REGION.amazonaws.com does not cover bucket names with a dot. */
	s3->path_style = options->uri_style == S3_URI_PATH ||
			 (options->uri_style == S3_URI_AUTO && (!s3->aws || strchr(s3->bucket, '.') != NULL));
	st = check_bucket(s3, err);
	if (st)
		return st;
	s3_set_region(s3, options->region);
	return options->endpoint == NULL ? STATUS_OK : read_endpoint(s3, options->endpoint, err);
}

/*
 * The signature covers the Host header, which libcurl does not always spell as the endpoint is. In lowercase, because
 * some servers verify the name as sent and others as DNS has it.
 */
static enum status spell_host(struct s3 *s3, const struct s3_options *options, struct error *err)
{
	char url[S3_HOST_MAX + 16];
	if (s3->aws)
		return STATUS_OK;
	(void)snprintf(url, sizeof url, "%s://%s/", s3->tls ? "https" : "http", s3->host);
	for (char *at = url; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	enum status st = http_host_header(url, s3->host, sizeof s3->host, err);
	return st == STATUS_USAGE ? refuse(options->endpoint, "does not name a host", err) : st;
}

enum status s3_target_init(struct s3 *s3, const struct s3_options *options, struct error *err)
{
	enum status st = place(s3, options, err);
	if (!st)
		st = spell_host(s3, options, err);
	if (st || (options->credentials != NULL && credentials_present(options->credentials)))
		return st;
	(void)error_set(err, STATUS_USAGE, "no credentials for s3://%s", options->bucket);
	return error_hint(err, STATUS_USAGE,
			  "set s3-key and s3-key-secret, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

enum status s3_options_check(const struct s3_options *options, struct error *err)
{
	struct s3 unused = {0};
	enum status st = place(&unused, options, err);
	return st ? st : s3_object_init(&unused.object, options, err);
}

size_t s3_key_skip(const struct s3 *s3)
{
	return s3->prefix[0] == '\0' ? 0 : strlen(s3->prefix) + 1;
}

bool s3_key_prefix(const struct s3 *s3, const char *prefix, char out[S3_KEY_MAX + 1])
{
	int len = snprintf(out, S3_KEY_MAX + 1, "%s%s%s", s3->prefix, s3->prefix[0] == '\0' ? "" : "/", prefix);
	return len <= S3_KEY_MAX;
}

enum status s3_key(const struct s3 *s3, const char *name, char out[S3_KEY_MAX + 1], struct error *err)
{
	enum status st = object_name_check(name, err);
	if (st)
		return st;
	if (!s3_key_prefix(s3, name, out))
		return error_set(err, STATUS_USAGE, "prefix and name together exceed the key limit of %d bytes",
				 S3_KEY_MAX);
	return STATUS_OK;
}

/* Repository URLs and percent-encoding. */
#ifndef WALSHIP_TEXT_URI_H
#define WALSHIP_TEXT_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "walship/error.h"

#define URI_PATH_MAX 1024   /* S3's longest key (Amazon S3 user guide, "Naming Amazon S3 objects") */
#define BUCKET_NAME_MAX 256 /* 255 characters, as Ceph allows, and the 0 byte; AWS allows 63 */

enum repo_kind { REPO_FILE, REPO_S3 };

struct repo_url {
	enum repo_kind kind;
	char bucket[BUCKET_NAME_MAX]; /* "" for file:// */
	char path[URI_PATH_MAX]; /* file: absolute directory; s3: prefix without leading or trailing '/', may be "" */
};

/*
 * Parses file:///directory or s3://bucket[/prefix], with a bucket that some store allows, also as tenant:bucket (Ceph).
 * STATUS_USAGE with a hint for anything else.
 */
enum status repo_url_parse(struct repo_url *out, const char *text, struct error *err);

/*
 * Percent-encodes all characters but A-Z a-z 0-9 - . _ ~ (RFC 3986, unreserved) with uppercase digits; keep_slash keeps
 * '/' too. This is the encoding of SigV4 ("UriEncode", Amazon S3 API reference, sig-v4-header-based-auth). Returns the
 * length without the 0 byte; if that is size or more, out is truncated.
 */
size_t uri_encode(char *out, size_t size, const char *text, bool keep_slash);

#endif

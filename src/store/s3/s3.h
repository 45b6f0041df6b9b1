/*
 * Objects in an S3 bucket, or in what speaks its protocol.
 *
 * One request for each object written (PutObject with If-None-Match: *, signed payload) and for
 * each one read. Objects larger than part_bytes go up in parts. Every request is retried inside the call's
 * deadline; a read that broke off is resumed where it stopped.
 *
 * What it cannot do: a server that ignores If-None-Match on CompleteMultipartUpload (Ceph) or altogether
 * (Garage) lets two writers of one name race; there a look before the upload is all there is. Servers that
 * refuse the condition (501: Backblaze B2, Aliyun OSS) get that look and a warning. Ceph ignores it in buckets that
 * keep versions, too: look_first is for such. And Ceph 16 gives neither tags nor lock to an object in parts.
 */
#ifndef WALSHIP_STORE_S3_S3_H
#define WALSHIP_STORE_S3_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/aws/credentials.h"
#include "store/store.h"

#define S3_PART_BYTES_DEFAULT (32UL * 1024 * 1024)    /* two of them fit a small host */
#define S3_PART_BYTES_MIN (5UL * 1024 * 1024)         /* S3's least, but for the last part */
#define S3_PART_BYTES_MAX (5ULL * 1024 * 1024 * 1024) /* S3's most, for a part and for a PutObject */

/* Which of AWS's endpoints (S3 user guide, "Dual-stack endpoints", "FIPS endpoints"). */
enum s3_endpoint_mode { S3_ENDPOINT_STANDARD, S3_ENDPOINT_DUALSTACK, S3_ENDPOINT_FIPS, S3_ENDPOINT_FIPS_DUALSTACK };

enum s3_uri_style {
	S3_URI_AUTO, /* path for an endpoint of one's own and for buckets with a dot, host for the rest */
	S3_URI_PATH, /* https://endpoint/bucket/key */
	S3_URI_HOST, /* https://bucket.endpoint/key */
};

/* Puts others in place of s3_options.credentials, which the store calls expired. */
typedef enum status (*credentials_renew_fn)(void *arg, const struct call *call, struct error *err);

struct s3_options {
	const char *bucket;
	const char *prefix; /* without '/' at its ends; "" or NULL: none */
	const char *region;
	const char *endpoint; /* http(s)://host[:port]; NULL: AWS's own for the region */
	enum s3_uri_style uri_style;
	const char *ca_file;                   /* NULL: the system's authorities */
	const struct credentials *credentials; /* must outlive the store */
	credentials_renew_fn renew;            /* NULL: there are no others */
	void *renew_arg;
	size_t part_bytes; /* 0: S3_PART_BYTES_DEFAULT */
	enum s3_endpoint_mode endpoint_mode;
	bool look_first;           /* the store does not honour If-None-Match: look before each put */
	bool requester_pays;       /* the bucket's owner does not pay for requests */
	const char *proxy;         /* as in net/http/http.h */
	uint64_t bytes_per_s;      /* as in net/http/http.h */
	const char *storage_class; /* NULL: the bucket's own; so for all that follow */
	const char *sse;           /* AES256, aws:kms, aws:kms:dsse */
	const char *sse_kms_key_id;
	bool sse_bucket_key;   /* fewer requests to KMS, for aws:kms */
	const char *tags;      /* name=value&name=value, not encoded */
	const char *lock_mode; /* GOVERNANCE, COMPLIANCE */
	unsigned lock_days;
	int64_t connect_timeout_ms; /* 0: the default of net/http/http.h */
};

/* All but the credentials, which need not be there yet. STATUS_USAGE names the option, and what would be right. */
enum status s3_options_check(const struct s3_options *options, struct error *err);

/* Sends nothing yet. Copies what it needs but the credentials. STATUS_USAGE when an option cannot be; STATUS_LOCAL. */
enum status s3_store_open(const struct s3_options *options, struct store **out, struct error *err);

#endif

/*
 * Stores objects in an S3 bucket, or in any store with the S3 protocol.
 *
 * Each object is written with one request (PutObject with If-None-Match: *, signed payload) and read with one request.
 * Requests are retried until the call's deadline; an interrupted read resumes where it stopped.
 *
 * A writer has one buffer of upload_bytes. An object that does not fit is uploaded in parts of that buffer: from 20 MiB
 * on, two to four parts of a quarter to a sixth of the buffer (5 MiB at least) are on their way at a time, each over a
 * connection of its own; one goes after another in a smaller buffer, and with bytes_per_s. So the memory of an upload
 * does not depend on the number of parts: upload_bytes, and about 1 MiB for each connection.
 *
 * Limits: on a server that ignores If-None-Match on CompleteMultipartUpload (Ceph) or always (Garage), two writers of
 * one name can race; only a check of the name before the upload reduces that. For servers that refuse the condition
 * (501: Backblaze B2, Aliyun OSS) walship makes that check and warns. Ceph also ignores the condition in versioned
 * buckets: use look_first there. Ceph 16 sets neither tags nor lock on multipart uploads.
 */
#ifndef WALSHIP_STORE_S3_S3_H
#define WALSHIP_STORE_S3_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/aws/credentials.h"
#include "store/store.h"

#define S3_UPLOAD_BYTES_DEFAULT (32UL * 1024 * 1024)  /* two of them fit a small host */
#define S3_PART_BYTES_MIN (5UL * 1024 * 1024)         /* S3's minimum, except for the last part */
#define S3_PART_BYTES_MAX (5ULL * 1024 * 1024 * 1024) /* S3's maximum for a part and for a PutObject */

/* The kinds of AWS endpoints (S3 user guide, "Dual-stack endpoints", "FIPS endpoints"). */
enum s3_endpoint_mode { S3_ENDPOINT_STANDARD, S3_ENDPOINT_DUALSTACK, S3_ENDPOINT_FIPS, S3_ENDPOINT_FIPS_DUALSTACK };

enum s3_uri_style {
	S3_URI_AUTO, /* path for a custom endpoint and for buckets with a dot, else host */
	S3_URI_PATH, /* https://endpoint/bucket/key */
	S3_URI_HOST, /* https://bucket.endpoint/key */
};

/* Replaces s3_options.credentials, which the store reports as expired. */
typedef enum status (*credentials_renew_fn)(void *arg, const struct call *call, struct error *err);

/* What a store does with If-None-Match on PutObject. */
enum s3_condition {
	S3_CONDITION_HONORED,
	S3_CONDITION_UNKNOWN,
	S3_CONDITION_IGNORED, /* it replaces the object: look first */
	S3_CONDITION_REFUSED, /* it answers with an error: look first, and leave the condition out */
};

/*
 * Remembers it from call to call. recall is called at most once, before the first put. If it is unknown, that put looks
 * for the name first, and then puts the same content once more: an object that this very put has created can be
 * replaced with itself without harm. All NULL: the condition is taken to be honored.
 */
struct s3_condition_memory {
	enum s3_condition (*recall)(const void *arg);
	void (*note)(const void *arg, enum s3_condition condition);
	const void *arg;
};

struct s3_options {
	const char *bucket;
	const char *prefix; /* without leading or trailing '/'; "" or NULL: none */
	const char *region;
	const char *endpoint; /* http(s)://host[:port][/path]; NULL: the AWS endpoint of the region */
	enum s3_uri_style uri_style;
	const char *ca_file;    /* NULL: the system's certificate authorities */
	const char *connect_to; /* host:port; as in net/http/http.h, likewise the next two */
	const char *cert_file, *key_file;
	const struct credentials *credentials; /* must outlive the store */
	credentials_renew_fn renew;            /* NULL: the credentials cannot be renewed */
	void *renew_arg;
	size_t upload_bytes; /* from S3_PART_BYTES_MIN; 0: S3_UPLOAD_BYTES_DEFAULT */
	enum s3_endpoint_mode endpoint_mode;
	struct s3_condition_memory condition;
	bool look_first;     /* the store ignores If-None-Match: check the name before each put */
	bool requester_pays; /* this side pays for requests */
	const char *proxy;   /* as in net/http/http.h, likewise the next two */
	const char *proxy_ca_file, *no_proxy;
	uint64_t bytes_per_s;      /* as in net/http/http.h */
	const char *storage_class; /* NULL: the bucket's default; likewise below */
	const char *sse;           /* AES256, aws:kms, aws:kms:dsse */
	const char *sse_kms_key_id;
	const struct secret *customer_key; /* for SSE-C: 32 bytes or base64; NULL or empty: none; copied */
	bool sse_bucket_key;               /* for aws:kms: fewer KMS requests */
	const char *tags;                  /* name=value&name=value, not encoded */
	const char *lock_mode;             /* GOVERNANCE, COMPLIANCE */
	unsigned lock_days;
	/*
	 * UTC; 0: the present. Otherwise the store is read-only and has its state just before this time, as far as the
	 * bucket has kept versions.
	 */
	int64_t at_s;
	int64_t connect_timeout_ms; /* 0: the default of net/http/http.h */
};

/* Checks all options but the credentials, which may still be empty. STATUS_USAGE: the error names the option. */
enum status s3_options_check(const struct s3_options *options, struct error *err);

/* Opens the store without sending a request. Copies all options but the credentials. STATUS_USAGE: an option is
 * invalid. */
enum status s3_store_open(const struct s3_options *options, struct store **out, struct error *err);

#endif

/* What a new object is given: storage class, encryption at rest, tags, lock. Used by the S3 store alone. */
#ifndef WALSHIP_STORE_S3_OBJECT_H
#define WALSHIP_STORE_S3_OBJECT_H

#include <stdint.h>

#include "base/clock.h"
#include "net/field.h"
#include "store/s3.h"

#define S3_OBJECT_HEADERS_MAX 6
#define S3_TAGGING_MAX 4096 /* S3 takes 8 KiB of headers in all (API reference, PutObject) */

struct s3_object {
	char storage_class[32];
	char sse[16];
	char kms_key_id[512];
	char tagging[S3_TAGGING_MAX]; /* encoded */
	char lock_mode[16];
	unsigned lock_days;
	char lock_until[UTC_TEXT_SIZE]; /* filled by s3_object_headers */
};

/* Checks what the options say of new objects. STATUS_USAGE names the option, what is wrong, and what would be right. */
enum status s3_object_init(struct s3_object *object, const struct s3_options *options, struct error *err);

/*
 * The headers of PutObject and CreateMultipartUpload, into out; how many. They point into object. now_s is the store's
 * time (UTC), from which a lock is counted.
 */
size_t s3_object_headers(struct s3_object *object, int64_t now_s, struct field out[S3_OBJECT_HEADERS_MAX]);

#endif

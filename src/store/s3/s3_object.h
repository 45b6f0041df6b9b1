/* What a new object is given: storage class, encryption at rest, tags, lock. Used by the S3 store alone. */
#ifndef WALSHIP_STORE_S3_S3_OBJECT_H
#define WALSHIP_STORE_S3_S3_OBJECT_H

#include <stdint.h>

#include "base/clock.h"
#include "net/http/field.h"
#include "store/s3/s3.h"

#define S3_OBJECT_HEADERS_MAX 7
#define S3_TAGGING_MAX 4096 /* S3 takes 8 KiB of headers in all (API reference, PutObject) */

struct s3_object {
	char storage_class[32];
	char sse[16];
	char kms_key_id[512];
	char bucket_key[8];           /* "true" */
	char tagging[S3_TAGGING_MAX]; /* encoded */
	char lock_mode[16];
	unsigned lock_days;
	char lock_until[UTC_TEXT_SIZE]; /* filled by s3_object_begin */
};

/* Checks what the options say of new objects. STATUS_USAGE names the option, what is wrong, and what would be right. */
enum status s3_object_init(struct s3_object *object, const struct s3_options *options, struct error *err);

/* The headers of PutObject and CreateMultipartUpload, into out; how many. They point into object. */
size_t s3_object_headers(const struct s3_object *object, struct field out[S3_OBJECT_HEADERS_MAX]);

/* Counts the lock from now_s, the store's time (UTC): before each try, for that time may have been learned by the last.
 */
void s3_object_begin(struct s3_object *object, int64_t now_s);

#endif

/* The properties of new objects: storage class, encryption at rest, tags, lock. Private to the S3 store. */
#ifndef WALSHIP_STORE_S3_S3_OBJECT_H
#define WALSHIP_STORE_S3_S3_OBJECT_H

#include <stdint.h>

#include "base/clock.h"
#include "net/http/field.h"
#include "store/s3/s3.h"

#define S3_OBJECT_HEADERS_MAX 7
#define S3_TAGGING_MAX 4096 /* S3 accepts 8 KiB of headers in total (API reference, PutObject) */

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

/* Checks the options for new objects. STATUS_USAGE: the error names the option and the problem, the hint valid values.
 */
enum status s3_object_init(struct s3_object *object, const struct s3_options *options, struct error *err);

/* Writes the headers for PutObject and CreateMultipartUpload to out and returns their number. They point into object.
 */
size_t s3_object_headers(const struct s3_object *object, struct field out[S3_OBJECT_HEADERS_MAX]);

/* Sets the end of the lock, counted from now_s, the store's time (UTC). Call it before each attempt, because the last
 * one may have corrected that time. */
void s3_object_begin(struct s3_object *object, int64_t now_s);

#endif

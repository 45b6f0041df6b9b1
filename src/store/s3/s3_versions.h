/* The versions of the keys below a prefix, delete markers included: ListObjectVersions, page by page. */
#ifndef WALSHIP_STORE_S3_S3_VERSIONS_H
#define WALSHIP_STORE_S3_S3_VERSIONS_H

#include "store/s3/s3_private.h"

#define S3_VERSION_ID_MAX 1024 /* bytes (Amazon S3 user guide, "How S3 Versioning works") */

struct s3_version {
	const char *key; /* decoded; key and id are valid during the callback only */
	const char *id;
	uint64_t bytes; /* 0 of a marker */
	int64_t modified_s;
	bool marker; /* the key was deleted at that time */
	bool latest; /* what a GET of the key finds */
};

/* Any status but STATUS_OK ends the listing, which returns it. */
typedef enum status (*s3_version_fn)(void *arg, const struct s3_version *version, struct error *err);

/* Calls each for every version, in ascending order of keys; of each key the newest comes first. */
enum status s3_list_versions(struct s3 *s3, const struct call *call, const char *prefix, s3_version_fn each, void *arg,
			     struct error *err);

#endif

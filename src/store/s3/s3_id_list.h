/* Listings with an id beside each key, page by page: ListObjectVersions and ListMultipartUploads. */
#ifndef WALSHIP_STORE_S3_S3_ID_LIST_H
#define WALSHIP_STORE_S3_S3_ID_LIST_H

#include "store/s3/s3_private.h"

#define S3_ID_MAX 1024 /* bytes (Amazon S3 user guide, "How S3 Versioning works"); upload ids have about 130 */

enum s3_id_kind {
	S3_VERSIONS, /* of the keys, delete markers included */
	S3_UPLOADS,  /* that were begun and neither completed nor aborted */
};

struct s3_id_entry {
	const char *key; /* decoded; key and id are valid during the callback only */
	const char *id;
	uint64_t bytes;     /* of a version; 0 of a marker */
	int64_t modified_s; /* of an upload: when it was begun */
	bool marker;        /* the key was deleted at that time */
	bool latest;        /* the version that a GET of the key finds */
	/* Of a version, as in struct object_info; it may have a readable copy all the same. */
	const char *archive_class;
};

/* Any status but STATUS_OK ends the listing, which returns it. */
typedef enum status (*s3_id_fn)(void *arg, const struct s3_id_entry *entry, struct error *err);

struct s3_id_listing {
	enum s3_id_kind kind;
	const char *prefix; /* of the names; "": all names of the store */
	s3_id_fn each;
	void *arg;
};

/*
 * Calls each for every entry. Versions come in ascending order of keys; of each key the newest comes first. reply:
 * receives the response to the last request for a page; all zero if there was none.
 */
enum status s3_id_list(struct s3 *s3, const struct call *call, const struct s3_id_listing *wanted,
		       struct s3_reply *reply, struct error *err);

#endif

/* Shared by the files of the S3 store. */
#ifndef WALSHIP_STORE_S3_S3_PRIVATE_H
#define WALSHIP_STORE_S3_S3_PRIVATE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/retry.h"
#include "net/aws/partition.h"
#include "net/aws/sigv4.h"
#include "net/http/http.h"
#include "store/s3/s3.h"
#include "store/s3/s3_customer_key.h"
#include "store/s3/s3_object.h"
#include "text/uri.h"

#define S3_KEY_MAX 1024 /* bytes of a key (Amazon S3 user guide, "Naming Amazon S3 objects") */
#define S3_REGION_MAX AWS_REGION_MAX
#define S3_HOST_NAME_MAX 261                             /* a host name of 253 bytes, a port, and the 0 byte */
#define S3_HOST_MAX (BUCKET_NAME_MAX + S3_HOST_NAME_MAX) /* a bucket and a dot before it */
#define S3_BASE_PATH_MAX 256                             /* "/storage/v1/s3" has 14 characters */
#define S3_CODE_MAX 64                                   /* "AuthorizationHeaderMalformed" has 28 characters */
#define S3_MESSAGE_MAX 512
#define S3_OBJECT_BYTES_MAX (1ULL << 50) /* S3 allows 50 TB; the sum of a page of 1,000 still fits 64 bits */
#define S3_UPLOAD_ID_MAX 1024            /* AWS's have about 130 characters */
#define S3_SKEW_MAX_S 900                /* S3 accepts a clock difference of up to 15 minutes */
#define S3_LIST_NAMES_MAX 100000000UL    /* segments of 1.6 PB of WAL */
#define S3_LIST_EMPTY_PAGES_MAX 100000UL /* S3 may send such pages where deleted versions lie */

struct s3 {
	struct store store;
	struct http *http;
	const struct credentials *credentials;
	credentials_renew_fn renew;
	void *renew_arg;
	char bucket[BUCKET_NAME_MAX];
	char prefix[URI_PATH_MAX];
	char region[S3_REGION_MAX];
	char host[S3_HOST_MAX];           /* as signed and sent, with any non-default port */
	char base_path[S3_BASE_PATH_MAX]; /* the endpoint's, before the bucket; "" or "/..." without trailing '/' */
	bool tls;
	bool aws;        /* no custom endpoint: the host depends on the region */
	bool path_style; /* the bucket is in the path */
	/* A writer collects buffer_bytes; an object that fits is one request. Else the buffer becomes the parts. */
	size_t buffer_bytes;
	size_t part_bytes;     /* buffer_bytes / PIPELINE_SLOTS(part_threads) */
	unsigned part_threads; /* parts on their way at a time */
	enum s3_endpoint_mode endpoint_mode;
	bool requester_pays;
	int64_t at_s;    /* as in struct s3_options */
	bool look_first; /* check the name before each put, because If-None-Match is not reliable */
	struct s3_object object;
	struct s3_customer_key *customer_key; /* NULL: none */
	int64_t skew_s;                       /* the server's clock minus ours */
	/*
	 * Send each whole object with its MD5: without TLS, for stores that ignore x-amz-content-sha256; with a lock
	 * (PutObject, "Content-MD5"); and once the server requires it, as for a bucket with a default lock.
	 */
	bool md5;
	struct s3_condition_memory condition; /* recall is NULL once it is known */
	bool unconditional;                   /* the server refused If-None-Match */
	bool one_by_one;                      /* the server refused DeleteObjects */
	/* A listing that exceeds them never ends: hostile, or broken. Fields, so that tests can lower them. */
	uint64_t list_names_max;
	uint64_t list_empty_pages_max;
	bool fresh; /* the next request opens a new connection */
};

/* What to do at the end of an element of a response in XML. */
struct s3_element {
	const char *path; /* from the root: "Error/Code" */
	/* text is valid only during the call. Any status but STATUS_OK ends the request, which returns it. */
	enum status (*take)(void *arg, const char *text, struct error *err);
};

struct s3_elements {
	const struct s3_element *list;
	size_t count;
};

struct s3_request {
	const char *method;
	const char *key;           /* NULL: the bucket itself */
	const char *version;       /* of the key, by its id; NULL: the newest one */
	const struct field *query; /* not encoded */
	size_t query_count;
	const struct field *headers; /* names in lowercase; all are signed */
	size_t header_count;
	const void *body; /* NULL: none; "" sends a Content-Length of 0 */
	size_t body_bytes;
	const char *body_sha256;            /* s3_digests_of the body; NULL when it is empty */
	int64_t grace_ms;                   /* as in struct http_request */
	http_body_fn on_body;               /* for a 2xx response; NULL: parse the body as XML into the reply */
	const struct s3_elements *elements; /* of s3_try_xml alone */
	void *arg;                          /* of on_body, or of the elements */
};

struct s3_reply {
	struct http_response http;
	bool whole; /* the body was complete, well-formed XML */
	char root[S3_CODE_MAX];
	char code[S3_CODE_MAX]; /* "" if the response has none */
	char message[S3_MESSAGE_MAX];
	char region[S3_REGION_MAX];
	char upload_id[S3_UPLOAD_ID_MAX];
};

#define S3_REQUEST_QUERY_MAX 6                             /* a listing of versions has 6 fields */
#define S3_REQUEST_HEADERS_MAX 16                          /* a PutObject with every option has 10 */
#define S3_ADDED_HEADERS_MAX (1 + S3_CUSTOMER_KEY_HEADERS) /* by s3_try */

/* s3_target.c: where requests go. */
enum status s3_target_init(struct s3 *s3, const struct s3_options *options, struct error *err);
bool s3_is_region(const struct s3 *s3, const char *region);
void s3_set_region(struct s3 *s3, const char *region);
enum status s3_key(const struct s3 *s3, const char *name, char out[S3_KEY_MAX + 1], struct error *err);
/* Bytes of a key before the name. */
size_t s3_key_skip(const struct s3 *s3);
/* The beginning of the keys whose names begin with prefix. Returns false if it is longer than any key. */
bool s3_key_prefix(const struct s3 *s3, const char *prefix, char out[S3_KEY_MAX + 1]);

/* The store's time in UTC seconds, if known, else this machine's. */
int64_t s3_now_s(const struct s3 *s3, const struct call *call);

/* s3_exchange.c: sends one signed request, again if the response corrects region or clock. */
enum status s3_try(struct s3 *s3, const struct call *call, const struct s3_request *given, struct s3_reply *reply,
		   struct attempt *attempt, struct error *err);
/* The same, with retries. STATUS_OK: a 2xx response. Otherwise reply has the response if its outcome is HTTP_ANSWERED.
 */
enum status s3_exchange(struct s3 *s3, const struct call *call, const struct s3_request *request,
			struct s3_reply *reply, struct error *err);

/*
 * s3_xml.c: as s3_try, and passes the elements of a 2xx response to the functions of given->elements, with
 * given->arg. STATUS_UNREACHABLE also if the response is not one complete XML document.
 */
enum status s3_try_xml(struct s3 *s3, const struct call *call, const struct s3_request *given, struct s3_reply *reply,
		       struct attempt *attempt, struct error *err);

/*
 * A page of a listing. The struct that the elements of a page fill begins with this one, and their table has
 * S3_PAGE_ELEMENTS of the root.
 */
struct s3_page {
	const char *of;      /* the kind of listing, for errors: "versions" */
	struct buffer texts; /* keys and ids, each ended by a 0 byte; they move while it grows */
	bool encoded;        /* keys are percent-encoded, as requested */
	bool truncated;      /* another page follows */
	bool says_end;       /* the page says whether another follows */
	bool complete;       /* the end of the root element was seen */
};
#define S3_PAGE_ELEMENTS(root)                                                                                         \
	{root "/EncodingType", s3_take_encoding}, {root "/IsTruncated", s3_take_truncated},                            \
	{                                                                                                              \
		root, s3_take_root                                                                                     \
	}
/* arg: the page. */
enum status s3_take_encoding(void *arg, const char *text, struct error *err);
enum status s3_take_truncated(void *arg, const char *text, struct error *err);
enum status s3_take_root(void *arg, const char *text, struct error *err);
/* As s3_try_xml; request->arg is the page. STATUS_UNREACHABLE also if the response is not the whole page. */
enum status s3_try_page(struct s3 *s3, const struct call *call, const struct s3_request *request,
			struct s3_reply *reply, struct attempt *attempt, struct error *err);
/* Forgets all but of, and keeps the storage of the texts. */
void s3_page_clear(struct s3_page *page);
/* Appends the text with its 0 byte. s3_page_text finds it by *offset. */
enum status s3_page_keep(struct s3_page *page, const char *text, size_t *offset, struct error *err);
char *s3_page_text(const struct s3_page *page, size_t offset);
/* Sets the error "invalid listing of ...: what 'text'". Returns STATUS_UNREACHABLE. */
enum status s3_page_bad(const struct s3_page *page, const char *what, const char *text, struct error *err);

/* Whether the response is the first to refuse If-None-Match. If so, remembers that and warns. */
bool s3_refuses_condition(struct s3 *s3, const struct call *call, const struct s3_reply *reply);
/* Whether the response says that the name exists: 412, or what some stores send instead. */
bool s3_reply_says_exists(const struct s3_reply *reply);
/* Prepends "verb s3://bucket/key: " to the error text. */
enum status s3_wrap(const struct s3 *s3, const char *verb, const char *key, enum status status, struct error *err);

/* s3_reply.c: interprets responses. */
void s3_reply_read(struct s3_reply *reply);
bool s3_reply_failed(const struct s3_reply *reply);
bool s3_reply_says_missing(const struct s3_reply *reply);
/* The error for such a reply. */
enum status s3_reply_missing(const struct s3_reply *reply, struct error *err);
void s3_reply_judge(const struct s3_reply *reply, struct attempt *attempt);
/* method: "LIST" for a GET that lists, "DELETE" for a POST that deletes; "VERSIONS", "VERSION", "UPLOADS",
 * "UNDELETE", "THAW". */
enum status s3_reply_error(const struct s3_reply *reply, const char *method, struct error *err);

/* The operations of the store, one file each. */
enum status s3_create(struct store *store, const struct call *call, const char *name, struct sink **out,
		      struct error *err);
enum status s3_read(struct store *store, const struct call *call, const char *name, struct sink *into,
		    struct error *err);
enum status s3_read_ranges(struct store *store, const struct call *call, const char *name,
			   const struct store_ranges *ranges, struct error *err);
/* The same for a version of a key, by its id. */
enum status s3_read_version(struct s3 *s3, const struct call *call, const char *key, const char *version,
			    struct sink *into, struct error *err);
enum status s3_read_version_ranges(struct s3 *s3, const struct call *call, const char *key, const char *version,
				   const struct store_ranges *ranges, struct error *err);
enum status s3_reach(struct store *store, const struct call *call, int64_t *clock_s, struct error *err);
void s3_free(struct store *store);
enum status s3_list(struct store *store, const struct call *call, const char *prefix, store_list_fn each, void *arg,
		    struct error *err);
enum status s3_list_level(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			  void *arg, struct error *err);
enum status s3_undelete(struct store *store, const struct call *call, const struct store_undeletion *undeletion,
			struct error *err);
enum status s3_clear_uploads(struct store *store, const struct call *call, const struct store_clearing *clearing,
			     struct error *err);
/* s3_thaw.c: objects in an archive storage class. */
enum status s3_thaw(struct store *store, const struct call *call, const char *name, const struct store_thaw *thaw,
		    struct error *err);
enum status s3_thaw_version(struct s3 *s3, const struct call *call, const char *key, const char *version,
			    const struct store_thaw *thaw, struct error *err);
/* The class if it is one that GET refuses, as a static text; else NULL. */
const char *s3_archive_class(const char *storage_class);
/* Sets archived, thawing and archive_class from the headers of a HEAD. */
void s3_thaw_state(const struct http_response *response, struct object_info *out);
/* Decodes a key of a listing with encoding-type=url in place. Returns false if it is not encoded so. */
bool s3_decode_key(char *text);
enum status s3_remove(struct store *store, const struct call *call, const struct store_removal *removal,
		      struct error *err);
/* Gets size and time of an object by its key. STATUS_MISSING: the error text is not meaningful. */
enum status s3_look(struct s3 *s3, const struct call *call, const char *key, struct object_info *out,
		    struct error *err);
/* The same of a version, by its id; NULL: the newest one. */
enum status s3_look_at(struct s3 *s3, const struct call *call, const char *key, const char *version,
		       struct object_info *out, struct error *err);

/* s3_past.c: the store of the past, for at_s. */
extern const struct store_ops s3_past_ops;

/*
 * STATUS_EXISTS: the object exists. STATUS_OK: it definitely does not. For servers without conditional writes; another
 * writer may create the object between this check and the put.
 */
enum status s3_check_absent(struct s3 *s3, const struct call *call, const char *key, struct error *err);

/*
 * s3_multipart.c: uploads an object in parts, several at a time. The parts lie in buffer, of s3->buffer_bytes, which
 * must outlive the upload. Until s3_upload_complete only the upload may use the store.
 */
struct s3_upload;
enum status s3_upload_begin(struct s3 *s3, const struct call *call, const char *key, uint8_t *buffer,
			    struct s3_upload **out, struct error *err);
/* Where the content of the next part belongs, s3->part_bytes of it; in the order of the buffer at first. */
uint8_t *s3_upload_room(struct s3_upload *upload);
/* The next part is there: s3->part_bytes, or fewer of the last part. Waits until there is room for another one. */
enum status s3_upload_part(struct s3_upload *upload, size_t len, struct error *err);
enum status s3_upload_complete(struct s3_upload *upload, struct error *err);
/* Aborts the upload if it is not complete, so that no parts remain in the bucket. */
void s3_upload_free(struct s3_upload *upload);

/* Digests of a body, in the form of the headers. */
struct s3_digests {
	char sha256[SHA256_HEX_SIZE];
	char sha256_base64[45];
	char md5[25]; /* base64; "" if not needed, or if the crypto policy forbids MD5 */
};
enum status s3_digests_of(struct s3_digests *out, const void *data, size_t len, bool md5, struct error *err);

/* Whether the response is the first to require the body's MD5. If so, remembers that. */
bool s3_misses_md5(struct s3 *s3, const struct s3_reply *reply);

#endif

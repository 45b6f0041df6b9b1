/*
 * Interprets a response of S3: whether to retry, and the message for the operator.
 *
 * Amazon S3 API reference, "Error responses" (list of error codes).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/http/xml.h"
#include "store/s3/s3_private.h"
#include "text/text.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *path;
	size_t offset;
	size_t size;
} wanted[] = {
#define WANTED(path, field)                                                                                            \
	{                                                                                                              \
		path, offsetof(struct s3_reply, field), sizeof(((struct s3_reply *)0)->field)                          \
	}
    WANTED("Error/Code", code),
    WANTED("Error/Message", message),
    WANTED("Error/Region", region),
    WANTED("InitiateMultipartUploadResult/UploadId", upload_id),
#undef WANTED
};

static enum status keep_element(void *arg, const char *path, const char *text, struct error *err)
{
	struct s3_reply *reply = arg;
	(void)err;
	if (strchr(path, '/') == NULL)
		(void)snprintf(reply->root, sizeof reply->root, "%s", path);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		/* A message may be truncated; a code or upload id that does not fit is ignored. */
		if (strcmp(path, wanted[i].path) == 0 &&
		    (strlen(text) < wanted[i].size || wanted[i].offset == offsetof(struct s3_reply, message)))
			(void)snprintf((char *)reply + wanted[i].offset, wanted[i].size, "%s", text);
	return STATUS_OK;
}

/* Parses reply->http.body. Fields that the body lacks stay empty. */
void s3_reply_read(struct s3_reply *reply)
{
	struct xml_reader *reader = NULL;
	struct error ignored = {0};
	reply->whole = false;
	reply->root[0] = reply->code[0] = reply->message[0] = reply->region[0] = reply->upload_id[0] = '\0';
	if (reply->http.body_len == 0 || xml_reader_new(&reader, keep_element, reply, &ignored))
		return;
	reply->whole = xml_reader_feed(reader, reply->http.body, reply->http.body_len, &ignored) == STATUS_OK &&
		       xml_reader_finish(reader, &ignored) == STATUS_OK && !reply->http.body_cut;
	xml_reader_free(reader);
}

/* CompleteMultipartUpload may send 200 and report its failure in the body. */
bool s3_reply_failed(const struct s3_reply *reply)
{
	return reply->http.status < 200 || reply->http.status > 299 || strcmp(reply->root, "Error") == 0;
}

/* Only a complete error document from S3 counts: a proxy's page and a missing bucket are 404 too. */
bool s3_reply_says_missing(const struct s3_reply *reply)
{
	return reply->http.outcome == HTTP_ANSWERED && reply->http.status == 404 && reply->whole &&
	       strcmp(reply->root, "Error") == 0 && strcmp(reply->code, "NoSuchKey") == 0;
}

/* RFC 9110, 13.1.2: 412, or 304 for a reading method, which some stores send for a put too. */
bool s3_reply_says_exists(const struct s3_reply *reply)
{
	return reply->http.outcome == HTTP_ANSWERED && (reply->http.status == 412 || reply->http.status == 304 ||
							strcmp(reply->code, "PreconditionFailed") == 0);
}

/* Amazon S3 user guide, "Working with delete markers". */
enum status s3_reply_missing(const struct s3_reply *reply, struct error *err)
{
	if (strcasecmp(reply->http.amz_delete_marker, "true") != 0)
		return error_set(err, STATUS_MISSING, "no such object");
	(void)error_set(err, STATUS_MISSING, "the object was deleted, but the bucket may keep a version of it");
	return error_hint(err, STATUS_MISSING, "walship undelete NAME brings it back");
}

void s3_reply_judge(const struct s3_reply *reply, struct attempt *attempt)
{
	static const char *const slow[] = {
	    "SlowDown",           "SlowDownRead",         "SlowDownWrite",   "Throttling",       "ThrottlingException",
	    "ThrottledException", "RequestLimitExceeded", "TooManyRequests", "RequestThrottled", NULL};
	static const char *const passing[] = {"RequestTimeout",
					      "InternalError",
					      "ServiceUnavailable",
					      "OperationAborted",
					      "ConditionalRequestConflict",
					      NULL};
	int status = reply->http.status;
	attempt->slow_down = status == 429 || text_is_one_of(reply->code, slow, strcmp);
	attempt->again =
	    attempt->slow_down || http_status_may_pass(status) || text_is_one_of(reply->code, passing, strcmp);
	attempt->wait_ms = http_retry_after_ms(&reply->http);
}

static const struct {
	const char *code;
	const char *method; /* NULL: any; LIST: a GET that lists */
	const char *hint;
} hints[] = {
    {"SignatureDoesNotMatch", NULL, "the secret key does not belong to the access key: check s3-key-secret"},
    {"InvalidAccessKeyId", NULL, "the store does not know the access key: check s3-key and s3-endpoint"},
    {"RequestTimeTooSkewed", NULL, "this machine's clock and the store's differ by more than 15 minutes"},
    {"ExpiredToken", NULL, "the temporary credentials have expired"},
    {"InvalidToken", NULL, "the session token does not belong to these credentials: check AWS_SESSION_TOKEN"},
    {"NoSuchBucket", NULL, "check the bucket in repo, and s3-endpoint and s3-region"},
    {"InvalidObjectState", "THAW", "the object has left the archive storage class: call walship restore again"},
    {"InvalidObjectState", NULL,
     "the object is in an archive storage class: restore it first, and keep WAL out of such classes"},
    {"GlacierExpeditedRetrievalNotAvailable", NULL, "set thaw-tier = Standard"},
    {"AccessDenied", "THAW", "grant s3:RestoreObject on the bucket's keys"},
    {"AccessDenied", "LIST", "grant s3:ListBucket on the bucket, for the prefix of repo"},
    {"AccessDenied", "VERSIONS", "grant s3:ListBucketVersions on the bucket"},
    {"AccessDenied", "UPLOADS", "grant s3:ListBucketMultipartUploads on the bucket"},
    {"AccessDenied", "VERSION", "grant s3:GetObjectVersion on the bucket's keys"},
    {"AccessDenied", "UNDELETE", "grant s3:DeleteObjectVersion on the bucket's keys"},
    {"AccessDenied", "GET",
     "the object may be missing: S3 returns 403 instead of 404 without s3:ListBucket; otherwise grant s3:GetObject"},
    {"AccessDenied", "PUT", "grant s3:PutObject on the bucket's keys (and kms:GenerateDataKey if KMS encrypts them)"},
    {"AccessDenied", "POST", "grant s3:PutObject on the bucket's keys"},
    {"AccessDenied", "DELETE", "grant s3:DeleteObject on the bucket's keys"},
    {"PermanentRedirect", NULL, "check s3-region and s3-endpoint: the bucket is in another region"},
    {"TemporaryRedirect", NULL, "check s3-region and s3-endpoint: the bucket is in another region"},
    {"AuthorizationHeaderMalformed", NULL, "check s3-region"},
    {"QuotaExceeded", NULL, "the bucket or its owner has reached a quota"},
    {"EntityTooLarge", NULL, "the store does not accept objects of this size"},
};

static enum status add_hint(const struct s3_reply *reply, const char *method, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (strcmp(reply->code, hints[i].code) == 0 &&
		    (hints[i].method == NULL || strcmp(method, hints[i].method) == 0))
			return error_hint(err, STATUS_UNREACHABLE, "%s", hints[i].hint);
	if (reply->http.status == 407)
		return error_hint(err, STATUS_UNREACHABLE, "%s", HTTP_PROXY_USER_HINT);
	if (reply->http.status >= 300 && reply->http.status <= 399)
		return error_hint(err, STATUS_UNREACHABLE, "walship does not follow redirects: check s3-endpoint");
	return STATUS_UNREACHABLE;
}

enum status s3_reply_error(const struct s3_reply *reply, const char *method, struct error *err)
{
	int status = reply->http.status;
	if (reply->code[0] != '\0')
		(void)error_set(err, STATUS_UNREACHABLE, "HTTP %d %s%s%s", status, reply->code,
				reply->message[0] == '\0' ? "" : ": ", reply->message);
	else if (reply->http.body_len > 0)
		(void)error_set(err, STATUS_UNREACHABLE, "HTTP %d, with a body that is not from S3: '%.60s'", status,
				reply->http.body);
	else
		(void)error_set(err, STATUS_UNREACHABLE, "HTTP %d without an explanation", status);
	return add_hint(reply, method, err);
}

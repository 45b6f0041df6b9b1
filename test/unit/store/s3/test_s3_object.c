/* What new objects are given: in the request, signed, and checked before the first one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scripted_s3.h"
#include "stream/sink.h"
#include "support/cmocka.h"
#include "support/collect.h"

static char key[] = "AKIAIOSFODNN7EXAMPLE", secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
static const struct credentials credentials = {.access_key = {key, sizeof key - 1},
					       .secret_key = {secret, sizeof secret - 1}};

static const struct s3_options everything = {
    .storage_class = "GLACIER_IR",
    .sse = "aws:kms",
    .sse_kms_key_id = "arn:aws:kms:ca-central-1:1:key/0-a",
    .sse_bucket_key = true,
    .tags = "team=data base&a+b=c/d=e",
    .lock_mode = "GOVERNANCE",
    .lock_days = 30,
    .requester_pays = true,
    .look_first = true,
};

/* In the order of their names, which is that of SignedHeaders. */
static const struct {
	const char *name, *line;
} given[] = {
    {"x-amz-object-lock-mode", "x-amz-object-lock-mode: GOVERNANCE\r\n"},
    {"x-amz-object-lock-retain-until-date", "x-amz-object-lock-retain-until-date: 2013-06-23T00:00:00Z\r\n"},
    {"x-amz-server-side-encryption", "x-amz-server-side-encryption: aws:kms\r\n"},
    {"x-amz-server-side-encryption-aws-kms-key-id",
     "x-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:ca-central-1:1:key/0-a\r\n"},
    {"x-amz-server-side-encryption-bucket-key-enabled", "x-amz-server-side-encryption-bucket-key-enabled: true\r\n"},
    {"x-amz-storage-class", "x-amz-storage-class: GLACIER_IR\r\n"},
    {"x-amz-tagging", "x-amz-tagging: team=data%20base&a%2Bb=c%2Fd%3De\r\n"},
};

static void reopen(struct scripted *scripted, const struct fault_answer *answers, size_t count,
		   const struct s3_options *with)
{
	scripted_open(scripted, answers, count);
	store_free(scripted->store);
	struct s3_options options = *with;
	options.bucket = "bucket";
	options.region = "ca-central-1";
	options.endpoint = fault_server_url(scripted->server);
	options.credentials = &credentials;
	options.upload_bytes = S3_PART_BYTES_MIN;
	enum status st = s3_store_open(&options, &scripted->store, &scripted->err);
	assert_ok(st, scripted->err);
}

static void put(struct scripted *scripted, size_t len)
{
	struct sink *sink = NULL;
	char *data = calloc(1, len);
	assert_non_null(data);
	assert_ok(store_create(scripted->store, &scripted->world.call, "a/b", &sink, &scripted->err), scripted->err);
	assert_ok(sink_write(sink, data, len, &scripted->err), scripted->err);
	assert_ok(sink_finish(sink, &scripted->err), scripted->err);
	sink_free(sink);
	free(data);
}

/* The list of names of the Authorization header. */
static void assert_signed(struct scripted *scripted, size_t n, const char *name, bool expected)
{
	char list[1024];
	const char *begin = strstr(fault_server_head(scripted->server, n), "SignedHeaders=");
	assert_non_null(begin);
	begin += strlen("SignedHeaders=");
	size_t len = strcspn(begin, ",");
	(void)snprintf(list, sizeof list, ";%.*s;", (int)len, begin);
	char wanted[128];
	(void)snprintf(wanted, sizeof wanted, ";%s;", name);
	if ((strstr(list, wanted) != NULL) != expected)
		fail_msg("request %zu: %s %s among %s", n, name, expected ? "is not" : "is", list);
}

static void assert_given(struct scripted *scripted, size_t n, bool expected)
{
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
		assert_signed(scripted, n, given[i].name, expected);
		if (expected)
			scripted_assert_has(scripted, n, given[i].line);
		else
			assert_null(strstr(fault_server_head(scripted->server, n), given[i].name));
	}
	scripted_assert_has(scripted, n, "\r\nx-amz-request-payer: requester\r\n");
	assert_signed(scripted, n, "x-amz-request-payer", true);
}

#define ETAG "ETag: \"d\"\r\n"

static void go_along_with_a_put(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.status = "404 Not Found"},
						      {.status = "404 Not Found", .body = ERROR_XML("NoSuchKey")},
						      {.headers = ETAG}};
	struct scripted scripted;
	reopen(&scripted, answers, 3, &everything);
	put(&scripted, 10);
	assert_int_equal(fault_server_count(scripted.server), 3);
	scripted_assert_request(&scripted, 0, "HEAD /bucket/a/b ");
	scripted_assert_request(&scripted, 2, "PUT /bucket/a/b ");
	assert_given(&scripted, 0, false);
	assert_given(&scripted, 2, true);
	scripted_assert_has(&scripted, 2, "\r\nif-none-match: *\r\n");
	scripted_assert_has(&scripted, 2, "\r\ncontent-md5: ");
	scripted_close(&scripted);
}

/* Of what an object is given, the server's time alone decides how long it is locked: this machine's may be years off.
 */
static void locks_by_the_servers_clock(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{"403 Forbidden", "Date: Mon, 24 May 2027 00:00:00 GMT\r\n",
						       ERROR_XML("RequestTimeTooSkewed"), 0, FAULT_NONE, 0},
						      {.headers = ETAG}};
	struct scripted scripted;
	reopen(&scripted, answers, 2, &(struct s3_options){.lock_mode = "COMPLIANCE", .lock_days = 36500});
	put(&scripted, 10);
	scripted_assert_has(&scripted, 0, "x-amz-object-lock-retain-until-date: 2113-04-30T00:00:00Z\r\n");
	scripted_assert_has(&scripted, 1, "x-amz-object-lock-retain-until-date: 2127-04-30T00:00:00Z\r\n");
	scripted_close(&scripted);
}

static enum status nothing_there(void *unused, const struct object_info *info, struct error *err)
{
	(void)unused;
	return error_set(err, STATUS_DAMAGED, "%s", info->name);
}

/* Every other request to such a bucket as well, or it is refused. */
static void pays_for_each_request(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {
	    {.body = "content"},
	    {.body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"},
	    {.headers = ETAG, .body = "content"},
	    {.status = "204 No Content"},
	};
	struct scripted scripted;
	struct collect into = {0};
	struct sink *sink = collect_new(&into);
	struct object_info info;
	reopen(&scripted, answers, 4, &(struct s3_options){.requester_pays = true});
	const struct call *call = &scripted.world.call;
	assert_ok(store_read(scripted.store, call, "a/b", sink, &scripted.err), scripted.err);
	assert_string_equal(buffer_text(&into.bytes), "content");
	sink_free(sink);
	buffer_fini(&into.bytes);
	assert_ok(store_list(scripted.store, call, "a/", nothing_there, NULL, &scripted.err), scripted.err);
	assert_ok(store_stat(scripted.store, call, "a/b", &info, &scripted.err), scripted.err);
	assert_ok(store_remove(scripted.store, call, "a/b", &scripted.err), scripted.err);
	assert_int_equal(fault_server_count(scripted.server), 4);
	for (size_t i = 0; i < 4; i++) {
		scripted_assert_has(&scripted, i, "\r\nx-amz-request-payer: requester\r\n");
		assert_signed(&scripted, i, "x-amz-request-payer", true);
	}
	scripted_close(&scripted);
}

/* In parts they belong to the beginning alone. */
static void go_along_with_the_begin_of_an_upload(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {
	    {.body = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"},
	    {.headers = "ETag: \"1\"\r\n"},
	    {.headers = "ETag: \"2\"\r\n"},
	    {.status = "404 Not Found"},
	    {.status = "404 Not Found", .body = ERROR_XML("NoSuchKey")},
	    {.body = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"},
	};
	struct scripted scripted;
	reopen(&scripted, answers, 6, &everything);
	put(&scripted, S3_PART_BYTES_MIN + 1);
	assert_int_equal(fault_server_count(scripted.server), 6);
	scripted_assert_request(&scripted, 0, "POST /bucket/a/b?uploads= ");
	scripted_assert_request(&scripted, 5, "POST /bucket/a/b?uploadId=u ");
	for (size_t i = 0; i < 6; i++)
		assert_given(&scripted, i, i == 0);
	scripted_close(&scripted);
}

static void nothing_is_sent_unless_asked_for(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.headers = ETAG}};
	struct scripted scripted;
	reopen(&scripted, answers, 1, &(struct s3_options){0});
	put(&scripted, 10);
	assert_int_equal(fault_server_count(scripted.server), 1);
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		assert_null(strstr(fault_server_head(scripted.server, 0), given[i].name));
	assert_null(strstr(fault_server_head(scripted.server, 0), "x-amz-request-payer"));
	scripted_close(&scripted);
}

#define TEN "a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=0"
#define LONG32 "abcdefghijklmnopqrstuvwxyzabcdef"
#define LONG128 LONG32 LONG32 LONG32 LONG32

static const struct {
	struct s3_options options;
	const char *text, *hint; /* NULL: taken */
} checks[] = {
    {{.storage_class = "GLACIER"}, "GLACIER has no immediate read access", "GLACIER_IR"},
    {{.storage_class = "DEEP_ARCHIVE", .endpoint = "http://a.test"},
     "DEEP_ARCHIVE has no immediate read access",
     "lifecycle"},
    {{.storage_class = "Glacier", .endpoint = "http://a.test"}, "Glacier has no immediate read access", ""},
    {{.storage_class = "REDUCED_REDUNDANCY"}, "'REDUCED_REDUNDANCY' is not an S3 storage class", ""},
    {{.storage_class = "", .endpoint = "http://a.test"}, "'' is not an S3 storage class", ""},
    {{.storage_class = "STANDARD_AI"}, "'STANDARD_AI' is not an S3 storage class", "STANDARD_IA"},
    {{.storage_class = "STANDARD_IA"}, NULL, NULL},
    {{.storage_class = "FROZEN", .endpoint = "http://a.test"}, NULL, NULL},
    {{.storage_class = "A B", .endpoint = "http://a.test"}, "'A B' is not an S3 storage class", ""},
    {{.sse_kms_key_id = "x"}, "s3-sse is not aws:kms", "s3-sse = aws:kms"},
    {{.sse = "AES256", .sse_kms_key_id = "x"}, "s3-sse is not aws:kms", ""},
    {{.sse = "aws:kms:dsse", .sse_kms_key_id = "alias/walship"}, NULL, NULL},
    {{.sse = "aws:kms", .sse_kms_key_id = "a b"}, "'a b' is not a valid key id", "ARN"},
    {{.sse = "aws:kms", .sse_bucket_key = true}, NULL, NULL},
    {{.sse = "aws:kms:dsse", .sse_bucket_key = true}, "s3-sse-bucket-key is set", "no bucket keys for aws:kms:dsse"},
    {{.sse_bucket_key = true}, "s3-sse-bucket-key is set, but s3-sse is not aws:kms", "s3-sse = aws:kms"},
    {{.tags = TEN}, NULL, NULL},
    {{.tags = "ab=1&b=2&a=3"}, NULL, NULL},
    {{.tags = "a b=1&c=2&a b=3"}, "'a b=3' repeats a name", ""},
    {{.tags = "a="}, NULL, NULL},
    {{.tags = TEN "&k=1"}, "'k=1' exceeds the limit of 10 tags", "at most 10"},
    {{.tags = "a"}, "'a' is not name=value", ""},
    {{.tags = "=a"}, "'=a' is not name=value", ""},
    {{.tags = "a=1&"}, "'' is not name=value", ""},
    {{.tags = "a=b,c"}, "contains a character that is not allowed in tags", "letters, digits"},
    {{.tags = "aws:x=1"}, "reserved for Amazon", ""},
    {{.tags = LONG128 "=" LONG128 LONG128}, NULL, NULL},
    {{.tags = LONG128 "x=1"}, "longer than 128", ""},
    {{.tags = "x=" LONG128 LONG128 "x"}, "256 for the value", ""},
    {{.lock_mode = "GOVERNANCE"}, "s3-object-lock-mode is set without s3-object-lock-retain-days", "set both"},
    {{.lock_days = 3}, "s3-object-lock-retain-days is set without s3-object-lock-mode", "set both"},
    {{.endpoint_mode = S3_ENDPOINT_FIPS, .endpoint = "http://a.test"}, "s3-endpoint is set", "remove one"},
    {{.endpoint_mode = S3_ENDPOINT_FIPS}, NULL, NULL},
};

static void are_checked_first(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		struct s3_options options = checks[i].options;
		struct store *store = NULL;
		struct error err = {0};
		options.bucket = "bucket";
		options.region = "ca-central-1";
		options.credentials = &credentials;
		enum status st = s3_store_open(&options, &store, &err);
		if (st != (checks[i].text == NULL ? STATUS_OK : STATUS_USAGE))
			fail_msg("check %zu: status %d: %s", i, (int)st, err.text);
		if (st && (strstr(err.text, checks[i].text) == NULL || strstr(err.hint, checks[i].hint) == NULL))
			fail_msg("check %zu: %s; hint: %s", i, err.text, err.hint);
		store_free(store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(go_along_with_a_put),
	    cmocka_unit_test(go_along_with_the_begin_of_an_upload),
	    cmocka_unit_test(locks_by_the_servers_clock),
	    cmocka_unit_test(pays_for_each_request),
	    cmocka_unit_test(nothing_is_sent_unless_asked_for),
	    cmocka_unit_test(are_checked_first),
	};
	return cmocka_run_group_tests_name("store/s3/s3_object", tests, NULL, NULL);
}

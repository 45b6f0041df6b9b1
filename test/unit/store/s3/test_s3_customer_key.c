/* SSE-C: the key goes along with every request for an object, over TLS alone, and into no log. */
#include <stdlib.h>
#include <string.h>

#include "scripted_s3.h"
#include "support/cmocka.h"
#include "support/collect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RAW "01234567890123456789012345678901"
#define BASE64 "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
#define MD5 "KYvwGXoFFJ42a2u2GDWhwQ=="
#define NAMES                                                                                                          \
	"x-amz-server-side-encryption-customer-algorithm;x-amz-server-side-encryption-customer-key;"                   \
	"x-amz-server-side-encryption-customer-key-md5"

static const char *const lines[] = {"\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n",
				    "\r\nx-amz-server-side-encryption-customer-key: " BASE64 "\r\n",
				    "\r\nx-amz-server-side-encryption-customer-key-md5: " MD5 "\r\n", NAMES};

static struct secret key_of(const char *text, size_t len)
{
	struct secret key = {0};
	struct error err;
	assert_int_equal(secret_set(&key, text, len, &err), STATUS_OK);
	return key;
}

static void assert_key(struct scripted *scripted, size_t n, bool expected)
{
	for (size_t i = 0; i < COUNT(lines); i++)
		if ((strstr(fault_server_head(scripted->server, n), lines[i]) != NULL) != expected)
			fail_msg("request %zu: %s", n, fault_server_head(scripted->server, n));
}

static void put(struct scripted *scripted, size_t len)
{
	struct sink *sink = NULL;
	char *data = calloc(1, len);
	assert_non_null(data);
	assert_ok(store_create(scripted->store, &scripted->world.call, "a", &sink, &scripted->err), scripted->err);
	assert_ok(sink_write(sink, data, len, &scripted->err), scripted->err);
	assert_ok(sink_finish(sink, &scripted->err), scripted->err);
	sink_free(sink);
	free(data);
}

#define ETAG "ETag: \"d\"\r\n"
#define MODIFIED "Last-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n"

static void goes_along_with_every_object(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {.headers = ETAG},                             /* PUT */
	    {.headers = ETAG, .body = "content"},          /* GET */
	    {.headers = ETAG MODIFIED, .body = "content"}, /* HEAD */
	    {.status = "204 No Content"},                  /* DELETE */
	    {.body = "<InitiateMultipartUploadResult><UploadId>i</UploadId></InitiateMultipartUploadResult>"},
	    {.headers = ETAG},           /* part 1 */
	    {.headers = ETAG},           /* part 2 */
	    {.status = "404 Not Found"}, /* the look before the end */
	    {.status = "404 Not Found", .body = ERROR_XML("NoSuchKey")},
	    {.body = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"},
	};
	static const char *const requests[] = {"PUT /bucket/pre/fix/a ",     "GET /bucket/pre/fix/a ",
					       "HEAD /bucket/pre/fix/a ",    "DELETE /bucket/pre/fix/a ",
					       "POST /bucket/pre/fix/a?up",  "PUT /bucket/pre/fix/a?part",
					       "PUT /bucket/pre/fix/a?part", "HEAD /bucket/pre/fix/a ",
					       "GET /bucket/pre/fix/a ",     "POST /bucket/pre/fix/a?up"};
	struct secret key = key_of(RAW, 32);
	struct scripted scripted;
	struct collect content = {0};
	struct object_info info;
	scripted_open_with(&scripted, FAULT_TLS, answers, COUNT(answers),
			   &(const struct s3_options){.customer_key = &key});
	secret_fini(&key);
	put(&scripted, 10);
	struct sink *sink = collect_new(&content);
	assert_ok(store_read(scripted.store, &scripted.world.call, "a", sink, &scripted.err), scripted.err);
	assert_ok(store_stat(scripted.store, &scripted.world.call, "a", &info, &scripted.err), scripted.err);
	assert_ok(store_remove(scripted.store, &scripted.world.call, "a", &scripted.err), scripted.err);
	put(&scripted, S3_PART_BYTES_MIN + 1);
	assert_int_equal(fault_server_count(scripted.server), COUNT(requests));
	for (size_t i = 0; i < COUNT(requests); i++) {
		scripted_assert_request(&scripted, i, requests[i]);
		assert_key(&scripted, i, strncmp(requests[i], "DELETE", 6) != 0);
	}
	assert_null(strstr(buffer_text(&scripted.world.logged), BASE64));
	assert_null(strstr(buffer_text(&scripted.world.logged), RAW));
	sink_free(sink);
	buffer_fini(&content.bytes);
	scripted_close(&scripted);
}

static void takes_keys_of_32_bytes_over_tls(void **state)
{
	(void)state;
	static char id[] = "id";
	static const struct credentials credentials = {.access_key = {id, 2}, .secret_key = {id, 2}};
	static const struct {
		const char *text;
		const char *endpoint, *sse;
		const char *error, *hint; /* NULL: taken */
	} cases[] = {
	    {RAW, NULL, NULL, NULL, NULL},
	    {BASE64, NULL, NULL, NULL, NULL},
	    {BASE64 "\n", "https://h", NULL, NULL, NULL},
	    {BASE64 "\r\n", "https://h", NULL, NULL, NULL},
	    {RAW "\n", NULL, NULL, "does not hold a key of 32 bytes", "openssl rand"},
	    {"short", NULL, NULL, "does not hold a key of 32 bytes", "openssl rand"},
	    {"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MD*=", NULL, NULL, "does not hold a key", "openssl rand"},
	    {"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEx", NULL, NULL, "does not hold a key", "openssl rand"},
	    {RAW, "http://h", NULL, "s3-endpoint is not https://", "use an endpoint with TLS"},
	    {RAW, NULL, "AES256", "s3-sse-customer-key-file and s3-sse are both set", "remove one"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret key = key_of(cases[i].text, strlen(cases[i].text));
		const struct s3_options options = {.bucket = "bucket",
						   .region = "ca-central-1",
						   .endpoint = cases[i].endpoint,
						   .sse = cases[i].sse,
						   .credentials = &credentials,
						   .customer_key = &key};
		struct store *store = NULL;
		struct error err = {0};
		enum status st = s3_store_open(&options, &store, &err);
		if (st != (cases[i].error == NULL ? STATUS_OK : STATUS_USAGE) ||
		    (st && (strstr(err.text, cases[i].error) == NULL || strstr(err.hint, cases[i].hint) == NULL)))
			fail_msg("case %zu: %d: %s; hint: %s", i, (int)st, err.text, err.hint);
		assert_null(strstr(err.text, "MDEy"));
		store_free(store);
		secret_fini(&key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(goes_along_with_every_object),
	    cmocka_unit_test(takes_keys_of_32_bytes_over_tls),
	};
	return cmocka_run_group_tests_name("store/s3/s3_customer_key", tests, NULL, NULL);
}

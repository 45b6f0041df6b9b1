/* The published examples of the Amazon S3 API reference, sig-v4-header-based-auth, and the limits. */
#include <stdio.h>
#include <string.h>

#include "net/aws/sigv4.h"
#include "support/cmocka.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char key[] = "AKIAIOSFODNN7EXAMPLE";
static char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
static char token[] = "a/token+of=a session"; /* the signer accepts blanks */
static const struct credentials credentials = {.access_key = {key, sizeof key - 1},
					       .secret_key = {secret, sizeof secret - 1}};
static struct error err;

static struct sigv4_request example(void)
{
	return (struct sigv4_request){.method = "GET",
				      .host = "examplebucket.s3.amazonaws.com",
				      .path = "/",
				      .payload_sha256 = EMPTY,
				      .region = "us-east-1",
				      .service = "s3",
				      .credentials = &credentials,
				      .now_s = 1369353600};
}

static void signs_the_published_examples(void **state)
{
	(void)state;
	static const struct field range[] = {{"range", "bytes=0-9"}};
	static const struct field put[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
					   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
	static const struct field lifecycle[] = {{"lifecycle", ""}};
	static const struct field list[] = {{"prefix", "J"}, {"max-keys", "2"}};
	static const struct {
		const char *method, *path;
		const struct field *query;
		size_t query_count;
		const struct field *headers;
		size_t header_count;
		const char *payload, *target, *names, *signature;
	} cases[] = {
	    {"GET", "/test.txt", NULL, 0, range, 1, EMPTY, "/test.txt", "host;range;x-amz-content-sha256;x-amz-date",
	     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	    {"PUT", "/test$file.text", NULL, 0, put, 2,
	     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", "/test%24file.text",
	     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	    {"GET", "/", lifecycle, 1, NULL, 0, EMPTY, "/?lifecycle=", "host;x-amz-content-sha256;x-amz-date",
	     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	    {"GET", "/", list, 2, NULL, 0, EMPTY, "/?max-keys=2&prefix=J", "host;x-amz-content-sha256;x-amz-date",
	     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sigv4_request request = example();
		struct sigv4_signature signature;
		char expected[1024];
		request.method = cases[i].method;
		request.path = cases[i].path;
		request.query = cases[i].query;
		request.query_count = cases[i].query_count;
		request.headers = cases[i].headers;
		request.header_count = cases[i].header_count;
		request.payload_sha256 = cases[i].payload;
		enum status st = sigv4_sign(&request, &signature, &err);
		assert_ok(st, err);
		(void)snprintf(expected, sizeof expected,
			       "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
			       "SignedHeaders=%s, Signature=%s",
			       cases[i].names, cases[i].signature);
		assert_string_equal(signature.authorization, expected);
		assert_string_equal(signature.target, cases[i].target);
		assert_string_equal(signature.date, "20130524T000000Z");
	}
}

/* Sorted by encoded name, then value. The joined strings "a=..." and "a-b=..." would sort the other way round. */
static void sorts_and_encodes(void **state)
{
	(void)state;
	static const struct field query[] = {{"b", "2"}, {"a-b", "x"}, {"b", "1"}, {"a", "~ /+%"}, {"\xc3\xa9", ""}};
	struct sigv4_request request = example();
	struct sigv4_signature signature;
	request.path = "//a b/../.\xc3\xa9+~%";
	request.query = query;
	request.query_count = COUNT(query);
	enum status st = sigv4_sign(&request, &signature, &err);
	assert_ok(st, err);
	assert_string_equal(signature.target, "//a%20b/../.%C3%A9%2B~%25?%C3%A9=&a=~%20%2F%2B%25&a-b=x&b=1&b=2");
}

static void signs_the_session_token(void **state)
{
	(void)state;
	struct credentials temporary = credentials;
	temporary.session_token = (struct secret){token, sizeof token - 1};
	struct sigv4_request request = example();
	struct sigv4_signature signature;
	request.credentials = &temporary;
	enum status st = sigv4_sign(&request, &signature, &err);
	assert_ok(st, err);
	assert_non_null(strstr(signature.authorization,
			       "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
	assert_null(strstr(signature.authorization, "session"));
}

static void refuses_what_passes_its_bounds(void **state)
{
	(void)state;
	static char long_text[SIGV4_TARGET_MAX + 1];
	static char half[SIGV4_TARGET_MAX / 2 + 1];
	static struct field many[SIGV4_HEADERS_MAX + 1];
	memset(long_text, 'a', sizeof long_text - 1);
	memset(half, 'a', sizeof half - 1);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct field){"x-amz-meta-a", "b"};
	const struct field long_name = {long_text, ""};
	const struct field long_value = {"a", long_text};
	const struct field long_header = {long_text, "a"};
	const struct field half_value = {"a", half};
	struct credentials long_secret = credentials;
	long_secret.secret_key = (struct secret){long_text, sizeof long_text - 1};
	struct sigv4_request cases[9];
	for (size_t i = 0; i < COUNT(cases); i++)
		cases[i] = example();
	cases[0].path = long_text;
	cases[1].query = &long_name, cases[1].query_count = 1;
	cases[2].query = &long_value, cases[2].query_count = 1;
	cases[3].query = many, cases[3].query_count = SIGV4_QUERY_MAX + 1;
	cases[4].headers = many, cases[4].header_count = SIGV4_HEADERS_MAX + 1;
	cases[5].region = long_text;
	cases[6].credentials = &long_secret;
	cases[7].headers = &long_header, cases[7].header_count = 1;
	cases[8].query = &half_value, cases[8].query_count = 1, cases[8].path = half;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct sigv4_signature signature;
		assert_int_equal(sigv4_sign(&cases[i], &signature, &err), STATUS_USAGE);
		assert_true(strlen(err.text) > 0);
	}
	struct sigv4_request far = example();
	struct sigv4_signature signature;
	far.now_s = INT64_MAX;
	assert_int_equal(sigv4_sign(&far, &signature, &err), STATUS_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signs_the_published_examples),
	    cmocka_unit_test(sorts_and_encodes),
	    cmocka_unit_test(signs_the_session_token),
	    cmocka_unit_test(refuses_what_passes_its_bounds),
	};
	return cmocka_run_group_tests_name("net/aws/sigv4", tests, NULL, NULL);
}

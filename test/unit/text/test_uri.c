#include <string.h>

#include "support/cmocka.h"
#include "text/uri.h"

static struct error err;

static void parses_repositories(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		enum repo_kind kind;
		const char *bucket, *path;
	} cases[] = {
	    {"file:///var/lib/walship", REPO_FILE, "", "/var/lib/walship"},
	    {"file:///var/lib/walship///", REPO_FILE, "", "/var/lib/walship"},
	    {"file:///with space", REPO_FILE, "", "/with space"},
	    {"s3://bucket", REPO_S3, "bucket", ""},
	    {"s3://bucket/", REPO_S3, "bucket", ""},
	    {"s3://my.bucket-1/a/b/", REPO_S3, "my.bucket-1", "a/b"},
	    {"s3://My_Bucket/x", REPO_S3, "My_Bucket", "x"},
	    {"s3://tenant:bucket/prefix", REPO_S3, "tenant:bucket", "prefix"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct repo_url url;
		assert_int_equal(repo_url_parse(&url, cases[i].text, &err), STATUS_OK);
		assert_int_equal(url.kind, cases[i].kind);
		assert_string_equal(url.bucket, cases[i].bucket);
		assert_string_equal(url.path, cases[i].path);
	}
}

static void refuses_others(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"", "repo '' is not a supported URL"},
	    {"/var/lib/walship", "repo '/var/lib/walship' is not a supported URL"},
	    {"http://x/y", "repo 'http://x/y' is not a supported URL"},
	    {"file://host/x", "repo 'file://host/x' needs an absolute directory"},
	    {"file:///", "repo 'file:///' names the root directory; name a directory below it"},
	    {"file:////", "repo 'file:////' names the root directory; name a directory below it"},
	    {"file:///a/../b", "repo 'file:///a/../b' contains the path component '.' or '..'"},
	    {"file:///a/.", "repo 'file:///a/.' contains the path component '.' or '..'"},
	    {"s3://", "repo 's3://' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://ab", "repo 's3://ab' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://-bucket/x", "repo 's3://-bucket/x' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://:bucket/x", "repo 's3://:bucket/x' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://a:b:cde/x", "repo 's3://a:b:cde/x' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://t/n:bucket",
	     "repo 's3://t/n:bucket' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://tenant:-b/x",
	     "repo 's3://tenant:-b/x' has no valid bucket name (3 or more letters, digits and . _ -)"},
	    {"s3://b%41cket/x",
	     "repo 's3://b%41cket/x' has no valid bucket name (3 or more letters, digits and . _ -)"},
	};
	struct repo_url url;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(repo_url_parse(&url, cases[i].text, &err), STATUS_USAGE);
		assert_string_equal(err.text, cases[i].expected);
		assert_string_equal(err.hint, "a repository URL is file:///directory or s3://bucket/prefix");
	}
	char longer[URI_PATH_MAX + 10];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(repo_url_parse(&url, longer, &err), STATUS_USAGE);
	assert_string_equal(err.text, "repo is longer than 1023 bytes");
}

static void encodes_as_s3_signs(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		bool keep_slash;
		const char *expected;
	} cases[] = {
	    {"", false, ""},
	    {"AZaz09-._~", false, "AZaz09-._~"},
	    {"a/b", true, "a/b"},
	    {"a/b", false, "a%2Fb"},
	    {"a b+c*'()!", false, "a%20b%2Bc%2A%27%28%29%21"},
	    {"\xc3\xa9%", false, "%C3%A9%25"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[64];
		char small[4];
		size_t len = uri_encode(out, sizeof out, cases[i].text, cases[i].keep_slash);
		assert_string_equal(out, cases[i].expected);
		assert_int_equal(len, strlen(cases[i].expected));
		assert_int_equal(uri_encode(small, sizeof small, cases[i].text, cases[i].keep_slash), len);
		assert_true(strlen(small) < sizeof small);
		assert_memory_equal(small, out, strlen(small));
		assert_int_equal(uri_encode(NULL, 0, cases[i].text, cases[i].keep_slash), len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parses_repositories),
	    cmocka_unit_test(refuses_others),
	    cmocka_unit_test(encodes_as_s3_signs),
	};
	return cmocka_run_group_tests_name("text/uri", tests, NULL, NULL);
}

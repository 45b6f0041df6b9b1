#include <string.h>

#include "net/credentials.h"
#include "support/cmocka.h"

static struct error err;

static void reads_the_environment(void **state)
{
	(void)state;
	static const struct {
		const char *environment[5];
		enum status status;
		const char *key, *token, *text;
	} cases[] = {
	    {{"PATH=/bin", NULL}, STATUS_OK, NULL, NULL, ""},
	    {{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", NULL}, STATUS_OK, NULL, NULL, ""},
	    {{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", NULL}, STATUS_OK, "k", NULL, ""},
	    {{"AWS_ACCESS_KEY_ID_2=x", "AWS_SECRET_ACCESS_KEY=s", "AWS_ACCESS_KEY_ID=k", "AWS_SESSION_TOKEN=t", NULL},
	     STATUS_OK,
	     "k",
	     "t",
	     ""},
	    {{"AWS_ACCESS_KEY_ID=k", NULL}, STATUS_USAGE, NULL, NULL, "AWS_ACCESS_KEY_ID without AWS_SECRET"},
	    {{"AWS_SECRET_ACCESS_KEY=s", NULL}, STATUS_USAGE, NULL, NULL, "AWS_SECRET_ACCESS_KEY without AWS_ACC"},
	    {{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s\n", NULL}, STATUS_USAGE, NULL, NULL, "the secret key"},
	    {{"AWS_ACCESS_KEY_ID=k ", "AWS_SECRET_ACCESS_KEY=s", NULL}, STATUS_USAGE, NULL, NULL, "the access key"},
	    {{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t\r\nx: y", NULL},
	     STATUS_USAGE,
	     NULL,
	     NULL,
	     "the session token"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct credentials got = {0};
		err = (struct error){0};
		assert_int_equal(credentials_from_environment(&got, cases[i].environment, &err), cases[i].status);
		assert_non_null(strstr(err.text, cases[i].text));
		assert_int_equal(credentials_present(&got), cases[i].key != NULL);
		if (cases[i].key != NULL) {
			assert_string_equal(got.access_key.data, cases[i].key);
			assert_string_equal(got.secret_key.data, "s");
			assert_non_null(strstr(got.source, "environment"));
		}
		if (cases[i].token != NULL)
			assert_string_equal(got.session_token.data, cases[i].token);
		else
			assert_int_equal(got.session_token.len, 0);
		credentials_fini(&got);
		assert_false(credentials_present(&got));
	}
}

/* What was there before goes, and a failure leaves it. */
static void replaces_what_was_there(void **state)
{
	(void)state;
	static char one[] = "one";
	static char two[] = "two";
	static char bad[] = "b\x80";
	const struct secret first = {one, 3};
	const struct secret second = {two, 3};
	const struct secret wrong = {bad, 2};
	struct credentials got = {0};
	enum status st = credentials_static(&got, &first, &first, &first, "here", &err);
	assert_ok(st, err);
	assert_int_equal(credentials_static(&got, &wrong, &second, NULL, "there", &err), STATUS_USAGE);
	assert_string_equal(got.access_key.data, "one");
	st = credentials_static(&got, &second, &second, NULL, "there", &err);
	assert_ok(st, err);
	assert_string_equal(got.secret_key.data, "two");
	assert_int_equal(got.session_token.len, 0);
	assert_string_equal(got.source, "there");
	credentials_fini(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_environment),
	    cmocka_unit_test(replaces_what_was_there),
	};
	return cmocka_run_group_tests_name("net/credentials", tests, NULL, NULL);
}

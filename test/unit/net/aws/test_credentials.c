#include <string.h>

#include "net/aws/credentials.h"
#include "support/cmocka.h"

static struct error err;

/* Success replaces the previous value; a failure keeps it. */
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
	    cmocka_unit_test(replaces_what_was_there),
	};
	return cmocka_run_group_tests_name("net/aws/credentials", tests, NULL, NULL);
}

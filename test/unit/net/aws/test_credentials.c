#include <string.h>

#include "net/aws/credentials.h"
#include "net/aws/partition.h"
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

/* As in botocore's partitions. */
static void knows_the_partitions(void **state)
{
	(void)state;
	static const struct {
		const char *region, *suffix;
	} cases[] = {
	    {"ca-central-1", "amazonaws.com"},      {"us-gov-east-1", "amazonaws.com"},
	    {"cn-northwest-1", "amazonaws.com.cn"}, {"eusc-de-east-1", "amazonaws.eu"},
	    {"us-iso-west-1", "c2s.ic.gov"},        {"us-isob-west-1", "sc2s.sgov.gov"},
	    {"us-isof-east-1", "csp.hci.ic.gov"},   {"eu-isoe-west-1", "cloud.adc-e.uk"},
	    {"us-east-1", "amazonaws.com"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(aws_dns_suffix(cases[i].region), cases[i].suffix);
	assert_true(aws_region_is_valid("eusc-de-east-1"));
	assert_false(aws_region_is_valid(""));
	assert_false(aws_region_is_valid("RegionOne"));
	assert_false(aws_region_is_valid("x@evil.test"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(replaces_what_was_there),
	    cmocka_unit_test(knows_the_partitions),
	};
	return cmocka_run_group_tests_name("net/aws/credentials", tests, NULL, NULL);
}

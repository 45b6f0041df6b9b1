#include <string.h>

#include "net/aws/aws_profile.h"
#include "support/cmocka.h"

static struct error err;

#define BOTH "aws_access_key_id = AK\naws_secret_access_key = SK\n"

static const struct {
	const char *text, *name;
	bool is_config, found;
	const char *key, *secret, *process;
} cases[] = {
    {"[default]\n" BOTH, "default", false, true, "AK", "SK", NULL},
    {"[default]\r\naws_access_key_id=AK\r\naws_secret_access_key =SK \r\n", "default", false, true, "AK", "SK", NULL},
    {"[a]\n" BOTH "[b]\naws_access_key_id=B", "b", false, true, "B", NULL, NULL},
    {"[a]\n" BOTH "[b]\naws_access_key_id=B", "c", false, false, NULL, NULL, NULL},
    {"# [a]\n;[a]\n" BOTH, "a", false, false, NULL, NULL, NULL},
    {"[ a ]\n# aws_access_key_id = X\n" BOTH, "a", false, true, "AK", "SK", NULL},
    {"[a]\n" BOTH "aws_access_key_id = later\n", "a", false, true, "later", "SK", NULL},
    {"[a]\naws_secret_access_key = a=b#c;d+/==\n", "a", false, true, NULL, "a=b#c;d+/==", NULL},
    /* Nested properties are not the profile's. */
    {"[a]\ns3 =\n  aws_access_key_id = nested\n" BOTH, "a", false, true, "AK", "SK", NULL},
    {"[a]\n  aws_access_key_id = AK\n\taws_secret_access_key = SK\n", "a", false, true, "AK", "SK", NULL},
    {"[profile a]\ncredential_process = /bin/x \"y z\" # all of it\n", "a", true, true, NULL, NULL,
     "/bin/x \"y z\" # all of it"},
    {"[profile\ta]\n" BOTH, "a", true, true, "AK", "SK", NULL},
    {"[a]\n" BOTH, "a", true, false, NULL, NULL, NULL},
    {"[profile a]\n" BOTH, "a", false, false, NULL, NULL, NULL},
    {"[default]\n" BOTH, "default", true, true, "AK", "SK", NULL},
    {"[profile default]\n" BOTH, "default", true, true, "AK", "SK", NULL},
    {"[a\n" BOTH, "a", false, false, NULL, NULL, NULL},
    {"[a]\nnonsense\n=\n=x\naws_access_key_id\n[a]\n" BOTH, "a", false, true, "AK", "SK", NULL},
    {"", "a", false, false, NULL, NULL, NULL},
    {"[", "a", false, false, NULL, NULL, NULL},
};

static void assert_value(const struct aws_profile *profile, enum aws_property property, const char *expected, size_t i)
{
	const char *got = aws_profile_value(profile, property);
	if ((got == NULL) != (expected == NULL) || (got != NULL && strcmp(got, expected) != 0))
		fail_msg("case %zu: %s is %s, not %s", i, aws_property_name(property), got == NULL ? "unset" : got,
			 expected == NULL ? "unset" : expected);
}

static void reads_a_profile(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct aws_profile profile = {0};
		enum status st = aws_profile_read(&profile, cases[i].text, strlen(cases[i].text), cases[i].name,
						  cases[i].is_config, &err);
		assert_ok(st, err);
		if (profile.found != cases[i].found)
			fail_msg("case %zu: found is %d", i, profile.found);
		assert_value(&profile, AWS_ACCESS_KEY_ID, cases[i].key, i);
		assert_value(&profile, AWS_SECRET_ACCESS_KEY, cases[i].secret, i);
		assert_value(&profile, AWS_CREDENTIAL_PROCESS, cases[i].process, i);
		aws_profile_fini(&profile);
	}
}

/* The values of the credentials file win; the config file adds others. */
static void adds_a_second_file(void **unused)
{
	(void)unused;
	static const char first[] = "[p]\naws_access_key_id = one\n";
	static const char second[] = "[profile p]\naws_access_key_id = two\naws_secret_access_key = SK\n";
	struct aws_profile profile = {0};
	assert_ok(aws_profile_read(&profile, first, sizeof first - 1, "p", false, &err), err);
	assert_ok(aws_profile_read(&profile, second, sizeof second - 1, "p", true, &err), err);
	assert_value(&profile, AWS_ACCESS_KEY_ID, "one", 0);
	assert_value(&profile, AWS_SECRET_ACCESS_KEY, "SK", 0);
	aws_profile_fini(&profile);
	assert_false(profile.found);
}

/* Session tokens of roles make lines of 20 KiB. */
static void takes_long_lines(void **unused)
{
	(void)unused;
	static char text[30000] = "[p]\naws_session_token = ";
	size_t begin = strlen(text);
	memset(text + begin, 't', sizeof text - begin - 1);
	struct aws_profile profile = {0};
	assert_ok(aws_profile_read(&profile, text, sizeof text - 1, "p", false, &err), err);
	assert_int_equal(profile.values[AWS_SESSION_TOKEN].len, sizeof text - 1 - begin);
	aws_profile_fini(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_a_profile),
	    cmocka_unit_test(adds_a_second_file),
	    cmocka_unit_test(takes_long_lines),
	};
	return cmocka_run_group_tests_name("net/aws/aws_profile", tests, NULL, NULL);
}

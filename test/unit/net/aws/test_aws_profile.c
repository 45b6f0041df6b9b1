#include <string.h>

#include "net/aws/aws_profile.h"
#include "support/cmocka.h"

static struct error err;

#define BOTH "aws_access_key_id = AK\naws_secret_access_key = SK\n"

static const struct {
	const char *text, *name;
	enum aws_section section;
	bool found;
	const char *key, *secret, *process;
} cases[] = {
    {"[default]\n" BOTH, "default", AWS_SECTION_OF_CREDENTIALS, true, "AK", "SK", NULL},
    {"[default]\r\naws_access_key_id=AK\r\naws_secret_access_key =SK \r\n", "default", AWS_SECTION_OF_CREDENTIALS, true,
     "AK", "SK", NULL},
    {"[a]\n" BOTH "[b]\naws_access_key_id=B", "b", AWS_SECTION_OF_CREDENTIALS, true, "B", NULL, NULL},
    {"[a]\n" BOTH "[b]\naws_access_key_id=B", "c", AWS_SECTION_OF_CREDENTIALS, false, NULL, NULL, NULL},
    {"# [a]\n;[a]\n" BOTH, "a", AWS_SECTION_OF_CREDENTIALS, false, NULL, NULL, NULL},
    {"[ a ]\n# aws_access_key_id = X\n" BOTH, "a", AWS_SECTION_OF_CREDENTIALS, true, "AK", "SK", NULL},
    {"[a]\n" BOTH "aws_access_key_id = later\n", "a", AWS_SECTION_OF_CREDENTIALS, true, "later", "SK", NULL},
    {"[a]\naws_secret_access_key = a=b#c;d+/==\n", "a", AWS_SECTION_OF_CREDENTIALS, true, NULL, "a=b#c;d+/==", NULL},
    /* Nested properties are not the profile's. */
    {"[a]\ns3 =\n  aws_access_key_id = nested\n" BOTH, "a", AWS_SECTION_OF_CREDENTIALS, true, "AK", "SK", NULL},
    {"[a]\n  aws_access_key_id = AK\n\taws_secret_access_key = SK\n", "a", AWS_SECTION_OF_CREDENTIALS, true, "AK", "SK",
     NULL},
    {"[profile a]\ncredential_process = /bin/x \"y z\" # all of it\n", "a", AWS_SECTION_OF_CONFIG, true, NULL, NULL,
     "/bin/x \"y z\" # all of it"},
    {"[profile\ta]\n" BOTH, "a", AWS_SECTION_OF_CONFIG, true, "AK", "SK", NULL},
    {"[a]\n" BOTH, "a", AWS_SECTION_OF_CONFIG, false, NULL, NULL, NULL},
    {"[profile a]\n" BOTH, "a", AWS_SECTION_OF_CREDENTIALS, false, NULL, NULL, NULL},
    {"[default]\n" BOTH, "default", AWS_SECTION_OF_CONFIG, true, "AK", "SK", NULL},
    {"[profile default]\n" BOTH, "default", AWS_SECTION_OF_CONFIG, true, "AK", "SK", NULL},
    {"[a\n" BOTH, "a", AWS_SECTION_OF_CREDENTIALS, false, NULL, NULL, NULL},
    {"[a]\nnonsense\n=\n=x\naws_access_key_id\n[a]\n" BOTH, "a", AWS_SECTION_OF_CREDENTIALS, true, "AK", "SK", NULL},
    {"[sso-session a]\n" BOTH "[profile a]\naws_access_key_id = X\n", "a", AWS_SECTION_OF_SSO, true, "AK", "SK", NULL},
    {"[a]\n" BOTH "[default]\n" BOTH, "default", AWS_SECTION_OF_SSO, false, NULL, NULL, NULL},
    {"[sso-session a]\n" BOTH, "a", AWS_SECTION_OF_CONFIG, false, NULL, NULL, NULL},
    {"", "a", AWS_SECTION_OF_CREDENTIALS, false, NULL, NULL, NULL},
    {"[", "a", AWS_SECTION_OF_CREDENTIALS, false, NULL, NULL, NULL},
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
						  cases[i].section, &err);
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
	assert_ok(aws_profile_read(&profile, first, sizeof first - 1, "p", AWS_SECTION_OF_CREDENTIALS, &err), err);
	assert_ok(aws_profile_read(&profile, second, sizeof second - 1, "p", AWS_SECTION_OF_CONFIG, &err), err);
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
	assert_ok(aws_profile_read(&profile, text, sizeof text - 1, "p", AWS_SECTION_OF_CREDENTIALS, &err), err);
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

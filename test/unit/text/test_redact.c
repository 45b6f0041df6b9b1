/* A key in another program's text is left out. */
#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"
#include "text/redact.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define NOTE "[64 hexadecimal digits left out]"

static void keys_are_left_out(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"", ""},
	    {"vault: sealed", "vault: sealed"},
	    {KEY, NOTE},
	    {"+ echo '" KEY "' done", "+ echo '" NOTE "' done"},
	    {"a" KEY "b" KEY "0", NOTE},
	    {"key=" KEY "xyz" KEY "\n", "key=" NOTE "xyz" NOTE "\n"},
	    /* One digit less is no key: a commit, a checksum of 40 digits. */
	    {"0112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF g",
	     "0112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF g"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[256];
		(void)snprintf(text, sizeof text, "%s", cases[i].text);
		text[redact(text, strlen(text))] = '\0';
		assert_string_equal(text, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_left_out),
	};
	return cmocka_run_group_tests_name("text/redact", tests, NULL, NULL);
}

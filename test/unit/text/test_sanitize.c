/* Terminal control sequences become '?'. */
#include <string.h>

#include "support/cmocka.h"
#include "text/sanitize.h"

static void only_text_is_left(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {"plain ~", "plain ~"},
	    {"tab\tcr\rbell\a", "tab?cr?bell?"},
	    {"\x1b[31m\x7f", "?[31m?"},
	    {"\xc2\x9b"
	     "31m \xc2\x80",
	     "??31m ??"}, /* CSI as one UTF-8 character */
	    {"\x9b"
	     "31m",
	     "?31m"},
	    {"\xc2\xa0 caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80",
	     "\xc2\xa0 caf\xc3\xa9 \xe2\x9c\x93 \xf0\x9f\x98\x80"},
	    {"caf\xe9 \xe9t\xe9", "caf\xe9 \xe9t\xe9"}, /* Latin-1 */
	    {"\xe9\x9b"
	     "31m",
	     "\xe9?31m"},
	    {"\xc0\x80 \xed\xa0\x80", "\xc0? \xed\xa0?"}, /* an overlong form; a surrogate */
	    {"\xe2\x9c", "\xe2?"},                        /* cut off */
	    {"\xe2\x1b[J", "\xe2?[J"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[64];
		(void)strcpy(text, cases[i].text);
		sanitize(text, strlen(text), '\0');
		assert_string_equal(text, cases[i].expected);
	}
}

static void one_may_stay(void **unused)
{
	(void)unused;
	char text[] = "a\nb\tc\n";
	sanitize(text, strlen(text), '\n');
	assert_string_equal(text, "a\nb?c\n");
	char nothing[] = {0, 'x'};
	sanitize(nothing, 2, '\0');
	assert_memory_equal(nothing, "?x", 2);
	sanitize(NULL, 0, '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_text_is_left),
	    cmocka_unit_test(one_may_stay),
	};
	return cmocka_run_group_tests_name("text/sanitize", tests, NULL, NULL);
}

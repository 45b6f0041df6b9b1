#include <string.h>

#include "support/cmocka.h"
#include "text/argsplit.h"

static void splits_as_documented(void **unused)
{
	(void)unused;
	static const struct {
		const char *line;
		const char *args; /* each in brackets */
		const char *text; /* of the error */
	} cases[] = {
	    {"echo", "[echo]", ""},
	    {"  a\tb  c ", "[a][b][c]", ""},
	    {"a 'b c' \"d e\"", "[a][b c][d e]", ""},
	    {"a 'b'\"c\"d", "[a][bcd]", ""},
	    {"a '' \"\"", "[a][][]", ""},
	    {"a 'b\\c' \"d\\\"e\" f\\ g", "[a][b\\c][d\"e][f g]", ""},
	    {"a \\", "[a][\\]", ""},
	    {"a '\"' \"'\"", "[a][\"][']", ""},
	    {"a $HOME * | b; c > d `e`", "[a][$HOME][*][|][b;][c][>][d][`e`]", ""},
	    {"", "", "the line is empty"},
	    {" \t ", "", "the line is empty"},
	    {"a 'b", "", "the line has an unclosed quote"},
	    {"a \"b", "", "the line has an unclosed quote"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct argsplit args;
		struct error err = {0};
		char joined[256] = "";
		enum status st = argsplit(&args, cases[i].line, "the line", &err);
		for (size_t k = 0; !st && k < args.count; k++) {
			(void)strcat(strcat(strcat(joined, "["), args.argv[k]), "]");
			assert_null(args.argv[args.count]);
		}
		assert_int_equal(st, cases[i].text[0] == '\0' ? STATUS_OK : STATUS_USAGE);
		assert_string_equal(joined, cases[i].args);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void has_bounds(void **unused)
{
	(void)unused;
	struct argsplit args;
	struct error err;
	char line[ARGSPLIT_LINE_MAX + 1];
	memset(line, 'x', sizeof line);
	line[ARGSPLIT_LINE_MAX] = '\0';
	assert_int_equal(argsplit(&args, line, "it", &err), STATUS_USAGE);
	assert_string_equal(err.text, "it is longer than 4095 bytes");
	line[ARGSPLIT_LINE_MAX - 1] = '\0';
	assert_int_equal(argsplit(&args, line, "it", &err), STATUS_OK);
	assert_int_equal(strlen(args.argv[0]), ARGSPLIT_LINE_MAX - 1);
	line[0] = '\0';
	for (int i = 0; i < ARGSPLIT_MAX; i++)
		(void)strcat(line, "a ");
	assert_int_equal(argsplit(&args, line, "it", &err), STATUS_OK);
	assert_int_equal(argsplit(&args, strcat(line, "a"), "it", &err), STATUS_USAGE);
	assert_string_equal(err.text, "it has more than 64 arguments");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(splits_as_documented), cmocka_unit_test(has_bounds)};
	return cmocka_run_group_tests_name("text/argsplit", tests, NULL, NULL);
}

#include <string.h>

#include "cli/arguments.h"
#include "support/cmocka.h"

#define WORDS 6

static struct arguments arguments;
static struct error err;

static enum status parse(const char *const *words)
{
	char *argv[WORDS + 2] = {(char[]){"walship"}};
	int argc = 1;
	for (; argc <= WORDS && words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	err = (struct error){0};
	return arguments_parse(&arguments, argc, argv, &err);
}

static const struct {
	const char *words[WORDS];
	const char *command; /* NULL: none */
	const char *operands[2];
	const char *options[4]; /* name, value, ... */
	const char *config_path;
	bool help, version;
} taken[] = {
    {.words = {"push", "a"}, .command = "push", .operands = {"a"}},
    {.words = {"fetch", "a", "b"}, .command = "fetch", .operands = {"a", "b"}},
    {.words = {"push", "--repo", "r", "a"}, .command = "push", .operands = {"a"}, .options = {"repo", "r"}},
    {.words = {"--repo=r", "push", "a"}, .command = "push", .operands = {"a"}, .options = {"repo", "r"}},
    {.words = {"push", "a", "--repo=r=s"}, .command = "push", .operands = {"a"}, .options = {"repo", "r=s"}},
    {.words = {"push", "a", "--repo", "--x"}, .command = "push", .operands = {"a"}, .options = {"repo", "--x"}},
    {.words = {"push", "-v", "a"}, .command = "push", .operands = {"a"}, .options = {"log-level", "info"}},
    {.words = {"push", "-vv", "a"}, .command = "push", .operands = {"a"}, .options = {"log-level", "debug"}},
    {.words = {"push", "--", "-v"}, .command = "push", .operands = {"-v"}},
    {.words = {"push", "-"}, .command = "push", .operands = {"-"}},
    {.words = {"--", "push", "--"}, .command = "push", .operands = {"--"}},
    {.words = {"push", "push"}, .command = "push", .operands = {"push"}},
    {.words = {"push", "a", "--config=c"}, .command = "push", .operands = {"a"}, .config_path = "c"},
    {.words = {"--config", "c", "config"}, .command = "config", .config_path = "c"},
    {.words = {"--cipher-key-file=a", "--cipher-key-file", "b", "config"},
     .command = "config",
     .options = {"cipher-key-file", "a", "cipher-key-file", "b"}},
    {.words = {"verify", "--again=30d"}, .command = "verify", .options = {"verify-again", "30d"}},
    {.words = {"status", "--timeout", "5s"}, .command = "status", .options = {"status-timeout", "5s"}},
    {.words = {"help"}, .command = "help"},
    {.words = {"help", "push"}, .command = "help", .operands = {"push"}},
    {.words = {"help", "key", "list"}, .command = "help", .operands = {"key", "list"}},
    {.words = {"key", "list"}, .command = "key list"},
    {.words = {"key", "--repo", "r", "list", "42"},
     .command = "key list",
     .operands = {"42"},
     .options = {"repo", "r"}},
    {.words = {"key", "rotate", "list"}, .command = "key rotate", .operands = {"list"}},
    {.words = {"backup", "keep", "list"}, .command = "backup keep", .operands = {"list"}},
    {.words = {"--help"}, .help = true},
    {.words = {"-h", "push"}, .command = "push", .help = true},
    {.words = {"--version"}, .version = true},
    {.words = {"-V"}, .version = true},
};

static void takes_every_form(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		assert_ok(parse(taken[i].words), err);
		assert_ptr_equal(arguments.command, taken[i].command == NULL ? NULL : command_find(taken[i].command));
		size_t operands = 0;
		for (; operands < 2 && taken[i].operands[operands] != NULL; operands++)
			assert_string_equal(arguments.operands[operands], taken[i].operands[operands]);
		assert_int_equal(arguments.operand_count, operands);
		size_t options = 0;
		for (; options < 2 && taken[i].options[2 * options] != NULL; options++) {
			assert_string_equal(arguments.options[options].name, taken[i].options[2 * options]);
			assert_string_equal(arguments.options[options].value, taken[i].options[2 * options + 1]);
		}
		assert_int_equal(arguments.option_count, options);
		assert_int_equal(arguments.help, taken[i].help);
		assert_int_equal(arguments.version, taken[i].version);
		if (taken[i].config_path == NULL)
			assert_null(arguments.config_path);
		else
			assert_string_equal(arguments.config_path, taken[i].config_path);
	}
}

static const struct {
	const char *words[WORDS];
	const char *command; /* that is known all the same */
	const char *text, *hint;
} refused[] = {
    {{NULL}, NULL, "no command", "see walship help"},
    {{"-v"}, NULL, "no command", "see walship help"},
    {{"psuh", "a"}, NULL, "unknown command 'psuh'", "did you mean walship push? See walship help"},
    {{"fetsch", "a", "b"}, NULL, "unknown command 'fetsch'", "did you mean walship fetch? See walship help"},
    {{""}, NULL, "unknown command ''", "see walship help"},
    {{"frob"}, NULL, "unknown command 'frob'", "see walship help"},
    {{"key"}, NULL, "key: incomplete command", "see walship help"},
    {{"key", "lisst"}, NULL, "unknown command 'key lisst'", "did you mean walship key list? See walship help"},
    {{"key", "rotate"},
     "key rotate",
     "key rotate: missing operand FILE [--write]",
     "usage: walship key rotate FILE [--write]"},
    {{"push"}, "push", "push: missing operand PATH", "usage: walship push PATH"},
    {{"fetch", "a"}, "fetch", "fetch: missing operand NAME DEST", "usage: walship fetch NAME DEST"},
    {{"push", "a", "b"}, "push", "push: unexpected operand 'b'", "usage: walship push PATH"},
    {{"config", "a"}, "config", "config: unexpected operand 'a'", "usage: walship config [--credentials] [--json]"},
    {{"--credentials", "push", "a"},
     "push",
     "push: --credentials belongs to another command",
     "walship config --credentials"},
    {{"push", "a", "--again=b"}, "push", "unknown option '--again'", NULL},
    {{"push", "a", "--reppo=b"}, "push", "unknown option '--reppo'", "did you mean --repo?"},
    {{"--reppo", "fetch", "a", "b"}, "fetch", "unknown option '--reppo'", "did you mean --repo?"},
    {{"--s3-key-secre=sesame", "push", "a"},
     "push",
     "unknown option '--s3-key-secre'",
     "did you mean --s3-key-secret?"},
    {{"verify", "--rad"}, "verify", "unknown option '--rad'", "did you mean --read?"},
    {{"push", "a", "-x"}, "push", "unknown option '-x'", "see walship help"},
    {{"push", "a", "-vvv"}, "push", "unknown option '-vvv'", "see walship help"},
    {{"push", "a", "--help=x"}, "push", "unknown option '--help'", "did you mean --help?"},
    {{"push", "a", "--repo"}, "push", "--repo needs a value", "--repo VALUE, or --repo=VALUE"},
    {{"push", "a", "--repo="}, "push", "--repo needs a value", "--repo VALUE, or --repo=VALUE"},
    {{"fetch", "a", "b", "--config", ""}, "fetch", "--config needs a value", "--config VALUE, or --config=VALUE"},
    {{"fetch", "a", "--config=c", "--config=c"},
     "fetch",
     "--config is given twice",
     "walship reads one configuration file: remove one of the two"},
    {{"-x", "--yy", "cat"}, "cat", "unknown option '-x'", NULL},
};

static void errors_leave_the_command_known(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_int_equal(parse(refused[i].words), STATUS_USAGE);
		assert_string_equal(err.text, refused[i].text);
		if (refused[i].hint != NULL && strcmp(err.hint, refused[i].hint) != 0)
			fail_msg("case %zu: %s", i, err.hint);
		assert_ptr_equal(arguments.command,
				 refused[i].command == NULL ? NULL : command_find(refused[i].command));
	}
}

static void too_many_are_refused(void **unused)
{
	(void)unused;
	static char word[] = "x";
	static char push[] = "push";
	static char option[] = "-v";
	_Static_assert(OPERANDS_MAX > OPTIONS_MAX, "the words below are too many of either");
	char *argv[OPERANDS_MAX + 4];
	argv[0] = word;
	argv[1] = push;
	for (int i = 2; i < OPERANDS_MAX + 4; i++)
		argv[i] = word;
	assert_int_equal(arguments_parse(&arguments, OPERANDS_MAX + 4, argv, &err), STATUS_USAGE);
	assert_string_equal(err.text, "too many operands: x");
	for (int i = 2; i < OPTIONS_MAX + 4; i++)
		argv[i] = option;
	assert_int_equal(arguments_parse(&arguments, OPTIONS_MAX + 4, argv, &err), STATUS_USAGE);
	assert_string_equal(err.text, "more than 128 options");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_every_form),
	    cmocka_unit_test(errors_leave_the_command_known),
	    cmocka_unit_test(too_many_are_refused),
	};
	return cmocka_run_group_tests_name("cli/arguments", tests, NULL, NULL);
}

#include <string.h>
#include <unistd.h>

#include "cli/reader.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define WORDS 6
#define SEGMENT "000000010000000000000003"
#define HERE "000000010000000000000004" /* in the working directory */
#define XLOG "pg_wal/RECOVERYXLOG"

/* As PostgreSQL calls: %f and %p are expanded. */
static const struct {
	const char *words[WORDS];
	enum exit_for reader;
} cases[] = {
    /* restore_command. */
    {{"fetch", SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{"fetch", "--repoo", "r", SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{"00000002.history", "pg_wal/RECOVERYHISTORY"}, EXIT_FOR_FETCH},
    {{"push", XLOG}, EXIT_FOR_FETCH},
    {{"push", "/data/pg_wal/RECOVERYHISTORY"}, EXIT_FOR_FETCH},
    {{"push", SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{"push", SEGMENT}, EXIT_FOR_FETCH}, /* not in the working directory */
    {{"push", "00000002.history"}, EXIT_FOR_FETCH},
    {{"push", SEGMENT, "/staging/" SEGMENT}, EXIT_FOR_FETCH},
    {{"push", "--fast", SEGMENT, "/staging/" SEGMENT}, EXIT_FOR_FETCH},
    {{"push", "/archive/" SEGMENT, "/staging/" SEGMENT}, EXIT_FOR_FETCH},
    {{SEGMENT, "/staging/" SEGMENT}, EXIT_FOR_FETCH},
    {{SEGMENT}, EXIT_FOR_FETCH},
    {{XLOG}, EXIT_FOR_FETCH},
    {{XLOG, SEGMENT}, EXIT_FOR_FETCH},
    {{"fecth", SEGMENT, "/staging/" SEGMENT}, EXIT_FOR_FETCH},
    {{"list", SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{"key", SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{"--fetch-time-out", "5s", "fetch", SEGMENT, XLOG}, EXIT_FOR_FETCH},
    {{"--fetch-time-out", "5s", "fetch", SEGMENT, "pg_wal/" SEGMENT}, EXIT_FOR_FETCH},
    {{"--push-time-out", "5s", "push", XLOG}, EXIT_FOR_FETCH},
    {{NULL}, EXIT_FOR_FETCH},
    {{"key"}, EXIT_FOR_FETCH},
    /* archive_command. */
    {{"push", "pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"push", HERE}, EXIT_FOR_PUSH},
    {{"push", "./" SEGMENT}, EXIT_FOR_PUSH},
    {{"push"}, EXIT_FOR_PUSH},
    {{"push", "pg_wal/" SEGMENT, SEGMENT}, EXIT_FOR_PUSH},
    {{"push", SEGMENT, "pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"--push-time-out", "5s", "push", "pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"--push-time-out", "5s", "push", "/data/pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"push", "/data/pg_wal/" SEGMENT, "--compres", "gzip"}, EXIT_FOR_PUSH},
    {{"push", "-z", "9", "/data/pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"pg_wal/00000002.history"}, EXIT_FOR_PUSH},
    {{SEGMENT, "pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"psuh", "pg_wal/" SEGMENT}, EXIT_FOR_PUSH},
    {{"psuh", "/data/x"}, EXIT_FOR_PUSH},
    /* Neither. */
    {{"list", SEGMENT}, EXIT_FOR_PUSH},
    {{"status"}, EXIT_FOR_MONITOR},
};

static void a_mistake_has_the_exit_code_for_its_reader(void **unused)
{
	(void)unused;
	assert_int_equal(chdir(test_dir.path), 0);
	scratch_put(&test_dir, HERE, "", 0, 0600);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		static struct arguments arguments;
		struct error err = {0};
		char *argv[WORDS + 2] = {(char[]){"walship"}};
		int argc = 1;
		for (; argc <= WORDS && cases[i].words[argc - 1] != NULL; argc++)
			argv[argc] = (char *)(uintptr_t)cases[i].words[argc - 1];
		(void)arguments_parse(&arguments, argc, argv, &err);
		if (reader_of(&arguments) != cases[i].reader)
			fail_msg("case %zu: %s", i, argc > 1 ? argv[1] : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_mistake_has_the_exit_code_for_its_reader),
	};
	return cmocka_run_group_tests_name("cli/reader", tests, test_dir_make, test_dir_remove);
}

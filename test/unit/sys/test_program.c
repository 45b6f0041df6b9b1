/* Programs that succeed, fail, print too much, or do not exit. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/program.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define BLANKS "                    "

static const char *const environment[] = {"PATH=/usr/bin:/bin", "GREETING=hello", NULL};
static struct call call = {.clock = &system_clock, .random = &system_random};
static struct error err;

static enum status run(const char *line, struct secret *out)
{
	const struct program program = {.what = "x-command", .line = line, .environment = environment};
	err = (struct error){0};
	return program_run(&program, &call, out, &err);
}

static int setup(void **unused)
{
	(void)unused;
	call.deadline_ms = clock_monotonic_ms(&system_clock) + 30000;
	call.signal_hold = NULL;
	return 0;
}

static void gives_what_is_printed(void **unused)
{
	(void)unused;
	static const struct {
		const char *line, *expected;
	} cases[] = {
	    {"echo a 'b  c'", "a b  c\n"},
	    {"printf a\\\\n", "a\n"},
	    {"sh -c 'echo $GREETING; echo no >&2'", "hello\n"},
	    {"cat", ""},
	    {"true", ""},
	    /* The program closes its output and continues; it leaves a child that keeps the output open. */
	    {"sh -c 'echo early; exec >&- 2>&-; sleep 0.1'", "early\n"},
	    {"sh -c 'echo own; sleep 2 &'", "own\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct secret out = {0};
		enum status st = run(cases[i].line, &out);
		assert_ok(st, err);
		assert_string_equal(out.data, cases[i].expected);
		assert_int_equal(out.len, strlen(cases[i].expected));
		secret_fini(&out);
	}
}

static void says_what_went_wrong(void **unused)
{
	(void)unused;
	static const struct {
		const char *line;
		enum status expected;
		const char *text;
	} cases[] = {
	    {"/nonexistent/program x", STATUS_USAGE,
	     "x-command /nonexistent/program: cannot be run: No such file or directory"},
	    {"echo 'x", STATUS_USAGE, "x-command has an unclosed quote"},
	    {"false", STATUS_UNREACHABLE, "x-command false: exited with code 1"},
	    {"sh -c 'kill -9 $$'", STATUS_UNREACHABLE, "x-command sh: killed by signal 9"},
	    {"sh -c 'echo; echo \" vault: sealed\" >&2; echo more >&2; exit 2'", STATUS_UNREACHABLE,
	     "x-command sh: exited with code 2: 'vault: sealed'"},
	    /* A program that traces its commands. */
	    {"sh -c 'echo key=sesame-open; echo + echo sesame-open >&2; exit 2'", STATUS_UNREACHABLE,
	     "x-command sh: exited with code 2 (the error message repeats the output, so it is not shown)"},
	    {"sh -c 'echo sesame-open; echo + echo sesame-open >&2; exit 2'", STATUS_UNREACHABLE,
	     "x-command sh: exited with code 2 (the error message repeats the output, so it is not shown)"},
	    /* A program that prints a key as its error: whole, or where the line is cut. */
	    {"sh -c 'echo cannot use " KEY "! >&2; exit 2'", STATUS_UNREACHABLE,
	     "x-command sh: exited with code 2: 'cannot use [64 hexadecimal digits left out]!'"},
	    {"sh -c 'printf %220s%s x " KEY " >&2; exit 2'", STATUS_UNREACHABLE,
	     "x-command sh: exited with code 2: 'x[64 hexadecimal digits left out]'"},
	    {"sh -c 'printf x%230s%s x " KEY " >&2; exit 2'", STATUS_UNREACHABLE,
	     "x-command sh: exited with code 2: 'x" BLANKS BLANKS BLANKS BLANKS BLANKS BLANKS BLANKS BLANKS BLANKS
		 BLANKS BLANKS "         x[64 hexadecimal digits le'"},
	    {"head -c 65537 /dev/zero", STATUS_UNREACHABLE, "x-command head: printed more than 65536 bytes"},
	    {"yes", STATUS_UNREACHABLE, "x-command yes: printed more than 65536 bytes"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct secret out = {0};
		assert_int_equal(run(cases[i].line, &out), cases[i].expected);
		assert_string_equal(err.text, cases[i].text);
		assert_null(out.data);
	}
}

static void takes_as_much_as_a_file_may_hold(void **unused)
{
	(void)unused;
	struct secret out = {0};
	enum status st = run("sh -c 'head -c 65536 /dev/zero; head -c 200000 /dev/zero >&2'", &out);
	assert_ok(st, err);
	assert_int_equal(out.len, SECRET_FILE_MAX);
	secret_fini(&out);
}

/* With truncate_output a program may print too much and still finish its work. */
static void lets_it_talk(void **unused)
{
	(void)unused;
	static const char *const lines[] = {
	    "sh -c 'head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 7'",
	    "sh -c 'setsid yes & setsid yes >&2 & sleep 0.2; exit 7'",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const struct program program = {
		    .what = "x-command", .line = lines[i], .environment = environment, .truncate_output = true};
		struct secret out = {0};
		int64_t began_ms = clock_monotonic_ms(&system_clock);
		err = (struct error){0};
		assert_int_equal(program_run(&program, &call, &out, &err), STATUS_UNREACHABLE);
		assert_non_null(strstr(err.text, "x-command sh: exited with code 7"));
		assert_true(clock_monotonic_ms(&system_clock) - began_ms < 10000);
	}
}

/* The whole process group is killed. */
static void ends_with_the_deadline(void **unused)
{
	(void)unused;
	struct scratch dir;
	struct secret out = {0};
	char line[256], text[32] = "";
	scratch_init(&dir);
	(void)snprintf(line, sizeof line, "sh -c 'sleep 300 & echo $! > %s; echo waiting >&2; wait'",
		       scratch_path(&dir, "pid"));
	call.deadline_ms = clock_monotonic_ms(&system_clock) + 1000;
	assert_int_equal(run(line, &out), STATUS_UNREACHABLE);
	assert_string_equal(err.text, "x-command sh: did not exit in time: 'waiting'");
	FILE *file = fopen(scratch_path(&dir, "pid"), "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof text, file));
	(void)fclose(file);
	pid_t child = (pid_t)atoi(text);
	assert_true(child > 1);
	/* The pid exists until the process that inherits the child waits for it. */
	for (int i = 0; i < 1000 && kill(child, 0) == 0; i++) {
		char stat[64], state[64] = "";
		(void)snprintf(stat, sizeof stat, "/proc/%d/stat", (int)child);
		file = fopen(stat, "r");
		if (file == NULL || fgets(state, sizeof state, file) == NULL || strstr(state, ") Z") != NULL)
			child = 0;
		if (file != NULL)
			(void)fclose(file);
		if (child == 0)
			break;
		(void)usleep(10000);
	}
	assert_true(child == 0 || kill(child, 0) != 0);
	scratch_fini(&dir);
}

static int held;

static void hold(void)
{
	held++;
}

static void release(void)
{
	held--;
}

static bool asked(void)
{
	assert_int_equal(held, 1);
	return true;
}

static void ends_when_a_signal_asks(void **unused)
{
	(void)unused;
	static const struct signal_hold signal_hold = {hold, release, asked};
	struct secret out = {0};
	call.signal_hold = &signal_hold;
	assert_int_equal(run("sleep 300", &out), STATUS_UNREACHABLE);
	assert_string_equal(err.text, "x-command sleep: interrupted by a signal");
	assert_int_equal(held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(gives_what_is_printed, setup),
	    cmocka_unit_test_setup(says_what_went_wrong, setup),
	    cmocka_unit_test_setup(takes_as_much_as_a_file_may_hold, setup),
	    cmocka_unit_test_setup(lets_it_talk, setup),
	    cmocka_unit_test_setup(ends_with_the_deadline, setup),
	    cmocka_unit_test_setup(ends_when_a_signal_asks, setup),
	};
	return cmocka_run_group_tests_name("sys/program", tests, NULL, NULL);
}

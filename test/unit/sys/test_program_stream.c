/* Programs whose output is taken piece by piece: whole, failing, silent, and with a reader that fails. */
#include <string.h>

#include "base/cleanup.h"
#include "support/cmocka.h"
#include "sys/program_stream.h"

#define MUCH (3UL * 1024 * 1024)

static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
static struct error err;

struct reader {
	size_t bytes, most;
};

static enum status take(void *arg, const void *data, size_t len, struct error *error)
{
	struct reader *reader = arg;
	(void)data;
	reader->bytes += len;
	return reader->bytes <= reader->most ? STATUS_OK : error_set(error, STATUS_LOCAL, "full");
}

static enum status run(const char *script, size_t most, struct reader *reader, struct buffer *errors)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	const struct call call = {.clock = &system_clock, .random = &system_random, .step_ms = 1500};
	const struct program_stream program = {argv, environment, take, reader};
	*reader = (struct reader){.most = most};
	err = (struct error){0};
	return program_stream(&program, &call, errors, &err);
}

static void runs(void **unused)
{
	(void)unused;
	static const struct {
		const char *script;
		size_t most;
		enum status status;
		const char *text;
		size_t bytes;
		const char *errors;
	} rows[] = {
	    {"head -c 3145728 /dev/zero; echo done >&2", MUCH, STATUS_OK, "", MUCH, "done\n"},
	    {"true", MUCH, STATUS_OK, "", 0, ""},
	    {"printf x; exit 3", MUCH, STATUS_UNREACHABLE, "exited with code 3", 1, ""},
	    {"printf x; echo why >&2; kill -9 $$", MUCH, STATUS_UNREACHABLE, "killed by signal 9", 1, "why\n"},
	    {"printf x; sleep 30", MUCH, STATUS_UNREACHABLE, "printed nothing in time", 1, ""},
	    {"exec >&- 2>&-; sleep 0.2; exit 4", MUCH, STATUS_UNREACHABLE, "exited with code 4", 0, ""},
	    {"head -c 3145728 /dev/zero; sleep 30", MUCH - 1, STATUS_LOCAL, "full", MUCH, ""},
	    /* It is alive as long as it prints. */
	    {"for i in 1 2 3 4 5 6; do sleep 0.4; printf x; done", MUCH, STATUS_OK, "", 6, ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(buffer_fini) struct buffer errors = {0};
		struct reader reader;
		assert_int_equal(run(rows[i].script, rows[i].most, &reader, &errors), rows[i].status);
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(reader.bytes, rows[i].bytes);
		assert_string_equal(buffer_text(&errors), rows[i].errors);
	}
}

static void keeps_the_end_of_the_errors(void **unused)
{
	(void)unused;
	CLEANUP(buffer_fini) struct buffer errors = {0};
	struct reader reader;
	assert_ok(run("head -c 3145728 /dev/zero | tr '\\0' x >&2; echo the end >&2", MUCH, &reader, &errors), err);
	assert_true(errors.len <= PROGRAM_ERRORS_MAX && errors.len > 8);
	assert_memory_equal(errors.data + errors.len - 8, "the end\n", 8);
}

static void says_that_it_cannot_be_run(void **unused)
{
	(void)unused;
	CLEANUP(buffer_fini) struct buffer errors = {0};
	const char *const argv[] = {"/no/such/program", NULL};
	const struct call call = {.clock = &system_clock, .random = &system_random, .step_ms = 1000};
	struct reader reader = {0};
	const struct program_stream program = {argv, environment, take, &reader};
	assert_int_equal(program_stream(&program, &call, &errors, &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "cannot be run"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(runs),
	    cmocka_unit_test(keeps_the_end_of_the_errors),
	    cmocka_unit_test(says_that_it_cannot_be_run),
	};
	return cmocka_run_group_tests_name("sys/program_stream", tests, NULL, NULL);
}

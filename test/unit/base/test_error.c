#include <errno.h>
#include <string.h>

#include "support/cmocka.h"
#include "walship/error.h"

static struct error err;

static void layers_add_context(void **unused)
{
	(void)unused;
	assert_int_equal(error_set(&err, STATUS_UNREACHABLE, "HTTP %d %s", 403, "AccessDenied"), STATUS_UNREACHABLE);
	assert_int_equal(error_hint(&err, STATUS_UNREACHABLE, "see %s", "s3-key"), STATUS_UNREACHABLE);
	assert_int_equal(error_wrap(&err, STATUS_LOCAL, "put %s", "s3://b/k"), STATUS_LOCAL);
	assert_int_equal(error_wrap(&err, STATUS_UNREACHABLE, "push %s", "000000010000000000000001"),
			 STATUS_UNREACHABLE);
	assert_string_equal(err.text, "push 000000010000000000000001: put s3://b/k: HTTP 403 AccessDenied");
	assert_string_equal(err.hint, "see s3-key");
	assert_int_equal(error_hint(&err, STATUS_LOCAL, "another"), STATUS_LOCAL);
	assert_string_equal(err.hint, "see s3-key");
	assert_int_equal(error_set(&err, STATUS_LOCAL, "new"), STATUS_LOCAL);
	assert_string_equal(err.hint, "");
}

static void names_the_system_error(void **unused)
{
	(void)unused;
	assert_int_equal(error_errno(&err, STATUS_LOCAL, ENOSPC, "write %s", "x"), STATUS_LOCAL);
	assert_string_equal(err.text, "write x: No space left on device");
	assert_int_equal(errno, ENOSPC);
}

/* Whatever the caller was about: a hint about the file that it names would mislead. */
static void some_system_errors_bring_their_hint(void **unused)
{
	(void)unused;
	static const struct {
		int errno_value;
		const char *hint; /* "": that of the caller */
	} cases[] = {
	    {EMFILE, "ulimit -n"}, {ENFILE, "fs.file-max"},   {ENOMEM, "memory is short"},
	    {EIO, "dmesg"},        {ELOOP, "symbolic links"}, {ENOENT, ""},
	    {ENOSPC, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)error_errno(&err, STATUS_LOCAL, cases[i].errno_value, "open x");
		(void)error_hint(&err, STATUS_LOCAL, "name another file");
		assert_non_null(strstr(err.hint, cases[i].hint));
		assert_int_equal(strcmp(err.hint, "name another file") == 0, cases[i].hint[0] == '\0');
	}
}

static void stays_one_line_within_its_bounds(void **unused)
{
	(void)unused;
	char longer[3 * ERROR_TEXT_MAX];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	(void)error_set(&err, STATUS_LOCAL, "a\nb\tc\x7f\x1b[31m");
	assert_string_equal(err.text, "a?b?c??[31m");
	(void)error_hint(&err, STATUS_LOCAL, "%s\n", longer);
	assert_int_equal(strlen(err.hint), ERROR_HINT_MAX - 1);
	(void)error_wrap(&err, STATUS_LOCAL, "%s", longer);
	(void)error_wrap(&err, STATUS_LOCAL, "%s", longer);
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
	(void)error_errno(&err, STATUS_LOCAL, EIO, "%s", longer);
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(layers_add_context),
	    cmocka_unit_test(names_the_system_error),
	    cmocka_unit_test(some_system_errors_bring_their_hint),
	    cmocka_unit_test(stays_one_line_within_its_bounds),
	};
	return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}

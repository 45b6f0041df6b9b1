#include <string.h>

#include "base/buffer.h"
#include "support/cmocka.h"

static struct error err;

static void grows_and_keeps(void **unused)
{
	(void)unused;
	struct buffer buffer = {0};
	assert_string_equal(buffer_text(&buffer), "");
	assert_int_equal(buffer_append(&buffer, NULL, 0, &err), STATUS_OK);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buffer_append(&buffer, "0123456", 7, &err), STATUS_OK);
	assert_int_equal(buffer.len, 70000);
	assert_int_equal(strlen(buffer_text(&buffer)), 70000);
	assert_int_equal(buffer_printf(&buffer, &err, "%s-%d", "x", 5), STATUS_OK);
	assert_string_equal(buffer_text(&buffer) + 70000, "x-5");
	buffer_clear(&buffer);
	assert_string_equal(buffer_text(&buffer), "");
	buffer_fini(&buffer);
	buffer_clear(&buffer);
	buffer_fini(&buffer);
}

static void keeps_to_its_bound(void **unused)
{
	(void)unused;
	struct buffer buffer = {.max = 10};
	assert_int_equal(buffer_append(&buffer, "0123456789", 10, &err), STATUS_OK);
	assert_int_equal(buffer_append(&buffer, "x", 1, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "more than 10 bytes");
	assert_int_equal(buffer_printf(&buffer, &err, "x"), STATUS_LOCAL);
	assert_string_equal(buffer_text(&buffer), "0123456789");
	buffer_fini(&buffer);
}

static void an_impossible_size_is_an_error(void **unused)
{
	(void)unused;
	struct buffer buffer = {0};
	assert_int_equal(buffer_append(&buffer, "x", SIZE_MAX / 2, &err), STATUS_LOCAL);
	assert_int_equal(buffer_append(&buffer, "x", SIZE_MAX / 5, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "out of memory for "));
	buffer_fini(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grows_and_keeps),
	    cmocka_unit_test(keeps_to_its_bound),
	    cmocka_unit_test(an_impossible_size_is_an_error),
	};
	return cmocka_run_group_tests_name("base/buffer", tests, NULL, NULL);
}

#include "support/cmocka.h"
#include "text/hex.h"

static void there_and_back(void **unused)
{
	(void)unused;
	uint8_t bytes[256];
	uint8_t again[256];
	char digits[513];
	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	hex_encode(digits, bytes, sizeof bytes);
	assert_true(hex_decode(again, digits, sizeof again));
	assert_memory_equal(bytes, again, sizeof bytes);
	hex_encode(digits, "\x0a\xff", 2);
	assert_string_equal(digits, "0aff");
}

static void refuses_other_characters(void **unused)
{
	(void)unused;
	uint8_t byte;
	assert_true(hex_decode(&byte, "aF", 1));
	assert_int_equal(byte, 0xaf);
	for (int c = 0; c < 256; c++) {
		char high[2] = {(char)c, '0'};
		char low[2] = {'0', (char)c};
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		assert_int_equal(hex_decode(&byte, high, 1), digit);
		assert_int_equal(hex_decode(&byte, low, 1), digit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(refuses_other_characters),
	};
	return cmocka_run_group_tests_name("text/hex", tests, NULL, NULL);
}

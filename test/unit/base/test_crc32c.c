#include "base/crc32c.h"
#include "support/cmocka.h"

static uint32_t crc_of(const void *data, size_t len)
{
	struct crc32c crc32c;
	crc32c_init(&crc32c);
	return crc32c_end(crc32c_add(&crc32c, CRC32C_BEGIN, data, len));
}

/* The examples of RFC 3720, appendix B.4, and the usual check value. */
static void gives_the_published_values(void **unused)
{
	(void)unused;
	uint8_t bytes[32] = {0};
	assert_int_equal(crc_of("", 0), 0);
	assert_int_equal(crc_of("123456789", 9), 0xE3069283);
	assert_int_equal(crc_of(bytes, sizeof bytes), 0x8A9136AA);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = 0xFF;
	assert_int_equal(crc_of(bytes, sizeof bytes), 0x62A8AB43);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc_of(bytes, sizeof bytes), 0x46DD794E);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(crc_of(bytes, sizeof bytes), 0x113FDB5C);
}

/* Any split and any alignment of the data give the same CRC. */
static void pieces_make_the_whole(void **unused)
{
	(void)unused;
	struct crc32c crc32c;
	uint8_t bytes[100];
	crc32c_init(&crc32c);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 37);
	uint32_t whole = crc32c_add(&crc32c, CRC32C_BEGIN, bytes, sizeof bytes);
	for (size_t cut = 0; cut <= sizeof bytes; cut++) {
		uint32_t state = crc32c_add(&crc32c, CRC32C_BEGIN, bytes, cut);
		assert_int_equal(crc32c_add(&crc32c, state, bytes + cut, sizeof bytes - cut), whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_published_values),
	    cmocka_unit_test(pieces_make_the_whole),
	};
	return cmocka_run_group_tests_name("base/crc32c", tests, NULL, NULL);
}

#include <string.h>

#include "format/keyring.h"
#include "support/cmocka.h"
#include "text/hex.h"

static struct error err;

static enum status add(struct keyring *ring, const char *content, size_t len)
{
	struct secret secret = {0};
	assert_int_equal(secret_set(&secret, content, len, &err), STATUS_OK);
	enum status st = keyring_add(ring, &secret, &err);
	secret_fini(&secret);
	return st;
}

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define RAW                                                                                                            \
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"                                             \
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"

static void forms_of_a_key_file(void **unused)
{
	(void)unused;
	static const struct {
		const char *content;
		size_t len;
		enum status expected;
	} cases[] = {
	    {HEX, 64, STATUS_OK},
	    {HEX "\n", 65, STATUS_OK},
	    {HEX "\r\n", 66, STATUS_OK},
	    {RAW, 32, STATUS_OK},
	    {"", 0, STATUS_USAGE},
	    {"\n", 1, STATUS_USAGE},
	    {HEX, 63, STATUS_USAGE},
	    {HEX "0", 65, STATUS_USAGE},
	    {HEX " ", 65, STATUS_USAGE},
	    {RAW, 31, STATUS_USAGE},
	    {RAW "x", 33, STATUS_USAGE},
	    {"g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 64, STATUS_USAGE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct keyring ring = {0};
		char id[2 * KEY_ID_BYTES + 1];
		assert_int_equal(add(&ring, cases[i].content, cases[i].len), cases[i].expected);
		assert_int_equal(ring.count, cases[i].expected == STATUS_OK);
		if (cases[i].expected == STATUS_OK) {
			/* openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt hexkey:$HEX -kdfopt info:"walship 1 key
			 * id" HKDF */
			hex_encode(id, ring.keys[0].id, KEY_ID_BYTES);
			assert_string_equal(id, "ee1ca5294f1bd70835afac93f4f06be9");
		} else {
			assert_non_null(strstr(err.text, "not a key: "));
		}
		keyring_fini(&ring);
	}
}

static void the_same_key_twice_is_a_mistake(void **unused)
{
	(void)unused;
	struct keyring ring = {0};
	assert_int_equal(add(&ring, HEX, 64), STATUS_OK);
	assert_int_equal(add(&ring, RAW, 32), STATUS_USAGE);
	assert_string_equal(err.text, "contains a key that is already configured");
	keyring_fini(&ring);
}

static void holds_many_and_finds_each(void **unused)
{
	(void)unused;
	struct keyring ring = {0};
	char content[REPOSITORY_KEY_BYTES] = {0};
	for (int i = 0; i < KEYRING_MAX; i++) {
		content[0] = (char)i;
		assert_int_equal(add(&ring, content, sizeof content), STATUS_OK);
	}
	for (int i = 0; i < KEYRING_MAX; i++)
		assert_ptr_equal(keyring_find(&ring, ring.keys[i].id), &ring.keys[i]);
	content[0] = KEYRING_MAX;
	assert_int_equal(add(&ring, content, sizeof content), STATUS_USAGE);
	uint8_t unknown[KEY_ID_BYTES] = {0};
	assert_null(keyring_find(&ring, unknown));
	keyring_fini(&ring);
}

static void long_names_are_refused(void **unused)
{
	(void)unused;
	struct object_keys keys;
	struct repository_key key = {0};
	uint8_t header[64] = {0};
	char name[2000];
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(object_keys_derive(&keys, &key, header, sizeof header, name, &err), STATUS_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms_of_a_key_file),
	    cmocka_unit_test(the_same_key_twice_is_a_mistake),
	    cmocka_unit_test(holds_many_and_finds_each),
	    cmocka_unit_test(long_names_are_refused),
	};
	return cmocka_run_group_tests_name("format/keyring", tests, NULL, NULL);
}

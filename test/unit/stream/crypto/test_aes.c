/* NIST SP 800-38A, F.2.5 and F.2.6: CBC-AES256. */
#include <string.h>

#include "base/hex.h"
#include "stream/crypto/aes.h"
#include "support/cmocka.h"
#include "support/collect.h"

#define VECTOR_BYTES 64

static const char key_hex[] = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
static const char iv_hex[] = "000102030405060708090a0b0c0d0e0f";
static const char plain_hex[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
				"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
static const char cipher_hex[] = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
				 "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b";
static struct aes_key key;
static struct error err;

static int decode_key(void **unused)
{
	(void)unused;
	return hex_decode(key.key, key_hex, AES_KEY_BYTES) && hex_decode(key.iv, iv_hex, AES_IV_BYTES) ? 0 : -1;
}

static enum status run(enum status (*make)(struct sink **, const struct aes_key *, struct error *),
		       const struct buffer *in, struct collect *state)
{
	struct sink *chain = collect_new(state);
	assert_int_equal(make(&chain, &key, &err), STATUS_OK);
	enum status st = sink_write(chain, in->data, in->len, &err);
	if (!st)
		st = sink_finish(chain, &err);
	sink_free(chain);
	return st;
}

static void nist_vector(void **unused)
{
	(void)unused;
	uint8_t plain[VECTOR_BYTES];
	uint8_t cipher[VECTOR_BYTES];
	assert_true(hex_decode(plain, plain_hex, VECTOR_BYTES) && hex_decode(cipher, cipher_hex, VECTOR_BYTES));
	struct buffer in = {.data = plain, .len = VECTOR_BYTES};
	struct collect encrypted = {0};
	struct collect decrypted = {0};
	assert_int_equal(run(aes_encrypt, &in, &encrypted), STATUS_OK);
	/* The test vector has no padding; an object has one block of it. */
	assert_int_equal(encrypted.bytes.len, VECTOR_BYTES + 16);
	assert_memory_equal(encrypted.bytes.data, cipher, VECTOR_BYTES);
	assert_int_equal(run(aes_decrypt, &encrypted.bytes, &decrypted), STATUS_OK);
	assert_int_equal(decrypted.bytes.len, VECTOR_BYTES);
	assert_memory_equal(decrypted.bytes.data, plain, VECTOR_BYTES);
	buffer_fini(&encrypted.bytes);
	buffer_fini(&decrypted.bytes);
}

static void wrong_lengths_and_padding_are_damage(void **unused)
{
	(void)unused;
	uint8_t cipher[VECTOR_BYTES];
	assert_true(hex_decode(cipher, cipher_hex, VECTOR_BYTES));
	for (size_t len = 1; len <= VECTOR_BYTES; len++) {
		struct buffer in = {.data = cipher, .len = len};
		struct collect state = {0};
		assert_int_equal(run(aes_decrypt, &in, &state), STATUS_DAMAGED);
		assert_string_equal(err.text, "damaged AES-256-CBC data: wrong length or padding");
		assert_int_equal(state.finished, 0);
		buffer_fini(&state.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nist_vector),
	    cmocka_unit_test(wrong_lengths_and_padding_are_damage),
	};
	return cmocka_run_group_tests_name("stream/crypto/aes", tests, decode_key, NULL);
}

#include <string.h>

#include "base/hex.h"
#include "stream/crypto/tag.h"
#include "support/cmocka.h"
#include "support/collect.h"

static struct error err;

static void assert_tag(const uint8_t *key, const char *data, const char *expected)
{
	struct collect state = {0};
	char digits[2 * TAG_BYTES + 1];
	struct sink *chain = collect_new(&state);
	assert_int_equal(tag_append(&chain, key, &err), STATUS_OK);
	assert_int_equal(sink_write(chain, data, strlen(data), &err), STATUS_OK);
	assert_int_equal(sink_finish(chain, &err), STATUS_OK);
	sink_free(chain);
	assert_int_equal(state.bytes.len, strlen(data) + TAG_BYTES);
	hex_encode(digits, state.bytes.data + strlen(data), TAG_BYTES);
	assert_string_equal(digits, expected);
	buffer_fini(&state.bytes);
}

/* FIPS 180-2, appendix B.1; and RFC 4231, test case 1, its key filled up with zeros to 32 bytes, which HMAC does
 * itself. */
static void published_values(void **unused)
{
	(void)unused;
	uint8_t key[MAC_KEY_BYTES] = {0};
	memset(key, 0x0b, 20);
	assert_tag(NULL, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_tag(key, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

/* The stage after the verifier rejects the content: that counts only if the content is authentic. */
static void content_is_judged_after_the_tag(void **unused)
{
	(void)unused;
	static const struct {
		enum status next, expected;
		const char *tag;
		const char *text;
	} cases[] = {
	    {STATUS_CONFLICT, STATUS_CONFLICT, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	     "the next stage failed"},
	    {STATUS_DAMAGED, STATUS_DAMAGED, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	     "the next stage failed"},
	    {STATUS_CONFLICT, STATUS_DAMAGED, "aa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	     "damaged: its SHA-256 does not match"},
	    {STATUS_OK, STATUS_DAMAGED, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae",
	     "damaged: its SHA-256 does not match"},
	    {STATUS_OK, STATUS_OK, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t tag[TAG_BYTES];
		struct collect state = {.fail_with = cases[i].next};
		struct sink *chain = collect_new(&state);
		err = (struct error){0};
		assert_true(hex_decode(tag, cases[i].tag, TAG_BYTES));
		assert_int_equal(tag_verify(&chain, NULL, "a", 1, &err), STATUS_OK);
		assert_int_equal(sink_write(chain, "bc", 2, &err), STATUS_OK);
		assert_int_equal(sink_write(chain, tag, sizeof tag, &err), STATUS_OK);
		assert_int_equal(sink_finish(chain, &err), cases[i].expected);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(state.finished, cases[i].expected == STATUS_OK);
		sink_free(chain);
		buffer_fini(&state.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_values),
	    cmocka_unit_test(content_is_judged_after_the_tag),
	};
	return cmocka_run_group_tests_name("stream/crypto/tag", tests, NULL, NULL);
}

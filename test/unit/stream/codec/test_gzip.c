/* What a gzip member may look like (RFC 1952, 2.3) and both implementations must make of it. */
#include <string.h>

#include <zlib.h>

#include "formats.h"
#include "support/cmocka.h"

enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 32 };
#define HEADER_BYTES 10
#define TRAILER_BYTES 8

static struct error err;

static void add(struct buffer *out, const void *data, size_t len)
{
	assert_int_equal(buffer_append(out, data, len, &err), STATUS_OK);
}

/* A member with these fields in its header. */
static void add_member(struct buffer *out, const struct buffer *plain, unsigned flags)
{
	static const uint8_t extra[] = "\x05\0extra";
	uint8_t header[HEADER_BYTES] = {0x1f, 0x8b, 8, (uint8_t)flags, 1, 2, 3, 4, 0, 3};
	size_t start = out->len;
	struct buffer packed = pack(&implementations[0], 6, plain);
	add(out, header, sizeof header);
	if (flags & FEXTRA)
		add(out, extra, sizeof extra - 1);
	if (flags & FNAME)
		add(out, "000000010000000000000003", sizeof "000000010000000000000003");
	if (flags & FCOMMENT)
		add(out, "of some cluster", sizeof "of some cluster");
	if (flags & FHCRC) {
		uLong crc = crc32(0, (const uint8_t *)out->data + start, (uInt)(out->len - start));
		add(out, (uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8)}, 2);
	}
	add(out, packed.data + HEADER_BYTES, packed.len - HEADER_BYTES);
	buffer_fini(&packed);
}

static void assert_refused(const struct buffer *packed, const char *what)
{
	for (const struct implementation *by = implementations; by < implementations_end; by++) {
		struct buffer out = {0};
		if (strcmp(by->format, "gzip") != 0)
			continue;
		if (unpack(by, packed, &out, &err) != STATUS_DAMAGED)
			fail_msg("%s takes %s", by->name, what);
		buffer_fini(&out);
	}
}

static void assert_taken(const struct buffer *packed, const struct buffer *plain)
{
	for (const struct implementation *by = implementations; by < implementations_end; by++)
		if (strcmp(by->format, "gzip") == 0)
			assert_unpacks(by, packed, plain);
}

/* All sixteen kinds of header. */
static void takes_every_header(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(50);
	for (unsigned flags = 0; flags < RESERVED; flags += 2) {
		struct buffer packed = {0};
		add_member(&packed, &plain, flags);
		assert_taken(&packed, &plain);
		buffer_fini(&packed);
	}
	buffer_fini(&plain);
}

static void refuses_members_in_a_row(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(50);
	struct buffer packed = {0};
	add_member(&packed, &plain, 0);
	assert_taken(&packed, &plain);
	add_member(&packed, &plain, FNAME);
	assert_refused(&packed, "two members");
	buffer_fini(&packed);
	buffer_fini(&plain);
}

static void refuses_every_header_cut_off(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(5);
	struct buffer packed = {0};
	add_member(&packed, &plain, FEXTRA | FNAME | FCOMMENT | FHCRC);
	for (size_t len = 0; len < packed.len; len++)
		assert_refused(&(struct buffer){.data = packed.data, .len = len}, "a member cut off");
	buffer_fini(&packed);
	buffer_fini(&plain);
}

static void refuses_what_is_wrong(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(50);
	struct buffer packed = {0};
	for (unsigned flag = RESERVED; flag < 256; flag *= 2) {
		add_member(&packed, &plain, flag);
		assert_refused(&packed, "a reserved flag");
		buffer_clear(&packed);
	}
	add_member(&packed, &plain, FNAME | FHCRC);
	size_t len = packed.len;
	static const struct {
		size_t at; /* from the end, above 1000 from the beginning */
		const char *what;
	} cases[] = {
	    {1000, "another magic"}, {1002, "another method"}, {1004, "a time stamp that its FHCRC does not know"},
	    {1012, "a wrong FHCRC"}, {8, "a wrong CRC-32"},    {5, "a wrong CRC-32"},
	    {4, "a wrong length"},   {1, "a wrong length"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t at = cases[i].at >= 1000 ? cases[i].at - 1000 : len - cases[i].at;
		packed.data[at] ^= 0x10;
		assert_refused(&packed, cases[i].what);
		packed.data[at] ^= 0x10;
	}
	assert_taken(&packed, &plain);
	static const uint8_t zeros[512];
	add(&packed, zeros, sizeof zeros);
	assert_refused(&packed, "a tape's padding");
	buffer_fini(&packed);
	buffer_fini(&plain);
}

static void refuses_what_is_not_gzip(void **unused)
{
	(void)unused;
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
	    {"", 0},
	    {"\x1f", 1},
	    {"plain text", 10},
	    {"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff\xff\xff", 14},
	    {"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0junk", 24},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer packed = {0};
		add(&packed, cases[i].data, cases[i].len);
		assert_refused(&packed, cases[i].data);
		assert_non_null(strstr(err.text, "damaged gzip data"));
		buffer_fini(&packed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_every_header),           cmocka_unit_test(refuses_members_in_a_row),
	    cmocka_unit_test(refuses_every_header_cut_off), cmocka_unit_test(refuses_what_is_wrong),
	    cmocka_unit_test(refuses_what_is_not_gzip),
	};
	return cmocka_run_group_tests_name("stream/codec/gzip", tests, NULL, NULL);
}

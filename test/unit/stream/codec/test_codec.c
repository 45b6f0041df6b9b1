/* Every codec and each of its implementations: against each other, against the programs of others, against damage. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "support/cmocka.h"

static struct error err;

static bool has_format(const char *format)
{
	return codec_by_name(format)->compressor != NULL;
}

static void finds_codecs(void **unused)
{
	(void)unused;
	static const char *const names[] = {"none", "gzip", "zstd", "lz4"};
	for (uint8_t id = 0; id < sizeof names / sizeof names[0]; id++) {
		assert_string_equal(codec_by_id(id)->name, names[id]);
		assert_int_equal(codec_by_name(names[id])->id, id);
	}
	assert_null(codec_by_id(77));
	assert_null(codec_by_name("rar"));
}

/* Built in or not, there is an answer; and "not" has a hint that helps. */
static void says_what_is_not_built_in(void **unused)
{
	(void)unused;
	for (uint8_t id = 0; id <= 3; id++) {
		const struct codec *codec = codec_by_id(id);
		assert_int_equal(codec->compressor == NULL, codec->decompressor == NULL);
		assert_int_equal(codec_check(codec, STATUS_USAGE, &err),
				 codec->compressor == NULL ? STATUS_USAGE : STATUS_OK);
	}
	const struct codec absent = {77, false, "rar", NULL, NULL};
	assert_int_equal(codec_check(&absent, STATUS_DAMAGED, &err), STATUS_DAMAGED);
	assert_string_equal(err.text, "this walship was built without rar");
	assert_string_equal(err.hint, "build it with meson's -Drar=enabled");
}

/* What one implementation writes, at each level, every other of its format reads. */
static void each_reads_what_the_others_wrote(void **unused)
{
	(void)unused;
	static const int counts[] = {0, 1, 1000, 30000};
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct buffer plain = numbers(counts[i]);
		for (const struct implementation *writer = implementations; writer < implementations_end; writer++)
			for (int level = writer->least; level <= writer->most; level++) {
				struct buffer packed = pack(writer, level, &plain);
				for (const struct implementation *reader = implementations;
				     reader < implementations_end; reader++)
					if (strcmp(reader->format, writer->format) == 0)
						assert_unpacks(reader, &packed, &plain);
				buffer_fini(&packed);
			}
		buffer_fini(&plain);
	}
}

static const struct foreign {
	const char *format, *command; /* with one number in it, or none */
	int least, most;
} foreign_writers[] = {
    {"gzip", "gzip -%dc", 1, 9},
    {"gzip",
     "/usr/bin/python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read(), %d))'", 0,
     2},
    {"zstd", "zstd -q -%d", 1, 19},
    {"zstd", "zstd -q --fast=%d", 1, 5},
    {"zstd", "zstd -q --no-check -%d", 3, 3},
    {"zstd", "zstd -q --long=23 -%d", 3, 3},
    {"lz4", "lz4 -qc -%d", 1, 12},
    {"lz4", "lz4 -qc -B%d", 4, 7},
    {"lz4", "lz4 -qc -BD -B%d", 4, 7},
    {"lz4", "lz4 -qc -BX -%d", 1, 3},
    {"lz4", "lz4 -qc --no-frame-crc -%d", 1, 3},
};

static void each_reads_what_other_programs_wrote(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(20000);
	for (size_t i = 0; i < sizeof foreign_writers / sizeof foreign_writers[0]; i++)
		for (int level = foreign_writers[i].least; level <= foreign_writers[i].most; level++) {
			char command[512];
			if (!has_format(foreign_writers[i].format))
				continue;
			const char *number = strstr(foreign_writers[i].command, "%d");
			(void)snprintf(command, sizeof command, "%.*s%d%s", (int)(number - foreign_writers[i].command),
				       foreign_writers[i].command, level, number + 2);
			struct buffer packed = from_shell(command, &plain);
			for (const struct implementation *by = implementations; by < implementations_end; by++)
				if (strcmp(by->format, foreign_writers[i].format) == 0)
					assert_unpacks(by, &packed, &plain);
			buffer_fini(&packed);
		}
	buffer_fini(&plain);
}

static void assert_damaged(const struct implementation *by, const struct buffer *packed)
{
	struct buffer out = {0};
	if (unpack(by, packed, &out, &err) != STATUS_DAMAGED)
		fail_msg("%s takes it", by->name);
	assert_non_null(strstr(err.text, "damaged "));
	buffer_fini(&out);
}

/* One member, one frame: what stands beside it would be content that no offset tells of. */
static const struct foreign foreign_rows[] = {
    {"gzip", "cat >/dev/null; seq 1 9000 | gzip -c; printf '' | gzip -c; seq 9001 20000 | gzip -%dc", 1, 9},
    {"zstd", "cat >/dev/null; seq 1 9000 | zstd -q; printf '' | zstd -q; seq 9001 20000 | zstd -q -%d", 1, 3},
    {"zstd", "printf 'P*M\\030\\003\\0\\0\\0abc'; zstd -q -%d; printf '_*M\\030\\0\\0\\0\\0'", 1, 3},
    {"lz4", "cat >/dev/null; seq 1 9000 | lz4 -qc; printf '' | lz4 -qc; seq 9001 20000 | lz4 -qc -%d", 1, 3},
    {"lz4", "printf 'P*M\\030\\003\\0\\0\\0abc'; lz4 -qc -%d; printf '_*M\\030\\0\\0\\0\\0'", 1, 3},
};

static void several_members_or_frames_are_refused(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(20000);
	for (size_t i = 0; i < sizeof foreign_rows / sizeof foreign_rows[0]; i++) {
		char command[512];
		if (!has_format(foreign_rows[i].format))
			continue;
		const char *number = strstr(foreign_rows[i].command, "%d");
		(void)snprintf(command, sizeof command, "%.*s%d%s", (int)(number - foreign_rows[i].command),
			       foreign_rows[i].command, foreign_rows[i].least, number + 2);
		struct buffer packed = from_shell(command, &plain);
		for (const struct implementation *by = implementations; by < implementations_end; by++)
			if (strcmp(by->format, foreign_rows[i].format) == 0)
				assert_damaged(by, &packed);
		buffer_fini(&packed);
	}
	buffer_fini(&plain);
}

static void append_packed(struct buffer *out, const struct implementation *by, int level, const struct buffer *plain)
{
	struct buffer packed = pack(by, level, plain);
	assert_int_equal(buffer_append(out, packed.data, packed.len, &err), STATUS_OK);
	buffer_fini(&packed);
}

static void other_programs_read_what_each_wrote(void **unused)
{
	(void)unused;
	static const struct foreign readers[] = {
	    {"gzip", "gzip -dc", 0, 0},
	    {"gzip",
	     "/usr/bin/python3 -c 'import gzip, sys; "
	     "sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))'",
	     0, 0},
	    {"zstd", "zstd -qdc", 0, 0},
	    {"lz4", "lz4 -qdc", 0, 0},
	};
	struct buffer plain = numbers(20000);
	struct buffer nothing = {0};
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
		for (const struct implementation *by = implementations; by < implementations_end; by++) {
			struct buffer all = {0};
			struct buffer expected = {0};
			if (strcmp(by->format, readers[i].format) != 0)
				continue;
			/* One call for all levels: they read several in a row too. */
			for (int level = by->least; level <= by->most; level++) {
				append_packed(&all, by, level, &plain);
				append_packed(&all, by, level, &nothing);
				assert_int_equal(buffer_append(&expected, plain.data, plain.len, &err), STATUS_OK);
			}
			struct buffer out = from_shell(readers[i].command, &all);
			assert_int_equal(out.len, expected.len);
			assert_memory_equal(out.data, expected.data, expected.len);
			buffer_fini(&out);
			buffer_fini(&expected);
			buffer_fini(&all);
		}
	buffer_fini(&plain);
}

/* A run of one byte fills a block. */
static void unpacks_what_grows_thousandfold(void **unused)
{
	(void)unused;
	struct buffer plain = {.data = calloc(1, CODEC_BLOCK_MAX), .len = CODEC_BLOCK_MAX, .capacity = CODEC_BLOCK_MAX};
	assert_non_null(plain.data);
	for (const struct implementation *by = implementations; by < implementations_end; by++) {
		struct buffer packed = pack(by, by->most, &plain);
		struct buffer out = {0};
		assert_true(packed.len < plain.len / 200);
		assert_int_equal(unpack(by, &packed, &out, &err), STATUS_OK);
		assert_int_equal(out.len, plain.len);
		buffer_fini(&out);
		buffer_fini(&packed);
	}
	buffer_fini(&plain);
}

/* Damaged, and said so; or (a time stamp, a hint) without any consequence. Never another content. */
static void assert_harmless(const struct implementation *by, const struct buffer *packed, const struct buffer *plain)
{
	struct buffer out = {0};
	enum status st = unpack(by, packed, &out, &err);
	if (st) {
		assert_int_equal(st, STATUS_DAMAGED);
		assert_non_null(strstr(err.text, "damaged "));
		assert_non_null(strstr(err.text, by->format));
	} else {
		assert_int_equal(out.len, plain->len);
		assert_memory_equal(out.data, plain->data, plain->len);
	}
	buffer_fini(&out);
}

static void every_bit_flip_is_damage_or_harmless(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(40);
	for (const struct implementation *by = implementations; by < implementations_end; by++) {
		struct buffer packed = pack(by, 2, &plain);
		for (size_t bit = 0; bit < 8 * packed.len; bit++) {
			packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_harmless(by, &packed, &plain);
			packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		buffer_fini(&packed);
	}
	buffer_fini(&plain);
}

/* Several at once, at random places of more than one block. */
static void random_damage_is_noticed(void **unused)
{
	(void)unused;
	struct buffer plain = numbers(12000);
	unsigned seed = 1;
	for (const struct implementation *by = implementations; by < implementations_end; by++) {
		struct buffer packed = pack(by, 2, &plain);
		for (int round = 0; round < 60; round++) {
			struct buffer damaged = {0};
			assert_int_equal(buffer_append(&damaged, packed.data, packed.len, &err), STATUS_OK);
			for (int i = 0; i < 1 + round % 5; i++)
				damaged.data[(size_t)rand_r(&seed) % damaged.len] ^= (uint8_t)(1 << rand_r(&seed) % 8);
			assert_harmless(by, &damaged, &plain);
			buffer_fini(&damaged);
		}
		buffer_fini(&packed);
	}
	buffer_fini(&plain);
}

/* Wherever it is cut off, and whatever stands behind it. */
static void every_wrong_length_is_damage(void **unused)
{
	(void)unused;
	static const char *const more[] = {
	    "x", "\0", "\x1f", "\x1f\x8b", "\x28\xb5\x2f", "\x04\x22\x4d\x18", "garbage of some length"};
	struct buffer plain = numbers(120);
	for (const struct implementation *by = implementations; by < implementations_end; by++) {
		struct buffer packed = pack(by, 2, &plain);
		size_t whole = packed.len;
		for (size_t len = 0; len < whole; len++)
			assert_damaged(by, &(struct buffer){.data = packed.data, .len = len});
		for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
			packed.len = whole;
			size_t len = more[i][0] == '\0' ? 1 : strlen(more[i]);
			assert_int_equal(buffer_append(&packed, more[i], len, &err), STATUS_OK);
			assert_damaged(by, &packed);
		}
		buffer_fini(&packed);
	}
	buffer_fini(&plain);
}

/* A block that is larger than a frame's is refused before a byte lies beyond the room for it. */
/* One byte more than CODEC_BLOCK_MAX. */
static void more_than_a_block_is_damage(void **unused)
{
	(void)unused;
	struct buffer packed[] = {from_shell("head -c 1048705 /dev/zero | gzip", NULL),
				  from_shell("head -c 1048705 /dev/zero | zstd -q", NULL),
				  from_shell("head -c 1048705 /dev/zero | lz4 -qc", NULL)};
	static const char *const formats[] = {"gzip", "zstd", "lz4"};
	for (size_t i = 0; i < 3; i++) {
		for (const struct implementation *by = implementations; by < implementations_end; by++)
			if (strcmp(by->format, formats[i]) == 0)
				assert_damaged(by, &packed[i]);
		buffer_fini(&packed[i]);
	}
}

/* Noise: the growth that every caller leaves room for is enough at each level. */
static void noise_grows_within_the_bound(void **unused)
{
	(void)unused;
	struct buffer noise = from_shell("head -c 1048704 /dev/urandom", NULL);
	for (const struct implementation *by = implementations; by < implementations_end; by++)
		for (int level = by->least; level <= by->most; level++) {
			struct buffer packed = pack(by, level, &noise);
			assert_unpacks(by, &packed, &noise);
			buffer_fini(&packed);
		}
	buffer_fini(&noise);
}

/* Noise grows within the same bound, and a block has no trace of the one before. */
static void a_block_goes_in_by_pieces(void **unused)
{
	(void)unused;
	struct buffer blocks[] = {numbers(150000), from_shell("head -c 1048704 /dev/urandom", NULL)};
	for (size_t i = 0; i < 2; i++) {
		for (const struct implementation *by = implementations; by < implementations_end; by++)
			for (int level = by->least; codec_by_name(by->format)->in_pieces && level <= by->most;
			     level++) {
				struct buffer packed = pack_in_pieces(by, level, &blocks[i]);
				assert_unpacks(by, &packed, &blocks[i]);
				buffer_fini(&packed);
			}
		buffer_fini(&blocks[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_codecs),
	    cmocka_unit_test(a_block_goes_in_by_pieces),
	    cmocka_unit_test(says_what_is_not_built_in),
	    cmocka_unit_test(each_reads_what_the_others_wrote),
	    cmocka_unit_test(each_reads_what_other_programs_wrote),
	    cmocka_unit_test(other_programs_read_what_each_wrote),
	    cmocka_unit_test(unpacks_what_grows_thousandfold),
	    cmocka_unit_test(every_bit_flip_is_damage_or_harmless),
	    cmocka_unit_test(random_damage_is_noticed),
	    cmocka_unit_test(every_wrong_length_is_damage),
	    cmocka_unit_test(several_members_or_frames_are_refused),
	    cmocka_unit_test(more_than_a_block_is_damage),
	    cmocka_unit_test(noise_grows_within_the_bound),
	};
	return cmocka_run_group_tests_name("stream/codec/codec", tests, NULL, NULL);
}

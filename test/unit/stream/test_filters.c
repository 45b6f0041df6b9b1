/*
 * Every filter through one suite: what comes out does not depend on the pieces that go in; what the next
 * stage says is passed on, whichever byte it fails at; free abandons; nothing is done after the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/seal.h"
#include "format/unseal.h"
#include "stream/byte_counter.h"
#include "stream/codec/codec.h"
#include "support/cmocka.h"
#include "support/collect.h"

static const char object_name[] = "1/wal/0000000100000000/000000010000000000000001";
static struct keyring ring;
static struct byte_counter counter;
static struct error err;

static enum status seal_by(struct sink **chain, const char *codec, unsigned threads, bool encrypted)
{
	struct seal_params params = {.codec = codec_by_name(codec),
				     .level = 2,
				     .threads = threads,
				     .key = encrypted ? &ring.keys[0] : NULL,
				     .salt = {42},
				     .name = object_name};
	return seal_new(chain, &params, &err);
}

static enum status new_seal(struct sink **chain)
{
	return seal_by(chain, "gzip", 1, true);
}

static enum status new_seal_by_threads(struct sink **chain)
{
	return seal_by(chain, "gzip", 3, true);
}

static enum status new_seal_none(struct sink **chain)
{
	return seal_by(chain, "none", 3, false);
}

static enum status new_seal_none_alone(struct sink **chain)
{
	return seal_by(chain, "none", 1, true);
}

static enum status unseal_by(struct sink **chain, unsigned threads)
{
	struct unseal_params params = {
	    .keys = &ring, .threads = threads, .allow_unprotected = true, .name = object_name};
	return unseal_new(chain, &params, &err);
}

static enum status new_unseal(struct sink **chain)
{
	return unseal_by(chain, 1);
}

static enum status new_unseal_by_threads(struct sink **chain)
{
	return unseal_by(chain, 3);
}

static enum status new_byte_counter(struct sink **chain)
{
	return byte_counter_new(chain, &counter, &err);
}

typedef enum status (*new_fn)(struct sink **chain);

/* A filter, and the one whose output is its input (NULL: any content). */
static const struct filter {
	const char *name;
	new_fn make, inverse;
} filters[] = {
    {"seal", new_seal, NULL},
    {"seal by threads", new_seal_by_threads, NULL},
    {"seal, neither compressed nor encrypted", new_seal_none, NULL},
    {"seal alone, not compressed", new_seal_none_alone, NULL},
    {"unseal", new_unseal, new_seal},
    {"unseal, not compressed", new_unseal, new_seal_none_alone},
    {"unseal of what threads sealed", new_unseal, new_seal_by_threads},
    {"unseal by threads", new_unseal_by_threads, new_seal},
    {"unseal by threads, neither compressed nor encrypted", new_unseal_by_threads, new_seal_none},
    {"byte counter", new_byte_counter, NULL},
};
#define FILTER_COUNT (sizeof filters / sizeof filters[0])

static const size_t sizes[] = {0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 8191, 200003, 1 << 20, (1 << 20) + 1, 3500000};
static const size_t pieces[] = {7, 4093, 65536, 1 << 20};

/* Half noise, half repetition: what compresses, and what does not. */
static void fill(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = i / 4096 % 2 ? (uint8_t)(i % 61) : (uint8_t)(i * 2654435761u >> 15);
}

static enum status feed(struct sink *sink, const uint8_t *data, size_t len, size_t piece)
{
	for (size_t done = 0; done < len; done += piece) {
		size_t now = len - done < piece ? len - done : piece;
		enum status st = sink_write(sink, data + done, now, &err);
		if (st)
			return st;
	}
	return sink_finish(sink, &err);
}

/* Runs content through a filter; the caller frees state.bytes. */
static enum status run(new_fn make, const struct buffer *in, size_t piece, struct collect *state)
{
	struct sink *chain = collect_new(state);
	enum status st = make(&chain);
	assert_ok(st, err);
	st = feed(chain, in->data, in->len, piece);
	sink_free(chain);
	assert_int_equal(state->freed, 1);
	assert_int_equal(state->writes_after_finish, 0);
	assert_int_equal(state->writes_after_failure, 0);
	return st;
}

static struct buffer make_input(const struct filter *filter, size_t len)
{
	struct buffer plain = {.data = calloc(1, len + 1), .len = len, .capacity = len + 1};
	assert_non_null(plain.data);
	fill(plain.data, len);
	if (filter->inverse == NULL)
		return plain;
	struct collect state = {0};
	enum status st = run(filter->inverse, &plain, len + 1, &state);
	assert_ok(st, err);
	buffer_fini(&plain);
	return state.bytes;
}

static void pieces_do_not_matter(void **unused)
{
	(void)unused;
	for (size_t f = 0; f < FILTER_COUNT; f++)
		for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
			struct buffer in = make_input(&filters[f], sizes[s]);
			struct collect whole = {0};
			enum status st = run(filters[f].make, &in, in.len + 1, &whole);
			assert_ok(st, err);
			for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
				struct collect state = {0};
				st = run(filters[f].make, &in, pieces[p], &state);
				assert_ok(st, err);
				assert_int_equal(state.finished, 1);
				assert_int_equal(state.bytes.len, whole.bytes.len);
				if (whole.bytes.len > 0)
					assert_memory_equal(state.bytes.data, whole.bytes.data, whole.bytes.len);
				buffer_fini(&state.bytes);
			}
			buffer_fini(&whole.bytes);
			buffer_fini(&in);
		}
}

static void inverses_give_back_the_content(void **unused)
{
	(void)unused;
	for (size_t f = 0; f < FILTER_COUNT; f++)
		for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
			struct filter plain = {.make = filters[f].make};
			struct buffer content = make_input(&plain, sizes[s]);
			struct buffer in = make_input(&filters[f], sizes[s]);
			struct collect state = {0};
			if (filters[f].inverse != NULL) {
				enum status st = run(filters[f].make, &in, 4093, &state);
				assert_ok(st, err);
				assert_int_equal(state.bytes.len, content.len);
				assert_memory_equal(buffer_text(&state.bytes), content.data, content.len);
			}
			buffer_fini(&state.bytes);
			buffer_fini(&in);
			buffer_fini(&content);
		}
}

/* The next stage fails at byte N, for many N, and at its finish: never at a byte that does not come. */
static void failures_are_passed_on(void **unused)
{
	(void)unused;
	static const enum status statuses[] = {STATUS_LOCAL, STATUS_UNREACHABLE, STATUS_EXISTS, STATUS_CONFLICT};
	for (size_t f = 0; f < FILTER_COUNT; f++) {
		struct buffer in = make_input(&filters[f], 2200001);
		struct collect whole = {0};
		enum status st = run(filters[f].make, &in, 4093, &whole);
		assert_ok(st, err);
		for (size_t k = 0; k < sizeof statuses / sizeof statuses[0]; k++)
			for (size_t at = 0; at <= whole.bytes.len; at = at < 40 ? at + 1 : at + 99991) {
				bool last = at >= whole.bytes.len;
				struct collect state = {.fail_with = statuses[k], .fail_at = at, .fail_finish = last};
				/* seal writes its header when it is made, so that this may fail already. */
				struct sink *chain = collect_new(&state);
				st = filters[f].make(&chain);
				if (!st)
					st = feed(chain, in.data, in.len, 4093);
				sink_free(chain);
				assert_int_equal(st, statuses[k]);
				assert_string_equal(err.text, "the next stage failed");
				assert_int_equal(state.finished, 0);
				assert_int_equal(state.freed, 1);
				assert_int_equal(state.writes_after_failure, 0);
				buffer_fini(&state.bytes);
			}
		buffer_fini(&whole.bytes);
		buffer_fini(&in);
	}
}

static void free_without_finish_abandons(void **unused)
{
	(void)unused;
	for (size_t f = 0; f < FILTER_COUNT; f++) {
		struct buffer in = make_input(&filters[f], 1000);
		for (size_t len = 0; len < in.len; len += 333) {
			struct collect state = {0};
			struct sink *chain = collect_new(&state);
			enum status st = filters[f].make(&chain);
			assert_ok(st, err);
			st = sink_write(chain, in.data, len, &err);
			assert_ok(st, err);
			sink_free(chain);
			assert_int_equal(state.finished, 0);
			assert_int_equal(state.freed, 1);
			buffer_fini(&state.bytes);
		}
		buffer_fini(&in);
	}
}

/* Whatever is cut off the end of a filter's proper input, and whatever is put behind it, is noticed. */
static void wrong_lengths_are_damage(void **unused)
{
	(void)unused;
	for (size_t f = 0; f < FILTER_COUNT; f++) {
		if (filters[f].inverse == NULL)
			continue;
		struct buffer in = make_input(&filters[f], 3000);
		size_t full = in.len;
		for (size_t len = 0; len < full; len += len < 100 || len > full - 100 ? 1 : 61) {
			struct collect state = {0};
			in.len = len;
			assert_int_equal(run(filters[f].make, &in, 4093, &state), STATUS_DAMAGED);
			assert_int_equal(state.finished, 0);
			buffer_fini(&state.bytes);
		}
		in.len = full;
		assert_int_equal(buffer_append(&in, "x", 1, &err), STATUS_OK);
		struct collect state = {0};
		assert_int_equal(run(filters[f].make, &in, 4093, &state), STATUS_DAMAGED);
		assert_int_equal(state.finished, 0);
		buffer_fini(&state.bytes);
		buffer_fini(&in);
	}
}

static int make_ring(void **unused)
{
	(void)unused;
	struct secret content = {0};
	enum status st = secret_set(&content, "0123456789abcdef0123456789abcdef", REPOSITORY_KEY_BYTES, &err);
	if (!st)
		st = keyring_add(&ring, &content, &err);
	secret_fini(&content);
	return (int)st;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_do_not_matter),     cmocka_unit_test(inverses_give_back_the_content),
	    cmocka_unit_test(failures_are_passed_on),   cmocka_unit_test(free_without_finish_abandons),
	    cmocka_unit_test(wrong_lengths_are_damage),
	};
	return cmocka_run_group_tests_name("stream/filters", tests, make_ring, NULL);
}

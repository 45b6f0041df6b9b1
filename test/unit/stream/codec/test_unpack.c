/* The common part of all decompressors, with a made-up library. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "stream/codec/unpack.h"
#include "support/cmocka.h"
#include "support/collect.h"

static struct error err;

/* The made-up format: a digit becomes that many copies of itself, times scale; '.' ends a member, '!' is damaged. */
struct repeater {
	size_t scale; /* 0: 1 */
	uint8_t byte;
	size_t left; /* pending output */
	int begun;   /* members after the first */
	int freed;   /* number of calls */
	/* Takes all input without reading it, and records the total and the largest piece. */
	bool swallow;
	size_t taken, most;
};

static enum status step_over(struct repeater *repeater, struct unpack_step *step)
{
	if (step->in_len > repeater->most)
		repeater->most = step->in_len;
	repeater->taken += step->in_len;
	step->in += step->in_len;
	step->in_len = 0;
	step->ended = true;
	return STATUS_OK;
}

static enum status repeater_step(void *state, struct unpack_step *step, struct error *error)
{
	struct repeater *repeater = state;
	if (repeater->swallow)
		return step_over(repeater, step);
	if (step->ended)
		repeater->begun++;
	step->ended = false;
	if (repeater->left == 0) {
		if (step->in_len == 0)
			return STATUS_OK;
		repeater->byte = *step->in++;
		step->in_len--;
		if (repeater->byte == '!')
			return error_set(error, STATUS_DAMAGED, "damaged");
		step->ended = repeater->byte == '.';
		repeater->left = step->ended ? 0 : repeater->byte * (repeater->scale == 0 ? 1 : repeater->scale);
	}
	size_t made = repeater->left < step->out_len ? repeater->left : step->out_len;
	memset(step->out, repeater->byte, made);
	step->out += made;
	step->out_len -= made;
	repeater->left -= made;
	return STATUS_OK;
}

static void repeater_free(void *state)
{
	if (state != NULL)
		((struct repeater *)state)->freed++;
}

static const struct unpack_codec repeats = {"repeated", repeater_step, repeater_free};

static enum status feed(struct repeater *repeater, struct collect *out, const char *text, size_t piece)
{
	struct sink *chain = collect_new(out);
	assert_int_equal(unpack_new(&chain, &repeats, repeater, &err), STATUS_OK);
	enum status st = STATUS_OK;
	for (size_t at = 0, len = strlen(text); !st && at < len; at += piece)
		st = sink_write(chain, text + at, len - at < piece ? len - at : piece, &err);
	if (!st)
		st = sink_finish(chain, &err);
	sink_free(chain);
	assert_int_equal(repeater->freed, 1);
	assert_int_equal(out->freed, 1);
	assert_int_equal(out->finished, st == STATUS_OK);
	return st;
}

static void members_follow_each_other(void **unused)
{
	(void)unused;
	for (size_t piece = 1; piece < 8; piece++) {
		struct collect out = {0};
		struct repeater repeater = {0};
		assert_int_equal(feed(&repeater, &out, "\1\2.\3..", piece), STATUS_OK);
		assert_int_equal(repeater.begun, 2);
		assert_int_equal(out.bytes.len, 6);
		assert_memory_equal(out.bytes.data, "\1\2\2\3\3\3", 6);
		buffer_fini(&out.bytes);
	}
}

static void what_is_cut_off_is_damaged(void **unused)
{
	(void)unused;
	static const char *const texts[] = {"", "\1", "\1\2.\3"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct collect out = {0};
		struct repeater repeater = {0};
		assert_int_equal(feed(&repeater, &out, texts[i], 8), STATUS_DAMAGED);
		assert_string_equal(err.text, "damaged repeated data: cut off");
		buffer_fini(&out.bytes);
	}
}

static void what_the_library_refuses_ends_it(void **unused)
{
	(void)unused;
	struct collect out = {0}, full = {.fail_with = STATUS_UNREACHABLE};
	struct repeater repeater = {0}, other = {0};
	assert_int_equal(feed(&repeater, &out, "\1!\2.", 8), STATUS_DAMAGED);
	assert_string_equal(err.text, "damaged");
	assert_int_equal(out.bytes.len, 1);
	assert_int_equal(feed(&other, &full, "\1\2.", 8), STATUS_UNREACHABLE);
	assert_int_equal(full.writes_after_failure, 0);
	buffer_fini(&out.bytes);
	buffer_fini(&full.bytes);
}

/* Without further input all pending output of a step arrives. */
static void what_is_held_back_comes_out(void **unused)
{
	(void)unused;
	struct collect out = {0};
	struct repeater repeater = {.scale = UNPACK_OUT_BYTES};
	struct sink *chain = collect_new(&out);
	assert_int_equal(unpack_new(&chain, &repeats, &repeater, &err), STATUS_OK);
	assert_int_equal(sink_write(chain, "\3", 1, &err), STATUS_OK);
	assert_int_equal(out.bytes.len, 3 * UNPACK_OUT_BYTES);
	assert_int_equal(sink_write(chain, ".", 1, &err), STATUS_OK);
	assert_int_equal(sink_finish(chain, &err), STATUS_OK);
	sink_free(chain);
	buffer_fini(&out.bytes);
}

/* More input than a library's counter holds: address space only, never read. */
static void long_input_comes_in_pieces(void **unused)
{
	(void)unused;
	size_t len = 2 * (size_t)UNPACK_IN_MAX + 5;
	void *space = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space == MAP_FAILED)
		skip();
	struct collect out = {0};
	struct repeater repeater = {.swallow = true};
	struct sink *chain = collect_new(&out);
	assert_int_equal(unpack_new(&chain, &repeats, &repeater, &err), STATUS_OK);
	assert_int_equal(sink_write(chain, space, len, &err), STATUS_OK);
	assert_int_equal(repeater.taken, len);
	assert_int_equal(repeater.most, UNPACK_IN_MAX);
	assert_int_equal(sink_finish(chain, &err), STATUS_OK);
	sink_free(chain);
	buffer_fini(&out.bytes);
	assert_int_equal(munmap(space, len), 0);
}

static void without_a_state_there_is_no_stage(void **unused)
{
	(void)unused;
	struct collect out = {0};
	struct sink *chain = collect_new(&out), *before = chain;
	assert_int_equal(unpack_new(&chain, &repeats, NULL, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "out of memory for repeated");
	assert_ptr_equal(chain, before);
	sink_free(chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_follow_each_other),        cmocka_unit_test(what_is_cut_off_is_damaged),
	    cmocka_unit_test(what_the_library_refuses_ends_it), cmocka_unit_test(what_is_held_back_comes_out),
	    cmocka_unit_test(long_input_comes_in_pieces),       cmocka_unit_test(without_a_state_there_is_no_stage),
	};
	return cmocka_run_group_tests_name("stream/codec/unpack", tests, NULL, NULL);
}

#include "suite.h"

#include <string.h>

#include "base/buffer.h"
#include "support/cmocka.h"
#include "support/collect.h"

static const struct store_under_test *under_test;
static struct store *store;
static struct error err;

/* Every test's objects lie in one directory, and one object is there from the beginning. */
#define DIR "7601921254259666965/wal/"
#define FIRST DIR "00000001.history"

static enum status put(const char *name, const void *data, size_t len)
{
	struct sink *writer = NULL;
	enum status st = store_create(store, under_test->call, name, &writer, &err);
	if (!st && len > 0)
		st = sink_write(writer, data, len, &err);
	if (!st)
		st = sink_finish(writer, &err);
	sink_free(writer);
	return st;
}

static enum status get(const char *name, struct buffer *out)
{
	struct collect state = {0};
	struct sink *sink = collect_new(&state);
	enum status st = store_read(store, under_test->call, name, sink, &err);
	assert_int_equal(state.finished, 0);
	sink_free(sink);
	*out = state.bytes;
	return st;
}

static void assert_content(const char *name, const void *data, size_t len)
{
	struct buffer got = {0};
	enum status st = get(name, &got);
	assert_ok(st, err);
	assert_int_equal(got.len, len);
	if (len > 0)
		assert_memory_equal(got.data, data, len);
	buffer_fini(&got);
}

static void assert_missing(const char *name)
{
	struct buffer got = {0};
	struct object_info info;
	assert_int_equal(get(name, &got), STATUS_MISSING);
	assert_int_equal(got.len, 0);
	buffer_fini(&got);
	assert_int_equal(store_stat(store, under_test->call, name, &info, &err), STATUS_MISSING);
}

static int setup(void **state)
{
	(void)state;
	store = under_test->open(under_test->arg);
	assert_non_null(store);
	enum status st = put(FIRST, "first", 5);
	assert_ok(st, err);
	return 0;
}

static enum status no_refusal(void *arg, const struct store_refusal *refusal, struct error *error)
{
	(void)arg;
	*error = *refusal->why;
	return refusal->status;
}

static enum status remove_each(void *arg, const struct object_info *info, struct error *error)
{
	(void)arg;
	return store_remove(store, under_test->call, info->name, error);
}

static int teardown(void **state)
{
	(void)state;
	enum status st = store_list(store, under_test->call, "", remove_each, NULL, &err);
	assert_ok(st, err);
	store_free(store);
	store = NULL;
	return 0;
}

static void returns_what_was_put(void **state)
{
	(void)state;
	assert_content(FIRST, "first", 5);
}

static void keeps_an_empty_object(void **state)
{
	(void)state;
	enum status st = put(DIR "empty", "", 0);
	assert_ok(st, err);
	assert_content(DIR "empty", "", 0);
}

static void keeps_a_large_object_written_in_pieces(void **state)
{
	(void)state;
	size_t len = 6 * 1024 * 1024 + 12345; /* more than one part of the smallest size that S3 allows */
	char *data = test_malloc(len);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	struct sink *writer = NULL;
	enum status st = store_create(store, under_test->call, DIR "large", &writer, &err);
	for (size_t done = 0; !st && done < len;) {
		size_t piece = len - done < 65521 ? len - done : 65521;
		st = sink_write(writer, data + done, piece, &err);
		done += piece;
	}
	if (!st)
		st = sink_finish(writer, &err);
	sink_free(writer);
	assert_ok(st, err);
	assert_content(DIR "large", data, len);
	test_free(data);
}

static void is_visible_only_after_finish(void **state)
{
	(void)state;
	struct sink *writer = NULL;
	enum status st = store_create(store, under_test->call, DIR "later", &writer, &err);
	assert_ok(st, err);
	st = sink_write(writer, "content", 7, &err);
	assert_ok(st, err);
	assert_missing(DIR "later");
	st = sink_finish(writer, &err);
	assert_ok(st, err);
	assert_content(DIR "later", "content", 7);
	sink_free(writer);
}

static void free_abandons(void **state)
{
	(void)state;
	struct sink *writer = NULL;
	enum status st = store_create(store, under_test->call, DIR "never", &writer, &err);
	assert_ok(st, err);
	st = sink_write(writer, "content", 7, &err);
	assert_ok(st, err);
	sink_free(writer);
	assert_missing(DIR "never");
	st = put(DIR "never", "again", 5);
	assert_ok(st, err);
}

static void create_never_replaces(void **state)
{
	(void)state;
	assert_int_equal(put(FIRST, "other", 5), STATUS_EXISTS);
	assert_int_equal(put(FIRST, "first", 5), STATUS_EXISTS);
	assert_content(FIRST, "first", 5);
}

static void of_two_writers_the_first_to_finish_wins(void **state)
{
	(void)state;
	struct sink *one = NULL;
	struct sink *two = NULL;
	enum status st = store_create(store, under_test->call, DIR "race", &one, &err);
	assert_ok(st, err);
	st = store_create(store, under_test->call, DIR "race", &two, &err);
	assert_ok(st, err);
	assert_int_equal(sink_write(one, "one", 3, &err), STATUS_OK);
	assert_int_equal(sink_write(two, "two", 3, &err), STATUS_OK);
	assert_int_equal(sink_finish(two, &err), STATUS_OK);
	assert_int_equal(sink_finish(one, &err), STATUS_EXISTS);
	sink_free(one);
	sink_free(two);
	assert_content(DIR "race", "two", 3);
}

static void missing_is_a_status(void **state)
{
	(void)state;
	assert_missing(DIR "nothing");
	assert_missing(DIR "0000000100000000/nothing");
}

static void passes_on_what_the_sink_says(void **state)
{
	(void)state;
	struct collect failing = {.fail_with = STATUS_CONFLICT, .fail_at = 2};
	struct sink *sink = collect_new(&failing);
	assert_int_equal(store_read(store, under_test->call, FIRST, sink, &err), STATUS_CONFLICT);
	assert_non_null(strstr(err.text, "the next stage failed"));
	sink_free(sink);
	buffer_fini(&failing.bytes);
}

static enum status get_first(const char *name, void *out, size_t *len)
{
	err = (struct error){0};
	return store_read_first(store, under_test->call, name, out, len, &err);
}

/* As many as were asked for, fewer of a shorter object, and nothing behind them is touched. */
static void reads_the_first_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t wanted, expected;
	} cases[] = {
	    {DIR "large", 64, 64}, {DIR "large", 1, 1},  {DIR "large", STORE_FIRST_MAX, STORE_FIRST_MAX},
	    {DIR "exact", 64, 64}, {FIRST, 64, 5},       {FIRST, 5, 5},
	    {FIRST, 4, 4},         {DIR "empty", 64, 0}, {DIR "empty", 1, 0},
	};
	size_t large_bytes = 2 * 1024 * 1024;
	char *large = test_malloc(large_bytes);
	for (size_t i = 0; i < large_bytes; i++)
		large[i] = (char)(i * 2654435761u >> 13);
	assert_int_equal(put(DIR "large", large, large_bytes), STATUS_OK);
	assert_int_equal(put(DIR "exact", large, 64), STATUS_OK);
	assert_int_equal(put(DIR "empty", "", 0), STATUS_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[STORE_FIRST_MAX + 1];
		size_t len = cases[i].wanted;
		memset(out, 'x', sizeof out);
		enum status st = get_first(cases[i].name, out, &len);
		assert_ok(st, err);
		assert_int_equal(len, cases[i].expected);
		assert_memory_equal(out, strcmp(cases[i].name, FIRST) == 0 ? "first" : large, len);
		assert_int_equal(out[cases[i].wanted], 'x');
	}
	test_free(large);
	/* The connection is as good as before. */
	assert_content(FIRST, "first", 5);
}

static void says_what_has_no_first_bytes(void **state)
{
	(void)state;
	char out[8];
	size_t len = sizeof out;
	assert_int_equal(get_first(DIR "nothing", out, &len), STATUS_MISSING);
	assert_int_equal(get_first(DIR "0000000100000000/nothing", out, &len), STATUS_MISSING);
	assert_int_equal(get_first("a/../b", out, &len), STATUS_USAGE);
}

#define LARGE_BYTES (2UL * 1024 * 1024)

struct pieces {
	const char *expected; /* of the whole object */
	const struct store_range *ranges;
	size_t range; /* the current one */
	uint64_t done;
	int left; /* pieces until the receiver fails; -1: it does not */
};

static enum status take_piece(void *arg, size_t range, const void *data, size_t len, struct error *error)
{
	struct pieces *pieces = arg;
	if (pieces->left == 0)
		return error_set(error, STATUS_CONFLICT, "enough");
	pieces->left -= pieces->left > 0;
	if (range != pieces->range) {
		assert_int_equal(range, pieces->range + 1);
		assert_int_equal(pieces->done, pieces->ranges[pieces->range].bytes);
		pieces->range = range;
		pieces->done = 0;
	}
	assert_true(len <= pieces->ranges[range].bytes - pieces->done);
	assert_memory_equal(data, pieces->expected + pieces->ranges[range].offset + pieces->done, len);
	pieces->done += len;
	return STATUS_OK;
}

static enum status read_ranges(const char *name, const struct store_range *items, size_t count, struct pieces *pieces)
{
	const struct store_ranges ranges = {.items = items, .count = count, .each = take_piece, .arg = pieces};
	err = (struct error){0};
	return store_read_ranges(store, under_test->call, name, &ranges, &err);
}

static void reads_ranges(void **state)
{
	(void)state;
	static const struct {
		struct store_range ranges[4];
		size_t count;
		enum status expected;
	} cases[] = {
	    {{{0, 1}}, 1, STATUS_OK},
	    {{{0, LARGE_BYTES}}, 1, STATUS_OK},
	    {{{LARGE_BYTES - 1, 1}}, 1, STATUS_OK},
	    {{{100, 50}, {150, 50}, {300, 1}, {LARGE_BYTES - 5, 5}}, 4, STATUS_OK},
	    {{{5, 300000}, {500000, 300000}, {1500000, 2}}, 3, STATUS_OK},
	    {{{0, 0}}, 0, STATUS_OK},
	    {{{LARGE_BYTES - 1, 2}}, 1, STATUS_DAMAGED},
	    {{{LARGE_BYTES, 1}}, 1, STATUS_DAMAGED},
	    {{{1UL << 40, 1}}, 1, STATUS_DAMAGED},
	    {{{1, 1}, {LARGE_BYTES - 1, 2}}, 2, STATUS_DAMAGED},
	    {{{1, 0}}, 1, STATUS_USAGE},
	    {{{10, 5}, {14, 1}}, 2, STATUS_USAGE},
	    {{{10, 5}, {1, 1}}, 2, STATUS_USAGE},
	    {{{UINT64_MAX, 1}}, 1, STATUS_USAGE},
	    {{{1, UINT64_MAX}}, 1, STATUS_USAGE},
	};
	char *large = test_malloc(LARGE_BYTES);
	for (size_t i = 0; i < LARGE_BYTES; i++)
		large[i] = (char)(i * 2654435761u >> 13);
	assert_int_equal(put(DIR "large", large, LARGE_BYTES), STATUS_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pieces pieces = {.expected = large, .ranges = cases[i].ranges, .left = -1};
		enum status st = read_ranges(DIR "large", cases[i].ranges, cases[i].count, &pieces);
		if (st != cases[i].expected)
			fail_msg("case %zu: status %d, %s", i, (int)st, err.text);
		if (!st && cases[i].count > 0) {
			assert_int_equal(pieces.range, cases[i].count - 1);
			assert_int_equal(pieces.done, cases[i].ranges[cases[i].count - 1].bytes);
		}
	}
	struct pieces stopped = {.expected = large, .ranges = cases[3].ranges, .left = 1};
	assert_int_equal(read_ranges(DIR "large", cases[3].ranges, 4, &stopped), STATUS_CONFLICT);
	assert_string_equal(err.text, "enough");
	assert_int_equal(read_ranges(DIR "none", cases[0].ranges, 1, &stopped), STATUS_MISSING);
	assert_int_equal(read_ranges("a/../b", cases[0].ranges, 1, &stopped), STATUS_USAGE);
	test_free(large);
	/* The connection is as good as before. */
	assert_content(FIRST, "first", 5);
}

static void stat_tells_the_size(void **state)
{
	(void)state;
	struct object_info info;
	enum status st = store_stat(store, under_test->call, FIRST, &info, &err);
	assert_ok(st, err);
	assert_int_equal(info.bytes, 5);
	assert_string_equal(info.name, FIRST);
	assert_true(info.modified_s > 0);
}

static void removes(void **state)
{
	(void)state;
	enum status st = store_remove(store, under_test->call, FIRST, &err);
	assert_ok(st, err);
	st = put(DIR "x", "", 0);
	assert_ok(st, err);
	assert_missing(FIRST);
	st = store_remove(store, under_test->call, FIRST, &err);
	assert_ok(st, err);
}

/* Some are there, some are not; what is not named stays. */
static void removes_many(void **state)
{
	(void)state;
	static const char *const names[] = {DIR "removed-a/1", DIR "removed-a/2", DIR "removed-a/none",
					    DIR "removed-b/1", DIR "none/1",      DIR "removed-c"};
	const struct store_removal removal = {
	    .names = names, .count = sizeof names / sizeof names[0], .refused = no_refusal};
	assert_int_equal(put(DIR "removed-a/1", "1", 1), STATUS_OK);
	assert_int_equal(put(DIR "removed-a/2", "1", 1), STATUS_OK);
	assert_int_equal(put(DIR "removed-a/3", "3", 1), STATUS_OK);
	assert_int_equal(put(DIR "removed-b/1", "1", 1), STATUS_OK);
	assert_int_equal(put(DIR "removed-c", "1", 1), STATUS_OK);
	for (int i = 0; i < 2; i++) {
		enum status st = store_remove_many(store, under_test->call, &removal, &err);
		assert_ok(st, err);
		for (size_t n = 0; n < removal.count; n++)
			assert_missing(names[n]);
	}
	assert_content(DIR "removed-a/3", "3", 1);
	assert_content(FIRST, "first", 5);
	const struct store_removal none = {.refused = no_refusal};
	assert_int_equal(store_remove_many(store, under_test->call, &none, &err), STATUS_OK);
	static const char *const elsewhere[] = {DIR "removed-a/3", "../b"};
	const struct store_removal wrong = {.names = elsewhere, .count = 2, .refused = no_refusal};
	assert_int_equal(store_remove_many(store, under_test->call, &wrong, &err), STATUS_USAGE);
}

/* Names as one string, each in its line. */
static enum status join(void *arg, const struct object_info *info, struct error *error)
{
	return buffer_printf(arg, error, "%s %d\n", info->name, (int)info->bytes);
}

static void lists_in_order(void **state)
{
	(void)state;
	static const char *const names[] = {DIR "b/2", DIR "b.c", DIR "b/1", DIR "a", DIR "b-", "other/x"};
	static const struct {
		const char *prefix, *expected;
	} cases[] = {
	    {"7", FIRST " 5\n" DIR "a 1\n" DIR "b- 1\n" DIR "b.c 1\n" DIR "b/1 1\n" DIR "b/2 1\n"},
	    {DIR "b", DIR "b- 1\n" DIR "b.c 1\n" DIR "b/1 1\n" DIR "b/2 1\n"},
	    {DIR "b/", DIR "b/1 1\n" DIR "b/2 1\n"},
	    {DIR "b/1", DIR "b/1 1\n"},
	    {DIR "a", DIR "a 1\n"},
	    {"oth", "other/x 1\n"},
	    {"none", ""},
	    {"other/x/y", ""},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		enum status st = put(names[i], "1", 1);
		assert_ok(st, err);
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer got = {0};
		enum status st = store_list(store, under_test->call, cases[i].prefix, join, &got, &err);
		assert_ok(st, err);
		assert_string_equal(buffer_text(&got), cases[i].expected);
		buffer_fini(&got);
	}
}

static enum status join_level(void *arg, const struct object_info *info, struct error *error)
{
	return buffer_printf(arg, error, "%s%s\n", info->name, info->directory ? "" : " object");
}

#define LEVEL "level/x/"

/* A directory store may still have the directories of removed objects: these names are of no other test. */
static void lists_a_level(void **state)
{
	(void)state;
	static const char *const names[] = {LEVEL "b/2", LEVEL "b.c", LEVEL "b/1/x", LEVEL "b/1/y",
					    LEVEL "a",   LEVEL "b-",  "level2/x"};
	static const struct {
		const char *prefix, *expected;
	} cases[] = {
	    {"lev", "level/\nlevel2/\n"},
	    {"level", "level/\nlevel2/\n"},
	    {"level/", "level/x/\n"},
	    {LEVEL, LEVEL "a object\n" LEVEL "b- object\n" LEVEL "b.c object\n" LEVEL "b/\n"},
	    {LEVEL "b", LEVEL "b- object\n" LEVEL "b.c object\n" LEVEL "b/\n"},
	    {LEVEL "b/", LEVEL "b/1/\n" LEVEL "b/2 object\n"},
	    {LEVEL "b/1/", LEVEL "b/1/x object\n" LEVEL "b/1/y object\n"},
	    {LEVEL "b/1/x", LEVEL "b/1/x object\n"},
	    {LEVEL "a/", ""},
	    {"none", ""},
	    {"none/", ""},
	    {"../", ""},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		enum status st = put(names[i], "1", 1);
		assert_ok(st, err);
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer got = {0};
		enum status st = store_list_level(store, under_test->call, cases[i].prefix, join_level, &got, &err);
		assert_ok(st, err);
		if (strcmp(buffer_text(&got), cases[i].expected) != 0)
			fail_msg("below '%s': %s", cases[i].prefix, buffer_text(&got));
		buffer_fini(&got);
	}
}

static enum status stop(void *arg, const struct object_info *info, struct error *error)
{
	(void)info;
	++*(int *)arg;
	return error_set(error, STATUS_CONFLICT, "enough");
}

static void listing_stops_when_told(void **state)
{
	(void)state;
	int seen = 0;
	enum status st = put(DIR "2", "", 0);
	assert_ok(st, err);
	assert_int_equal(store_list(store, under_test->call, "", stop, &seen, &err), STATUS_CONFLICT);
	assert_int_equal(seen, 1);
}

static void refuses_names_that_lead_elsewhere(void **state)
{
	(void)state;
	static const char *const names[] = {"",     "/",      "/x",    "x/", "a//b", "..",
					    "../x", "a/../b", "a/./b", ".x", "a b",  "a\nb"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct buffer got = {0};
		assert_int_equal(put(names[i], "1", 1), STATUS_USAGE);
		assert_int_equal(get(names[i], &got), STATUS_USAGE);
		buffer_fini(&got);
	}
}

static void says_that_it_is_there(void **state)
{
	(void)state;
	int64_t clock_s = 0;
	if (!store_can(store, STORE_REACHES))
		return;
	enum status st = store_reach(store, under_test->call, &clock_s, &err);
	assert_ok(st, err);
	assert_true(clock_s == -1 || clock_s > 1700000000);
}

int store_suite_run(const char *name, const struct store_under_test *which)
{
	under_test = which;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(returns_what_was_put, setup, teardown),
	    cmocka_unit_test_setup_teardown(keeps_an_empty_object, setup, teardown),
	    cmocka_unit_test_setup_teardown(keeps_a_large_object_written_in_pieces, setup, teardown),
	    cmocka_unit_test_setup_teardown(is_visible_only_after_finish, setup, teardown),
	    cmocka_unit_test_setup_teardown(free_abandons, setup, teardown),
	    cmocka_unit_test_setup_teardown(create_never_replaces, setup, teardown),
	    cmocka_unit_test_setup_teardown(of_two_writers_the_first_to_finish_wins, setup, teardown),
	    cmocka_unit_test_setup_teardown(missing_is_a_status, setup, teardown),
	    cmocka_unit_test_setup_teardown(passes_on_what_the_sink_says, setup, teardown),
	    cmocka_unit_test_setup_teardown(reads_the_first_bytes, setup, teardown),
	    cmocka_unit_test_setup_teardown(says_what_has_no_first_bytes, setup, teardown),
	    cmocka_unit_test_setup_teardown(reads_ranges, setup, teardown),
	    cmocka_unit_test_setup_teardown(stat_tells_the_size, setup, teardown),
	    cmocka_unit_test_setup_teardown(removes, setup, teardown),
	    cmocka_unit_test_setup_teardown(removes_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(lists_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(lists_a_level, setup, teardown),
	    cmocka_unit_test_setup_teardown(listing_stops_when_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_names_that_lead_elsewhere, setup, teardown),
	    cmocka_unit_test_setup_teardown(says_that_it_is_there, setup, teardown),
	};
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

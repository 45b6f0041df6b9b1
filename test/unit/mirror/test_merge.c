/* Two listings side by side, against a plain search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/merge.h"
#include "support/cmocka.h"

#define NAMES_MAX 40
#define ROUNDS 20000

static struct error err;

struct list {
	const char *names[NAMES_MAX];
	uint64_t bytes[NAMES_MAX];
	size_t count, given;
	size_t fails_at; /* 0: never; else before the object of this number, from 1 */
};

static enum status next(void *arg, struct mirror_entry *out, bool *end, struct error *error)
{
	struct list *list = arg;
	if (list->fails_at > 0 && list->given + 1 == list->fails_at)
		return error_set(error, STATUS_UNREACHABLE, "gone away");
	*end = list->given == list->count;
	if (*end)
		return STATUS_OK;
	*out = (struct mirror_entry){.bytes = list->bytes[list->given]};
	(void)snprintf(out->name, sizeof out->name, "%s", list->names[list->given++]);
	return STATUS_OK;
}

/* What the merge told: a line for each name. */
struct told {
	char lines[NAMES_MAX * 2][32];
	size_t count;
	size_t stop_at; /* 0: never */
};

static void tell(char out[32], const char *name, const uint64_t *original, const uint64_t *copy)
{
	char one[8] = "-", other[8] = "-";
	if (original != NULL)
		(void)snprintf(one, sizeof one, "%u", (unsigned)*original % 100);
	if (copy != NULL)
		(void)snprintf(other, sizeof other, "%u", (unsigned)*copy % 100);
	(void)snprintf(out, 32, "%.8s %s %s", name, one, other);
}

static enum status each(void *arg, const struct mirror_entry *original, const struct mirror_entry *copy,
			struct error *error)
{
	struct told *told = arg;
	if (told->stop_at > 0 && told->count + 1 == told->stop_at)
		return error_set(error, STATUS_LOCAL, "enough");
	assert_true(told->count < sizeof told->lines / sizeof told->lines[0]);
	tell(told->lines[told->count++], original == NULL ? copy->name : original->name,
	     original == NULL ? NULL : &original->bytes, copy == NULL ? NULL : &copy->bytes);
	return STATUS_OK;
}

static enum status run(struct list *original, struct list *copy, struct told *told)
{
	const struct merge merge = {.original = {next, original}, .copy = {next, copy}, .each = each, .arg = told};
	return merge_run(&merge, &err);
}

static const char *const pool[NAMES_MAX] = {
    "1",    "1-",   "1.a", "1/",  "1/a",  "1/a-", "1/a.", "1/a/", "1/a/b", "1/a0", "1/aa", "1/b", "10", "10/",
    "10/a", "10/b", "2",   "2/a", "2/a/", "2/b",  "A",    "A/",   "A/a",   "B",    "Z",    "_",   "_a", "a",
    "a-b",  "a.b",  "a/b", "a0",  "aa",   "ab",   "b",    "c",    "x",     "y",    "z",    "zz"};

static const uint64_t *find(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->names[i], name) == 0)
			return &list->bytes[i];
	return NULL;
}

static void draw(struct list *list, unsigned share)
{
	*list = (struct list){0};
	for (size_t i = 0; i < NAMES_MAX; i++)
		if ((unsigned)rand() % 100 < share) {
			list->names[list->count] = pool[i];
			list->bytes[list->count++] = (unsigned)rand() % 3;
		}
}

static void each_name_is_told_once_with_both_sides(void **unused)
{
	(void)unused;
	srand(15);
	for (int round = 0; round < ROUNDS; round++) {
		struct list original, copy;
		struct told told = {0};
		char expected[32];
		size_t at = 0;
		draw(&original, (unsigned)rand() % 101);
		draw(&copy, (unsigned)rand() % 101);
		assert_ok(run(&original, &copy, &told), err);
		for (size_t i = 0; i < NAMES_MAX; i++) {
			const uint64_t *one = find(&original, pool[i]), *other = find(&copy, pool[i]);
			if (one == NULL && other == NULL)
				continue;
			tell(expected, pool[i], one, other);
			assert_true(at < told.count);
			assert_string_equal(told.lines[at++], expected);
		}
		assert_int_equal(at, told.count);
	}
}

static void a_listing_out_of_order_is_refused(void **unused)
{
	(void)unused;
	struct list sorted = {.names = {"1/a", "1/b", "1/c"}, .count = 3};
	struct list falls = {.names = {"1/a", "1/c", "1/b"}, .count = 3},
		    repeats = {.names = {"1/a", "1/a"}, .count = 2};
	struct told told = {0};
	assert_int_equal(run(&falls, &sorted, &told), STATUS_UNREACHABLE);
	assert_string_equal(err.text, "the listing of the repository is not in order: 1/b after 1/c");
	sorted.given = 0;
	assert_int_equal(run(&sorted, &repeats, &told), STATUS_UNREACHABLE);
	assert_string_equal(err.text, "the listing of the copy is not in order: 1/a after 1/a");
}

/* An outage in the middle of the copy's listing must not look like a copy that lacks the rest. */
static void a_listing_that_fails_ends_the_merge(void **unused)
{
	(void)unused;
	for (size_t at = 1; at <= 3; at++) {
		struct list original = {.names = {"1/a", "1/b", "1/c"}, .count = 3};
		struct list copy = {.names = {"1/a", "1/b", "1/c"}, .count = 3, .fails_at = at};
		struct told told = {0};
		assert_int_equal(run(&original, &copy, &told), STATUS_UNREACHABLE);
		assert_int_equal(told.count, at - 1);
		original.given = copy.given = copy.fails_at = 0;
		original.fails_at = at;
		told.count = 0;
		assert_int_equal(run(&original, &copy, &told), STATUS_UNREACHABLE);
		assert_int_equal(told.count, at - 1);
	}
}

static void each_can_end_the_merge(void **unused)
{
	(void)unused;
	struct list original = {.names = {"1/a", "1/b"}, .count = 2}, copy = {.count = 0};
	struct told told = {.stop_at = 2};
	assert_int_equal(run(&original, &copy, &told), STATUS_LOCAL);
	assert_int_equal(told.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_name_is_told_once_with_both_sides),
	    cmocka_unit_test(a_listing_out_of_order_is_refused),
	    cmocka_unit_test(a_listing_that_fails_ends_the_merge),
	    cmocka_unit_test(each_can_end_the_merge),
	};
	return cmocka_run_group_tests_name("mirror/merge", tests, NULL, NULL);
}

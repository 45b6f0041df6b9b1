/* The notes of verify --read. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "verify/verified.h"

#define NOW 100000 /* the notes are older */
#define IDENTITY "repo file:///x\ns3-endpoint \n"

static struct scratch dir;
static struct error err;

static void open_notes(struct verified *verified, const char *identity, int64_t not_before_s)
{
	const struct verified_place place = {dir.path, "", identity, 42, not_before_s, NOW};
	assert_ok(verified_open(verified, &place, &err), err);
}

static void describe(const struct verified *verified, const char *expected)
{
	struct buffer text = {0};
	for (size_t i = 0; i < verified->count; i++)
		(void)buffer_printf(&text, &err, "%u:%lu-%lu@%ld ", verified->ranges[i].timeline,
				    verified->ranges[i].first, verified->ranges[i].last,
				    verified->ranges[i].run.began_s);
	assert_string_equal(buffer_text(&text), expected);
	buffer_fini(&text);
}

static void add(struct verified *verified, uint32_t timeline, uint64_t first, uint64_t last, int64_t at_s)
{
	for (uint64_t number = first; number <= last; number++)
		assert_ok(verified_add(verified, timeline, number, &(struct verified_run){at_s, NOW}, &err), err);
}

static void ranges_grow_together_and_apart(void **unused)
{
	(void)unused;
	struct verified verified;
	open_notes(&verified, IDENTITY, 0);
	describe(&verified, "");
	add(&verified, 1, 5, 9, 100);
	add(&verified, 2, 10, 10, 100);
	describe(&verified, "1:5-9@100 2:10-10@100 ");
	/* Threads finish in any order. */
	add(&verified, 1, 12, 12, 100);
	add(&verified, 1, 10, 10, 100);
	describe(&verified, "1:5-10@100 1:12-12@100 2:10-10@100 ");
	add(&verified, 1, 11, 11, 100);
	describe(&verified, "1:5-12@100 2:10-10@100 ");
	add(&verified, 1, 13, 14, 200);
	add(&verified, 1, 7, 7, 300);
	describe(&verified, "1:5-6@100 1:7-7@300 1:8-12@100 1:13-14@200 2:10-10@100 ");
	add(&verified, 1, 5, 5, 300);
	add(&verified, 1, 6, 6, 300);
	describe(&verified, "1:5-7@300 1:8-12@100 1:13-14@200 2:10-10@100 ");
	assert_ok(verified_remove(&verified, 1, 10, &err), err);
	assert_ok(verified_remove(&verified, 1, 14, &err), err);
	assert_ok(verified_remove(&verified, 1, 5, &err), err);
	assert_ok(verified_remove(&verified, 2, 10, &err), err);
	assert_ok(verified_remove(&verified, 2, 11, &err), err);
	describe(&verified, "1:6-7@300 1:8-9@100 1:11-12@100 1:13-13@200 ");

	assert_true(verified_has(&verified, 1, 6, 299));
	assert_false(verified_has(&verified, 1, 6, 300)); /* stored later */
	assert_true(verified_has(&verified, 1, 9, 99));
	assert_false(verified_has(&verified, 1, 10, 99));
	assert_false(verified_has(&verified, 1, 14, 99));
	assert_false(verified_has(&verified, 1, 5, 99));
	assert_false(verified_has(&verified, 2, 6, 99));
	verified_fini(&verified);
}

static void notes_are_saved_and_loaded(void **unused)
{
	(void)unused;
	struct verified verified;
	open_notes(&verified, IDENTITY, 0);
	add(&verified, 1, 5, 9, 100);
	add(&verified, 4294967295u, 10, 12, 200);
	assert_ok(verified_save(&verified, &err), err);
	assert_ok(verified_save(&verified, &err), err); /* replaces the first */
	verified_fini(&verified);
	open_notes(&verified, IDENTITY, 0);
	describe(&verified, "1:5-9@100 4294967295:10-12@200 ");
	verified_fini(&verified);
	/* Too old; another repository; other keys; another cluster. */
	open_notes(&verified, IDENTITY, 101);
	describe(&verified, "4294967295:10-12@200 ");
	verified_fini(&verified);
	open_notes(&verified, "repo file:///y\ns3-endpoint \n", 0);
	describe(&verified, "");
	verified_fini(&verified);
	open_notes(&verified, IDENTITY "key 00\n", 0);
	describe(&verified, "");
	verified_fini(&verified);
	assert_ok(verified_open(&verified, &(struct verified_place){dir.path, "", IDENTITY, 43, 0, NOW}, &err), err);
	describe(&verified, "");
	verified_fini(&verified);
}

/* The first one that writes has the plain name, as in earlier versions; with other keys, say, there is another file. */
static void each_identity_has_a_file(void **unused)
{
	(void)unused;
	static const char *const identities[] = {"repo file:///one\n", "repo file:///two\n"};
	struct verified verified;
	struct verified_place place = {dir.path, "-each", NULL, 42, 0, NOW};
	for (size_t i = 0; i < 2; i++) {
		place.identity = identities[i];
		assert_ok(verified_open(&verified, &place, &err), err);
		describe(&verified, "");
		add(&verified, 1, 5, 9, (int64_t)(100 + i));
		assert_ok(verified_save(&verified, &err), err);
		assert_int_equal(strcmp(strrchr(verified.path, '/'), "/verified-each-42") == 0, i == 0);
		verified_fini(&verified);
	}
	for (size_t i = 0; i < 2; i++) {
		place.identity = identities[i];
		assert_ok(verified_open(&verified, &place, &err), err);
		describe(&verified, i == 0 ? "1:5-9@100 " : "1:5-9@101 ");
		verified_fini(&verified);
	}
}

static void an_incomplete_file_gives_no_notes(void **unused)
{
	(void)unused;
#define HEAD "walship verified 2\n" IDENTITY
	static const struct {
		const char *text, *expected;
	} cases[] = {
	    {HEAD "1 5 9 100 90\nend 1\n", "1:5-9@100 "},
	    {HEAD "end 0\n", ""},
	    {"", ""},
	    {HEAD, ""},
	    {HEAD "1 5 9 100 90\n", ""},
	    {HEAD "1 5 9 100 90\nend 2\n", ""},
	    {HEAD "1 5 9 100 90\nend 1", ""},
	    {HEAD "1 5 9 100 90\nend 1\nmore\n", ""},
	    {HEAD "1 5 9\nend 1\n", ""},
	    {HEAD "1 9 5 100 90\nend 1\n", ""},
	    {HEAD "1 5 9 100 90\n1 9 12 100 90\nend 2\n", ""},
	    {HEAD "2 5 9 100 90\n1 9 12 100 90\nend 2\n", ""},
	    {HEAD "1 5 9 100 90 7\nend 1\n", ""},
	    {"walship verified 1\n" IDENTITY "1 5 9 100\nend 1\n", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct verified verified;
		scratch_put(&dir, "verified-42", cases[i].text, strlen(cases[i].text), 0600);
		open_notes(&verified, IDENTITY, 0);
		describe(&verified, cases[i].expected);
		verified_fini(&verified);
	}
}

static void ranges_are_bounded(void **unused)
{
	(void)unused;
	struct verified verified;
	open_notes(&verified, "repo file:///bound\n", 0);
	for (uint64_t i = 0; i < 2 * VERIFIED_RANGES_MAX; i++)
		assert_ok(verified_add(&verified, 1, 2 * i, &(struct verified_run){(int64_t)(1000 + i), NOW}, &err),
			  err);
	assert_in_range(verified.count, VERIFIED_RANGES_MAX - 2, VERIFIED_RANGES_MAX);
	/* The oldest ranges were dropped. */
	assert_true(verified_has(&verified, 1, 4UL * VERIFIED_RANGES_MAX - 2, 0));
	assert_false(verified_has(&verified, 1, 0, 0));
	assert_ok(verified_save(&verified, &err), err);
	size_t count = verified.count;
	verified_fini(&verified);
	open_notes(&verified, "repo file:///bound\n", 0);
	assert_int_equal(verified.count, count);
	verified_fini(&verified);
}

/* The clock of the run was ahead: by so much that it shows, or by less. The store's clock decides then. */
static void a_clock_that_was_ahead_proves_nothing(void **unused)
{
	(void)unused;
	struct verified verified;
	open_notes(&verified, IDENTITY "ahead\n", 0);
	assert_ok(verified_add(&verified, 1, 5, &(struct verified_run){NOW + 1, 50}, &err), err);
	assert_ok(verified_add(&verified, 1, 6, &(struct verified_run){NOW, 50}, &err), err);
	assert_ok(verified_save(&verified, &err), err);
	verified_fini(&verified);
	open_notes(&verified, IDENTITY "ahead\n", 0);
	assert_false(verified_has(&verified, 1, 5, 40));
	assert_true(verified_has(&verified, 1, 6, 50));
	assert_false(verified_has(&verified, 1, 6, 51)); /* stored after the listing, before the time of the note */
	verified_fini(&verified);
}

static void a_missing_directory_is_an_error(void **unused)
{
	(void)unused;
	struct verified verified;
	const struct verified_place place = {scratch_path(&dir, "none"), "", IDENTITY, 42, 0, NOW};
	assert_ok(verified_open(&verified, &place, &err), err);
	assert_int_equal(verified_save(&verified, &err), STATUS_LOCAL);
	verified_fini(&verified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_grow_together_and_apart),
	    cmocka_unit_test(notes_are_saved_and_loaded),
	    cmocka_unit_test(each_identity_has_a_file),
	    cmocka_unit_test(an_incomplete_file_gives_no_notes),
	    cmocka_unit_test(ranges_are_bounded),
	    cmocka_unit_test(a_missing_directory_is_an_error),
	    cmocka_unit_test(a_clock_that_was_ahead_proves_nothing),
	};
	scratch_init(&dir);
	int failed = cmocka_run_group_tests_name("verify/verified", tests, NULL, NULL);
	scratch_fini(&dir);
	return failed;
}

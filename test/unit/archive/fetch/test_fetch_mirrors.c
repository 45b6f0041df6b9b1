/* Which repositories are asked, in which order and for how long, and what their answers mean together. */
#include <stdio.h>
#include <string.h>

#include "archive/fetch/fetch_mirrors.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/world.h"

#define MIRRORS_MAX 2

static struct scratch dir;
static struct world world;
static struct error err;
static char spool[512];
static struct repository_settings own;
static struct repository_settings copies[MIRRORS_MAX] = {{.url = "file:///b"}, {.url = "file:///c"}};

/* What each repository does, in the order of the settings, and what was asked of it. */
static struct plan {
	enum status answers[1 + MIRRORS_MAX];
	enum status unreadable[MIRRORS_MAX]; /* the file of the mirror */
	int64_t takes_ms[1 + MIRRORS_MAX];
	bool final[1 + MIRRORS_MAX];
	char asked[8];
	int64_t had_ms[1 + MIRRORS_MAX];
} plan;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	world_init(&world);
	world.utc_s = 1000000000;
	(void)snprintf(spool, sizeof spool, "%s/spool", dir.path);
	own = (struct repository_settings){.url = "file:///a", .spool = spool};
	plan = (struct plan){0};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	world_fini(&world);
	scratch_fini(&dir);
	return 0;
}

static enum status settings_of(void *arg, size_t index, const struct repository_settings **out, struct error *error)
{
	(void)arg;
	*out = &copies[index];
	return plan.unreadable[index] ? error_set(error, plan.unreadable[index], "no file") : STATUS_OK;
}

static enum status run(void *arg, const struct repository_settings *settings, const struct call *call, bool *final,
		       struct error *error)
{
	size_t index = settings == &own ? 0 : 1 + (size_t)(settings - copies), len = strlen(plan.asked);
	(void)arg;
	plan.asked[len] = (char)('a' + index);
	plan.had_ms[index] = call_left_ms(call);
	world.monotonic_ms += plan.takes_ms[index];
	*final = plan.final[index];
	if (plan.answers[index] == STATUS_OK)
		return STATUS_OK;
	return error_set(error, plan.answers[index], "%s says no", settings->url);
}

static enum status fetch_with(size_t mirrors)
{
	const struct mirrors others = {.count = mirrors, .settings = settings_of};
	const struct fetch_attempt attempt = {.run = run, .name = "X"};
	err = (struct error){0};
	memset(plan.asked, 0, sizeof plan.asked);
	return fetch_from_any(&own, &others, &world.call, &attempt, &err);
}

static void answers_together(void **unused)
{
	(void)unused;
	const enum status OK = STATUS_OK, NO = STATUS_MISSING, AWAY = STATUS_UNREACHABLE, BAD = STATUS_DAMAGED;
	const struct {
		enum status answers[3];
		enum status unreadable; /* the file of the first mirror */
		enum status expected;
		const char *asked;
	} cases[] = {
	    {{OK, NO, NO}, STATUS_OK, OK, "a"},
	    {{NO, OK, NO}, STATUS_OK, OK, "ab"},
	    {{NO, NO, OK}, STATUS_OK, OK, "abc"},
	    {{NO, NO, NO}, STATUS_OK, NO, "abc"},
	    {{NO, AWAY, NO}, STATUS_OK, AWAY, "abc"},
	    {{NO, NO, AWAY}, STATUS_OK, AWAY, "abc"},
	    {{NO, AWAY, OK}, STATUS_OK, OK, "abc"},
	    {{NO, BAD, NO}, STATUS_OK, AWAY, "abc"},
	    {{NO, STATUS_LOCAL, NO}, STATUS_OK, STATUS_LOCAL, "abc"},
	    {{NO, NO, NO}, STATUS_USAGE, AWAY, "ac"},
	    {{NO, NO, OK}, STATUS_USAGE, OK, "ac"},
	    {{BAD, NO, NO}, STATUS_OK, BAD, "abc"},
	    {{BAD, OK, NO}, STATUS_OK, OK, "ab"},
	    {{BAD, AWAY, NO}, STATUS_OK, BAD, "abc"},
	    {{STATUS_USAGE, OK, OK}, STATUS_OK, STATUS_USAGE, "a"},
	    {{STATUS_LOCAL, OK, OK}, STATUS_OK, STATUS_LOCAL, "a"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memcpy(plan.answers, cases[i].answers, sizeof plan.answers);
		plan.unreadable[0] = cases[i].unreadable;
		enum status st = fetch_with(2);
		if (st != cases[i].expected || strcmp(plan.asked, cases[i].asked) != 0)
			fail_msg("case %zu: status %d, asked %s: %s", i, (int)st, plan.asked, err.text);
		assert_int_equal(err.text[0] == '\0', st == STATUS_OK);
	}
}

/* Every combination of answers: "missing" is said only when each said so, and success when one has the file. */
static void missing_needs_every_no(void **unused)
{
	(void)unused;
	static const enum status all[] = {STATUS_OK,      STATUS_MISSING, STATUS_UNREACHABLE,
					  STATUS_DAMAGED, STATUS_EXISTS,  STATUS_CONFLICT};
	enum { COUNT = sizeof all / sizeof all[0] };
	for (size_t i = 0; i < COUNT * COUNT * COUNT * 2; i++) {
		size_t picked[3] = {i % COUNT, i / COUNT % COUNT, i / COUNT / COUNT % COUNT};
		bool unreadable = i >= COUNT * COUNT * COUNT, any = false, all_no = !unreadable;
		for (size_t each = 0; each < 3; each++) {
			plan.answers[each] = all[picked[each]];
			any |= plan.answers[each] == STATUS_OK && !(unreadable && each == 2);
			all_no &= plan.answers[each] == STATUS_MISSING;
		}
		plan.unreadable[1] = unreadable ? STATUS_USAGE : STATUS_OK;
		enum status st = fetch_with(2);
		assert_int_equal(st == STATUS_OK, any);
		assert_int_equal(st == STATUS_MISSING, all_no);
	}
}

static void without_mirrors_nothing_changes(void **unused)
{
	(void)unused;
	int64_t all_ms = call_left_ms(&world.call);
	plan.answers[0] = STATUS_UNREACHABLE;
	assert_int_equal(fetch_with(0), STATUS_UNREACHABLE);
	assert_int_equal(plan.had_ms[0], all_ms);
	assert_false(fetch_is_away(&own, &world.call));
}

static void time_is_shared(void **unused)
{
	(void)unused;
	const int64_t all_ms = 60000;
	world.call.deadline_ms = world.monotonic_ms + all_ms;
	plan.answers[0] = plan.answers[1] = plan.answers[2] = STATUS_UNREACHABLE;
	plan.takes_ms[0] = all_ms / 3;
	assert_int_equal(fetch_with(2), STATUS_UNREACHABLE);
	assert_string_equal(err.text, "file:///a says no");
	assert_int_equal(plan.had_ms[0], all_ms / 3);
	assert_int_equal(plan.had_ms[1], all_ms / 3);
	assert_int_equal(plan.had_ms[2], all_ms * 2 / 3);
}

/* A recovery must not wait for a store that is away with each segment. */
static void a_repository_that_was_away_is_asked_last_for_a_while(void **unused)
{
	(void)unused;
	plan.answers[0] = STATUS_UNREACHABLE;
	assert_ok(fetch_with(1), err);
	assert_string_equal(plan.asked, "ab");
	assert_ok(fetch_with(1), err);
	assert_string_equal(plan.asked, "b");
	/* The mirror lacks the file: the repository is asked all the same, and its silence is no "missing". */
	plan.answers[1] = STATUS_MISSING;
	assert_int_equal(fetch_with(1), STATUS_UNREACHABLE);
	assert_string_equal(plan.asked, "ba");
	plan.answers[0] = STATUS_MISSING;
	assert_int_equal(fetch_with(1), STATUS_MISSING);
	assert_string_equal(plan.asked, "ba");
	world.utc_s += 61;
	plan.answers[0] = plan.answers[1] = STATUS_OK;
	assert_ok(fetch_with(1), err);
	assert_string_equal(plan.asked, "a");
}

static void the_note_is_of_one_repository_and_ends(void **unused)
{
	(void)unused;
	struct repository_settings another = own;
	another.url = "file:///another";
	plan.answers[0] = STATUS_UNREACHABLE;
	plan.takes_ms[0] = 30000;
	assert_ok(fetch_with(1), err);
	assert_true(fetch_is_away(&own, &world.call));
	assert_false(fetch_is_away(&another, &world.call));
	world.utc_s += 299;
	assert_true(fetch_is_away(&own, &world.call));
	world.utc_s += 2;
	assert_false(fetch_is_away(&own, &world.call));
	/* The clock was put back: the note would hold for ever. */
	world.utc_s -= 100000;
	assert_false(fetch_is_away(&own, &world.call));
}

static void a_final_answer_ends_it(void **unused)
{
	(void)unused;
	plan.answers[0] = STATUS_MISSING;
	plan.final[0] = true;
	assert_int_equal(fetch_with(2), STATUS_MISSING);
	assert_string_equal(plan.asked, "a");
	/* Of a mirror, too, when it is asked first. */
	plan.final[0] = false;
	plan.answers[0] = STATUS_UNREACHABLE;
	assert_ok(fetch_with(2), err);
	plan.answers[1] = STATUS_MISSING;
	plan.final[1] = true;
	assert_int_equal(fetch_with(2), STATUS_MISSING);
	assert_string_equal(plan.asked, "b");
	assert_string_equal(err.text, "mirror file:///b: file:///b says no");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(answers_together),
	    CASE(missing_needs_every_no),
	    CASE(without_mirrors_nothing_changes),
	    CASE(time_is_shared),
	    CASE(a_repository_that_was_away_is_asked_last_for_a_while),
	    CASE(the_note_is_of_one_repository_and_ends),
	    CASE(a_final_answer_ends_it),
	};
	return cmocka_run_group_tests_name("archive/fetch/fetch_mirrors", tests, NULL, NULL);
}

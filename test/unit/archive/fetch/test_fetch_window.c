/* Which segments are begun, kept and dropped, as recovery goes on, turns elsewhere, or meets the end of the archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/fetch/fetch_window.h"
#include "support/cmocka.h"

#define MIB (1024 * 1024UL)
#define SEGMENT (16 * MIB)

static struct fetch_window window;
static char forgotten[1024]; /* the numbers of the files that went, each with a blank behind it */

static void note_forgotten(void *arg, const char *name)
{
	assert_ptr_equal(arg, forgotten);
	char *end = forgotten + strlen(forgotten);
	(void)snprintf(end, (size_t)(forgotten + sizeof forgotten - end), "%lu ", strtoul(name + 16, NULL, 16));
}

static int fresh(void **unused)
{
	(void)unused;
	window = (struct fetch_window){.bytes_max = 8 * SEGMENT,
				       .more_max = FETCH_WINDOW_SIDE_BY_SIDE - 1,
				       .forget = note_forgotten,
				       .arg = forgotten};
	forgotten[0] = '\0';
	return 0;
}

static struct wal_name name_of(unsigned timeline, unsigned segment)
{
	struct wal_name name;
	struct error err;
	char text[WAL_NAME_MAX];
	(void)snprintf(text, sizeof text, "%08X00000000%08X", timeline, segment);
	assert_int_equal(wal_name_parse(&name, text, &err), STATUS_OK);
	return name;
}

static void got(unsigned timeline, unsigned segment)
{
	struct wal_name name = name_of(timeline, segment);
	assert_true(fetch_window_move_on(&window, &name, SEGMENT));
}

static struct fetch_slot *begins(unsigned segment)
{
	struct fetch_slot *slot = fetch_window_begin(&window);
	assert_non_null(slot);
	assert_int_equal(slot->name.segment, segment);
	assert_int_equal(slot->state, FETCH_SLOT_COMING);
	return slot;
}

static void begins_nothing(void)
{
	assert_false(fetch_window_is_open(&window));
	assert_null(fetch_window_begin(&window));
}

/* What is counted is what is in the slots, and never more than the bound. */
static void assert_sound(void)
{
	size_t used = 0, coming = 0;
	for (size_t i = 0; i < FETCH_WINDOW_SLOTS; i++) {
		enum fetch_slot_state state = window.slots[i].state;
		used += state != FETCH_SLOT_FREE;
		coming += state == FETCH_SLOT_COMING || state == FETCH_SLOT_DROPPED;
	}
	assert_int_equal(window.used, used);
	assert_int_equal(window.coming, coming);
	assert_true(coming <= FETCH_WINDOW_SIDE_BY_SIDE);
	assert_true(used * window.segment_bytes <= window.bytes_max);
}

/* Begins and gets everything from first on, until nothing more may be begun; returns how many. */
static unsigned fill(unsigned first)
{
	unsigned count = 0;
	while (fetch_window_is_open(&window)) {
		assert_true(fetch_window_finish(&window, begins(first + count), FETCH_QUICK));
		assert_sound();
		count++;
	}
	return count;
}

static void waits_for_the_first_word(void **unused)
{
	(void)unused;
	begins_nothing();
	got(1, 4);
	(void)begins(5);
	assert_sound();
}

static void refuses_what_is_no_segment(void **unused)
{
	(void)unused;
	struct wal_name name = name_of(1, 4);
	assert_false(fetch_window_move_on(&window, &name, 0));
	assert_false(fetch_window_move_on(&window, &name, 104));
	assert_false(fetch_window_move_on(&window, &name, 1677721));
	name.kind = WAL_PARTIAL;
	assert_false(fetch_window_move_on(&window, &name, SEGMENT));
	begins_nothing();
}

static void opens_as_segments_come(void **unused)
{
	(void)unused;
	got(1, 0);
	struct fetch_slot *first = begins(1);
	begins_nothing();
	assert_true(fetch_window_finish(&window, first, FETCH_QUICK));
	struct fetch_slot *second = begins(2), *third = begins(3);
	begins_nothing();
	assert_true(fetch_window_finish(&window, third, FETCH_QUICK));
	assert_true(fetch_window_finish(&window, second, FETCH_QUICK));
	for (unsigned i = 4; i < 4 + FETCH_WINDOW_SIDE_BY_SIDE; i++)
		(void)begins(i);
	begins_nothing();
	assert_sound();
}

static void goes_one_by_one_where_it_is_slow(void **unused)
{
	(void)unused;
	got(1, 0);
	assert_true(fetch_window_finish(&window, begins(1), FETCH_QUICK));
	struct fetch_slot *second = begins(2), *third = begins(3);
	assert_true(fetch_window_finish(&window, second, FETCH_SLOW));
	begins_nothing();
	assert_true(fetch_window_finish(&window, third, FETCH_SLOW));
	(void)begins(4);
	begins_nothing();
}

static void goes_one_by_one_where_it_must(void **unused)
{
	(void)unused;
	window.more_max = 0;
	got(1, 0);
	for (unsigned i = 1; i < 6; i++) {
		struct fetch_slot *slot = begins(i);
		begins_nothing();
		assert_true(fetch_window_finish(&window, slot, FETCH_QUICK));
	}
}

static void is_bounded_in_bytes(void **unused)
{
	(void)unused;
	got(1, 0);
	assert_int_equal(fill(1), 8);
	begins_nothing();
	/* Each that recovery takes makes room for one. */
	for (unsigned i = 1; i < 100; i++) {
		got(1, i);
		assert_int_equal(fill(8 + i), 1);
	}
}

static void is_bounded_in_segments(void **unused)
{
	(void)unused;
	window.bytes_max = UINT64_MAX;
	got(1, 0);
	assert_int_equal(fill(1), FETCH_WINDOW_SLOTS);
}

static void fits_exactly_or_not(void **unused)
{
	(void)unused;
	window.bytes_max = SEGMENT - 1;
	got(1, 0);
	begins_nothing();
	window.bytes_max = SEGMENT;
	assert_int_equal(fill(1), 1);
}

static void drops_what_recovery_passed(void **unused)
{
	(void)unused;
	got(1, 0);
	(void)fill(1);
	got(1, 3);
	assert_string_equal(forgotten, "1 2 3 ");
	assert_sound();
}

static void starts_anew_elsewhere(void **unused)
{
	(void)unused;
	got(1, 0);
	(void)fill(1);
	got(1, 200);
	assert_string_equal(forgotten, "1 2 3 4 5 6 7 8 ");
	assert_int_equal(window.used, 0);
	struct fetch_slot *slot = begins(201);
	begins_nothing();
	assert_true(fetch_window_finish(&window, slot, FETCH_QUICK));
	got(1, 50); /* and back */
	assert_int_equal(fill(51), 8);
}

static void another_timeline_is_elsewhere(void **unused)
{
	(void)unused;
	got(1, 0);
	(void)fill(1);
	got(2, 1);
	assert_string_equal(forgotten, "1 2 3 4 5 6 7 8 ");
	assert_int_equal(begins(2)->name.timeline, 2);
}

static void drops_what_is_on_its_way_only_when_it_ends(void **unused)
{
	(void)unused;
	got(1, 0);
	struct fetch_slot *slot = begins(1);
	got(1, 7);
	assert_int_equal(slot->state, FETCH_SLOT_DROPPED);
	assert_string_equal(forgotten, "");
	begins_nothing(); /* it still takes a connection, and room */
	assert_false(fetch_window_finish(&window, slot, FETCH_QUICK));
	assert_sound();
	(void)begins(8);
}

static void holds_at_what_is_missing(void **unused)
{
	(void)unused;
	got(1, 0);
	assert_true(fetch_window_finish(&window, begins(1), FETCH_QUICK));
	assert_true(fetch_window_finish(&window, begins(2), FETCH_QUICK));
	struct fetch_slot *third = begins(3), *fourth = begins(4), *fifth = begins(5);
	/* What lies behind a gap is not wanted, whether it came before or after the gap was seen. */
	assert_true(fetch_window_finish(&window, fifth, FETCH_QUICK));
	assert_false(fetch_window_finish(&window, third, FETCH_FAILED));
	assert_string_equal(forgotten, "5 ");
	assert_int_equal(fourth->state, FETCH_SLOT_DROPPED);
	assert_false(fetch_window_finish(&window, fourth, FETCH_QUICK));
	begins_nothing();
	/* Recovery uses up what there is: the store is not asked again. */
	got(1, 1);
	begins_nothing();
	got(1, 2);
	begins_nothing();
	assert_int_equal(window.used, 0);
	/* Recovery got it from the store itself: it goes on, one by one at first. */
	got(1, 3);
	(void)begins(4);
	begins_nothing();
	assert_sound();
}

static void holds_at_the_first_of_several_gaps(void **unused)
{
	(void)unused;
	got(1, 0);
	(void)fetch_window_finish(&window, begins(1), FETCH_QUICK);
	(void)fetch_window_finish(&window, begins(2), FETCH_QUICK);
	struct fetch_slot *third = begins(3), *fourth = begins(4);
	assert_false(fetch_window_finish(&window, fourth, FETCH_FAILED));
	assert_int_equal(third->state, FETCH_SLOT_COMING);
	assert_false(fetch_window_finish(&window, third, FETCH_FAILED));
	begins_nothing();
	got(1, 3);
	assert_int_equal(begins(4)->name.segment, 4);
}

/* Dropped behind a gap, still on its way when recovery wants it after all: one fetch, not two. */
static void takes_back_what_is_still_coming(void **unused)
{
	(void)unused;
	got(1, 0);
	(void)fetch_window_finish(&window, begins(1), FETCH_QUICK);
	(void)fetch_window_finish(&window, begins(2), FETCH_QUICK);
	struct fetch_slot *third = begins(3), *fourth = begins(4), *fifth = begins(5);
	assert_false(fetch_window_finish(&window, third, FETCH_FAILED));
	assert_int_equal(fourth->state, FETCH_SLOT_DROPPED);
	got(1, 3);
	assert_int_equal(fourth->state, FETCH_SLOT_COMING);
	assert_int_equal(fifth->state, FETCH_SLOT_COMING);
	assert_true(fetch_window_finish(&window, fourth, FETCH_QUICK));
	assert_true(fetch_window_finish(&window, fifth, FETCH_QUICK));
	assert_sound();
	(void)begins(6);
}

static void ends_at_the_last_segment_of_all(void **unused)
{
	(void)unused;
	struct wal_name name;
	struct error err;
	assert_int_equal(wal_name_parse(&name, "00000001FFFFFFFF000000FD", &err), STATUS_OK);
	assert_true(fetch_window_move_on(&window, &name, SEGMENT));
	assert_int_equal(fill(0xFE), 2);
	assert_int_equal(wal_name_parse(&name, "00000001FFFFFFFF000000FF", &err), STATUS_OK);
	assert_true(fetch_window_move_on(&window, &name, SEGMENT));
	assert_int_equal(window.used, 0);
	begins_nothing();
}

static unsigned random_below(uint32_t *state, unsigned bound)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 16) % bound;
}

static struct fetch_slot *one_on_its_way(uint32_t *state)
{
	size_t first = random_below(state, FETCH_WINDOW_SLOTS);
	for (size_t i = 0; i < FETCH_WINDOW_SLOTS; i++) {
		struct fetch_slot *slot = &window.slots[(first + i) % FETCH_WINDOW_SLOTS];
		if (slot->state == FETCH_SLOT_COMING || slot->state == FETCH_SLOT_DROPPED)
			return slot;
	}
	return NULL;
}

/* Thousands of words, ends and failures in any order: never above a bound, no name twice, no slot lost. */
static void stays_sound_whatever_comes(void **unused)
{
	(void)unused;
	static const enum fetch_outcome outcomes[] = {FETCH_QUICK, FETCH_QUICK, FETCH_QUICK, FETCH_SLOW, FETCH_FAILED};
	uint32_t state = 1;
	unsigned at = 0, begun = 0;
	window.bytes_max = 20 * SEGMENT;
	got(1, 0);
	for (int i = 0; i < 20000; i++) {
		struct fetch_slot *slot = one_on_its_way(&state);
		unsigned what = random_below(&state, 10);
		forgotten[0] = '\0';
		if (what < 4)
			begun += fetch_window_begin(&window) != NULL;
		else if (what < 8 && slot != NULL)
			(void)fetch_window_finish(&window, slot, outcomes[random_below(&state, 5)]);
		else if (what == 8)
			got(1, ++at % 200);
		else if (random_below(&state, 50) == 0)
			got(1 + random_below(&state, 2), at = random_below(&state, 200));
		assert_sound();
		for (size_t a = 0; a < FETCH_WINDOW_SLOTS; a++)
			for (size_t b = 0; b < a; b++)
				assert_false(window.slots[a].state != FETCH_SLOT_FREE &&
					     window.slots[b].state != FETCH_SLOT_FREE &&
					     strcmp(window.slots[a].name.text, window.slots[b].name.text) == 0);
	}
	assert_true(begun > 1000);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(waits_for_the_first_word),        TEST(refuses_what_is_no_segment),
	    TEST(opens_as_segments_come),          TEST(goes_one_by_one_where_it_is_slow),
	    TEST(goes_one_by_one_where_it_must),   TEST(is_bounded_in_bytes),
	    TEST(is_bounded_in_segments),          TEST(fits_exactly_or_not),
	    TEST(drops_what_recovery_passed),      TEST(starts_anew_elsewhere),
	    TEST(another_timeline_is_elsewhere),   TEST(drops_what_is_on_its_way_only_when_it_ends),
	    TEST(holds_at_what_is_missing),        TEST(holds_at_the_first_of_several_gaps),
	    TEST(takes_back_what_is_still_coming), TEST(ends_at_the_last_segment_of_all),
	    TEST(stays_sound_whatever_comes),
	};
	return cmocka_run_group_tests_name("archive/fetch/fetch_window", tests, NULL, NULL);
}

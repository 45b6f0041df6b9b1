/* Ranges of minimal WAL from the changes of wal_level, whatever the order in which they are noted. */
#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "support/cmocka.h"
#include "verify/level_changes.h"

static struct error err;

static enum status show_range(void *arg, const struct level_range *range, struct error *error)
{
	if (range->last == UINT64_MAX)
		return buffer_printf(arg, error, " %" PRIu32 ":%" PRIu64 "-", range->timeline, range->first);
	return buffer_printf(arg, error, " %" PRIu32 ":%" PRIu64 "-%" PRIu64, range->timeline, range->first,
			     range->last);
}

static enum status show_other(void *arg, uint32_t timeline, uint64_t number, struct error *error)
{
	return buffer_printf(arg, error, " (%" PRIu32 ":%" PRIu64 ")", timeline, number);
}

/* '-': falls and stays minimal; '+': rises; 'v': falls and rises. */
static void note(struct level_changes *changes, uint32_t timeline, uint64_t number, char kind)
{
	struct level_change change = {timeline, number, {true, kind != '+', kind == '-'}};
	assert_ok(level_changes_note(changes, &change, &err), err);
}

static void finds_ranges(void **unused)
{
	(void)unused;
	static const struct {
		const char *kinds[3]; /* of timelines 1, 2, ...; the position is the segment */
		const char *expected;
	} cases[] = {
	    {{""}, ""},
	    {{" + +"}, " (1:1) (1:3)"},
	    {{" -  +"}, " 1:1-4"},
	    {{" v + v"}, " 1:1-1 (1:3) 1:5-5"},
	    {{"+- -v  +"}, " (1:0) 1:1-4 (1:7)"},
	    {{"  -", "+"}, " 1:2- (2:0)"},
	    {{"-", "-+", "v"}, " 1:0- 2:0-1 3:0-0"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int backwards = 0; backwards < 2; backwards++) {
			struct level_changes changes = {0};
			struct buffer got = {0};
			const struct level_report report = {show_range, show_other, &got};
			for (uint32_t timeline = 0; timeline < 3 && cases[i].kinds[timeline] != NULL; timeline++) {
				const char *kinds = cases[i].kinds[timeline];
				size_t len = strlen(kinds);
				for (size_t k = 0; k < len; k++) {
					size_t at = backwards ? len - 1 - k : k;
					if (kinds[at] != ' ')
						note(&changes, timeline + 1, at, kinds[at]);
				}
			}
			assert_ok(level_changes_report(&changes, &report, &err), err);
			assert_string_equal(buffer_text(&got), cases[i].expected);
			level_changes_fini(&changes);
			buffer_fini(&got);
		}
}

/* The record that crosses into the next segment is read later than the rest of its segment. */
static void a_later_note_counts(void **unused)
{
	(void)unused;
	struct level_changes changes = {0};
	struct buffer got = {0};
	const struct level_report report = {show_range, show_other, &got};
	note(&changes, 1, 4, '+');
	note(&changes, 1, 4, '-');
	note(&changes, 1, 6, '+');
	assert_int_equal(changes.count, 2);
	assert_ok(level_changes_report(&changes, &report, &err), err);
	assert_string_equal(buffer_text(&got), " 1:4-6");
	level_changes_fini(&changes);
	buffer_fini(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_ranges),
	    cmocka_unit_test(a_later_note_counts),
	};
	return cmocka_run_group_tests_name("verify/level_changes", tests, NULL, NULL);
}

/* WAL coverage from a few words: "1:5@70" is segment 5 of timeline 1, stored at second 70; 2h is a history file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "repo/coverage.h"
#include "support/cmocka.h"

#define MIB (1024 * 1024)
#define HISTORIES 3

static struct error err;

/* "1:5@70", "1:5p@70" (.partial), "1:5k@70" (.backup), "2h@70". Numbers are hexadecimal, as in names. */
static enum status add(struct coverage *coverage, const char *word)
{
	struct wal_name name;
	char text[2 * WAL_NAME_MAX];
	char *rest;
	uint32_t timeline = (uint32_t)strtoul(word, &rest, 16);
	uint64_t number = *rest == ':' ? strtoull(rest + 1, &rest, 16) : 0;
	char kind = *rest == '@' ? 's' : *rest++;
	assert_int_equal(*rest, '@');
	struct wal_name segment;
	wal_name_of_number(&segment, timeline, number, coverage->segment_bytes);
	(void)snprintf(text, sizeof text, "%s%s", segment.text,
		       kind == 'p' ? ".partial" : (kind == 'k' ? ".00000028.backup" : ""));
	if (kind == 'h')
		(void)snprintf(text, sizeof text, "%08X.history", timeline);
	assert_int_equal(wal_name_parse(&name, text, &err), STATUS_OK);
	return coverage_add(coverage, &name, 100, strtoll(rest + 1, NULL, 10), &err);
}

static void feed(struct coverage *coverage, const char *words)
{
	char copy[4096];
	(void)snprintf(copy, sizeof copy, "%s", words);
	for (char *rest = copy, *word; (word = strsep(&rest, " ")) != NULL;)
		assert_ok(add(coverage, word), err);
}

static enum status describe_window(void *out, const struct coverage_window *window, struct error *error)
{
	return buffer_printf(out, error, " %s%X:%X:%" PRIX64 "@%" PRId64 "..%X:%" PRIX64 "@%" PRId64 "%s",
			     window->at_gap ? "|" : "=", window->timeline, window->first_timeline, window->first,
			     window->first_s, window->last_timeline, window->last, window->last_s,
			     window->newest ? "*" : "");
}

/*
 * Each timeline (< when abandoned); gaps that are needed (-), not needed (~) or lost (!); windows to an end (=, the
 * newest *) and to a gap (|); and whether the coverage is complete.
 */
static void describe(const struct coverage *coverage, struct buffer *out)
{
	for (size_t i = 0; i < coverage->timeline_count; i++) {
		const struct coverage_timeline *each = &coverage->timelines[i];
		(void)buffer_printf(out, &err, "%s%X%s", i == 0 ? "" : " ", each->id, each->is_abandoned ? "<" : "");
		if (each->segments > 0)
			(void)buffer_printf(out, &err, ":%" PRIX64 "..%" PRIX64 "/%" PRIX64, each->first, each->last,
					    each->segments);
	}
	for (size_t i = 0; i < coverage->gap_count; i++)
		(void)buffer_printf(out, &err, " %s%X:%" PRIX64 "..%" PRIX64,
				    coverage->gaps[i].lost ? "!" : (coverage->gaps[i].needed ? "-" : "~"),
				    coverage->gaps[i].timeline, coverage->gaps[i].first, coverage->gaps[i].last);
	assert_ok(coverage_windows(coverage, describe_window, out, &err), err);
	(void)buffer_printf(out, &err, coverage_is_complete(coverage) ? " ok" : " broken");
}

struct history {
	uint32_t timeline;
	const char *text;
};

static const struct {
	const char *name, *words;
	struct history histories[HISTORIES];
	const char *expected;
} cases[] = {
    {"one segment", "1:3@10", {{0}}, "1:3..3/1 =1:1:3@10..1:3@10* ok"},
    {"in order", "1:3@10 1:4@20 1:4k@21 1:5@30", {{0}}, "1:3..5/3 =1:1:3@10..1:5@30* ok"},
    {"across a log file", "1:FE@10 1:FF@20 1:100@30", {{0}}, "1:FE..100/3 =1:1:FE@10..1:100@30* ok"},
    {"a gap across a log file",
     "1:FE@10 1:101@30",
     {{0}},
     "1:FE..101/2 -1:FF..100 |1:1:FE@10..1:FE@10 =1:1:101@30..1:101@30* broken"},
    {"a gap", "1:3@10 1:4@20 1:A@30 1:B@40", {{0}}, "1:3..B/4 -1:5..9 |1:1:3@10..1:4@20 =1:1:A@30..1:B@40* broken"},
    {"two gaps",
     "1:3@10 1:5@20 1:6@21 1:8@30 1:9@40",
     {{0}},
     "1:3..9/5 -1:4..4 -1:7..7 |1:1:3@10..1:3@10 |1:1:5@20..1:6@21 =1:1:8@30..1:9@40* broken"},
    {"only a .partial", "1:3p@10", {{0}}, "1 ok"},
    /* 0/5000060 lies in segment 5: both timelines have it, and the new timeline's counts. */
    {"a promotion",
     "1:3@10 1:4@20 1:5p@31 2h@30 2:5@40 2:6@50",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..4/2 2:5..6/2 =2:1:3@10..2:6@50* ok"},
    {"a promotion at a border",
     "1:3@10 1:4@20 2h@30 2:5@40",
     {{2, "1\t0/5000000\tx\n"}},
     "1<:3..4/2 2:5..5/1 =2:1:3@10..2:5@40* ok"},
    {"a promotion, and nothing yet",
     "1:3@10 1:4@20 2h@30",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..4/2 2 =2:1:3@10..1:4@20* ok"},
    {"the old primary's last segments were never archived",
     "1:3@10 1:4@20 2h@30 2:8@40 2:9@50",
     {{2, "1\t0/8000060\tx\n"}},
     "1<:3..4/2 2:8..9/2 -1:5..7 |1:1:3@10..1:4@20 =2:2:8@40..2:9@50* broken"},
    {"nor were the new primary's",
     "1:3@10 1:4@20 2h@30",
     {{2, "1\t0/8000060\tx\n"}},
     "1<:3..4/2 2 -1:5..7 |1:1:3@10..1:4@20 broken"},
    {"the new primary's first segments were never archived",
     "1:3@10 1:4@20 2h@30 2:7@40",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..4/2 2:7..7/1 -2:5..6 |1:1:3@10..1:4@20 =2:2:7@40..2:7@40* broken"},
    {"a gap before the switch",
     "1:3@10 1:5@20 1:6@21 2h@30 2:7@40",
     {{2, "1\t0/7000060\tx\n"}},
     "1<:3..6/3 2:7..7/1 -1:4..4 |1:1:3@10..1:3@10 =2:1:5@20..2:7@40* broken"},
    {"segments before a gap were filled in later",
     "1:3@90 1:4@91 2h@30 2:6@40",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..4/2 2:6..6/1 -2:5..5 |1:1:3@90..1:4@91 =2:2:6@40..2:6@40* broken"},
    {"a segment was filled in later",
     "1:3@90 1:4@20 1:5@21 1:8@22 2h@30 2:5@40",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..8/4 2:5..5/1 ~1:6..7 =2:1:3@90..2:5@40* ok"},
    {"the last segment was filled in later",
     "1:3@10 1:4@90 2h@30 2:5@40",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..4/2 2:5..5/1 =2:1:3@10..2:5@40* ok"},
    /* Recovery never uses what the dying old primary archived out of order. */
    {"a gap behind the switch",
     "1:3@10 1:4@20 1:5@21 1:8@22 2h@30 2:5@40",
     {{2, "1\t0/5000060\tx\n"}},
     "1<:3..8/4 2:5..5/1 ~1:6..7 =2:1:3@10..2:5@40* ok"},
    {"a gap across the switch",
     "1:3@10 1:4@20 1:9@22 2h@30 2:7@40",
     {{2, "1\t0/7000060\tx\n"}},
     "1<:3..9/3 2:7..7/1 -1:5..6 |1:1:3@10..1:4@20 =2:2:7@40..2:7@40* broken"},
    /* A copy was recovered elsewhere and made a timeline; the cluster itself goes on. */
    {"a branch that was only a test",
     "1:3@10 1:4@20 1:5@30 1:7@70 2h@30 2:5@40",
     {{2, "1\t0/5000060\tx\n"}},
     "1:3..7/4 2:5..5/1 -1:6..6 |1:1:3@10..1:5@30 =1:1:7@70..1:7@70* =2:1:3@10..2:5@40 broken"},
    {"three timelines",
     "1:3@10 2h@20 2:4@30 3h@40 3:5@50 3:6@60",
     {{2, "1\t0/4000060\tx\n"}, {3, "1\t0/4000060\tx\n2\t0/5000060\ty\n"}},
     "1<:3..3/1 2<:4..4/1 3:5..6/2 =3:1:3@10..3:6@60* ok"},
    /* The history of timeline 3 also says where timeline 2 branched off. */
    {"a history is missing between",
     "1:3@10 2:4@30 3h@40 3:5@50",
     {{3, "1\t0/4000060\tx\n2\t0/5000060\ty\n"}},
     "1<:3..3/1 2<:4..4/1 3:5..5/1 =3:1:3@10..3:5@50* ok"},
    {"a timeline without any archived segment",
     "1:3@10 3h@40 3:4@50",
     {{3, "1\t0/4000060\tx\n2\t0/4000090\ty\n"}},
     "1<:3..3/1 2< 3:4..4/1 =3:1:3@10..3:4@50* ok"},
    {"all of a timeline is missing",
     "1:3@10 3h@40 3:7@50",
     {{3, "1\t0/4000060\tx\n2\t0/7000090\ty\n"}},
     "1<:3..3/1 2< 3:7..7/1 -2:4..6 |1:1:3@10..1:3@10 =3:3:7@50..3:7@50* broken"},
    {"no history", "1:3@10 2:4@20", {{0}}, "1:3..3/1 2:4..4/1 =1:1:3@10..1:3@10 =2:2:4@20..2:4@20* broken"},
    /* Retention has removed the parent, and perhaps its history. */
    {"it begins with a later timeline", "3:4@20 3:5@30", {{0}}, "3:4..5/2 =3:3:4@20..3:5@30* ok"},
    {"it begins with a later timeline's history",
     "3h@10 3:8@20",
     {{3, "1\t0/3000060\tx\n2\t0/5000060\ty\n"}},
     "1< 2< 3:8..8/1 =3:3:8@20..3:8@20* ok"},
};

static void finds_gaps_and_windows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct coverage coverage;
		struct buffer got = {0};
		coverage_init(&coverage, 42, 16 * MIB);
		feed(&coverage, cases[i].words);
		for (const struct history *each = cases[i].histories;
		     each < cases[i].histories + HISTORIES && each->timeline != 0; each++)
			assert_ok(coverage_history(&coverage, each->timeline, each->text, strlen(each->text), &err),
				  err);
		assert_ok(coverage_end(&coverage, &err), err);
		describe(&coverage, &got);
		if (strcmp(buffer_text(&got), cases[i].expected) != 0)
			fail_msg("%s:\n%s\nexpected\n%s", cases[i].name, buffer_text(&got), cases[i].expected);
		buffer_fini(&got);
		coverage_fini(&coverage);
	}
}

static void counts_objects(void **unused)
{
	(void)unused;
	struct coverage coverage;
	coverage_init(&coverage, 42, 16 * MIB);
	feed(&coverage, "1:3@50 1:3k@20 1:5@40 1:6p@60 2h@70");
	assert_ok(coverage_end(&coverage, &err), err);
	const struct coverage_timeline *one = &coverage.timelines[0];
	assert_int_equal(coverage.timeline_count, 2);
	assert_int_equal(coverage.objects, 5);
	assert_int_equal(one->segments, 2);
	assert_int_equal(one->segment_bytes_stored, 200);
	assert_int_equal(one->objects, 4);
	assert_int_equal(one->bytes, 400);
	assert_int_equal(one->oldest_s, 20);
	assert_int_equal(one->newest_s, 60);
	assert_int_equal(one->backups, 1);
	assert_int_equal(one->partials, 1);
	assert_int_equal(one->gaps, 1);
	assert_int_equal(one->gap_segments, 1);
	assert_true(coverage.timelines[1].has_history);
	coverage_fini(&coverage);
}

static void a_name_of_another_segment_size_is_invalid(void **unused)
{
	(void)unused;
	struct coverage coverage;
	struct wal_name name;
	coverage_init(&coverage, 42, 16 * MIB);
	assert_int_equal(wal_name_parse(&name, "000000010000000000000100", &err), STATUS_OK);
	assert_ok(coverage_add(&coverage, &name, 1, 1, &err), err);
	assert_int_equal(coverage.invalid_names, 1);
	assert_int_equal(coverage.timeline_count, 0);
	coverage_fini(&coverage);
}

static void names_come_in_order(void **unused)
{
	(void)unused;
	struct coverage coverage;
	coverage_init(&coverage, 42, 16 * MIB);
	feed(&coverage, "1:3@10 1:4@10");
	assert_int_equal(add(&coverage, "1:4@10"), STATUS_CONFLICT);
	coverage_fini(&coverage);
}

/* A gap where timelines meet may be unlisted: the window ends there all the same. */
static void the_window_ends_at_an_unlisted_gap(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t before,
		    behind; /* segments missing at the end of the first timeline, at the second's beginning */
	} ends[] = {{2, 0}, {0, 3}, {2, 3}};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct coverage coverage;
		struct coverage_window window;
		struct wal_name name;
		char history[64];
		uint64_t last = 2 * COVERAGE_GAPS_MAX;
		uint64_t begin = last + 1 + ends[i].before;
		uint64_t first = begin + ends[i].behind;
		coverage_init(&coverage, 42, MIB);
		for (uint64_t number = 0; number <= last; number += 2) {
			wal_name_of_number(&name, 1, number, MIB);
			assert_ok(coverage_add(&coverage, &name, 1, (int64_t)number, &err), err);
		}
		for (uint64_t number = first; number < first + 3; number++) {
			wal_name_of_number(&name, 2, number, MIB);
			assert_ok(coverage_add(&coverage, &name, 1, (int64_t)number, &err), err);
		}
		(void)snprintf(history, sizeof history, "1\t%X/%X\tx\n", (unsigned)(begin * MIB >> 32),
			       (unsigned)(begin * MIB));
		assert_ok(coverage_history(&coverage, 2, history, strlen(history), &err), err);
		assert_ok(coverage_end(&coverage, &err), err);
		assert_true(coverage.gaps_unlisted > 0);
		assert_true(coverage_newest_window(&coverage, &window));
		assert_int_equal(window.first_timeline, 2);
		assert_int_equal(window.first, first);
		coverage_fini(&coverage);
	}
}

/* Every second segment is missing: further gaps are counted, and the last window is still found. */
static void memory_is_bounded(void **unused)
{
	(void)unused;
	struct coverage coverage;
	struct coverage_window window;
	struct wal_name name;
	coverage_init(&coverage, 42, MIB);
	for (uint64_t i = 0; i < 3 * COVERAGE_GAPS_MAX; i++) {
		wal_name_of_number(&name, 1, 2 * i, MIB);
		assert_ok(coverage_add(&coverage, &name, 1, (int64_t)i, &err), err);
	}
	assert_ok(coverage_end(&coverage, &err), err);
	assert_int_equal(coverage.gap_count, COVERAGE_GAPS_MAX);
	assert_int_equal(coverage.gaps_unlisted, 2 * COVERAGE_GAPS_MAX - 1);
	assert_int_equal(coverage.timelines[0].gaps, 3 * COVERAGE_GAPS_MAX - 1);
	assert_true(coverage_newest_window(&coverage, &window));
	assert_int_equal(window.first, 6 * COVERAGE_GAPS_MAX - 2);
	assert_int_equal(window.end_lsn, (6 * COVERAGE_GAPS_MAX - 1) * (uint64_t)MIB);
	coverage_fini(&coverage);

	coverage_init(&coverage, 42, MIB);
	for (uint32_t i = 1; i <= COVERAGE_TIMELINES_MAX; i++) {
		wal_name_of_number(&name, i, 1, MIB);
		assert_ok(coverage_add(&coverage, &name, 1, 1, &err), err);
	}
	wal_name_of_number(&name, COVERAGE_TIMELINES_MAX + 1, 1, MIB);
	assert_int_equal(coverage_add(&coverage, &name, 1, 1, &err), STATUS_LOCAL);
	coverage_fini(&coverage);
}

/* Unlisted gaps, too, are not needed behind the last switch. */
static void unlisted_gaps_may_not_be_needed(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t leaves; /* the segment in which the second timeline leaves the first */
		uint64_t gaps, unlisted, left;
	} branches[] = {
	    {1, 0, 0, 999},                                                  /* before all of the gaps */
	    {2 * COVERAGE_GAPS_MAX, COVERAGE_GAPS_MAX, 0, 999},              /* before all unlisted gaps */
	    {2 * COVERAGE_GAPS_MAX + 1998, COVERAGE_GAPS_MAX + 999, 999, 0}, /* behind them */
	    {2 * COVERAGE_GAPS_MAX + 1000, COVERAGE_GAPS_MAX + 999, 999,
	     0}, /* among them: unknown, so all are needed */
	};
	for (size_t i = 0; i < sizeof branches / sizeof branches[0]; i++) {
		struct coverage coverage;
		struct wal_name name;
		char history[64];
		coverage_init(&coverage, 42, MIB);
		for (uint64_t number = 0; number < COVERAGE_GAPS_MAX + 1000; number++) {
			wal_name_of_number(&name, 1, 2 * number, MIB);
			assert_ok(coverage_add(&coverage, &name, 1, 1, &err), err);
		}
		wal_name_of_number(&name, 2, branches[i].leaves, MIB);
		assert_ok(coverage_add(&coverage, &name, 1, 2, &err), err);
		uint64_t lsn = branches[i].leaves * MIB;
		(void)snprintf(history, sizeof history, "1\t%X/%X\tx\n", (unsigned)(lsn >> 32), (unsigned)lsn);
		assert_ok(coverage_history(&coverage, 2, history, strlen(history), &err), err);
		assert_ok(coverage_end(&coverage, &err), err);
		assert_int_equal(coverage.timelines[0].gaps, branches[i].gaps);
		assert_int_equal(coverage.timelines[0].gap_segments, branches[i].gaps);
		assert_int_equal(coverage.gaps_unlisted, branches[i].unlisted);
		assert_int_equal(coverage.abandoned_unlisted, branches[i].left);
		coverage_fini(&coverage);
	}
}

static void the_newest_window_is_where_the_cluster_is(void **unused)
{
	(void)unused;
	struct coverage coverage;
	struct coverage_window window;
	static const char history[] = "1\t0/5000060\tx\n";
	coverage_init(&coverage, 42, 16 * MIB);
	assert_false(coverage_newest_window(&coverage, &window));
	feed(&coverage, "1:3@10 1:4@20 1:5@30 1:6@70 2h@30 2:5@40");
	assert_ok(coverage_history(&coverage, 2, history, strlen(history), &err), err);
	assert_ok(coverage_end(&coverage, &err), err);
	assert_true(coverage_newest_window(&coverage, &window));
	assert_int_equal(window.timeline, 1);
	assert_int_equal(window.last_s, 70);
	assert_int_equal(window.begin_lsn, 0x3000000);
	assert_int_equal(window.end_lsn, 0x7000000);
	coverage_fini(&coverage);
}

/* Segments first to last of a timeline are archived; expected is the last one that the window reports. */
static void a_window_reports_archived_segments(void **unused)
{
	(void)unused;
	static const char history[] = "1\t0/6000060\tx\n";
	static const struct {
		uint32_t timeline;
		uint64_t first, last; /* archived */
		uint32_t expected_timeline;
		uint64_t expected_last;
	} rules[] = {
	    {0, 0, 0, 0, 0},                  /* nothing */
	    {1, 1, 2, 0, 0},                  /* before the gap */
	    {1, 1, 4, 1, 4}, {1, 4, 4, 1, 4}, /* from the gap on */
	    {1, 5, 8, 1, 5}, {1, 6, 8, 0, 0}, /* behind the switch the old timeline does not count */
	    {2, 6, 6, 2, 6}, {2, 7, 8, 2, 8},
	};
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		struct coverage coverage;
		struct coverage_window window;
		struct wal_name name;
		coverage_init(&coverage, 42, 16 * MIB);
		for (uint64_t number = 1; number <= 16; number++) {
			uint32_t timeline = number <= 8 ? 1 : 2;
			uint64_t segment = number <= 8 ? number : number - 3;
			if (number == 3)
				continue;
			wal_name_of_number(&name, timeline, segment, 16 * MIB);
			assert_ok(coverage_add(&coverage, &name, 1, (int64_t)number, &err), err);
			if (timeline == rules[i].timeline && segment >= rules[i].first && segment <= rules[i].last)
				coverage_mark_archived(&coverage, &name);
		}
		assert_ok(coverage_history(&coverage, 2, history, strlen(history), &err), err);
		assert_ok(coverage_end(&coverage, &err), err);
		assert_true(coverage_newest_window(&coverage, &window));
		assert_int_equal(window.first_timeline, 1);
		assert_int_equal(window.first, 4);
		assert_int_equal(window.archived_timeline, rules[i].expected_timeline);
		assert_int_equal(window.archived_last, rules[i].expected_last);
		coverage_fini(&coverage);
	}
}

/* Stored after the listing, in this order: as if they had been listed. */
static void segments_may_come_late(void **unused)
{
	(void)unused;
	static const struct {
		const char *listed, *late, *all, *history; /* of timeline 2 */
	} rows[] = {
	    {"1:3@10 1:5@20", "1:4@30", "1:3@10 1:4@30 1:5@20", NULL},
	    {"1:3@10 1:7@20 1:9@25", "1:5@30", "1:3@10 1:5@30 1:7@20 1:9@25", NULL},
	    {"1:3@10 1:7@20 1:9@25", "1:4@30 1:6@31", "1:3@10 1:4@30 1:6@31 1:7@20 1:9@25", NULL},
	    {"1:3@10 1:7@20 1:9@25", "1:6@31 1:5@32 1:4@33 1:8@34", "1:3@10 1:4@33 1:5@32 1:6@31 1:7@20 1:8@34 1:9@25",
	     NULL},
	    /* Up to the end of the parent, and down to the beginning of its child. */
	    {"1:3@10 2:6@50", "1:4@60 1:5@61", "1:3@10 1:4@60 1:5@61 2:6@50", "1\t0/6000060\tx\n"},
	    {"1:3@10 1:4@11 1:5@12 2:9@50", "2:8@60 2:7@61 2:6@62", "1:3@10 1:4@11 1:5@12 2:6@62 2:7@61 2:8@60 2:9@50",
	     "1\t0/6000060\tx\n"},
	    {"1:3@10 1:4@11 1:5@12 2:9@50", "2:8@60", "1:3@10 1:4@11 1:5@12 2:8@60 2:9@50", "1\t0/6000060\tx\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buffer texts[2] = {0};
		for (size_t n = 0; n < 2; n++) {
			struct coverage coverage;
			char late[256];
			coverage_init(&coverage, 42, 16 * MIB);
			feed(&coverage, n == 0 ? rows[i].listed : rows[i].all);
			if (rows[i].history != NULL)
				assert_ok(
				    coverage_history(&coverage, 2, rows[i].history, strlen(rows[i].history), &err),
				    err);
			assert_ok(coverage_end(&coverage, &err), err);
			(void)snprintf(late, sizeof late, "%s", n == 0 ? rows[i].late : "");
			for (char *rest = late, *word; n == 0 && (word = strsep(&rest, " ")) != NULL;) {
				uint32_t timeline = (uint32_t)strtoul(word, &word, 16);
				uint64_t number = strtoull(word + 1, &word, 16);
				assert_true(
				    coverage_add_late(&coverage, timeline, number, strtoll(word + 1, NULL, 10)));
			}
			describe(&coverage, &texts[n]);
			coverage_fini(&coverage);
		}
		assert_string_equal(buffer_text(&texts[0]), buffer_text(&texts[1]));
		buffer_fini(&texts[0]);
		buffer_fini(&texts[1]);
	}
}

/* In no gap, apart from the others, or behind the end that is needed. */
static void other_segments_do_not_come_late(void **unused)
{
	(void)unused;
	static const char history[] = "1\t0/6000060\tx\n";
	struct coverage coverage;
	struct buffer before = {0}, after = {0};
	coverage_init(&coverage, 42, 16 * MIB);
	feed(&coverage, "1:3@10 1:9@20 2:9@50");
	assert_ok(coverage_history(&coverage, 2, history, sizeof history - 1, &err), err);
	assert_ok(coverage_end(&coverage, &err), err);
	describe(&coverage, &before);
	assert_false(coverage_add_late(&coverage, 1, 3, 60));
	assert_false(coverage_add_late(&coverage, 1, 2, 60));
	assert_false(coverage_add_late(&coverage, 1, 7, 60));
	assert_false(coverage_add_late(&coverage, 1, 10, 60));
	assert_false(coverage_add_late(&coverage, 2, 6, 60));
	assert_false(coverage_add_late(&coverage, 3, 6, 60));
	describe(&coverage, &after);
	assert_string_equal(buffer_text(&before), buffer_text(&after));
	buffer_fini(&before);
	buffer_fini(&after);
	coverage_fini(&coverage);
}

/* lost: "1:5 1:6" are the unreadable segments. */
static void windows_end_at_lost_segments(void **unused)
{
	(void)unused;
	static const struct {
		const char *words, *lost;
		const char *history; /* of timeline 2 */
		const char *expected;
	} lost[] = {
	    {"1:3@10 1:4@20 1:5@30 1:6@40", "1:4", NULL, "1:3..6/4 !1:4..4 |1:1:3@10..1:3@0 =1:1:5@0..1:6@40* ok"},
	    {"1:3@10 1:4@20 1:5@30 1:6@40", "1:5 1:3", NULL,
	     "1:3..6/4 !1:3..3 !1:5..5 |1:1:4@0..1:4@0 =1:1:6@0..1:6@40* ok"},
	    {"1:3@10 1:4@20 1:5@30 1:6@40", "1:6 1:5", NULL, "1:3..6/4 !1:5..5 !1:6..6 |1:1:3@10..1:4@0 ok"},
	    {"1:3@10", "1:3", NULL, "1:3..3/1 !1:3..3 ok"},
	    {"1:3@10 1:5@20 1:6@30", "1:6", NULL, "1:3..6/3 -1:4..4 !1:6..6 |1:1:3@10..1:3@10 |1:1:5@20..1:5@0 broken"},
	    {"1:3@10 1:4@20 2h@30 2:5@40 2:6@50", "1:4", "1\t0/5000060\tx\n",
	     "1<:3..4/2 2:5..6/2 !1:4..4 |1:1:3@10..1:3@0 =2:2:5@40..2:6@50* ok"},
	    {"1:3@10", "7:3", NULL, "1:3..3/1 =1:1:3@10..1:3@10* ok"},
	};
	for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
		struct coverage coverage;
		struct buffer got = {0};
		coverage_init(&coverage, 42, 16 * MIB);
		feed(&coverage, lost[i].words);
		if (lost[i].history != NULL)
			assert_ok(coverage_history(&coverage, 2, lost[i].history, strlen(lost[i].history), &err), err);
		assert_ok(coverage_end(&coverage, &err), err);
		for (const char *word = lost[i].lost; word != NULL; word = strchr(word, ' ')) {
			char *rest;
			uint32_t timeline = (uint32_t)strtoul(word, &rest, 16);
			assert_ok(coverage_mark_lost(&coverage, timeline, strtoull(rest + 1, NULL, 16), &err), err);
			word = rest;
		}
		describe(&coverage, &got);
		assert_string_equal(buffer_text(&got), lost[i].expected);
		buffer_fini(&got);
		coverage_fini(&coverage);
	}
}

/* minimal: "1:4-5" are ranges; a range may reach over gaps and beyond the timeline. */
static void windows_end_at_minimal_wal(void **unused)
{
	(void)unused;
	static const struct {
		const char *words, *minimal;
		const char *history; /* of timeline 2 */
		uint64_t ranges;
		const char *expected;
	} cases_of_minimal[] = {
	    {"1:3@10 1:4@20 1:5@30 1:6@40", "1:4-5", NULL, 1, "1:3..6/4 !1:4..5 |1:1:3@10..1:3@0 =1:1:6@0..1:6@40* ok"},
	    {"1:3@10 1:4@20 1:5@30", "1:4-FFFFFFFFFFFFFFFF", NULL, 1, "1:3..5/3 !1:4..5 |1:1:3@10..1:3@0 ok"},
	    {"1:3@10 1:4@20 1:7@30 1:8@40", "1:4-7", NULL, 1,
	     "1:3..8/4 !1:4..4 -1:5..6 !1:7..7 |1:1:3@10..1:3@0 =1:1:8@0..1:8@40* broken"},
	    {"1:3@10 1:7@30 1:8@40", "1:5-6", NULL, 1, "1:3..8/3 -1:4..6 |1:1:3@10..1:3@10 =1:1:7@30..1:8@40* broken"},
	    {"1:3@10", "7:3-3", NULL, 0, "1:3..3/1 =1:1:3@10..1:3@10* ok"},
	    {"1:3@10 1:4@20 1:8@25 2h@30 2:5@40", "1:8-8", "1\t0/5000060\tx\n", 0,
	     "1<:3..8/3 2:5..5/1 ~1:5..7 !1:8..8 =2:1:3@10..2:5@40* ok"},
	};
	for (size_t i = 0; i < sizeof cases_of_minimal / sizeof cases_of_minimal[0]; i++) {
		struct coverage coverage;
		struct buffer got = {0};
		char *rest;
		coverage_init(&coverage, 42, 16 * MIB);
		feed(&coverage, cases_of_minimal[i].words);
		if (cases_of_minimal[i].history != NULL)
			assert_ok(coverage_history(&coverage, 2, cases_of_minimal[i].history,
						   strlen(cases_of_minimal[i].history), &err),
				  err);
		assert_ok(coverage_end(&coverage, &err), err);
		uint32_t timeline = (uint32_t)strtoul(cases_of_minimal[i].minimal, &rest, 16);
		uint64_t first = strtoull(rest + 1, &rest, 16);
		assert_ok(coverage_mark_minimal(&coverage, timeline, first, strtoull(rest + 1, NULL, 16), &err), err);
		assert_int_equal(coverage.minimal_ranges, cases_of_minimal[i].ranges);
		describe(&coverage, &got);
		assert_string_equal(buffer_text(&got), cases_of_minimal[i].expected);
		buffer_fini(&got);
		coverage_fini(&coverage);
	}
}

/*
 * aside: "2 3" are set aside. A history is that of each timeline with "h" in the words: it left timeline 1 within
 * segment 5. Expected: the latest timeline, '<' and the timeline that it left when it leaves out newer WAL, and the
 * timelines that are set aside.
 */
static void tells_what_latest_follows(void **unused)
{
	(void)unused;
	static const struct {
		const char *words, *aside;
		const char *of_3; /* the history of timeline 3; NULL: as that of 2 */
		const char *expected;
	} ways[] = {
	    {"1:3@10 1:4@20", "", NULL, "1"},
	    /* A promotion; and a recovery to a moment before WAL that was stored earlier. */
	    {"1:3@10 1:4@20 2h@30 2:5@40", "", NULL, "2"},
	    {"1:3@10 1:4@20 1:5@25 1:6@26 2h@30 2:5@40", "", NULL, "2"},
	    /* Nobody knows yet whether its history belongs to a trial; the WAL that it leaves out is the newest. */
	    {"1:3@10 1:4@20 1:5@25 1:6@26 2h@30", "", NULL, "2<1"},
	    {"1:3@10 1:4@20 1:5@25 1:6@26 2h@30 3h@31", "", NULL, "3<1"},
	    {"1:3@10 1:4@20 1:5@25 1:6@26 2h@30 3h@31", "3", NULL, "2<1 -3"},
	    {"1:3@10 1:4@20 1:5@25 1:6@26 2h@30", "2", NULL, "1 -2"},
	    {"1:3@10 1:4@20 2h@30", "", NULL, "2"},
	    /* A trial: the parent goes on. */
	    {"1:3@10 1:4@20 1:5@25 1:6@50 2h@30 2:5@40", "", NULL, "2<1"},
	    {"1:3@10 1:4@20 1:5@25 1:6@50 2h@30 2:5@40", "2", NULL, "1 -2"},
	    {"1:3@10 1:4@20 1:5@25 1:6@50 2h@30 2:5@60", "2", NULL, "1 -2"},
	    /* Beside it another one, a child of it, and production on a new timeline. */
	    {"1:3@10 1:4@20 1:5@25 1:6@50 2h@30 2:5@40 3h@41 3:5@42", "", NULL, "3<1"},
	    {"1:3@10 1:4@20 1:5@25 1:6@50 2h@30 2:5@40 3h@41 3:5@42", "2", "1\t0/5000060\tx\n2\t0/5000160\tx\n",
	     "1 -2 -3"},
	    {"1:3@10 1:4@20 1:5@25 2h@30 2:5@40 3h@51 3:5@52", "", NULL, "3"},
	    {"1:3@10 1:4@20 1:5@25 2h@30 2:5@40 3h@51 3:5@52", "2", NULL, "3 -2"},
	};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		static const char own[] = "1\t0/5000060\tx\n";
		struct coverage coverage;
		struct coverage_stray stray;
		struct buffer got = {0};
		bool strays;
		coverage_init(&coverage, 42, 16 * MIB);
		feed(&coverage, ways[i].words);
		for (uint32_t id = 2; id <= 3; id++) {
			const char *text = id == 3 && ways[i].of_3 != NULL ? ways[i].of_3 : own;
			if (strchr(ways[i].words, 'h') != NULL && (id == 2 || strstr(ways[i].words, "3h") != NULL))
				assert_ok(coverage_history(&coverage, id, text, strlen(text), &err), err);
		}
		for (const char *at = ways[i].aside; *at != '\0'; at++)
			coverage_set_aside(&coverage, (uint32_t)(*at - '0'));
		assert_ok(coverage_end(&coverage, &err), err);
		(void)buffer_printf(&got, &err, "%X", coverage_latest(&coverage, &strays, &stray));
		if (strays)
			(void)buffer_printf(&got, &err, "<%X", stray.parent);
		for (size_t k = 0; k < coverage.timeline_count; k++)
			if (coverage.timelines[k].set_aside)
				(void)buffer_printf(&got, &err, " -%X", coverage.timelines[k].id);
		assert_string_equal(buffer_text(&got), ways[i].expected);
		assert_true(coverage_is_complete(&coverage));
		buffer_fini(&got);
		coverage_fini(&coverage);
	}
}

/* Answers for timeline 1: each segment was stored at ten times its number. */
struct answers {
	size_t asked;
	bool silent; /* the store is unreachable */
};

static bool answer(void *arg, uint32_t timeline, uint64_t number, int64_t *stored_s)
{
	struct answers *answers = arg;
	answers->asked++;
	assert_int_equal(timeline, 1);
	if (answers->silent)
		return false;
	*stored_s = 10 * (int64_t)number;
	return true;
}

static void windows_next_to_lost_segments_have_times(void **unused)
{
	(void)unused;
	static const struct {
		const char *lost;
		bool silent;
		size_t asked;
		const char *expected;
	} lost[] = {
	    {"5", false, 2, "1:1..9/8 !1:5..5 -1:7..7 |1:1:1@10..1:4@40 |1:1:6@60..1:6@60 =1:1:8@80..1:9@90* broken"},
	    {"5", true, 1, "1:1..9/8 !1:5..5 -1:7..7 |1:1:1@10..1:4@0 |1:1:6@0..1:6@60 =1:1:8@80..1:9@90* broken"},
	    /* Times that are known already, and segments that are not stored, are not asked for. */
	    {"28", false, 1,
	     "1:1..9/8 !1:2..2 -1:7..7 !1:8..8 |1:1:1@10..1:1@10 |1:1:3@30..1:6@60 =1:1:9@90..1:9@90* broken"},
	    {"456", false, 1, "1:1..9/8 !1:4..4 !1:5..5 !1:6..6 -1:7..7 |1:1:1@10..1:3@30 =1:1:8@80..1:9@90* broken"},
	    {"19", false, 2, "1:1..9/8 !1:1..1 -1:7..7 !1:9..9 |1:1:2@20..1:6@60 |1:1:8@80..1:8@80 broken"},
	};
	for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
		struct coverage coverage;
		struct buffer got = {0};
		struct answers answers = {.silent = lost[i].silent};
		coverage_init(&coverage, 42, 16 * MIB);
		feed(&coverage, "1:1@10 1:2@20 1:3@30 1:4@40 1:5@50 1:6@60 1:8@80 1:9@90");
		assert_ok(coverage_end(&coverage, &err), err);
		for (const char *digit = lost[i].lost; *digit != '\0'; digit++)
			assert_ok(coverage_mark_lost(&coverage, 1, (uint64_t)(*digit - '0'), &err), err);
		coverage_lost_times(&coverage, answer, &answers);
		describe(&coverage, &got);
		assert_string_equal(buffer_text(&got), lost[i].expected);
		assert_int_equal(answers.asked, lost[i].asked);
		buffer_fini(&got);
		coverage_fini(&coverage);
	}
}

static enum status count_window_of(void *count, const struct coverage_window *window, struct error *error)
{
	(void)error;
	assert_int_equal(window->first, window->last);
	++*(size_t *)count;
	return STATUS_OK;
}

/* Every second segment is stored: windows before the first unlisted gap and after the last are reported. */
static void windows_are_bounded(void **unused)
{
	(void)unused;
	struct coverage coverage;
	struct wal_name name;
	struct answers answers = {0};
	uint64_t last = 2 * COVERAGE_GAPS_MAX + 2000;
	for (int lose = 0; lose < 2; lose++) {
		size_t count = 0;
		struct coverage_window window;
		coverage_init(&coverage, 42, MIB);
		for (uint64_t number = 0; number <= last; number += lose ? 1 : 2) {
			wal_name_of_number(&name, 1, number, MIB);
			assert_ok(coverage_add(&coverage, &name, 1, 10 * (int64_t)number, &err), err);
		}
		assert_ok(coverage_end(&coverage, &err), err);
		for (uint64_t number = 1; lose && number < last; number += 2)
			assert_ok(coverage_mark_lost(&coverage, 1, number, &err), err);
		coverage_lost_times(&coverage, answer, &answers);
		assert_ok(coverage_windows(&coverage, count_window_of, &count, &err), err);
		assert_int_equal(count, COVERAGE_GAPS_MAX + 2);
		assert_true(coverage_newest_window(&coverage, &window));
		assert_int_equal(window.first, last);
		assert_int_equal(window.first_s, 10 * last);
		coverage_fini(&coverage);
	}
	assert_true(answers.asked <= COVERAGE_TIMES_MAX);
}

/* The last lost segment is known even if it is unlisted. */
static void lost_segments_are_bounded(void **unused)
{
	(void)unused;
	struct coverage coverage;
	struct coverage_window window;
	struct wal_name name;
	uint64_t count = 2 * COVERAGE_GAPS_MAX + 10;
	coverage_init(&coverage, 42, MIB);
	for (uint64_t number = 0; number < count; number++) {
		wal_name_of_number(&name, 1, number, MIB);
		assert_ok(coverage_add(&coverage, &name, 1, (int64_t)number, &err), err);
	}
	assert_ok(coverage_end(&coverage, &err), err);
	for (uint64_t number = 0; number < 2 * COVERAGE_GAPS_MAX; number++)
		assert_ok(coverage_mark_lost(&coverage, 1, number, &err), err);
	assert_int_equal(coverage.gap_count, COVERAGE_GAPS_MAX);
	assert_true(coverage_newest_window(&coverage, &window));
	assert_int_equal(window.first, 2 * COVERAGE_GAPS_MAX);
	coverage_fini(&coverage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_gaps_and_windows),
	    cmocka_unit_test(counts_objects),
	    cmocka_unit_test(a_name_of_another_segment_size_is_invalid),
	    cmocka_unit_test(names_come_in_order),
	    cmocka_unit_test(the_window_ends_at_an_unlisted_gap),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(unlisted_gaps_may_not_be_needed),
	    cmocka_unit_test(the_newest_window_is_where_the_cluster_is),
	    cmocka_unit_test(a_window_reports_archived_segments),
	    cmocka_unit_test(windows_end_at_lost_segments),
	    cmocka_unit_test(segments_may_come_late),
	    cmocka_unit_test(other_segments_do_not_come_late),
	    cmocka_unit_test(windows_end_at_minimal_wal),
	    cmocka_unit_test(tells_what_latest_follows),
	    cmocka_unit_test(windows_next_to_lost_segments_have_times),
	    cmocka_unit_test(windows_are_bounded),
	    cmocka_unit_test(lost_segments_are_bounded),
	};
	return cmocka_run_group_tests_name("repo/coverage", tests, NULL, NULL);
}

/* Which backups stay, and from where on their WAL: a table, and random histories against what must always hold. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "expire/wal_floor.h"
#include "support/cmocka.h"

#define DAY_S 86400
#define NOW_DAY 100
#define NOW_S (NOW_DAY * (int64_t)DAY_S)
#define BACKUPS_MAX 40
#define SEGMENT_BYTES (16U * 1024 * 1024)

static struct error err;

static struct history {
	struct backup_list list;
	struct listed_backup items[BACKUPS_MAX];
	struct unfinished unfinished[BACKUPS_MAX];
	struct verdict verdicts[BACKUPS_MAX];
	int days[BACKUPS_MAX];
} history;

static void forget(void)
{
	for (size_t i = 0; i < history.list.count; i++)
		manifest_fini(&history.items[i].manifest);
	history = (struct history){0};
	history.list.items = history.items;
}

static const struct listed_backup *parent_of(enum backup_type type)
{
	const struct listed_backup *parent = backup_list_parent(&history.list, type);
	return parent;
}

static void need(struct manifest *manifest, const struct listed_backup *parent)
{
	for (size_t i = 0; i < parent->manifest.need_count; i++)
		assert_ok(manifest_add_need(manifest, &parent->manifest.needs[i], &err), err);
	assert_ok(manifest_add_need(manifest, &parent->label, &err), err);
}

/*
 * The flags: p pinned, u its manifest cannot be opened, w under way, b under way without a `begun`, d died before it
 * was finished. Two backups of a day begin one after the other.
 */
static void add(char letter, int day, const char *flags)
{
	size_t i = history.list.count;
	struct listed_backup *backup = &history.items[i];
	enum backup_type type = letter == 'F' ? BACKUP_FULL : letter == 'D' ? BACKUP_DIFF : BACKUP_INCR;
	const struct listed_backup *parent = parent_of(type);
	assert_true(i < BACKUPS_MAX && (type == BACKUP_FULL || parent != NULL));
	int64_t begun_s = (int64_t)day * DAY_S + (int64_t)i * 60;
	assert_true(backup_label_make(&backup->label, begun_s, type));
	backup->complete = strpbrk(flags, "wbd") == NULL;
	backup->pinned = strchr(flags, 'p') != NULL;
	backup->status = strchr(flags, 'u') == NULL ? STATUS_OK : STATUS_DAMAGED;
	history.days[i] = day;
	if (backup->complete && backup->status == STATUS_OK) {
		backup->manifest = (struct manifest){.label = backup->label,
						     .ended = begun_s + 30,
						     .segment_bytes = SEGMENT_BYTES,
						     .start_lsn = (uint64_t)begun_s << 20};
		if (type != BACKUP_FULL)
			need(&backup->manifest, parent);
	}
	history.unfinished[i] =
	    (struct unfinished){.knows_parent = strchr(flags, 'b') == NULL,
				.redo_lsn = strchr(flags, 'b') == NULL ? (uint64_t)begun_s << 20 : 0,
				.last_s = strchr(flags, 'd') == NULL ? NOW_S - 60 : begun_s};
	if (type != BACKUP_FULL)
		history.unfinished[i].parent = parent->label;
	history.list.count++;
}

static void decide(struct retention rules)
{
	rules.now_s = NOW_S;
	rules.silence_s = DAY_S;
	retention_decide(&history.list, history.unfinished, &rules, history.verdicts);
}

static bool stays(size_t i)
{
	return history.verdicts[i].reasons != 0;
}

static void read_history(const char *text)
{
	char letter, flags[8];
	int day, len;
	forget();
	for (; sscanf(text, " %c%d%n", &letter, &day, &len) == 2; text += len) {
		text += len; /* to the flags */
		flags[0] = '\0';
		len = 0;
		(void)sscanf(text, "%7[pubwd]%n", flags, &len);
		add(letter, day, flags);
	}
}

/* The days of the backups that stay. */
static const char *kept(void)
{
	static char text[256];
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < history.list.count; i++)
		if (stays(i))
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", len == 0 ? "" : " ",
						history.days[i]);
	return text;
}

static void the_table(void **unused)
{
	static const struct {
		const char *name, *history;
		struct retention rules;
		const char *kept;
	} rows[] = {
	    {"nothing is there", "", {.full = 1}, ""},
	    {"the newest full ones", "F10 F20 F30 F40", {.full = 2}, "30 40"},
	    {"more than there are", "F10 F20", {.full = 9}, "10 20"},
	    {"what refers to them stays", "F10 D11 F20 D21 I22 F30 I31", {.full = 2}, "20 21 22 30 31"},
	    {"the newest differential ones", "F10 D11 D12 D13 I14", {.diff = 2}, "10 12 13 14"},
	    {"full and differential", "F10 D11 D12 F20 D21 D22", {.full = 1, .diff = 1}, "20 22"},
	    {"a differential one keeps its full one", "F10 D11 D12 F20 D21", {.full = 1, .diff = 2}, "10 12 20 21"},
	    {"fewer differential ones than wanted", "F10 I11 D12 I13", {.diff = 5}, "10 11 12 13"},
	    {"days, and the one before", "F10 F80 F85 F95", {.days = 10}, "85 95"},
	    {"days keep a chain", "F10 D85 I92 F95", {.days = 10}, "10 85 92 95"},
	    {"all are old", "F10 F20 D30", {.days = 5}, "20 30"},
	    {"the more generous: days", "F60 F70 F80 F95", {.full = 1, .days = 25}, "70 80 95"},
	    {"the more generous: full", "F60 F70 F80 F95", {.full = 4, .days = 1}, "60 70 80 95"},
	    {"days, although a differential one is beyond its count",
	     "F50 D91 D92 D93",
	     {.diff = 1, .days = 10},
	     "50 91 92 93"},
	    {"only WAL has a limit", "F10 D20 F30", {.wal_days = 1}, "10 20 30"},
	    {"pinned", "F10 F20p F30 F40", {.full = 1}, "20 40"},
	    {"what a pinned one needs", "F10 D11p F20 F30", {.full = 1}, "10 11 30"},
	    {"under way", "F10 F20 D21 I99w", {.full = 1}, "20 21 99"},
	    {"the parent of one under way", "F10 I11w F20", {.full = 1}, "10 11 20"},
	    {"one under way of which nothing is known", "F10 F11 I12b F20", {.full = 1}, "10 11 12 20"},
	    {"a full one under way needs nothing", "F10 F12b F20", {.full = 1}, "12 20"},
	    {"died", "F10 D11d F20", {.full = 1}, "20"},
	    {"one that died does not count", "F10 F20 F30d", {.full = 2}, "10 20"},
	    {"the newest full one died", "F10 F20 F30d", {.full = 1}, "20"},
	    {"a manifest that cannot be opened", "F10 F11 D12u F20", {.full = 1}, "10 11 12 20"},
	    {"a full one's", "F10 F11u F20", {.full = 1}, "11 20"},
	    {"the newest full one's does not count", "F10 F11 F20u", {.full = 1}, "11 20"},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		read_history(rows[i].history);
		decide(rows[i].rules);
		if (strcmp(kept(), rows[i].kept) != 0)
			fail_msg("%s: %s stay, not %s", rows[i].name, kept(), rows[i].kept);
	}
	forget();
}

/* It began first, and ended behind the horizon. */
static void a_long_backup_counts_by_its_end(void **unused)
{
	(void)unused;
	read_history("F50 F80 F81 F95");
	history.items[1].manifest.ended = (int64_t)92 * DAY_S;
	decide((struct retention){.days = 10});
	assert_string_equal(kept(), "80 81 95");
	forget();
}

/* A backup that cannot be restored takes nobody's place. What is left of the full one stays while others refer to it.
 */
static void a_chain_with_a_hole_does_not_count(void **unused)
{
	(void)unused;
	read_history("F10 D20 F30 D40 D50");
	history.items[2].complete = false;
	history.unfinished[2].last_s = 0;
	decide((struct retention){.diff = 1});
	assert_string_equal(kept(), "10 20 30 40 50");
	forget();
}

static uint64_t newest_reasons(void)
{
	return history.verdicts[history.list.count - 1].reasons;
}

static void the_floor_of_the_wal(void **unused)
{
	static const struct {
		const char *name, *history;
		enum wal_floor_kind kind;
		int by; /* day */
	} rows[] = {
	    {"no backup", "", WAL_FLOOR_NO_BACKUP, 0},
	    {"the oldest that stays", "F10 F20 F30", WAL_FLOOR_KNOWN, 20},
	    {"a full one that a differential one needs", "F10 D11p F20 F30", WAL_FLOOR_KNOWN, 10},
	    {"only one under way", "F10w", WAL_FLOOR_NO_BACKUP, 0},
	    {"one under way", "F20 F30 F99w", WAL_FLOOR_KNOWN, 20},
	    {"one under way, whose start is not known", "F20 F30 F99b", WAL_FLOOR_UNKNOWN_START, 99},
	    {"one that cannot be opened", "F20 F30 F40u F50", WAL_FLOOR_UNKNOWN_START, 40},
	    {"one that died needs none", "F5d F20 F30", WAL_FLOOR_KNOWN, 20},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		read_history(rows[i].history);
		decide((struct retention){.full = 2});
		struct wal_floor floor = wal_floor_of(&history.list, history.unfinished, history.verdicts);
		int by =
		    floor.by == NULL || floor.kind == WAL_FLOOR_NO_BACKUP ? 0 : history.days[floor.by - history.items];
		if (floor.kind != rows[i].kind || by != rows[i].by)
			fail_msg("%s: kind %d, day %d", rows[i].name, (int)floor.kind, by);
	}
	/* A lagging standby's backup under way begins before those that stay. */
	read_history("F20 F30 F99w");
	history.unfinished[2].redo_lsn = 7;
	decide((struct retention){.full = 1});
	assert_int_equal(wal_floor_of(&history.list, history.unfinished, history.verdicts).lsn, 7);
	assert_true((newest_reasons() & reason_bit(REASON_UNDER_WAY)) != 0);
	/* pg_resetwal --wal-segsize in between. */
	history.items[1].manifest.segment_bytes *= 4;
	decide((struct retention){.full = 2});
	assert_int_equal(wal_floor_of(&history.list, history.unfinished, history.verdicts).kind, WAL_FLOOR_SIZES);
	forget();
}

/*
 * Random histories.
 */

static unsigned pick(unsigned below)
{
	return (unsigned)random() % below;
}

static void make_history(void)
{
	static const char *const flags[] = {"", "", "", "", "", "", "p", "u", "w", "b", "d", "d"};
	int day = 1;
	forget();
	for (size_t count = pick(BACKUPS_MAX); history.list.count < count; day += (int)pick(8)) {
		char letter = "FDI"[pick(3)];
		enum backup_type type = letter == 'D' ? BACKUP_DIFF : BACKUP_INCR;
		bool calm = pick(3) == 0;
		add(letter == 'F' || parent_of(type) == NULL ? 'F' : letter, day,
		    calm ? "" : flags[pick(sizeof flags / sizeof flags[0])]);
	}
	/* Someone has removed one by force. */
	if (history.list.count > 0 && pick(4) == 0) {
		size_t i = pick((unsigned)history.list.count);
		history.items[i].complete = false;
		history.unfinished[i] = (struct unfinished){.last_s = 0};
	}
}

static struct retention make_rules(void)
{
	return (struct retention){.full = pick(2) ? pick(5) : 0,
				  .diff = pick(3) == 0 ? pick(6) : 0,
				  .days = pick(3) == 0 ? pick(90) : 0,
				  .wal_days = pick(5)};
}

static bool restorable(size_t i)
{
	return backup_list_is_usable(&history.list, &history.items[i]);
}

static bool is_full(size_t i)
{
	return history.items[i].label.type == BACKUP_FULL;
}

static size_t find(const struct backup_label *label)
{
	for (size_t i = 0; i < history.list.count; i++)
		if (strcmp(history.items[i].label.text, label->text) == 0)
			return i;
	return BACKUPS_MAX;
}

static bool is_under_way(size_t i)
{
	return !history.items[i].complete && NOW_S - history.unfinished[i].last_s < DAY_S;
}

/* How many backups for which the condition holds are newer. */
static size_t newer(size_t i, bool (*counts)(size_t))
{
	size_t count = 0;
	for (size_t k = i + 1; k < history.list.count; k++)
		count += counts(k);
	return count;
}

static bool full_counts(size_t i)
{
	return is_full(i) && restorable(i);
}

static bool diff_counts(size_t i)
{
	return history.items[i].label.type == BACKUP_DIFF && restorable(i);
}

/* The rules for one backup by itself, as the guide says them. */
static bool wanted(size_t i, const struct retention *rules)
{
	const struct listed_backup *backup = &history.items[i];
	int64_t from_s = NOW_S - (int64_t)rules->days * DAY_S;
	if (!backup->complete)
		return is_under_way(i) || backup->pinned;
	if (backup->pinned || backup->status != STATUS_OK || (full_counts(i) && newer(i, full_counts) == 0))
		return true;
	if (rules->days > 0 && backup->manifest.ended >= from_s)
		return true;
	if (rules->days > 0 && restorable(i)) {
		bool newest = true;
		for (size_t k = i + 1; k < history.list.count; k++)
			newest &= !restorable(k) || history.items[k].manifest.ended >= from_s;
		if (newest)
			return true;
	}
	if (is_full(i))
		return (rules->full == 0 && rules->days == 0) ||
		       (rules->full > 0 && restorable(i) && newer(i, full_counts) < rules->full);
	if (rules->diff > 0)
		return newer(i, diff_counts) < rules->diff;
	if (rules->full == 0)
		return rules->days == 0;
	size_t full = find(&backup->manifest.needs[0]);
	return full < BACKUPS_MAX && full_counts(full) && newer(full, full_counts) < rules->full;
}

/* Whether a backup that stays needs it, or nobody knows that it does not. */
static bool is_needed(size_t i)
{
	for (size_t k = i + 1; k < history.list.count; k++) {
		const struct listed_backup *by = &history.items[k];
		if (!stays(k) || is_full(k))
			continue;
		if (by->complete ? by->status != STATUS_OK : !history.unfinished[k].knows_parent) {
			if (history.items[i].complete)
				return true;
			continue;
		}
		if (!by->complete && find(&history.unfinished[k].parent) == i)
			return true;
		for (size_t n = 0; n < by->manifest.need_count && by->complete; n++)
			if (find(&by->manifest.needs[n]) == i)
				return true;
	}
	return false;
}

static void check_floor(uint64_t seed, unsigned round)
{
	struct wal_floor floor = wal_floor_of(&history.list, history.unfinished, history.verdicts);
	bool finished = false;
	for (size_t i = 0; i < history.list.count; i++) {
		const struct listed_backup *backup = &history.items[i];
		if (!stays(i))
			continue;
		finished |= backup->complete;
		bool known = backup->complete ? backup->status == STATUS_OK : history.unfinished[i].redo_lsn != 0;
		uint64_t from = backup->complete ? backup->manifest.start_lsn : history.unfinished[i].redo_lsn;
		if (floor.kind == WAL_FLOOR_KNOWN && (!known || floor.lsn > from))
			fail_msg("seed %" PRIu64 ", round %u: WAL of %s goes", seed, round, backup->label.text);
	}
	if (floor.kind == WAL_FLOOR_KNOWN && !finished)
		fail_msg("seed %" PRIu64 ", round %u: WAL goes without a backup", seed, round);
}

static void check_history(const struct retention *rules, uint64_t seed, unsigned round)
{
	for (size_t i = 0; i < history.list.count; i++) {
		const char *label = history.items[i].label.text;
		if (stays(i) != (wanted(i, rules) || is_needed(i)))
			fail_msg("seed %" PRIu64 ", round %u: %s %s", seed, round, label, stays(i) ? "stays" : "goes");
		for (size_t n = 0; stays(i) && n < history.items[i].manifest.need_count; n++) {
			size_t need = find(&history.items[i].manifest.needs[n]);
			if (history.items[i].complete && need < BACKUPS_MAX && !stays(need))
				fail_msg("seed %" PRIu64 ", round %u: %s lacks its parent", seed, round, label);
		}
	}
	check_floor(seed, round);
}

/* A second run with the same options finds nothing more to remove. */
static void check_again(const struct retention *rules, uint64_t seed, unsigned round)
{
	size_t left = 0;
	for (size_t i = 0; i < history.list.count; i++) {
		if (!stays(i)) {
			manifest_fini(&history.items[i].manifest);
			continue;
		}
		history.items[left] = history.items[i];
		history.days[left] = history.days[i];
		history.unfinished[left++] = history.unfinished[i];
	}
	history.list.count = left;
	decide(*rules);
	for (size_t i = 0; i < left; i++)
		if (!stays(i))
			fail_msg("seed %" PRIu64 ", round %u: %s goes later", seed, round, history.items[i].label.text);
}

static void random_histories(void **unused)
{
	uint64_t seed = 0;
	unsigned removed = 0;
	(void)unused;
	assert_ok(random_fill(&system_random, &seed, sizeof seed, &err), err);
	print_message("# seed %" PRIu64 "\n", seed);
	srandom((unsigned)seed);
	for (unsigned round = 0; round < 20000; round++) {
		make_history();
		struct retention rules = make_rules();
		decide(rules);
		check_history(&rules, seed, round);
		for (size_t i = 0; i < history.list.count; i++)
			removed += !stays(i);
		check_again(&rules, seed, round);
	}
	assert_true(removed > 10000);
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table),
	    cmocka_unit_test(a_long_backup_counts_by_its_end),
	    cmocka_unit_test(a_chain_with_a_hole_does_not_count),
	    cmocka_unit_test(the_floor_of_the_wal),
	    cmocka_unit_test(random_histories),
	};
	return cmocka_run_group_tests_name("expire/retention", tests, NULL, NULL);
}

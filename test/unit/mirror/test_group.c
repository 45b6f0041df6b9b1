/* Groups of objects, and which base backups may be copied behind one that could not. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mirror/group.h"
#include "support/cmocka.h"

static struct error err;

static int64_t utc(const char *text)
{
	int64_t seconds;
	assert_true(utc_parse(text, &seconds));
	return seconds;
}

/* '+' before a name: it differs. Expects the prefixes that are kept, with '!' before those without a manifest. */
static void expect_kept(const char *const *names, const char *const *kept)
{
	struct groups groups = {0};
	bool member;
	for (; *names != NULL; names++) {
		bool differs = (*names)[0] == '+';
		struct mirror_entry entry = {.modified_s = 7};
		(void)strcpy(entry.name, *names + differs);
		assert_ok(groups_add(&groups, &entry, differs, &member, &err), err);
		assert_int_equal(member,
				 strstr(entry.name, "/wal/") == NULL && strstr(entry.name, "/timeline/") == NULL);
	}
	assert_ok(groups_end(&groups, &err), err);
	for (size_t i = 0; i < groups.count; i++) {
		char shown[BACKUP_OBJECT_NAME_MAX + 1];
		const struct group *group = &groups.items[i];
		(void)snprintf(shown, sizeof shown, "%s%s", group->finished ? "" : "!", group->prefix);
		assert_non_null(kept[i]);
		assert_string_equal(shown, kept[i]);
		assert_int_equal(group->modified_s, group->finished ? 7 : 0);
	}
	assert_null(kept[groups.count]);
	groups_fini(&groups);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FULL "1/backup/20261101T000000Z-full/"
#define NEXT "1/backup/20261102T000000Z-full/"
#define DIFF "1/backup/20261103T000000Z-diff/"

static void groups_that_differ_are_kept(void **unused)
{
	(void)unused;
	expect_kept(LIST(FULL "begun", FULL "data/00000001", FULL "manifest"), LIST(NULL));
	/* The manifest may come before or behind what lacks. */
	expect_kept(LIST("+" FULL "data/00000001", FULL "manifest", NEXT "begun"), LIST(FULL));
	expect_kept(LIST(FULL "manifest", "+" FULL "packs/00000001", "+1/wal/00000002.history"), LIST(FULL));
	expect_kept(LIST("+" FULL "begun", "+" NEXT "manifest"), LIST("!" FULL, NEXT));
	expect_kept(LIST("1/dump/x/a", "+1/dump/x/manifest", "+1/timeline/x/y"), LIST("1/dump/x/"));
	/* A whole full backup behind one that differs is kept, in its own cluster. */
	expect_kept(
	    LIST("+" FULL "manifest", NEXT "manifest", DIFF "manifest", "2/backup/20261102T000000Z-full/manifest"),
	    LIST(FULL, NEXT));
	expect_kept(LIST(FULL "manifest", "+" NEXT "manifest"), LIST(NEXT));
}

static void all_but_groups_stands_alone(void **unused)
{
	(void)unused;
	expect_kept(
	    LIST("+1/wal/00000002.history", "+1/wal/0000000200000000/000000020000000000000001", "+1/timeline/1"),
	    LIST(NULL));
}

/* One backup in the order of labels: whether it is whole, and whether it may be copied. */
struct step {
	const char *prefix;
	const char *ended;
	bool whole, allowed;
};

static void expect_trust(const struct step *steps)
{
	struct group_trust trust = {0};
	for (; steps->prefix != NULL; steps++) {
		struct group group = {.finished = true, .differs = true, .modified_s = utc(steps->ended)};
		(void)strcpy(group.prefix, steps->prefix);
		if (group_trust_allows(&trust, &group) != steps->allowed)
			fail_msg("%s is %sallowed", steps->prefix, steps->allowed ? "not " : "");
		group_trust_note(&trust, &group, steps->whole && steps->allowed);
	}
}

static void what_may_need_a_broken_backup_waits(void **unused)
{
	(void)unused;
	expect_trust((const struct step[]){{FULL, "2026-11-01T01:00:00Z", true, true},
					   {NEXT, "2026-11-02T01:00:00Z", true, true},
					   {DIFF, "2026-11-03T01:00:00Z", true, true},
					   {0}});
	expect_trust((const struct step[]){{FULL, "2026-11-01T01:00:00Z", false, true},
					   {"1/backup/20261101T120000Z-incr/", "2026-11-01T13:00:00Z", true, false},
					   {NEXT, "2026-11-02T01:00:00Z", true, true},
					   {DIFF, "2026-11-03T01:00:00Z", true, true},
					   {0}});
	/* The full one had not ended when the differential one began, which so refers to the one before. */
	expect_trust((const struct step[]){{FULL, "2026-11-01T01:00:00Z", false, true},
					   {NEXT, "2026-11-03T00:00:00Z", true, true},
					   {DIFF, "2026-11-03T01:00:00Z", true, false},
					   {"1/backup/20261104T000000Z-full/", "2026-11-04T00:30:00Z", true, true},
					   {"1/backup/20261104T010000Z-incr/", "2026-11-04T01:30:00Z", true, true},
					   {0}});
	/* A broken one in the middle breaks what follows, whatever was whole before. */
	expect_trust((const struct step[]){{FULL, "2026-11-01T01:00:00Z", true, true},
					   {"1/backup/20261101T120000Z-incr/", "2026-11-01T13:00:00Z", false, true},
					   {"1/backup/20261101T150000Z-incr/", "2026-11-01T16:00:00Z", true, false},
					   {"2/backup/20261101T150000Z-incr/", "2026-11-01T16:00:00Z", true, true},
					   {0}});
}

static void dumps_need_nothing(void **unused)
{
	(void)unused;
	expect_trust((const struct step[]){{FULL, "2026-11-01T01:00:00Z", false, true},
					   {"1/dump/20261101T120000Z/", "2026-11-01T13:00:00Z", false, true},
					   {"1/dump/20261101T150000Z/", "2026-11-01T16:00:00Z", true, true},
					   {0}});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(groups_that_differ_are_kept),
	    cmocka_unit_test(all_but_groups_stands_alone),
	    cmocka_unit_test(what_may_need_a_broken_backup_waits),
	    cmocka_unit_test(dumps_need_nothing),
	};
	return cmocka_run_group_tests_name("mirror/group", tests, NULL, NULL);
}

/* Marks of timelines that are set aside, in a store in memory. */
#include <string.h>

#include "repo/object.h"
#include "repo/set_aside.h"
#include "support/archive.h"
#include "support/cmocka.h"

#define FOLDER "42/timeline/"

static struct archive archive;
static struct repository repo;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	repo = (struct repository){.store = archive.store, .keys = archive.keys, .encrypt = true};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

static void put(const char *name, const char *content)
{
	assert_ok(object_create(&repo, &archive.world.call, name, content, strlen(content), &err), err);
}

static enum status load(struct set_aside *out)
{
	return set_aside_load(out, &repo, &archive.world.call, ARCHIVE_SYSTEM_ID, &err);
}

static void change(uint32_t timeline)
{
	struct set_aside marks;
	assert_ok(load(&marks), err);
	assert_ok(set_aside_change(&marks, &repo, &archive.world.call, ARCHIVE_SYSTEM_ID, timeline, &err), err);
	set_aside_fini(&marks);
}

static void the_last_mark_counts(void **unused)
{
	(void)unused;
	struct set_aside marks;
	assert_ok(load(&marks), err);
	assert_int_equal(marks.count, 0);
	for (int i = 1; i <= 11; i++) {
		change(0x1F);
		assert_ok(load(&marks), err);
		assert_int_equal(marks.count, 1);
		assert_int_equal(set_aside_has(&marks, 0x1F), i % 2 == 1);
		assert_false(set_aside_has(&marks, 0x1E));
		set_aside_fini(&marks);
	}
	change(2);
	assert_ok(load(&marks), err);
	assert_int_equal(marks.count, 2);
	assert_true(set_aside_has(&marks, 2));
	/* Another call was quicker. */
	put(FOLDER "00000002.2", "restored by another call\n");
	assert_int_equal(set_aside_change(&marks, &repo, &archive.world.call, ARCHIVE_SYSTEM_ID, 2, &err),
			 STATUS_EXISTS);
	set_aside_fini(&marks);
}

static void knows_its_names(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		bool expected;
	} cases[] = {
	    {"42/timeline/00000002.1", true},   {"42/timeline/0000001F.12", true},
	    {"42/timeline/00000000.1", false},  {"42/timeline/00000002.0", false},
	    {"42/timeline/00000002.01", false}, {"42/timeline/00000002", false},
	    {"42/timeline/0000001f.1", false},  {"42/timeline/2.1", false},
	    {"42/timeline/00000002.1x", false}, {"42/timeline/00000002.10000", false},
	    {"42/timeline/000000002.1", false}, {"0/timeline/00000002.1", false},
	    {"42/wal/00000002.history", false}, {"timeline/00000002.1", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(set_aside_is_mark(cases[i].name), cases[i].expected);
}

/* The name says "set aside"; the content of the object does not. */
static void a_name_alone_proves_nothing(void **unused)
{
	(void)unused;
	static const char *const contents[] = {"restored\n", "", "set aside",
					       "set aside\n and more that is too long for it"};
	for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
		struct set_aside marks;
		assert_ok(store_remove(archive.store, &archive.world.call, FOLDER "00000003.1", &err), err);
		put(FOLDER "00000003.1", contents[i]);
		assert_int_equal(load(&marks), STATUS_DAMAGED);
		set_aside_fini(&marks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_last_mark_counts, setup, teardown),
	    cmocka_unit_test(knows_its_names),
	    cmocka_unit_test_setup_teardown(a_name_alone_proves_nothing, setup, teardown),
	};
	return cmocka_run_group_tests_name("repo/set_aside", tests, NULL, NULL);
}

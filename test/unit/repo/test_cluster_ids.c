/* The clusters in a repository, in a store in memory. */
#include <string.h>

#include "repo/cluster_ids.h"
#include "repo/object.h"
#include "support/archive.h"
#include "support/cmocka.h"

static void are_the_directories_named_by_a_system_identifier(void **unused)
{
	(void)unused;
	static const char *const names[] = {"7/wal/a",  "42/backup/a", "42/wal/a", "18446744073709551615/dump/a",
					    "43",       "0/wal/a",     "-1/wal/a", "007/wal/a",
					    "8x/wal/a", "walship/a"};
	struct archive archive;
	struct error err;
	struct cluster_ids ids = {0};
	archive_init(&archive);
	const struct repository repo = {.store = archive.store, .keys = archive.keys, .encrypt = true};
	assert_ok(cluster_ids_list(&ids, &repo, &archive.world.call, &err), err);
	assert_int_equal(ids.count, 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_ok(object_create(&repo, &archive.world.call, names[i], "a", 1, &err), err);
	assert_ok(cluster_ids_list(&ids, &repo, &archive.world.call, &err), err);
	assert_int_equal(ids.count, 3);
	assert_true(ids.ids[0] == UINT64_MAX && ids.ids[1] == 42 && ids.ids[2] == 7);
	cluster_ids_fini(&ids);
	assert_null(ids.ids);
	archive_fini(&archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(are_the_directories_named_by_a_system_identifier),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

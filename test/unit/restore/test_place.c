#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "restore/place.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct error err;

static enum status examine(struct place *place, const char *name, bool delta)
{
	return place_examine(place, scratch_path(&test_dir, name), delta, &err);
}

static void put(const char *name, const char *text)
{
	scratch_put(&test_dir, name, text, strlen(text), 0600);
}

static void finds_a_directory_that_is_not_there_yet(void **unused)
{
	(void)unused;
	struct place place, same;
	char path[PATH_MAX];
	put("new/above/x", "");
	assert_ok(examine(&place, "new/above/data//", false), err);
	assert_string_equal(place.path + strlen(place.path) - strlen("new/above/data"), "new/above/data");
	assert_int_equal(place.system_id, 0);
	/* By a link above it, too: the manifest has the path without links. */
	assert_int_equal(symlink("above", scratch_path(&test_dir, "new/link")), 0);
	assert_ok(examine(&same, "new/link/data", false), err);
	assert_string_equal(place.path, same.path);
	(void)snprintf(path, sizeof path, "%s", place.path);
	struct manifest manifest = {.data_directory = path};
	assert_true(place_is_servers_own(&same, &manifest));
	path[strlen(path) - 1] = 'x';
	assert_false(place_is_servers_own(&same, &manifest));
	manifest.data_directory = NULL;
	assert_false(place_is_servers_own(&same, &manifest));
	assert_int_equal(examine(&place, "no/such/data", false), STATUS_USAGE);
	assert_int_equal(examine(&place, "new/above/x/data", false), STATUS_USAGE);
}

static void wants_an_empty_directory_or_delta(void **unused)
{
	(void)unused;
	struct place place;
	put("empty/x", "");
	assert_int_equal(unlink(scratch_path(&test_dir, "empty/x")), 0);
	assert_ok(examine(&place, "empty", false), err);
	put("full/.hidden", "");
	assert_int_equal(examine(&place, "full", false), STATUS_USAGE);
	assert_non_null(strstr(err.text, "is not empty"));
	/* What is not a data directory is not emptied. */
	assert_int_equal(examine(&place, "full", true), STATUS_USAGE);
	assert_non_null(strstr(err.text, "it has no PG_VERSION"));
	assert_ok(examine(&place, "empty", true), err);
	put("full/PG_VERSION", "15\n");
	assert_ok(examine(&place, "full", true), err);
	put("killed/base/1/1259", "");
	assert_ok(examine(&place, "killed", true), err);
	put("failed/base/1", "");
	assert_int_equal(examine(&place, "failed", true), STATUS_USAGE);
	assert_int_equal(unlink(scratch_path(&test_dir, "failed/base/1")), 0);
	assert_ok(examine(&place, "failed", true), err);
	assert_int_equal(examine(&place, "failed", false), STATUS_USAGE);
}

/* Also where the restore was killed, and pg_control is not there. */
static void refuses_where_a_server_runs(void **unused)
{
	(void)unused;
	struct place place;
	char text[64];
	(void)snprintf(text, sizeof text, "%d\n/data\n", (int)getpid());
	put("running/PG_VERSION", "15\n");
	put("running/postmaster.pid", text);
	assert_int_equal(examine(&place, "running", true), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "a server runs in"));
	/* The highest number that a process can have is below this one (kernel.pid_max). */
	put("running/postmaster.pid", "4194305\n/data\n");
	assert_ok(examine(&place, "running", true), err);
}

static void wal_that_waits_is_not_removed(void **unused)
{
	(void)unused;
	struct place place;
	put("waiting/PG_VERSION", "15\n");
	put("waiting/pg_wal/archive_status/000000010000000000000003.done", "");
	assert_ok(examine(&place, "waiting", true), err);
	assert_ok(place_check_unarchived(&place, &err), err);
	put("waiting/pg_wal/archive_status/000000010000000000000004.ready", "");
	assert_int_equal(place_check_unarchived(&place, &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "from 000000010000000000000004 on"));
	assert_ok(examine(&place, "new-one", true), err);
	assert_ok(place_check_unarchived(&place, &err), err);
}

static void looks_at_each_file_system(void **unused)
{
	(void)unused;
	struct tree_restore_room rooms[] = {{"/a", 1, 100, 100}, {"/b", 2, 101, 100}};
	struct tree_restore_figures figures = {.rooms = rooms, .room_count = 1};
	assert_ok(place_check_room(&figures, &err), err);
	figures.room_count = 2;
	assert_int_equal(place_check_room(&figures, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "/b needs 101 B"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_a_directory_that_is_not_there_yet),
	    cmocka_unit_test(wants_an_empty_directory_or_delta),
	    cmocka_unit_test(refuses_where_a_server_runs),
	    cmocka_unit_test(wal_that_waits_is_not_removed),
	    cmocka_unit_test(looks_at_each_file_system),
	};
	return cmocka_run_group_tests_name("restore/place", tests, test_dir_make, test_dir_remove);
}

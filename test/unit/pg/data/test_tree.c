#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "pg/data/tree.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct error err;
static struct buffer seen, warned;

static int setup(void **state)
{
	seen = warned = (struct buffer){0};
	return test_dir_make(state);
}

static int teardown(void **state)
{
	buffer_fini(&seen);
	buffer_fini(&warned);
	return test_dir_remove(state);
}

static void put(const char *name)
{
	scratch_put(&test_dir, name, "x", 1, 0600);
}

static void put_directory(const char *name)
{
	assert_int_equal(mkdir(scratch_path(&test_dir, name), 0700), 0);
}

static void put_link(const char *name, const char *target)
{
	assert_int_equal(symlink(target, scratch_path(&test_dir, name)), 0);
}

/* "path/" of a directory, "path" of a file, "path*7" of one with checksums from page 7 on, "path -> link". */
static enum status note(void *arg, const struct tree_entry *entry, struct error *error)
{
	(void)arg;
	enum status st = buffer_printf(&seen, error, "%s%s", entry->path, entry->is_directory ? "/" : "");
	if (!st && entry->has_checksums)
		st = buffer_printf(&seen, error, "*%u", entry->first_page);
	if (!st && entry->link != NULL)
		st = buffer_printf(&seen, error, " -> %s", entry->link);
	return st ? st : buffer_printf(&seen, error, "\n");
}

static void warn(const struct log *log, enum log_level level, const char *line)
{
	struct error error;
	(void)log;
	(void)level;
	assert_ok(buffer_printf(&warned, &error, "%s\n", line), error);
}

static enum status walk(void)
{
	const struct log log = {LEVEL_WARNING, warn, NULL, NULL};
	const struct tree_options options = {scratch_path(&test_dir, "data"), "PG_15_202209061", &log};
	buffer_clear(&seen);
	return tree_walk(&options, note, NULL, &err);
}

static void takes_what_the_servers_own_backup_takes(void **unused)
{
	(void)unused;
	static const char *const files[] = {
	    "PG_VERSION",
	    "postgresql.conf",
	    "postgresql.auto.conf",
	    "postgresql.auto.conf.tmp",
	    "postmaster.pid",
	    "postmaster.opts",
	    "backup_label",
	    "backup_label.old",
	    "tablespace_map",
	    "backup_manifest",
	    "current_logfiles",
	    "current_logfiles.tmp",
	    "global/pg_control",
	    "global/pg_filenode.map",
	    "global/pg_internal.init",
	    "global/1262",
	    "base/1/pg_internal.init.77",
	    "base/1/PG_VERSION",
	    "base/5/16384",
	    "base/5/16384.1",
	    "base/5/16384_vm",
	    "base/5/16390",
	    "base/5/16390.1",
	    "base/5/16390_fsm",
	    "base/5/16390_init",
	    "base/5/16391",
	    "base/5/t3_16384",
	    "base/5/t3_16384_fsm",
	    "base/pgsql_tmp/pgsql_tmp1.0",
	    "pg_wal/000000010000000000000001",
	    "pg_wal/archive_status/000000010000000000000001.done",
	    "pg_wal/summaries/x",
	    "pg_replslot/slot/state",
	    "pg_stat_tmp/global.stat",
	    "pg_stat/global.stat",
	    "pg_xact/0000",
	    "pg_subtrans/0000",
	    "pg_logical/replorigin_checkpoint",
	    "extra/16390",
	    "extra/t3_16384",
	};
	char name[128];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(name, sizeof name, "data/%s", files[i]);
		put(name);
	}
	assert_int_equal(mkfifo(scratch_path(&test_dir, "data/fifo"), 0600), 0);
	assert_ok(walk(), err);
	assert_string_equal(buffer_text(&seen), "PG_VERSION\n"
						"backup_label.old\n"
						"base/\n"
						"base/1/\n"
						"base/1/PG_VERSION\n"
						"base/5/\n"
						"base/5/16384*0\n"
						"base/5/16384.1*131072\n"
						"base/5/16384_vm*0\n"
						"base/5/16390_init*0\n"
						"base/5/16391*0\n"
						"current_logfiles\n"
						"extra/\n"
						"extra/16390\n"
						"extra/t3_16384\n"
						"global/\n"
						"global/1262*0\n"
						"global/pg_filenode.map\n"
						"pg_logical/\n"
						"pg_logical/replorigin_checkpoint\n"
						"pg_replslot/\n"
						"pg_stat/\n"
						"pg_stat/global.stat\n"
						"pg_stat_tmp/\n"
						"pg_subtrans/\n"
						"pg_wal/\n"
						"pg_wal/archive_status/\n"
						"pg_wal/summaries/\n"
						"pg_xact/\n"
						"pg_xact/0000\n"
						"postgresql.auto.conf\n"
						"postgresql.conf\n");
	assert_non_null(
	    strstr(buffer_text(&warned), "data/fifo is neither a file nor a directory; the backup leaves it out"));
}

static void follows_tablespaces_and_links(void **unused)
{
	(void)unused;
	put("data/global/1262");
	put("data/pg_tblspc/16400/PG_15_202209061/5/16401"); /* in place */
	put("data/inside/PG_15_202209061/5/16402");
	put("far/PG_15_202209061/5/16403.2");
	put("far/PG_13_202007201/5/16403");
	put("wal/000000010000000000000001");
	put("conf/postgresql.conf");
	put_directory("wal/archive_status");
	put_link("data/pg_tblspc/16500", "../inside");
	put_link("data/pg_tblspc/16600", scratch_path(&test_dir, "far"));
	put_link("data/pg_wal", "../wal");
	put_link("data/postgresql.conf", "../conf/postgresql.conf");
	put_link("data/nowhere", "../none");
	assert_ok(walk(), err);
	char expected[1024];
	(void)snprintf(
	    expected, sizeof expected,
	    "global/\nglobal/1262*0\ninside/\npg_tblspc/\npg_tblspc/16400/\npg_tblspc/16400/PG_15_202209061/\n"
	    "pg_tblspc/16400/PG_15_202209061/5/\npg_tblspc/16400/PG_15_202209061/5/16401*0\n"
	    "pg_tblspc/16500/ -> ../inside\npg_tblspc/16500/PG_15_202209061/\n"
	    "pg_tblspc/16500/PG_15_202209061/5/\npg_tblspc/16500/PG_15_202209061/5/16402*0\n"
	    "pg_tblspc/16600/ -> %s/far\npg_tblspc/16600/PG_13_202007201/\n"
	    "pg_tblspc/16600/PG_15_202209061/\npg_tblspc/16600/PG_15_202209061/5/\n"
	    "pg_tblspc/16600/PG_15_202209061/5/16403.2*262144\n"
	    "pg_wal/ -> ../wal\npg_wal/archive_status/\npostgresql.conf -> ../conf/postgresql.conf\n",
	    test_dir.path);
	assert_string_equal(buffer_text(&seen), expected);
	assert_non_null(
	    strstr(buffer_text(&warned), "data/nowhere is a broken symbolic link; the backup leaves it out"));
}

static void says_what_it_cannot_walk(void **unused)
{
	(void)unused;
	assert_int_equal(walk(), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "open directory"));
	put("data/pg_tblspc/1/x");
	put_link("data/pg_tblspc/16500", "../gone");
	assert_int_equal(walk(), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "pg_tblspc/16500 is a broken symbolic link"));
	assert_non_null(strstr(err.hint, "mount"));
	assert_int_equal(unlink(scratch_path(&test_dir, "data/pg_tblspc/16500")), 0);
}

static void leaves_out_links_without_end(void **unused)
{
	(void)unused;
	put("data/a/file");
	put("data/b/file");
	put_link("data/a/up", "..");
	put_link("data/a/above", "../..");
	put_link("data/a/b", "../b");
	put_link("data/b/a", "../a");
	put_link("data/self", "self");
	put_link("data/one", "other");
	put_link("data/other", "one");
	put_link("data/root", "/");
	assert_ok(walk(), err);
	assert_string_equal(buffer_text(&seen),
			    "a/\na/b/ -> ../b\na/b/file\na/file\nb/\nb/a/ -> ../a\nb/a/file\nb/file\n");
	static const char *const lines[] = {
	    "data/a/up is a symbolic link to a directory above it; the backup leaves it out",
	    "data/a/above is a symbolic link to a directory above it",
	    "data/a/b/a is a symbolic link to a directory above it",
	    "data/self is a broken symbolic link; the backup leaves it out",
	    "data/one is a broken symbolic link",
	    "data/root is a symbolic link to a directory above it",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (strstr(buffer_text(&warned), lines[i]) == NULL)
			fail_msg("no warning '%s' in: %s", lines[i], buffer_text(&warned));
}

static enum status stop(void *arg, const struct tree_entry *entry, struct error *error)
{
	int *left = arg;
	return --*left == 0 ? error_set(error, STATUS_UNREACHABLE, "stopped at %s", entry->path) : STATUS_OK;
}

static void ends_where_the_callback_says(void **unused)
{
	(void)unused;
	put("data/a/b");
	put("data/c");
	const struct tree_options options = {scratch_path(&test_dir, "data"), "PG_15_202209061", NULL};
	int left = 2;
	assert_int_equal(tree_walk(&options, stop, &left, &err), STATUS_UNREACHABLE);
	assert_string_equal(err.text, "stopped at a/b");
}

/* A file may go between the listing and the look at it. */
static enum status remove_the_rest(void *arg, const struct tree_entry *entry, struct error *error)
{
	(void)unlink(scratch_path(&test_dir, "data/b"));
	(void)unlink(scratch_path(&test_dir, "data/c/d"));
	(void)rmdir(scratch_path(&test_dir, "data/c"));
	return note(arg, entry, error);
}

static void what_vanishes_is_left_out(void **unused)
{
	(void)unused;
	put("data/a");
	put("data/b");
	put("data/c/d");
	put("data/e");
	const struct tree_options options = {scratch_path(&test_dir, "data"), "PG_15_202209061", NULL};
	assert_ok(tree_walk(&options, remove_the_rest, NULL, &err), err);
	assert_string_equal(buffer_text(&seen), "a\ne\n");
}

static void compares_as_it_walks(void **unused)
{
	(void)unused;
	static const char *const order[] = {"", "a", "a/b", "a/b/c", "a/c", "a b", "a.b", "a0", "b", "\xff"};
	size_t count = sizeof order / sizeof order[0];
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int compared = tree_compare(order[i], order[j]);
			assert_int_equal((compared > 0) - (compared < 0), (i > j) - (i < j));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(takes_what_the_servers_own_backup_takes, setup, teardown),
	    cmocka_unit_test_setup_teardown(follows_tablespaces_and_links, setup, teardown),
	    cmocka_unit_test_setup_teardown(leaves_out_links_without_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(says_what_it_cannot_walk, setup, teardown),
	    cmocka_unit_test_setup_teardown(ends_where_the_callback_says, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_vanishes_is_left_out, setup, teardown),
	    cmocka_unit_test(compares_as_it_walks),
	};
	return cmocka_run_group_tests_name("pg/data/tree", tests, NULL, NULL);
}

#include <stdio.h>
#include <string.h>

#include "backup/include.h"
#include "base/cleanup.h"
#include "catalog/index_line.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct error err;

/* A path in the directory of the test, or an absolute one. */
static void full_path(char out[256], const char *path)
{
	(void)snprintf(out, 256, "%s%s", *path == '/' || *path == '\0' ? test_dir.path : "", path);
}

static void takes_plain_paths_only(void **unused)
{
	(void)unused;
	static const struct {
		const char *path; /* behind that of the test's directory, if it begins with '/' */
		bool taken;
	} cases[] = {
	    {"", true},          {"/a", true},     {"/a/b", true},   {"/a/..c", true},    {"/a/", false},
	    {"/a/.", false},     {"/a/..", false}, {"/a//b", false}, {"/a/./b", false},   {"/a/../a", false},
	    {"relative", false}, {".", false},     {"..", false},    {"/missing", false}, {"/fifo", false},
	};
	scratch_put(&test_dir, "a/b", "", 0, 0600);
	scratch_put(&test_dir, "a/..c", "", 0, 0600);
	assert_int_equal(mkfifo(scratch_path(&test_dir, "fifo"), 0600), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(include_fini) struct include include = {0};
		char path[256];
		const char *const paths[] = {path};
		full_path(path, cases[i].path);
		enum status st = include_init(&include, paths, 1, &err);
		if (st != (cases[i].taken ? STATUS_OK : STATUS_USAGE))
			fail_msg("%s: status %d", path, st);
	}
}

/* As the index has it: a reader refuses a path that is not plain, and with it the backup. */
static enum status index_it(void *arg, const struct tree_entry *entry, struct error *error)
{
	CLEANUP(buffer_fini) struct buffer line = {0};
	struct index_line parsed;
	struct buffer *paths = arg;
	const struct index_entry index_entry = {.is_directory = true, .path = entry->path};
	assert_ok(index_put_entry(&line, &index_entry, error), *error);
	line.data[line.len - 1] = '\0';
	assert_ok(index_parse(&parsed, (char *)line.data, error), *error);
	if (paths->len > 0)
		assert_true(tree_compare(strrchr((char *)paths->data, '\n') + 1, entry->path) < 0);
	return buffer_printf(paths, error, "\n%s", entry->path);
}

static void walks_in_the_order_of_paths(void **unused)
{
	(void)unused;
	static const char *const behind[] = {"/a.d/x", "/a", "/a/b", "/c/d/e"};
	static char full[4][256];
	const char *paths[4];
	CLEANUP(include_fini) struct include include = {0};
	CLEANUP(buffer_fini) struct buffer found = {0};
	struct log log = {0};
	scratch_put(&test_dir, "a/b", "", 0, 0600);
	scratch_put(&test_dir, "a.d/x", "", 0, 0600);
	scratch_put(&test_dir, "c/d/e", "", 0, 0600);
	for (size_t i = 0; i < 4; i++) {
		full_path(full[i], behind[i]);
		paths[i] = full[i];
	}
	assert_ok(include_init(&include, paths, 4, &err), err);
	assert_int_equal(include.count, 3); /* a/b lies in a */
	assert_ok(include_walk(&include, &log, index_it, &found, &err), err);
	assert_ok(buffer_append(&found, "", 1, &err), err);
	assert_non_null(strstr((char *)found.data, "/a/b\n"));
	assert_non_null(strstr((char *)found.data, "/c/d/e"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(takes_plain_paths_only, test_dir_make, test_dir_remove),
	    cmocka_unit_test_setup_teardown(walks_in_the_order_of_paths, test_dir_make, test_dir_remove),
	};
	return cmocka_run_group_tests_name("backup/include", tests, NULL, NULL);
}

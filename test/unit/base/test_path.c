#include "base/path.h"
#include "support/cmocka.h"

static void takes_paths_apart(void **unused)
{
	(void)unused;
	static const struct {
		const char *path;
		size_t dir_len;
		const char *name;
	} cases[] = {
	    {"", 0, ""},        {"b", 0, "b"}, {"/", 1, ""},     {"/b", 1, "b"},  {"a/b", 2, "b"},
	    {"/a/b/c", 5, "c"}, {"a/", 2, ""}, {"a//b", 3, "b"}, {"./b", 2, "b"}, {"../b", 3, "b"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(path_dir_len(cases[i].path), cases[i].dir_len);
		assert_string_equal(path_name(cases[i].path), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(takes_paths_apart)};
	return cmocka_run_group_tests_name("base/path", tests, NULL, NULL);
}

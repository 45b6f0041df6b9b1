#include "sys/dynlib.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "support/cmocka.h"

static double (*cosine)(double);
static double (*other)(double);

static const struct dynlib_symbol symbols[] = {{"cos", &cosine}, {"no_such_function", &other}};
#define MATHEMATICS "libm.so.6" /* part of the C library, so it is always installed */

static void empty_table(void)
{
	cosine = NULL;
	other = NULL;
}

static void fills_the_table_once(void **unused)
{
	(void)unused;
	struct error err = {0};
	struct dynlib library = {MATHEMATICS, "install it", symbols, 1};
	empty_table();
	assert_int_equal(dynlib_load(&library, &err), STATUS_OK);
	assert_true(cosine != NULL && cosine(0.0) > 0.99);
	/* A further call does not even open the library. */
	library.soname = "libwalship-none.so.1";
	assert_int_equal(dynlib_load(&library, &err), STATUS_OK);
	assert_string_equal(err.text, "");
}

static void no_such_library(void **unused)
{
	(void)unused;
	struct error err = {0};
	const struct dynlib library = {"libwalship-none.so.1", "install it", symbols, 1};
	empty_table();
	assert_int_equal(dynlib_load(&library, &err), STATUS_LOCAL);
	assert_string_equal(
	    err.text, "cannot load libwalship-none.so.1: cannot open shared object file: No such file or directory");
	assert_string_equal(err.hint, "install it");
	assert_true(cosine == NULL);
}

/* An installed library that cannot be opened now: to install it would not help. */
static void no_descriptor(void **unused)
{
	(void)unused;
	struct error err = {0};
	struct rlimit before, none;
	/* A part of every C library's package that no other test has loaded. */
	const struct dynlib library = {"libanl.so.1", "install it", symbols, 1};
	empty_table();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	enum status st = dynlib_load(&library, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(st, STATUS_LOCAL);
	assert_non_null(strstr(err.text, "Too many open files"));
	assert_non_null(strstr(err.hint, "ulimit -n"));
}

/* A library older than the build's. The table stays empty, so the next call fails too. */
static void no_such_function(void **unused)
{
	(void)unused;
	const struct dynlib library = {MATHEMATICS, "install it", symbols, 2};
	empty_table();
	for (int i = 0; i < 2; i++) {
		struct error err = {0};
		assert_int_equal(dynlib_load(&library, &err), STATUS_LOCAL);
		assert_string_equal(err.text, "cannot load " MATHEMATICS ": it has no no_such_function");
		assert_string_equal(err.hint, "install it");
		assert_true(cosine == NULL && other == NULL);
	}
}

static pthread_barrier_t all_there;

static void *load_and_call(void *right)
{
	struct error err = {0};
	const struct dynlib library = {MATHEMATICS, "install it", symbols, 1};
	(void)pthread_barrier_wait(&all_there);
	*(bool *)right = dynlib_load(&library, &err) == STATUS_OK && cosine(0.0) > 0.99;
	return NULL;
}

/*
 * Two threads load at once, as for two objects that are compressed concurrently. ThreadSanitizer checks that nothing is
 * written twice at once.
 */
static void from_several_threads(void **unused)
{
	(void)unused;
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	bool right[THREADS] = {false};
	empty_table();
	assert_int_equal(pthread_barrier_init(&all_there, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, load_and_call, &right[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(right[i]);
	}
	(void)pthread_barrier_destroy(&all_there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fills_the_table_once), cmocka_unit_test(no_such_library),
	    cmocka_unit_test(no_descriptor),        cmocka_unit_test(no_such_function),
	    cmocka_unit_test(from_several_threads),
	};
	return cmocka_run_group_tests_name("sys/dynlib", tests, NULL, NULL);
}

#include "sys/dynlib.h"

#include <pthread.h>
#include <stdbool.h>

#include "support/cmocka.h"

static double (*cosine)(double);
static double (*other)(double);

static const struct dynlib_symbol symbols[] = {{"cos", &cosine}, {"no_such_function", &other}};
#define MATHEMATICS "libm.so.6" /* of the C library, so that it is everywhere */

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
	/* Nothing is asked for again, not even the library. */
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

/* An older library than the one that walship was built with. The table stays empty, so that it is told again. */
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

/* As two objects that are compressed side by side do. That nothing is written twice at once is ThreadSanitizer's to
 * say. */
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
	    cmocka_unit_test(fills_the_table_once),
	    cmocka_unit_test(no_such_library),
	    cmocka_unit_test(no_such_function),
	    cmocka_unit_test(from_several_threads),
	};
	return cmocka_run_group_tests_name("base/late", tests, NULL, NULL);
}

/* What every store must do: the contract of store.h, one test for each sentence of it. */
#ifndef TEST_STORE_SUITE_H
#define TEST_STORE_SUITE_H

#include "store/store.h"

struct store_under_test {
	/* An empty store, new for each test. It may be the same bucket or directory if nothing of the last test is
	 * left.
	 */
	struct store *(*open)(void *arg);
	void *arg;
	const struct call *call;
};

/* Runs the suite as one cmocka group; the number of failed tests. */
int store_suite_run(const char *name, const struct store_under_test *under_test);

#endif

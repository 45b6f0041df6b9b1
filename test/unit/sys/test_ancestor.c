#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "sys/ancestor.h"

static int64_t ns_of(const struct timespec *time)
{
	return time->tv_sec * 1000000000LL + time->tv_nsec;
}

/* Below the test a child of 50 ms, and below that a grandchild, which looks. */
static void tells_when_a_child_of_the_parent_started(void **unused)
{
	(void)unused;
	struct timespec before, after, found;
	int status = 1;
	pid_t parent = getpid();
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
	pid_t child = fork();
	if (child == 0) {
		(void)usleep(50000);
		pid_t grandchild = fork();
		if (grandchild == 0) {
			bool good = ancestor_start(parent, &found) && clock_gettime(CLOCK_REALTIME, &after) == 0 &&
				    ns_of(&found) >= ns_of(&before) - 20000000 &&
				    ns_of(&found) <= ns_of(&after) - 30000000;
			_exit(good ? 0 : 1);
		}
		(void)waitpid(grandchild, &status, 0);
		_exit(status == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void who_is_no_ancestor_is_not_found(void **unused)
{
	(void)unused;
	struct timespec found;
	pid_t child = fork();
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	assert_false(ancestor_start(child, &found));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(ancestor_start(getppid(), &found));
}

/* In a grandchild, as a shell's command: its output as it was inherited, in a pipe, and in a file of its own. */
static void tells_whether_the_output_was_redirected(void **unused)
{
	(void)unused;
	int status = 1;
	pid_t parent = getpid();
	pid_t child = fork();
	if (child == 0) {
		int log[2], other[2];
		bool ready = pipe(log) == 0 && pipe(other) == 0 && dup2(log[1], STDOUT_FILENO) == STDOUT_FILENO;
		pid_t grandchild = fork();
		if (grandchild == 0) {
			FILE *file = tmpfile();
			bool good = ready && file != NULL && ancestor_has_output(parent, STDOUT_FILENO) &&
				    ancestor_has_output(parent, log[1]) && !ancestor_has_output(parent, other[1]) &&
				    !ancestor_has_output(parent, fileno(file)) &&
				    dup2(other[1], STDOUT_FILENO) == STDOUT_FILENO &&
				    !ancestor_has_output(parent, STDOUT_FILENO) && !ancestor_has_output(-1, log[1]);
			_exit(good ? 0 : 1);
		}
		(void)waitpid(grandchild, &status, 0);
		_exit(status == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_when_a_child_of_the_parent_started),
	    cmocka_unit_test(who_is_no_ancestor_is_not_found),
	    cmocka_unit_test(tells_whether_the_output_was_redirected),
	};
	return cmocka_run_group_tests_name("sys/ancestor", tests, NULL, NULL);
}

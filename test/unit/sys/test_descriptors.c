#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "sys/descriptors.h"

#define KEPT_FD 70
#define FIRST 71
#define LAST 900

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* In a child, which opens every descriptor of the range and one below it. Tells by its exit code what went wrong. */
static int child(void (*close_from)(int first))
{
	if (dup2(STDERR_FILENO, KEPT_FD) < 0)
		return 2;
	for (int fd = FIRST; fd <= LAST; fd++)
		if (dup2(STDERR_FILENO, fd) < 0)
			return 3;
	close_from(FIRST);
	if (!is_open(KEPT_FD) || !is_open(STDERR_FILENO))
		return 4;
	for (int fd = FIRST; fd <= LAST; fd++)
		if (is_open(fd))
			return 5;
	/* Whatever looked at /proc left nothing behind. */
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return next >= 0 && next < KEPT_FD ? 0 : 6;
}

static void expect_closed(void (*close_from)(int first))
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(child(close_from));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void closes_from_first_on(void **unused)
{
	(void)unused;
	expect_closed(descriptors_close_from);
}

static void closes_the_same_by_the_list(void **unused)
{
	(void)unused;
	expect_closed(descriptors_close_listed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(closes_from_first_on),
	    cmocka_unit_test(closes_the_same_by_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

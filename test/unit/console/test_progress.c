#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "console/progress.h"
#include "support/cmocka.h"
#include "support/world.h"

static void shows_and_removes_the_line(void **unused)
{
	(void)unused;
	struct world world;
	struct progress progress;
	char text[256] = "";
	world_init(&world);
	int fd = memfd_create("terminal", MFD_CLOEXEC);
	assert_true(fd > 0);
	progress_begin(&progress, fd, &world.clock);
	progress_clear(&progress);
	assert_false(progress_is_due(&progress));
	world.monotonic_ms += PROGRESS_MS;
	assert_true(progress_is_due(&progress));
	progress_show(&progress, "%d of %d", 1, 2);
	assert_false(progress_is_due(&progress));
	progress_clear(&progress);
	progress_clear(&progress);
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "\r1 of 2\033[K\r\033[K");
	(void)close(fd);
	world_fini(&world);
}

static void shows_nothing_without_a_terminal(void **unused)
{
	(void)unused;
	struct world world;
	struct progress progress;
	world_init(&world);
	progress_begin(&progress, 0, &world.clock);
	world.monotonic_ms += 10 * PROGRESS_MS;
	assert_false(progress_is_due(&progress));
	progress_show(&progress, "nothing");
	progress_clear(&progress);
	assert_false(progress.visible);
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shows_and_removes_the_line),
	    cmocka_unit_test(shows_nothing_without_a_terminal),
	};
	return cmocka_run_group_tests_name("console/progress", tests, NULL, NULL);
}

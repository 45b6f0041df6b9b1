/* The process that fetches ahead does not end before its threads: they use the stack of the function that started them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/fetch/prefetcher.h"
#include "config/config.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/settings.h"
#include "support/world.h"

#define NAME "000000010000000000000005"
#define TIMEOUT_MS 60000
#define SLOW_US 200000 /* a fetch that goes on for so long after the process has no more to do */

static struct scratch dir;
static struct world world;
static struct error err;

static struct {
	pthread_t main_thread;
	int64_t now_ms;       /* of main_thread */
	atomic_bool fetching; /* a thread is in a fetch */
	atomic_bool fetched;  /* that fetch goes on to its end */
	atomic_bool returned; /* main_thread has left the function that started the thread */
	atomic_bool late;     /* the thread has seen that */
} stage;

/* The process closes its end of the pipe when it has heard nothing for its timeout. */
static bool listens(void)
{
	int fd = open(scratch_path(&dir, "spool/fetch-42/wanted"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* Called from the main thread, to see when it last heard of recovery, and from a thread at the beginning of a fetch. */
static int64_t monotonic_ms(void *arg)
{
	(void)arg;
	if (pthread_equal(pthread_self(), stage.main_thread)) {
		stage.now_ms += atomic_load(&stage.fetching) ? TIMEOUT_MS : 0;
		return stage.now_ms;
	}
	if (atomic_exchange(&stage.fetching, true))
		return 0;
	while (listens())
		(void)usleep(1000);
	(void)usleep(SLOW_US);
	atomic_store(&stage.late, atomic_load(&stage.returned));
	atomic_store(&stage.fetched, true);
	return 0;
}

/* Instead of a process of its own: returns when the process would end. */
static int live_here(void (*live)(void *arg, int told_fd), void *arg)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	prefetcher_begin(ends[1], NAME, 1 << 20);
	live(arg, ends[0]);
	atomic_store(&stage.returned, true);
	return -1;
}

enum outcome { ENDED_AFTER_ITS_THREADS, ENDED_BEFORE, NEVER_FETCHED };

/* In a child: the prefetcher sets an alarm and leaves the working directory. */
static enum outcome run(void)
{
	char conf[512];
	static struct config *config; /* the process ends with it */
	struct prefetch_client client;
	stage.main_thread = pthread_self();
	world_init(&world);
	world.clock.monotonic_ms = monotonic_ms;
	int len =
	    snprintf(conf, sizeof conf, "repo = file://%s/repo\nspool = %s/spool\ncipher = none\n", dir.path, dir.path);
	if (config_load_text(&config, conf, (size_t)len, "test.conf", &err) ||
	    prefetch_client_open(&client, settings_of(config), 42, &err))
		return NEVER_FETCHED;
	const struct fetch_ahead ahead = {.fetch = {.call = &world.call, .name = NAME, .system_id = 42},
					  .settings = settings_of(config),
					  .bytes_max = 64 << 20,
					  .timeout_ms = TIMEOUT_MS,
					  .detach = live_here};
	(void)prefetcher_start(&ahead, &client);
	bool fetching = atomic_load(&stage.fetching), fetched = atomic_load(&stage.fetched);
	/* A thread that is left over is given the time to say so, or to crash. */
	while (fetching && !atomic_load(&stage.fetched))
		(void)usleep(1000);
	if (!fetching)
		return NEVER_FETCHED;
	return fetched && !atomic_load(&stage.late) ? ENDED_AFTER_ITS_THREADS : ENDED_BEFORE;
}

static void ends_after_its_threads(void **unused)
{
	(void)unused;
	int status;
	scratch_init(&dir);
	scratch_put(&dir, "repo/x", "", 0, 0600);
	pid_t child = fork();
	if (child == 0) {
		enum outcome outcome = run();
		_exit((int)outcome);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ENDED_AFTER_ITS_THREADS);
	scratch_fini(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ends_after_its_threads),
	};
	return cmocka_run_group_tests_name("archive/fetch/prefetcher", tests, NULL, NULL);
}

/*
 * Without a server: the rules of connection strings, and servers that do not answer. test/e2e/test_check_server.py has
 * the tests with a server.
 */
#include "pg/server/postgres.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/world.h"

static struct scratch dir;
static struct world world;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	world_init(&world);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	world_fini(&world);
	scratch_fini(&dir);
	return 0;
}

static enum status try_to_open(const char *conninfo, struct error *err)
{
	struct postgres *postgres = NULL;
	*err = (struct error){0};
	const struct postgres_settings settings = {.conninfo = conninfo};
	enum status st = postgres_open(&postgres, &settings, &world.call, err);
	assert_null(postgres);
	return st;
}

static const struct {
	const char *conninfo, *text, *hint;
} unfit[] = {
    {"host=/tmp password=sesame", "pg-conninfo contains a secret: password", "password file"},
    {"postgresql://me:sesame@host/", "pg-conninfo contains a secret: password", "password file"},
    {"postgresql://host/?password=sesame", "pg-conninfo contains a secret: password", "password file"},
    {"host=/tmp sslpassword=sesame", "pg-conninfo contains a secret: sslpassword", "password file"},
    {"hsot=/tmp", "pg-conninfo: invalid connection option \"hsot\"", "host=/run/postgresql"},
    {"host", "pg-conninfo: missing \"=\" after \"host\"", "host=/run/postgresql"},
    /* A string that cannot be parsed is not shown. */
    {"host=/tmp password=open sesame", "pg-conninfo cannot be parsed", "host=/run/postgresql"},
    {"postgresql://me:open sesame@ho st/", "pg-conninfo", ""},
};

static void refuses_what_may_not_stand_there(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++) {
		struct error err;
		assert_int_equal(try_to_open(unfit[i].conninfo, &err), STATUS_USAGE);
		if (strstr(err.text, unfit[i].text) == NULL || strstr(err.hint, unfit[i].hint) == NULL)
			fail_msg("case %zu: %s; hint: %s", i, err.text, err.hint);
		assert_null(strstr(err.text, "sesame"));
		assert_null(strstr(err.hint, "sesame"));
	}
}

static void says_that_nobody_is_there(void **unused)
{
	(void)unused;
	char conninfo[256];
	struct error err;
	(void)snprintf(conninfo, sizeof conninfo, "host=%s port=5432", dir.path);
	assert_int_equal(try_to_open(conninfo, &err), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, dir.path));
	assert_non_null(strstr(err.text, "No such file or directory"));
	assert_null(strchr(err.text, '?')); /* one line, without libpq's question after it */
	assert_non_null(strstr(err.hint, "check pg-conninfo or PGHOST"));
}

/* A server that hangs accepts the connection and does nothing. */
static void waits_for_a_bounded_time(void **unused)
{
	(void)unused;
	char conninfo[256];
	struct error err;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path(&dir, ".s.PGSQL.5432"));
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 8), 0);
	(void)snprintf(conninfo, sizeof conninfo, "host=%s port=5432 connect_timeout=2", dir.path);
	int64_t began_ms = clock_monotonic_ms(&system_clock);
	assert_int_equal(try_to_open(conninfo, &err), STATUS_UNREACHABLE);
	assert_true(clock_monotonic_ms(&system_clock) - began_ms < 60000);
	assert_non_null(strstr(err.text, "timeout expired"));
	(void)close(listener);
}

static void nothing_is_nothing(void **unused)
{
	(void)unused;
	struct postgres_rows rows = {0};
	struct postgres *postgres = NULL;
	assert_null(postgres_text(&rows, 0, 0));
	postgres_rows_fini(&rows);
	postgres_freep(&postgres);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_DIR(refuses_what_may_not_stand_there),
	    WITH_DIR(says_that_nobody_is_there),
	    WITH_DIR(waits_for_a_bounded_time),
	    WITH_DIR(nothing_is_nothing),
	};
	return cmocka_run_group_tests_name("pg/server/postgres", tests, NULL, NULL);
}

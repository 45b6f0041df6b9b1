/* Exact waits in milliseconds, on a clock that moves only by sleeping. */
#include <string.h>

#include "base/retry.h"
#include "support/cmocka.h"
#include "support/world.h"

#define TRIES_MAX 16

struct script {
	struct attempt attempts[TRIES_MAX]; /* how each try fails */
	int64_t takes_ms;                   /* each try */
	unsigned tries;
	unsigned succeeds_at; /* 0: never */
	struct world *world;
};

static struct error err;

static enum status play(void *arg, struct attempt *attempt, struct error *error)
{
	struct script *script = arg;
	script->world->monotonic_ms += script->takes_ms;
	script->tries++;
	if (script->tries == script->succeeds_at)
		return STATUS_OK;
	unsigned n = script->tries <= TRIES_MAX ? script->tries - 1 : TRIES_MAX - 1;
	*attempt = script->attempts[n];
	return error_set(error, STATUS_UNREACHABLE, "HTTP 503 SlowDown");
}

static void waits_as_long_as_it_should(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct script script;
		int64_t left_ms;
		uint8_t random_byte; /* 0xff: nearly all of the delay; 0x80: half */
		enum status status;
		unsigned tries;
		int64_t slept_ms;
		const char *text;
	} cases[] = {
	    {"at once", {.succeeds_at = 1}, 60000, 0x80, STATUS_OK, 1, 0, ""},
	    {"final", {.succeeds_at = 2}, 60000, 0x80, STATUS_UNREACHABLE, 1, 0, "HTTP 503 SlowDown"},
	    /* 0.50196 of 1, 2, 4, 8, 16 seconds, then of 20 */
	    {"doubles, to 20 s",
	     {.attempts = {{.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true}},
	      .succeeds_at = 8},
	     3600000,
	     0x80,
	     STATUS_OK,
	     8,
	     501 + 1003 + 2007 + 4015 + 8031 + 10039 + 10039,
	     ""},
	    {"no jitter", {.attempts = {{.again = true}}, .succeeds_at = 2}, 60000, 0, STATUS_OK, 2, 0, ""},
	    {"slow down",
	     {.attempts = {{.again = true, .slow_down = true}}, .succeeds_at = 2},
	     60000,
	     0,
	     STATUS_OK,
	     2,
	     1000,
	     ""},
	    {"as asked",
	     {.attempts = {{.again = true, .wait_ms = 7000}}, .succeeds_at = 2},
	     60000,
	     0xff,
	     STATUS_OK,
	     2,
	     7000,
	     ""},
	    {"longer than asked",
	     {.attempts = {{.again = true, .wait_ms = 10}}, .succeeds_at = 2},
	     60000,
	     0xff,
	     STATUS_OK,
	     2,
	     999,
	     ""},
	    {"asked for more than there is",
	     {.attempts = {{.again = true, .wait_ms = 60000}}, .succeeds_at = 2},
	     60000,
	     0xff,
	     STATUS_UNREACHABLE,
	     1,
	     0,
	     "no time left for another try: HTTP 503 SlowDown"},
	    {"a try that takes it all",
	     {.attempts = {{.again = true}}, .takes_ms = 60000},
	     60000,
	     0xff,
	     STATUS_UNREACHABLE,
	     1,
	     0,
	     "no time left for another try: HTTP 503 SlowDown"},
	    /* 999 and 1999, then half of the time left: 3501, 1750, 875, until less than 500 would remain */
	    {"to the end",
	     {.attempts = {{.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true},
			   {.again = true}}},
	     10000,
	     0xff,
	     STATUS_UNREACHABLE,
	     6,
	     999 + 1999 + 3501 + 1750 + 875,
	     "gave up after 6 tries in 9 s: HTTP 503 SlowDown"},
	    {"no time at all", {.succeeds_at = 1}, 0, 0, STATUS_UNREACHABLE, 0, 0, "timed out"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct world world;
		struct script script = cases[i].script;
		world_init(&world);
		script.world = &world;
		world.random_byte = cases[i].random_byte;
		world.call.deadline_ms = world.monotonic_ms + cases[i].left_ms;
		err = (struct error){0};
		enum status st = retry_run(&world.call, play, &script, &err);
		if (st != cases[i].status || script.tries != cases[i].tries || world.slept_ms != cases[i].slept_ms)
			fail_msg("%s: status %d, %u tries, slept %lld ms", cases[i].name, st, script.tries,
				 (long long)world.slept_ms);
		assert_non_null(strstr(err.text, cases[i].text));
		world_fini(&world);
	}
}

static void says_that_it_tries_again(void **state)
{
	(void)state;
	struct world world;
	world_init(&world);
	world.random_byte = 0x80;
	struct script script = {.attempts = {{.again = true}}, .succeeds_at = 2, .world = &world};
	enum status st = retry_run(&world.call, play, &script, &err);
	assert_ok(st, err);
	assert_string_equal(buffer_text(&world.logged), "HTTP 503 SlowDown; retrying in 501 ms (try 2)\n");
	world_fini(&world);
}

static void needs_randomness(void **state)
{
	(void)state;
	struct world world;
	world_init(&world);
	world.random_fails = true;
	struct script script = {.attempts = {{.again = true}}, .world = &world};
	assert_int_equal(retry_run(&world.call, play, &script, &err), STATUS_LOCAL);
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_as_long_as_it_should),
	    cmocka_unit_test(says_that_it_tries_again),
	    cmocka_unit_test(needs_randomness),
	};
	return cmocka_run_group_tests_name("base/retry", tests, NULL, NULL);
}

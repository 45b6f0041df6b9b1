#include <string.h>

#include "base/buffer.h"
#include "pg/wal/history.h"
#include "support/cmocka.h"

static struct error err;

static enum status join(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *error)
{
	if (timeline == 99)
		return error_set(error, STATUS_EXISTS, "told to stop");
	return buffer_printf(arg, error, "%u@%lX;", timeline, switch_lsn);
}

/* The files that PostgreSQL writes and reads (readTimeLineHistory in timeline.c). */
static void tells_each_line(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t timeline;
		const char *text, *expected;
	} cases[] = {
	    {2, "1\t0/3000060\tno recovery target specified\n", "1@3000060;"},
	    {3, "1\t0/3000060\tno recovery target specified\n2\tA/4000000\tbefore 2026-11-20 10:00:00+00\n",
	     "1@3000060;2@A04000000;"},
	    {3, "1\t0/3000060\tx\n\n2\t0/4000000\ty", "1@3000060;2@4000000;"},
	    {2, "# a comment\n  \t\n  # another\n1\t0/3000060\n", "1@3000060;"},
	    {2, "  1 \t 0/3000060 \r\n", "1@3000060;"},
	    {5, "2\t0/1\tx\n4\tffffffff/FFFFFFFF\t# no comment\n", "2@1;4@FFFFFFFFFFFFFFFF;"},
	    {4294967295u, "4294967294\t0/0\t\n", "4294967294@0;"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer got = {0};
		enum status st =
		    wal_history_read(cases[i].timeline, cases[i].text, strlen(cases[i].text), join, &got, &err);
		assert_ok(st, err);
		assert_string_equal(buffer_text(&got), cases[i].expected);
		buffer_fini(&got);
	}
}

static void refuses_what_would_stop_recovery(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t timeline;
		const char *text, *message;
	} cases[] = {
	    {2, "", "no entry"},
	    {2, "# nothing\n", "no entry"},
	    {2, "one\t0/3000060\n", "line 1 of the timeline history is not a timeline and switch point"},
	    {2, "1\n", "line 1"},
	    {2, "1\t\n", "line 1"},
	    {2, "1\t3000060\n", "line 1"},
	    {2, "1\t0/\n", "line 1"},
	    {2, "1\t/3000060\n", "line 1"},
	    {2, "1\t0/300006x\n", "line 1"},
	    {2, "1\t0/100000000\n", "line 1"},
	    {2, "1\t100000000/0\n", "line 1"},
	    {2, "4294967296\t0/0\n", "line 1"},
	    {2, "-1\t0/0\n", "line 1"},
	    {3, "1\t0/1\tx\n\n1\t0/2\tx\n", "line 3 of the timeline history has timelines out of order"},
	    {3, "2\t0/1\tx\n1\t0/2\tx\n", "line 2"},
	    {2, "2\t0/1\tx\n", "line 1"},
	    {2, "0\t0/1\tx\n", "line 1"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer got = {0};
		assert_int_equal(
		    wal_history_read(cases[i].timeline, cases[i].text, strlen(cases[i].text), join, &got, &err),
		    STATUS_CONFLICT);
		if (strstr(err.text, cases[i].message) == NULL)
			fail_msg("case %zu: %s", i, err.text);
		buffer_fini(&got);
	}
}

static void the_reader_may_end_it(void **unused)
{
	(void)unused;
	static const char text[] = "98\t0/1\n99\t0/2\n100\t0/3\n";
	struct buffer got = {0};
	assert_int_equal(wal_history_read(200, text, strlen(text), join, &got, &err), STATUS_EXISTS);
	assert_string_equal(buffer_text(&got), "98@1;");
	buffer_fini(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_each_line),
	    cmocka_unit_test(refuses_what_would_stop_recovery),
	    cmocka_unit_test(the_reader_may_end_it),
	};
	return cmocka_run_group_tests_name("pg/wal/history", tests, NULL, NULL);
}

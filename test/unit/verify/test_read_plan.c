/*
 * Plans which objects to read: "3" is segment 3 without a note, "3." a noted segment, "3!" an archived one, "h" a
 * history.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "support/cmocka.h"
#include "verify/read_plan.h"

#define MIB (1024 * 1024)

static struct error err;

static enum status join(void *arg, const struct read_job *job, struct error *error)
{
	uint64_t number = 0;
	(void)wal_name_number(&job->name, 16 * MIB, &number);
	if (job->name.kind == WAL_HISTORY)
		return buffer_printf(arg, error, "%luh ", job->number);
	return buffer_printf(arg, error, "%lu=%s%lu ", job->number, job->follows ? "+" : "", number);
}

static void reads_new_segments_and_their_neighbours(void **unused)
{
	(void)unused;
	static const struct {
		const char *words, *expected;
		uint64_t remembered;
	} cases[] = {
	    {"3", "1=3 ", 0},
	    {"3 4 5", "1=3 2=+4 3=+5 ", 0},
	    {"3 5", "1=3 2=5 ", 0},
	    {"3. 4. 5.", "", 3},
	    {"3. 4. 5", "1=4 2=+5 ", 1},
	    {"3 4. 5.", "1=3 2=+4 ", 1},
	    {"3. 4 5.", "1=3 2=+4 3=+5 ", 0},
	    {"3. 4 5. 6", "1=3 2=+4 3=+5 4=+6 ", 0},
	    {"3 4. 5. 6", "1=3 2=+4 3=+5 4=+6 ", 0},
	    {"3 4. 5. 6. 7", "1=3 2=+4 3=6 4=+7 ", 1},
	    {"3. 5", "1=5 ", 1},
	    {"3 5.", "1=3 ", 1},
	    {"3! 4 5", "1=4 2=+5 ", 0},
	    {"3. 4! 5", "1=5 ", 1},
	    {"255 256", "1=255 2=+256 ", 0},
	    {"h 3. 4", "1h 2=3 3=+4 ", 0},
	    {"3 h 4", "1=3 2h 3=4 ", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char copy[64];
		struct buffer got = {0};
		struct read_plan plan = {.segment_bytes = 16 * MIB, .read = join, .arg = &got};
		(void)strcpy(copy, cases[i].words);
		for (char *rest = copy, *word; (word = strsep(&rest, " ")) != NULL;) {
			struct wal_name name;
			if (word[0] == 'h')
				assert_int_equal(wal_name_parse(&name, "00000002.history", &err), STATUS_OK);
			else
				wal_name_of_number(&name, 1, strtoull(word, NULL, 10), 16 * MIB);
			if (strchr(word, '!') != NULL)
				read_plan_pass(&plan);
			else
				assert_ok(read_plan_add(&plan, &name, 100, strchr(word, '.') == NULL, &err), err);
		}
		if (strcmp(buffer_text(&got), cases[i].expected) != 0 || plan.remembered != cases[i].remembered)
			fail_msg("%s: '%s', %lu remembered", cases[i].words, buffer_text(&got), plan.remembered);
		buffer_fini(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_new_segments_and_their_neighbours),
	};
	return cmocka_run_group_tests_name("verify/read_plan", tests, NULL, NULL);
}

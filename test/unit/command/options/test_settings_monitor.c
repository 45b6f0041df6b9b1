#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command/options/settings_monitor.h"
#include "support/cmocka.h"

static struct error err;

static const struct {
	const char *file;
	const char *text, *hint; /* "": valid */
} cases[] = {
    {"", "", ""},
    {"status-age-warning = 1min\nstatus-age-critical = 2min\n", "", ""},
    /* Equal values, without any warning, are allowed. */
    {"status-age-warning = 30min\n", "", ""},
    {"status-disk-warning = 1h\n", "", ""},
    {"status-age-critical = 10min\n",
     "status-age-critical is 10min (t.conf:1), but status-age-warning is 15min (default): CRITICAL would come before "
     "WARNING",
     "set status-age-warning to 10min or less"},
    {"status-age-warning = 1h\n",
     "status-age-critical is 30min (default), but status-age-warning is 1h (t.conf:1): CRITICAL would come before "
     "WARNING",
     "set status-age-critical to 1h or more"},
    {"status-age-critical = 10min\nstatus-age-warning = 20min\n",
     "status-age-critical is 10min (t.conf:1), but status-age-warning is 20min (t.conf:2): CRITICAL would come before "
     "WARNING",
     "set status-age-warning to 10min or less"},
    {"status-ready-critical = 127\n",
     "status-ready-critical is 127 (t.conf:1), but status-ready-warning is 128 (default): CRITICAL would come before "
     "WARNING",
     "set status-ready-warning to 127 or less"},
    {"status-bytes-warning = 9GiB\n",
     "status-bytes-critical is 8GiB (default), but status-bytes-warning is 9GiB (t.conf:1): CRITICAL would come before "
     "WARNING",
     "set status-bytes-critical to 9GiB or more"},
    /* Less time left is worse. */
    {"status-disk-critical = 12h\n",
     "status-disk-critical is 12h (t.conf:1), but status-disk-warning is 6h (default): CRITICAL would come before "
     "WARNING",
     "set status-disk-warning to 12h or more"},
    {"status-disk-warning = 30min\n",
     "status-disk-critical is 1h (default), but status-disk-warning is 30min (t.conf:1): CRITICAL would come before "
     "WARNING",
     "set status-disk-critical to 30min or less"},
};

static void a_warning_comes_first(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct thresholds thresholds;
		CLEANUP(config_freep) struct config *config = NULL;
		enum status st = config_load_text(&config, cases[i].file, strlen(cases[i].file), "t.conf", &err);
		assert_ok(st, err);
		err = (struct error){0};
		st = settings_thresholds(&thresholds, config, &err);
		assert_string_equal(err.text, cases[i].text);
		assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(st, cases[i].text[0] == '\0' ? STATUS_OK : STATUS_USAGE);
	}
}

/* For each -critical option one order of its extreme values is refused. */
static void every_pair_is_checked(void **unused)
{
	(void)unused;
	size_t count = 0;
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
		static const char end[] = "-critical";
		static const char *const values[] = {"1", "2", "1ms", "1d", "1B", "1GiB"};
		const char *name = option_table[id].name;
		size_t len = strlen(name);
		size_t refused = 0;
		if (len < strlen(end) || strcmp(name + len - strlen(end), end) != 0)
			continue;
		for (size_t low = 0; low < 6; low += 2)
			for (size_t turn = 0; turn < 2; turn++) {
				struct thresholds thresholds;
				CLEANUP(config_freep) struct config *config = NULL;
				char file[256];
				int made = snprintf(file, sizeof file, "%s = %s\n%.*s-warning = %s\n", name,
						    values[low + turn], (int)(len - strlen(end)), name,
						    values[low + 1 - turn]);
				if (config_load_text(&config, file, (size_t)made, "t.conf", &err) == STATUS_OK)
					refused += settings_thresholds(&thresholds, config, &err) == STATUS_USAGE;
			}
		if (refused != 1)
			fail_msg("%s has no order", name);
		count++;
	}
	assert_int_equal(count, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_warning_comes_first),
	    cmocka_unit_test(every_pair_is_checked),
	};
	return cmocka_run_group_tests_name("command/options/settings_monitor", tests, NULL, NULL);
}

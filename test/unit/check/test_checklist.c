#include "check/checklist.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/world.h"

static struct world world;
static struct console console;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	world_init(&world);
	console = (struct console){.call = &world.call, .out_fd = memfd_create("out", MFD_CLOEXEC)};
	return console.out_fd < 0;
}

static int teardown(void **unused)
{
	(void)unused;
	(void)close(console.out_fd);
	world_fini(&world);
	return 0;
}

struct script {
	enum status status;
	struct finding finding;
	struct error trouble;
};

static enum status play(void *arg, const struct call *call, struct finding *out, struct error *error)
{
	const struct script *script = arg;
	world.monotonic_ms += 7;
	assert_true(call_left_ms(call) > 0);
	*out = script->finding;
	*error = script->trouble;
	return script->status;
}

static struct script scripts[] = {
    {.status = STATUS_OK},
    {.status = STATUS_OK, .finding.detail = "all \"of\" it"},
    {.status = STATUS_CONFLICT, .finding.detail = "unused", .trouble = {"it is wrong", "mend it"}},
    {.status = STATUS_USAGE, .finding.optional = true, .trouble.text = "it could be better"},
    {.status = STATUS_OK, .finding = {.skipped = true, .detail = "there is none"}, .trouble.text = "left over"},
    {.status = STATUS_LOCAL, .trouble.text = "caf\xe9"},
};
#define COUNT (sizeof scripts / sizeof scripts[0])

static void assert_shown(bool json, const char *expected)
{
	char shown[2048] = "";
	struct checklist list = {.console = &console, .json = json};
	static const bool right[COUNT] = {true, true, false, true, true, false};
	for (size_t i = 0; i < COUNT; i++) {
		bool passed;
		enum status st = checklist_run(&list, "a step", play, &scripts[i], &passed, &err);
		assert_ok(st, err);
		assert_int_equal(passed, right[i]);
	}
	assert_int_equal(list.count, COUNT - 1);
	assert_int_equal(list.failed, 2);
	assert_int_equal(list.status, STATUS_CONFLICT); /* the first failed step */
	assert_true(pread(console.out_fd, shown, sizeof shown - 1, 0) > 0);
	assert_string_equal(shown, expected);
}

static void prints_text(void **unused)
{
	(void)unused;
	assert_shown(false, "✓ a step               7 ms\n"
			    "✓ a step               all \"of\" it\n"
			    "✗ a step               it is wrong\n"
			    "                       hint: mend it\n"
			    "– a step               it could be better\n"
			    "– a step               there is none\n"
			    "✗ a step               caf\xe9\n");
}

static void prints_json(void **unused)
{
	(void)unused;
	assert_shown(true, "{\"kind\":\"step\",\"step\":\"a step\",\"result\":\"ok\",\"took_seconds\":0.007,"
			   "\"detail\":null,\"error\":null,\"hint\":null}\n"
			   "{\"kind\":\"step\",\"step\":\"a step\",\"result\":\"ok\",\"took_seconds\":0.007,"
			   "\"detail\":\"all \\\"of\\\" it\",\"error\":null,\"hint\":null}\n"
			   "{\"kind\":\"step\",\"step\":\"a step\",\"result\":\"failed\",\"took_seconds\":0.007,"
			   "\"detail\":null,\"error\":\"it is wrong\",\"hint\":\"mend it\"}\n"
			   "{\"kind\":\"step\",\"step\":\"a step\",\"result\":\"warning\",\"took_seconds\":0.007,"
			   "\"detail\":null,\"error\":\"it could be better\",\"hint\":null}\n"
			   "{\"kind\":\"step\",\"step\":\"a step\",\"result\":\"skipped\",\"took_seconds\":0.007,"
			   "\"detail\":\"there is none\",\"error\":null,\"hint\":null}\n"
			   "{\"kind\":\"step\",\"step\":\"a step\",\"result\":\"failed\",\"took_seconds\":0.007,"
			   "\"detail\":null,\"error\":\"caf?\",\"hint\":null}\n");
}

static void reports_output_that_fails(void **unused)
{
	(void)unused;
	struct checklist list = {.console = &console};
	bool passed;
	(void)close(console.out_fd);
	console.out_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(checklist_run(&list, "a step", play, &scripts[0], &passed, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "standard output"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(prints_text, setup, teardown),
	    cmocka_unit_test_setup_teardown(prints_json, setup, teardown),
	    cmocka_unit_test_setup_teardown(reports_output_that_fails, setup, teardown),
	};
	return cmocka_run_group_tests_name("check/checklist", tests, NULL, NULL);
}

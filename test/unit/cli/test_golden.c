/* What walship says about itself, byte for byte; test/golden/update rewrites the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/help.h"
#include "support/cmocka.h"

static struct error err;

static enum status push_text(struct buffer *out, struct error *e)
{
	return help_command(out, command_find("push"), e);
}

static enum status fetch_text(struct buffer *out, struct error *e)
{
	return help_command(out, command_find("fetch"), e);
}

static const struct {
	const char *file;
	enum status (*print)(struct buffer *, struct error *);
	bool every_option;
} texts[] = {
    {"help-brief.txt", help_brief, false},
    {"help.txt", help_overview, true},
    {"help-push.txt", push_text, false},
    {"help-fetch.txt", fetch_text, false},
    {"walship.1", help_man, false},
    {"walship.conf", help_sample, true},
    {"../../doc/options.md", help_markdown, true},
    {"walship.conf.5", help_man_conf, true},
    {"completion.bash", help_completion_bash, false},
    {"completion.zsh", help_completion_zsh, false},
};

static void equals_the_golden_file(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		static char expected[64 * 1024];
		char path[512];
		struct buffer out = {0};
		(void)snprintf(path, sizeof path, "%s/%s", GOLDEN, texts[i].file);
		FILE *file = fopen(path, "re");
		assert_non_null(file);
		size_t len = fread(expected, 1, sizeof expected - 1, file);
		expected[len] = '\0';
		(void)fclose(file);
		assert_ok(texts[i].print(&out, &err), err);
		assert_string_equal(buffer_text(&out), expected);
		buffer_fini(&out);
	}
}

/* In the manual page '-' is written "\-". */
static void has(const char *text, const char *name, bool man)
{
	char wanted[128] = "";
	size_t len = 0;
	for (; *name != '\0'; name++) {
		if (man && *name == '-')
			wanted[len++] = '\\';
		wanted[len++] = *name;
	}
	wanted[len] = '\0';
	if (strstr(text, wanted) == NULL)
		fail_msg("%s is missing", wanted);
}

static void shows_every_option(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct buffer out = {0};
		assert_ok(texts[i].print(&out, &err), err);
		for (enum option_id id = 0; texts[i].every_option && id < OPTION_COUNT; id++)
			has(buffer_text(&out), option_table[id].name, texts[i].print == help_man_conf);
		buffer_fini(&out);
	}
}

static void the_brief_help_fits_one_screen(void **unused)
{
	(void)unused;
	struct buffer out = {0};
	assert_ok(help_brief(&out, &err), err);
	size_t lines = 0;
	for (const char *line = buffer_text(&out); *line != '\0'; lines++) {
		size_t len = strcspn(line, "\n");
		assert_in_range(len, 0, 80);
		line += len + 1;
	}
	assert_in_range(lines, 1, 24);
	for (size_t i = 0; i < command_count; i++) {
		char word[32];
		(void)snprintf(word, sizeof word, " %.*s", (int)strcspn(command_table[i].name, " "),
			       command_table[i].name);
		has(buffer_text(&out), word, false);
	}
	buffer_fini(&out);
}

/* The sample as it is, and with each of its defaults in force. */
static void the_sample_is_a_configuration(void **unused)
{
	(void)unused;
	struct buffer out = {0};
	CLEANUP(config_freep) struct config *as_is = NULL;
	CLEANUP(config_freep) struct config *in_force = NULL;
	assert_ok(help_sample(&out, &err), err);
	assert_ok(config_load_text(&as_is, buffer_text(&out), out.len, "sample", &err), err);
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
		char line[128];
		(void)snprintf(line, sizeof line, "\n;%s = ", option_table[id].name);
		char *at = strstr((char *)out.data, line);
		assert_non_null(at);
		if (option_table[id].value != NULL)
			at[1] = ' ';
	}
	assert_ok(config_load_text(&in_force, buffer_text(&out), out.len, "sample", &err), err);
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
		assert_string_equal(config_source(as_is, id), option_table[id].value == NULL ? "unset" : "default");
		if (option_table[id].value == NULL)
			continue;
		assert_string_equal(config_text(in_force, id), option_table[id].value);
		assert_memory_equal(config_source(in_force, id), "sample:", 7);
	}
	buffer_fini(&out);
}

static void man_warns_of_nothing(void **unused)
{
	(void)unused;
	static const char *const commands[] = {"/usr/bin/man --warnings -l " GOLDEN "/walship.1 2>&1 >/dev/null",
					       "/usr/bin/man --warnings -l " GOLDEN "/walship.conf.5 2>&1 >/dev/null"};
	if (access("/usr/bin/man", X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		char said[256] = "";
		FILE *pipe = popen(commands[i], "re");
		assert_non_null(pipe);
		size_t len = fread(said, 1, sizeof said - 1, pipe);
		said[len] = '\0';
		assert_int_equal(pclose(pipe), 0);
		assert_string_equal(said, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equals_the_golden_file),         cmocka_unit_test(shows_every_option),
	    cmocka_unit_test(the_brief_help_fits_one_screen), cmocka_unit_test(the_sample_is_a_configuration),
	    cmocka_unit_test(man_warns_of_nothing),
	};
	return cmocka_run_group_tests_name("cli/golden", tests, NULL, NULL);
}

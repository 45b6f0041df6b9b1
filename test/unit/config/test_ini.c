#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/ini.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static enum status note(void *arg, const struct ini_line *line, struct error *err)
{
	if (strcmp(line->name, "stop") == 0)
		return error_set(err, STATUS_LOCAL, "stopped");
	return buffer_printf(arg, err, "%d:%s=%s|", line->number, line->name, line->value);
}

#define SECTION(text) "unknown section " text
#define NEITHER "neither 'name = value' nor a comment"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *text;
	const char *lines; /* as note writes them */
	const char *error; /* NULL: none */
} cases[] = {
    {"", "", NULL},
    {"a = 1\nb=2\n", "1:a=1|2:b=2|", NULL},
    {"a = 1", "1:a=1|", NULL},
    {"a = 1\r\nb = 2\r\n", "1:a=1|2:b=2|", NULL},
    {"\xef\xbb\xbf"
     "a = 1\n",
     "1:a=1|", NULL},
    {"\xef\xbb\xbf[walship]\na = 1\n", "2:a=1|", NULL},
    {"\xef\xbb\xbf[other]\na = 1\n", "", "t.conf:1: " SECTION("[other]")},
    {"; c\n# c\n\n  \t\n a = 1\n", "5:a=1|", NULL},
    {"a = 1\n  b = 2\n\tc = 3\n", "1:a=1|2:b=2|3:c=3|", NULL},
    {"a = 1\n  2\n", "1:a=1|", "t.conf:2: " NEITHER},
    {"a = 1 ; note\nb = 1;2\n", "1:a=1|2:b=1;2|", NULL},
    {"a = x=y\n", "1:a=x=y|", NULL},
    {"a: 1\n", "1:a=1|", NULL},
    {"a =\n", "1:a=|", NULL},
    {"a\n", "", "t.conf:1: " NEITHER},
    {"[walship]\na = 1\n[walship]\nb = 2\n", "2:a=1|4:b=2|", NULL},
    {"a = 1\n[other]\nb = 2\n", "1:a=1|", "t.conf:2: " SECTION("[other]")},
    {" [other]\n", "", "t.conf:1: " SECTION("[other]")},
    {"[other]\n", "", "t.conf:1: " SECTION("[other]")},
    {"[]\n", "", "t.conf:1: " SECTION("[]")},
    {"[walship\n", "", "t.conf:1: " SECTION("[walship")},
    {"[walship2]\n", "", "t.conf:1: " SECTION("[walship2]")},
    {"; " X50 X50 X50 X50 X50 "\na = 1\n", "2:a=1|", NULL},
    {"a = " X50 X50 X50 X50 "\nb = 2\n", "1:a=" X50 X50 X50 X50 "|2:b=2|", NULL},
    {"a = # b\n", "1:a=# b|", NULL},
    {"a =;b\n", "1:a=;b|", NULL},
    {"a = ; b\n", "1:a=|", NULL},
    {"a\t;b = 1\n", "", "t.conf:1: " NEITHER},
    {"a = 1\v\f\n", "1:a=1|", NULL},
    {"= 1\n", "1:=1|", NULL},
    {"[walship] ; own\na = 1\n", "2:a=1|", NULL},
    {"a = 1\nstop = 1\nb = 2\n", "1:a=1|", "stopped"},
};

static void reads_lines(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error err = {0};
		struct buffer lines = {0};
		CLEANUP(ini_file_fini) struct ini_file file = {.path = "t.conf"};
		assert_ok(secret_set(&file.content, cases[i].text, strlen(cases[i].text), &err), err);
		enum status st = ini_parse_lines(&file, note, &lines, &err);
		if ((st != STATUS_OK) != (cases[i].error != NULL) || strcmp(buffer_text(&lines), cases[i].lines) != 0)
			fail_msg("case %zu: %s %s", i, buffer_text(&lines), err.text);
		assert_string_equal(err.text, cases[i].error == NULL ? "" : cases[i].error);
		if (strstr(err.text, ": unknown section ") != NULL)
			assert_string_equal(err.hint, "put options outside of sections or in [walship]");
		buffer_fini(&lines);
	}
}

/* A line may fill the file: the key commands of some tools are long. */
static void takes_long_lines(void **unused)
{
	(void)unused;
	static char text[64 * 1024] = "a = 1\nb = ";
	size_t begin = strlen(text);
	memset(text + begin, 'v', sizeof text - begin - 1);
	struct error err = {0};
	CLEANUP(buffer_fini) struct buffer lines = {0};
	CLEANUP(ini_file_fini) struct ini_file file = {.path = "t.conf"};
	assert_ok(secret_set(&file.content, text, sizeof text - 1, &err), err);
	assert_ok(ini_parse_lines(&file, note, &lines, &err), err);
	assert_int_equal(lines.len, strlen("1:a=1|2:b=|") + sizeof text - 1 - begin);
}

static void refuses_zero_bytes(void **unused)
{
	(void)unused;
	struct error err = {0};
	struct buffer lines = {0};
	CLEANUP(ini_file_fini) struct ini_file file = {.path = "t.conf"};
	assert_ok(secret_set(&file.content, "a = 1\nb = \0002\n", 13, &err), err);
	assert_int_equal(ini_parse_lines(&file, note, &lines, &err), STATUS_USAGE);
	assert_string_equal(err.text, "t.conf:2: contains a zero byte");
	buffer_fini(&lines);
}

static void check_file(const char *path, enum status expected, const char *what)
{
	struct error err = {0};
	char text[400];
	CLEANUP(ini_file_fini) struct ini_file file = {0};
	(void)snprintf(text, sizeof text, "configuration file %s%s", path, what);
	assert_int_equal(ini_file_read(&file, path, &err), expected);
	assert_string_equal(err.text, expected == STATUS_OK ? "" : text);
}

static void reads_plain_files(void **unused)
{
	(void)unused;
	static char large[64 * 1024 + 1];
	scratch_put(&test_dir, "full", large, sizeof large - 1, 0600);
	scratch_put(&test_dir, "large", large, sizeof large, 0600);
	assert_int_equal(mkfifo(scratch_path(&test_dir, "fifo"), 0600), 0);
	check_file(scratch_path(&test_dir, "full"), STATUS_OK, "");
	check_file(scratch_path(&test_dir, "large"), STATUS_USAGE, " is larger than 65536 bytes");
	check_file(scratch_path(&test_dir, "none"), STATUS_MISSING, ": No such file or directory");
	check_file(scratch_path(&test_dir, "full/none"), STATUS_MISSING, ": Not a directory");
	check_file(test_dir.path, STATUS_USAGE, " is not a regular file");
	check_file(scratch_path(&test_dir, "fifo"), STATUS_USAGE, " is not a regular file");
}

static void sees_who_can_read(void **unused)
{
	(void)unused;
	static const struct {
		unsigned mode;
		bool others, others_of_root;
	} modes[] = {{0600, false, false}, {0640, true, false}, {0604, true, true}, {0644, true, true}};
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		struct error err = {0};
		CLEANUP(ini_file_fini) struct ini_file file = {0};
		scratch_put(&test_dir, "mode", "a = 1\n", 6, modes[i].mode);
		assert_ok(ini_file_read(&file, scratch_path(&test_dir, "mode"), &err), err);
		assert_int_equal(file.others_can_read, geteuid() == 0 ? modes[i].others_of_root : modes[i].others);
		assert_string_equal(file.content.data, "a = 1\n");
	}
}

/* The file names commands. */
static void refuses_files_that_others_can_write(void **unused)
{
	(void)unused;
	static const unsigned modes[] = {0620, 0602, 0666};
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		struct error err = {0};
		CLEANUP(ini_file_fini) struct ini_file file = {0};
		scratch_put(&test_dir, "common", "a = 1\n", 6, modes[i]);
		assert_int_equal(ini_file_read(&file, scratch_path(&test_dir, "common"), &err), STATUS_USAGE);
		assert_non_null(strstr(err.text, "/common is writable by other users (mode 06"));
		assert_non_null(strstr(err.hint, "chmod go-w "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_lines),        cmocka_unit_test(takes_long_lines),
	    cmocka_unit_test(refuses_zero_bytes), cmocka_unit_test(reads_plain_files),
	    cmocka_unit_test(sees_who_can_read),  cmocka_unit_test(refuses_files_that_others_can_write),
	};
	return cmocka_run_group_tests_name("config/ini", tests, test_dir_make, test_dir_remove);
}

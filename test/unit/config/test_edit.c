/* A key put first in a walship.conf, of which everything else stays. '@' in the tables is the directory of the test. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/edit.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct scratch dir;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	err = (struct error){0};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_fini(&dir);
	return 0;
}

static struct config *load(const char *text)
{
	struct config *config = NULL;
	scratch_put(&dir, "w.conf", text, strlen(text), 0600);
	const struct config_input input = {.path = scratch_path(&dir, "w.conf")};
	assert_ok(config_load(&config, &input, &err), err);
	return config;
}

static void assert_file(const char *expected)
{
	char text[4096] = "";
	FILE *file = fopen(scratch_path(&dir, "w.conf"), "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof text - 1, file) > 0);
	(void)fclose(file);
	assert_string_equal(text, expected);
}

static void changes_what_it_must(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *before, *after;
	} cases[] = {
	    {"one key", "cipher-key-file = /a\n", "cipher-key-file = /new\ncipher-key-file = /a\n"},
	    {"no newline at the end", "cipher-key-file = /a", "cipher-key-file = /new\ncipher-key-file = /a"},
	    {"comments, blanks and sections stay",
	     "# one\n\n[walship]\n  repo = s3://b/c ; two\n; three\n\tcipher-key-file=/a  ; four\n\ncompress=none\n",
	     "# one\n\n[walship]\n  repo = s3://b/c ; two\n; three\ncipher-key-file = /new\n\tcipher-key-file=/a  ; "
	     "four\n\ncompress=none\n"},
	    {"a command is first", "cipher-key-command = get it\ncipher-key-file = /a\n",
	     "cipher-key-file = /new\ncipher-key-command = get it\ncipher-key-file = /a\n"},
	    {"it is there, further down", "cipher-key-file = /a\n# x\ncipher-key-file = /new\ncipher-key-file = /b\n",
	     "cipher-key-file = /new\ncipher-key-file = /a\n# x\ncipher-key-file = /b\n"},
	    {"a mark and returns",
	     "\xef\xbb\xbf"
	     "cipher-key-file = /a\r\nrepo = s3://b/c\r\n",
	     "\xef\xbb\xbf"
	     "cipher-key-file = /new\r\ncipher-key-file = /a\r\nrepo = s3://b/c\r\n"},
	    {"secrets", "s3-key-secret = sesame\ncipher-key-file = /a\n",
	     "s3-key-secret = sesame\ncipher-key-file = /new\ncipher-key-file = /a\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(config_freep) struct config *config = load(cases[i].before);
		enum status st = config_put_key_first(config, "/new", &err);
		if (st)
			fail_msg("%s: %s", cases[i].name, err.text);
		assert_file(cases[i].after);
		assert_int_equal(scratch_entries(&dir, ""), 1);
	}
}

static void keeps_mode_owner_and_link(void **unused)
{
	(void)unused;
	struct stat info, link;
	CLEANUP(config_freep) struct config *config = load("cipher-key-file = /a\n");
	assert_int_equal(rename(scratch_path(&dir, "w.conf"), scratch_path(&dir, "real.conf")), 0);
	assert_int_equal(symlink("real.conf", scratch_path(&dir, "w.conf")), 0);
	assert_int_equal(chmod(scratch_path(&dir, "real.conf"), 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(scratch_path(&dir, "real.conf"), 12345, 54321), 0);
	assert_ok(config_put_key_first(config, "/new", &err), err);
	assert_int_equal(lstat(scratch_path(&dir, "w.conf"), &link), 0);
	assert_true(S_ISLNK(link.st_mode));
	assert_int_equal(stat(scratch_path(&dir, "real.conf"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	if (geteuid() == 0) {
		assert_int_equal(info.st_uid, 12345);
		assert_int_equal(info.st_gid, 54321);
	}
	assert_file("cipher-key-file = /new\ncipher-key-file = /a\n");
}

static void refuses(void **unused)
{
	(void)unused;
	static const struct {
		const char *file; /* the key's */
		const char *environment;
		const char *meanwhile; /* the configuration file becomes this */
		enum status expected;
		const char *text;
	} cases[] = {
	    {"new", NULL, NULL, STATUS_USAGE, "'new' is not a valid value in walship.conf"},
	    {"/new ; x", NULL, NULL, STATUS_USAGE, "is not a valid value in walship.conf"},
	    {"/new # x", NULL, NULL, STATUS_USAGE, "is not a valid value in walship.conf"},
	    {"/new ", NULL, NULL, STATUS_USAGE, "is not a valid value in walship.conf"},
	    {"/new\nrepo = x", NULL, NULL, STATUS_USAGE, "is not a valid value in walship.conf"},
	    {"/new", "WALSHIP_CIPHER_KEY_FILE=/b", NULL, STATUS_USAGE,
	     "the keys are not configured in walship.conf, but by WALSHIP_CIPHER_KEY_FILE"},
	    {"/new", NULL, "cipher-key-file = /b\n", STATUS_CONFLICT, "have just changed"},
	    {"/new", NULL, "cipher-key-file = /a\ncipher-key-file = /b\n", STATUS_CONFLICT, "have just changed"},
	    {"/new", NULL, "nonsense = /a\n", STATUS_USAGE, "unknown name 'nonsense'"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct config *config = NULL;
		const char *environment[] = {cases[i].environment, NULL};
		const char *text = "cipher-key-file = /a\n";
		scratch_put(&dir, "w.conf", text, strlen(text), 0600);
		const struct config_input input = {.path = scratch_path(&dir, "w.conf"), .environment = environment};
		assert_ok(config_load(&config, &input, &err), err);
		if (cases[i].meanwhile != NULL) {
			text = cases[i].meanwhile;
			scratch_put(&dir, "w.conf", text, strlen(text), 0600);
		}
		assert_int_equal(config_put_key_first(config, cases[i].file, &err), cases[i].expected);
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("'%s' lacks '%s'", err.text, cases[i].text);
		assert_file(text);
		config_free(config);
	}
	struct config *none = NULL;
	assert_ok(config_load_text(&none, "repo = s3://b/c\n", 16, "x", &err), err);
	assert_int_equal(config_check_put_key_first(none, "/new", &err), STATUS_USAGE);
	config_free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(changes_what_it_must, setup, teardown),
	    cmocka_unit_test_setup_teardown(keeps_mode_owner_and_link, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses, setup, teardown),
	};
	return cmocka_run_group_tests_name("config/edit", tests, NULL, NULL);
}

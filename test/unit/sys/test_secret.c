#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/secret.h"

static struct error err;

static void keeps_and_forgets(void **unused)
{
	(void)unused;
	struct secret secret = {0};
	assert_int_equal(secret_set(&secret, "one", 3, &err), STATUS_OK);
	assert_int_equal(secret_set(&secret, "two\0x\r\n", 7, &err), STATUS_OK);
	assert_int_equal(secret.len, 7);
	secret_chomp(&secret);
	assert_int_equal(secret.len, 5);
	assert_memory_equal(secret.data, "two\0x", 6);
	secret_fini(&secret);
	assert_null(secret.data);
	secret_chomp(&secret);
	secret_fini(&secret);
}

static void reads_private_files_only(void **unused)
{
	(void)unused;
	static const struct {
		unsigned mode;
		uid_t owner; /* only root can test other owners */
		enum status expected;
		const char *text;
	} cases[] = {
	    {0600, 0, STATUS_OK, ""},
	    {0400, 0, STATUS_OK, ""},
	    {0640, 0, STATUS_OK, ""},
	    {0644, 0, STATUS_USAGE, "is readable by other users (mode 0644)"},
	    {0660, 0, STATUS_USAGE, "is readable by other users (mode 0660)"},
	    {0604, 0, STATUS_USAGE, "is readable by other users (mode 0604)"},
	    {0600, 12345, STATUS_USAGE, "belongs to user 12345, not to this user or root"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct secret secret = {0};
		const char *path = scratch_path(&test_dir, "secret");
		scratch_put(&test_dir, "secret", "sesame\n", 7, cases[i].mode);
		if (geteuid() != 0 && (cases[i].owner != 0 || cases[i].mode == 0640))
			continue;
		assert_int_equal(chown(path, geteuid() == 0 ? cases[i].owner : geteuid(), (gid_t)-1), 0);
		uid_t self = geteuid();
		if (cases[i].owner != 0) {
			assert_int_equal(secret_read_file(&secret, path, &err), STATUS_OK); /* root may */
			secret_fini(&secret);
			assert_int_equal(chmod(test_dir.path, 0755), 0);
			assert_int_equal(chmod(path, 0644), 0);
			assert_int_equal(seteuid(54321), 0);
		}
		assert_int_equal(secret_read_file(&secret, path, &err), cases[i].expected);
		assert_int_equal(seteuid(self), 0);
		if (cases[i].expected == STATUS_OK)
			assert_string_equal(secret.data, "sesame\n");
		else
			assert_non_null(strstr(err.text, cases[i].text));
		secret_fini(&secret);
		assert_int_equal(unlink(path), 0);
	}
}

static void refuses_what_is_no_file(void **unused)
{
	(void)unused;
	struct secret secret = {0};
	static char large[SECRET_FILE_MAX + 1];
	scratch_put(&test_dir, "large", large, sizeof large, 0600);
	assert_int_equal(mkfifo(scratch_path(&test_dir, "fifo"), 0600), 0);
	assert_int_equal(secret_read_file(&secret, scratch_path(&test_dir, "none"), &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "/none: No such file or directory"));
	assert_string_equal(err.hint, "");
	err = (struct error){0};
	assert_int_equal(secret_read_file(&secret, "\"/etc/walship/key\"", &err), STATUS_USAGE);
	assert_non_null(strstr(err.hint, "without quotes"));
	assert_int_equal(secret_read_file(&secret, test_dir.path, &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "is not a regular file"));
	assert_int_equal(secret_read_file(&secret, scratch_path(&test_dir, "fifo"), &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "is not a regular file"));
	assert_int_equal(secret_read_file(&secret, scratch_path(&test_dir, "large"), &err), STATUS_USAGE);
	assert_non_null(strstr(err.text, "is larger than 65536 bytes"));
	assert_null(secret.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_and_forgets),
	    cmocka_unit_test(reads_private_files_only),
	    cmocka_unit_test(refuses_what_is_no_file),
	};
	return cmocka_run_group_tests_name("sys/secret", tests, test_dir_make, test_dir_remove);
}

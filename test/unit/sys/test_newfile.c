#undef _FILE_OFFSET_BITS /* openat64 has a prototype of its own then */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/newfile.h"

static struct error err;
static bool no_tmpfile; /* as on NFS */

/* In place of the C library's. Callers that give no mode leave something there that the kernel does not look at. */
int openat64(int dir, const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = va_arg(list, mode_t);
	va_end(list);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static void assert_file(const char *name, const char *expected)
{
	char content[64] = {0};
	int fd = open(scratch_path(&test_dir, name), O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, content, sizeof content - 1) >= 0);
	close(fd);
	assert_string_equal(content, expected);
}

static void begin(struct newfile *file, const char *content)
{
	enum status st = newfile_open(file, scratch_path(&test_dir, "file"), 0600, &err);
	assert_ok(st, err);
	st = newfile_write(file, content, strlen(content), &err);
	assert_ok(st, err);
}

/* With a hidden name, as on a file system without O_TMPFILE: the result must be the same. */
static void give_name(struct newfile *file)
{
	char link[64];
	(void)strcpy(file->temp, ".walship-test.tmp");
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", file->fd);
	assert_int_equal(linkat(AT_FDCWD, link, file->dir_fd, file->temp, AT_SYMLINK_FOLLOW), 0);
}

static void appears_when_created(void **unused)
{
	(void)unused;
	for (int named = 0; named < 2; named++) {
		struct newfile one;
		struct newfile two;
		begin(&one, "one");
		if (named)
			give_name(&one);
		assert_int_equal(scratch_entries(&test_dir, ""), named);
		assert_int_equal(newfile_create(&one, &err), STATUS_OK);
		newfile_fini(&one);
		assert_int_equal(scratch_entries(&test_dir, ""), 1);
		begin(&two, "two");
		if (named)
			give_name(&two);
		assert_int_equal(newfile_create(&two, &err), STATUS_EXISTS);
		assert_string_equal(err.text, "file exists");
		newfile_fini(&two);
		assert_file("file", "one");
		assert_int_equal(scratch_entries(&test_dir, ""), 1);
		assert_int_equal(unlink(scratch_path(&test_dir, "file")), 0);
	}
}

static void replaces(void **unused)
{
	(void)unused;
	for (int named = 0; named < 2; named++) {
		struct newfile file;
		for (int there = 0; there < 2; there++) {
			begin(&file, there ? "new" : "old");
			if (named)
				give_name(&file);
			assert_int_equal(newfile_replace(&file, &err), STATUS_OK);
			newfile_fini(&file);
			assert_file("file", there ? "new" : "old");
			assert_int_equal(scratch_entries(&test_dir, ""), 1);
		}
		assert_int_equal(unlink(scratch_path(&test_dir, "file")), 0);
	}
}

static void leaves_nothing_when_abandoned(void **unused)
{
	(void)unused;
	for (int named = 0; named < 2; named++) {
		struct newfile file;
		begin(&file, "x");
		if (named)
			give_name(&file);
		newfile_fini(&file);
		assert_int_equal(scratch_entries(&test_dir, ""), 0);
		newfile_fini(&file);
	}
}

/* Makes an entry of this age, in seconds. */
static void put_old(const char *name, int64_t age_s)
{
	struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
	scratch_put(&test_dir, name, "", 0, 0600);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&test_dir, name), times, 0), 0);
}

/* A killed process may leave its temporary file: it goes when it is old, and nothing else goes. */
static void sweeps_what_is_old(void **unused)
{
	(void)unused;
	enum { DAY_S = 24 * 3600 };
	static const struct {
		const char *name;
		int64_t age_s;
		bool swept;
	} cases[] = {
	    {"sweep/.walship-0123456789abcdef.tmp", DAY_S + 60, true},
	    {"sweep/.walship-fedcba9876543210.tmp", DAY_S - 60, false},
	    {"sweep/.walship-0000000000000000.tmp", -60, false},
	    {"sweep/.walship-0123456789abcde.tmp", 2 * DAY_S, false},
	    {"sweep/.walship-0123456789abcdef0.tmp", 2 * DAY_S, false},
	    {"sweep/.walship-0123456789ABCDEF.tmp", 2 * DAY_S, false},
	    {"sweep/.walship-0123456789abcdef.tmp2", 2 * DAY_S, false},
	    {"sweep/.walship-0123456789abcdef", 2 * DAY_S, false},
	    {"sweep/000000010000000000000001", 2 * DAY_S, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		put_old(cases[i].name, cases[i].age_s);
		int dir = open(scratch_path(&test_dir, "sweep"), O_RDONLY | O_DIRECTORY);
		newfile_sweep(dir, strchr(cases[i].name, '/') + 1, time(NULL));
		close(dir);
		if ((access(scratch_path(&test_dir, cases[i].name), F_OK) != 0) != cases[i].swept)
			fail_msg("%s", cases[i].name);
	}
	put_old("sweep/.walship-1111111111111111.tmp/x", 2 * DAY_S); /* a directory */
	newfile_sweep(AT_FDCWD, scratch_path(&test_dir, "sweep/.walship-1111111111111111.tmp"), time(NULL) + 9 * DAY_S);
	assert_int_equal(access(scratch_path(&test_dir, "sweep/.walship-1111111111111111.tmp"), F_OK), 0);
}

/* Without O_TMPFILE new files sweep, seldom: 1 of 256. */
static void a_file_with_a_temporary_name_sweeps_at_times(void **unused)
{
	(void)unused;
	const char *old = scratch_path(&test_dir, "here/.walship-0123456789abcdef.tmp");
	char path[256];
	struct newfile file;
	int files = 0;
	(void)snprintf(path, sizeof path, "%s", old);
	put_old("here/.walship-0123456789abcdef.tmp", 2 * 24 * 3600);
	no_tmpfile = true;
	for (; files < 10000 && access(path, F_OK) == 0; files++) {
		assert_int_equal(newfile_open(&file, scratch_path(&test_dir, "here/x"), 0600, &err), STATUS_OK);
		assert_true(file.temp[0] != '\0');
		newfile_fini(&file);
	}
	no_tmpfile = false;
	assert_in_range(files, 1, 9999);
	assert_int_equal(scratch_entries(&test_dir, "here"), 0);
}

static void says_what_is_wrong(void **unused)
{
	(void)unused;
	struct newfile file;
	scratch_put(&test_dir, "plain", "", 0, 0600);
	assert_int_equal(newfile_open(&file, scratch_path(&test_dir, "none/x"), 0600, &err), STATUS_MISSING);
	assert_int_equal(newfile_open(&file, scratch_path(&test_dir, "plain/x"), 0600, &err), STATUS_LOCAL);
	assert_int_equal(newfile_open(&file, scratch_path(&test_dir, ""), 0600, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "is not a valid file name"));
	assert_int_equal(newfile_open(&file, "/proc/x", 0600, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "create a file for /proc/x: "));
	assert_false(file.open);
	/* A name that is a directory cannot be replaced. */
	scratch_put(&test_dir, "file/x", "", 0, 0600);
	begin(&file, "x");
	assert_int_equal(newfile_replace(&file, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "rename to file: Is a directory");
	newfile_fini(&file);
	/* A failed write is reported: /dev/full gives ENOSPC. */
	begin(&file, "x");
	int full = open("/dev/full", O_WRONLY);
	assert_int_equal(dup2(full, file.fd), file.fd);
	close(full);
	assert_int_equal(newfile_write(&file, "x", 1, &err), STATUS_LOCAL);
	assert_string_equal(err.text, "write file: No space left on device");
	newfile_fini(&file);
}

/* A link below the directory is not followed, as the plain open does. */
static void stays_below_a_directory(void **unused)
{
	(void)unused;
	struct newfile file;
	scratch_put(&test_dir, "top/sub/x", "", 0, 0600);
	scratch_put(&test_dir, "away/x", "", 0, 0600);
	assert_int_equal(symlink("../away", scratch_path(&test_dir, "top/link")), 0);
	int top = open(scratch_path(&test_dir, "top"), O_RDONLY | O_DIRECTORY);
	static const char *const right[] = {"new", "sub/new"};
	for (size_t i = 0; i < 2; i++) {
		assert_ok(newfile_open_beneath(&file, top, right[i], 0600, &err), err);
		assert_ok(newfile_create(&file, &err), err);
		newfile_fini(&file);
		assert_int_equal(faccessat(top, right[i], F_OK, 0), 0);
	}
	assert_int_equal(newfile_open_beneath(&file, top, "link/new", 0600, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "open directory link: "));
	assert_int_equal(newfile_open_beneath(&file, top, "none/new", 0600, &err), STATUS_MISSING);
	assert_int_equal(newfile_open_beneath(&file, top, "sub/", 0600, &err), STATUS_LOCAL);
	assert_int_equal(scratch_entries(&test_dir, "away"), 1);
	(void)close(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appears_when_created),
	    cmocka_unit_test(replaces),
	    cmocka_unit_test(leaves_nothing_when_abandoned),
	    cmocka_unit_test(sweeps_what_is_old),
	    cmocka_unit_test(a_file_with_a_temporary_name_sweeps_at_times),
	    cmocka_unit_test(says_what_is_wrong),
	    cmocka_unit_test(stays_below_a_directory),
	};
	return cmocka_run_group_tests_name("sys/newfile", tests, test_dir_make, test_dir_remove);
}

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/push/pushed_marker.h"
#include "base/cleanup.h"
#include "config/config.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/settings.h"

#define NAME "000000010000000000000003"
#define CONF                                                                                                           \
	"repo = s3://bucket/prefix\ns3-endpoint = https://store:9000\ncipher-key-file = /keys/one\nspool = @/spool\n"

static struct error err;
static const struct shipped file = {.system_id = UINT64_MAX,
				    .device = 3,
				    .inode = 4,
				    .size = 16777216,
				    .modified_ns = 1795000000123456789,
				    .changed_ns = 1795000000123456790};

/* Each '@' of the text becomes the directory's path. */
static struct config *load(const char *text)
{
	char conf[8192];
	size_t len = 0;
	struct config *config = NULL;
	for (; *text != '\0'; text++)
		len += (size_t)snprintf(conf + len, sizeof conf - len, *text == '@' ? "%s" : "%.1s",
					*text == '@' ? test_dir.path : text);
	enum status st = config_load_text(&config, conf, len, "test.conf", &err);
	assert_ok(st, err);
	return config;
}

#define AGE_MAX_MS ((int64_t)PUSHED_MARKER_AGE_MS + 2 * 60000)

static int64_t now_ms = 1000000;

static int64_t fake_monotonic_ms(void *arg)
{
	(void)arg;
	return now_ms;
}

static const struct clock fake_clock = {.monotonic_ms = fake_monotonic_ms};

static enum status try_open(struct pushed_markers *notes, const struct config *config, uint64_t system_id,
			    const char *wal_path)
{
	const struct pushed_marker_place place = {settings_of(config), &fake_clock, system_id, wal_path, 60000};
	return pushed_markers_open(notes, &place, &err);
}

static void open_notes(struct pushed_markers *notes, const struct config *config)
{
	enum status st = try_open(notes, config, UINT64_MAX, "/nowhere/" NAME);
	assert_ok(st, err);
}

static void write_note(const struct pushed_markers *notes, const struct shipped *shipped)
{
	CLEANUP(fd_closep) int fd = -1;
	enum status st = pushed_marker_reserve(notes, NAME, shipped, &fd, &err);
	assert_ok(st, err);
	st = pushed_marker_confirm(notes, NAME, shipped, fd, &err);
	assert_ok(st, err);
}

static int count_notes(void)
{
	return scratch_entries(&test_dir, "spool/push-18446744073709551615-0-0");
}

static void answers_once(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	open_notes(&notes, config);
	assert_false(pushed_marker_take(&notes, NAME, &file));
	write_note(&notes, &file);
	assert_true(pushed_marker_is_there(&notes, NAME, &file));
	assert_true(pushed_marker_is_there(&notes, NAME, &file));
	assert_false(pushed_marker_is_there(&notes, "000000010000000000000004", &file));
	assert_true(pushed_marker_take(&notes, NAME, &file));
	assert_false(pushed_marker_take(&notes, NAME, &file));
	assert_int_equal(count_notes(), 0);
}

/* Another file of the same name, in anything that tells files apart. */
static void answers_for_that_file_only(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	struct shipped others[6] = {file, file, file, file, file, file};
	others[0].system_id--;
	others[1].device++;
	others[2].inode = 40;
	others[3].size--;
	others[4].modified_ns++;
	others[5].changed_ns--;
	open_notes(&notes, config);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		write_note(&notes, &file);
		assert_false(pushed_marker_is_there(&notes, NAME, &others[i]));
		assert_true(pushed_marker_is_there(&notes, NAME, &file));
		assert_false(pushed_marker_take(&notes, NAME, &others[i]));
		/* And it is thrown away. */
		assert_false(pushed_marker_is_there(&notes, NAME, &file));
	}
}

static void answers_for_that_repository_only(void **unused)
{
	(void)unused;
	static const char *const others[] = {
	    "repo = s3://bucket/prefix2\ns3-endpoint = https://store:9000\ncipher-key-file = /keys/one\nspool = "
	    "@/spool\n",
	    "repo = s3://bucket/prefix\ns3-endpoint = https://store:9001\ncipher-key-file = /keys/one\nspool = "
	    "@/spool\n",
	    "repo = s3://bucket/prefix\ncipher-key-file = /keys/one\nspool = @/spool\n",
	    "repo = file:///repo\ncipher-key-file = /keys/one\nspool = @/spool\n",
	    CONF "s3-region = us-gov-west-1\n", /* each partition of AWS has buckets of its own */
	    /* Nor for a configuration that could not fetch it. */
	    "repo = s3://bucket/prefix\ns3-endpoint = https://store:9000\ncipher-key-file = /keys/two\nspool = "
	    "@/spool\n",
	    "repo = s3://bucket/prefix\ns3-endpoint = https://store:9000\ncipher-key-file = /keys/one\ncipher = "
	    "none\nspool = "
	    "@/spool\n",
	    "repo = s3://bucket/prefix\ns3-endpoint = https://store:9000\ncipher = none\nspool = @/spool\n",
	    "repo = s3://bucket/prefix\ns3-endpoint = https://store:9000\ncipher-key-command = /keys/one\nspool = "
	    "@/spool\n",
	    "repo = s3://bucket/prefix\ns3-endpoint = https://store:9000\ncipher-key-command = get\n"
	    "cipher-key-file = /keys/one\nspool = @/spool\n",
	};
	struct pushed_markers notes, other_notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	open_notes(&notes, config);
	write_note(&notes, &file);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		CLEANUP(config_freep) struct config *other = load(others[i]);
		open_notes(&other_notes, other);
		if (pushed_marker_is_there(&other_notes, NAME, &file))
			fail_msg("answers for configuration %zu", i);
	}
	CLEANUP(config_freep) struct config *rotated = load(CONF "cipher-key-file = /keys/zero\n");
	open_notes(&other_notes, rotated);
	assert_true(pushed_marker_is_there(&other_notes, NAME, &file));
	CLEANUP(config_freep) struct config *with_command = load(CONF "cipher-key-command = get\n");
	open_notes(&other_notes, with_command);
	assert_true(pushed_marker_is_there(&other_notes, NAME, &file));
}

#define DIRECTORY "repo = file://@/repo\ncipher = none\nspool = @/spool\n"
#define OBJECT "repo/18446744073709551615/wal/0000000100000000/" NAME

/*
 * The repository made anew, at the same place: without the object, or with one of the same name, bytes, device and, for
 * all that is known, inode.
 */
static void answers_while_the_object_is_there(void **unused)
{
	(void)unused;
	struct pushed_markers notes, later;
	CLEANUP(config_freep) struct config *config = load(DIRECTORY);
	scratch_put(&test_dir, OBJECT, "1234567", 7, 0600);
	open_notes(&notes, config);
	write_note(&notes, &file);
	assert_true(pushed_marker_is_there(&notes, NAME, &file));
	/* Time alone changes nothing here. */
	now_ms += 10 * AGE_MAX_MS;
	open_notes(&later, config);
	assert_true(pushed_marker_is_there(&later, NAME, &file));
	assert_int_equal(rename(scratch_path(&test_dir, "repo"), scratch_path(&test_dir, "old")), 0);
	assert_false(pushed_marker_is_there(&later, NAME, &file));
	scratch_put(&test_dir, OBJECT, "1234567", 7, 0600);
	assert_false(pushed_marker_is_there(&later, NAME, &file));
	/* Nor is there anything to confirm without an object. */
	CLEANUP(fd_closep) int fd = -1;
	assert_int_equal(unlink(scratch_path(&test_dir, OBJECT)), 0);
	enum status st = pushed_marker_reserve(&notes, NAME, &file, &fd, &err);
	assert_ok(st, err);
	assert_int_equal(pushed_marker_confirm(&notes, NAME, &file, fd, &err), STATUS_LOCAL);
	assert_false(pushed_marker_take(&notes, NAME, &file));
}

/* A bucket is not asked: an old note may be of a bucket that is made anew. */
static void answers_for_a_bucket_for_a_while(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	open_notes(&notes, config);
	write_note(&notes, &file);
	now_ms += AGE_MAX_MS;
	assert_true(pushed_marker_is_there(&notes, NAME, &file));
	now_ms++;
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
	now_ms -= AGE_MAX_MS + 2;
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
	now_ms++;
	assert_true(pushed_marker_is_there(&notes, NAME, &file));
	/* Another start of the machine. */
	notes.boot[0] = notes.boot[0] == '0' ? '1' : '0';
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
}

/* Which is not run for a note: this one would fail. */
static void answers_for_that_command_only(void **unused)
{
	(void)unused;
	struct pushed_markers notes, later;
	CLEANUP(config_freep)
	struct config *config = load("repo = s3://b\ncipher-key-command = false 'x y'\nspool = @/spool\n");
	CLEANUP(config_freep)
	struct config *same = load("repo = s3://b\nspool = @/spool\ncipher-key-command = false 'x y'\n");
	CLEANUP(config_freep)
	struct config *other = load("repo = s3://b\ncipher-key-command = false 'x z'\nspool = @/spool\n");
	open_notes(&notes, config);
	write_note(&notes, &file);
	open_notes(&later, same);
	assert_true(pushed_marker_is_there(&later, NAME, &file));
	open_notes(&later, other);
	assert_false(pushed_marker_is_there(&later, NAME, &file));
}

/* A key made anew has the old one's path: it cannot open what the old one encrypted. */
static void answers_for_that_key_only(void **unused)
{
	(void)unused;
	struct pushed_markers notes, later;
	CLEANUP(config_freep)
	struct config *config = load("repo = s3://bucket/prefix\ncipher-key-file = @/key\nspool = @/spool\n");
	scratch_put(&test_dir, "key", "one", 3, 0600);
	open_notes(&notes, config);
	write_note(&notes, &file);
	open_notes(&later, config);
	assert_true(pushed_marker_is_there(&later, NAME, &file));
	scratch_put(&test_dir, "new", "two", 3, 0600);
	assert_int_equal(rename(scratch_path(&test_dir, "new"), config_text(config, OPTION_ID_CIPHER_KEY_FILE)), 0);
	open_notes(&later, config);
	assert_false(pushed_marker_is_there(&later, NAME, &file));
	assert_int_equal(unlink(scratch_path(&test_dir, "key")), 0);
	open_notes(&later, config);
	assert_false(pushed_marker_is_there(&later, NAME, &file));
}

static void another_cluster_has_its_own(void **unused)
{
	(void)unused;
	struct pushed_markers notes, others;
	CLEANUP(config_freep) struct config *config = load(CONF);
	open_notes(&notes, config);
	write_note(&notes, &file);
	enum status st = try_open(&others, config, 7, "/nowhere/" NAME);
	assert_ok(st, err);
	assert_false(pushed_marker_take(&others, NAME, &file));
	/* A copy of the cluster throws nothing away either. */
	scratch_put(&test_dir, "copy/pg_wal/x", "", 0, 0600);
	st = try_open(&others, config, UINT64_MAX, scratch_path(&test_dir, "copy/pg_wal/" NAME));
	assert_ok(st, err);
	assert_false(pushed_marker_take(&others, NAME, &file));
	pushed_markers_sweep(&others, scratch_path(&test_dir, "copy/pg_wal/" NAME));
	assert_true(pushed_marker_take(&notes, NAME, &file));
	/* Two copies may have the same inode on two disks. */
	struct stat info;
	char dir[128];
	assert_int_equal(stat(scratch_path(&test_dir, "copy/pg_wal"), &info), 0);
	(void)snprintf(dir, sizeof dir, "spool/push-18446744073709551615-%ju-%ju", (uintmax_t)info.st_dev,
		       (uintmax_t)info.st_ino);
	assert_string_equal(others.dir, scratch_path(&test_dir, dir));
}

/* The process was killed in between, or the push failed. */
static void a_reservation_answers_nothing(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	CLEANUP(fd_closep) int fd = -1;
	open_notes(&notes, config);
	write_note(&notes, &file);
	enum status st = pushed_marker_reserve(&notes, NAME, &file, &fd, &err);
	assert_ok(st, err);
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
	assert_int_equal(count_notes(), 1);
	assert_false(pushed_marker_take(&notes, NAME, &file));
	assert_int_equal(count_notes(), 0);
	/* Its time is over: nothing comes back. */
	st = pushed_marker_confirm(&notes, NAME, &file, fd, &err);
	assert_ok(st, err);
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
}

/* What was shipped is not what was examined: shorter numbers leave blanks behind them, longer ones need more room. */
static void what_was_shipped_is_noted(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	struct shipped longer = file;
	longer.inode = 12345678;
	open_notes(&notes, config);
	for (int i = 0; i < 2; i++) {
		CLEANUP(fd_closep) int fd = -1;
		const struct shipped *before = i == 0 ? &file : &longer, *after = i == 0 ? &longer : &file;
		enum status st = pushed_marker_reserve(&notes, NAME, before, &fd, &err);
		assert_ok(st, err);
		st = pushed_marker_confirm(&notes, NAME, after, fd, &err);
		assert_ok(st, err);
		assert_false(pushed_marker_is_there(&notes, NAME, before));
		if (i == 0)
			assert_true(pushed_marker_is_there(&notes, NAME, after));
	}
}

/* Whatever lies there, cut short or damaged at any byte. */
static void damaged_notes_answer_nothing(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	char text[4096], path[1024];
	open_notes(&notes, config);
	write_note(&notes, &file);
	(void)snprintf(path, sizeof path, "%s/" NAME, notes.dir);
	CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof text);
	assert_in_range(len, 100, sizeof text - 1);
	for (ssize_t at = 0; at < len; at++) {
		char other = (char)(text[at] ^ 1);
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		assert_false(pushed_marker_is_there(&notes, NAME, &file));
		assert_int_equal(pwrite(fd, &text[at], 1, at), 1);
	}
	assert_true(pushed_marker_is_there(&notes, NAME, &file));
	assert_int_equal(pwrite(fd, " ", 1, len), 1);
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
	for (ssize_t left = len - 1; left >= 0; left--) {
		assert_int_equal(ftruncate(fd, left), 0);
		assert_false(pushed_marker_is_there(&notes, NAME, &file));
	}
}

/* A link where the note should be is neither followed nor believed. */
static void links_are_not_followed(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	CLEANUP(fd_closep) int fd = -1;
	char path[1024];
	struct stat info;
	open_notes(&notes, config);
	write_note(&notes, &file);
	(void)snprintf(path, sizeof path, "%s/" NAME, notes.dir);
	assert_int_equal(rename(path, scratch_path(&test_dir, "target")), 0);
	assert_int_equal(symlink(scratch_path(&test_dir, "target"), path), 0);
	assert_false(pushed_marker_is_there(&notes, NAME, &file));
	assert_int_equal(pushed_marker_reserve(&notes, NAME, &file, &fd, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "Too many levels of symbolic links"));
	assert_int_equal(stat(scratch_path(&test_dir, "target"), &info), 0);
	assert_true(info.st_size > 0);
}

/* A file-size limit is as good as a full disk, and needs no disk of its own. */
static void no_room_is_said_before_the_push(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	struct rlimit before;
	open_notes(&notes, config);
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	static const struct {
		rlim_t bytes;
		const char *text;
	} cases[] = {{0, "File too large"}, {10, "No space left on device"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(fd_closep) int fd = -1;
		struct rlimit small = {cases[i].bytes, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		enum status st = pushed_marker_reserve(&notes, NAME, &file, &fd, &err);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(st, STATUS_LOCAL);
		if (strstr(err.text, "write ") == NULL || strstr(err.text, cases[i].text) == NULL)
			fail_msg("%s", err.text);
		assert_false(pushed_marker_is_there(&notes, NAME, &file));
	}
	(void)signal(SIGXFSZ, handler);
}

/* Of the command line: a line of walship.conf is not that long. */
static void what_is_too_long_is_said(void **unused)
{
	(void)unused;
	static char key_file[4096];
	struct pushed_markers notes;
	struct config *config = NULL;
	memset(key_file, 'k', sizeof key_file - 1);
	const struct config_pair options[] = {
	    {"cipher-key-file", key_file}, {"repo", "s3://b"}, {"spool", scratch_path(&test_dir, "spool")}};
	scratch_put(&test_dir, "empty.conf", "", 0, 0600);
	struct config_input input = {
	    .options = options, .option_count = 3, .path = scratch_path(&test_dir, "empty.conf")};
	enum status st = config_load(&config, &input, &err);
	assert_ok(st, err);
	assert_int_equal(try_open(&notes, config, UINT64_MAX, "/nowhere/" NAME), STATUS_LOCAL);
	assert_string_equal(
	    err.text, "repo, s3-endpoint, s3-region, cipher-key-file and cipher-key-command together are too long");
	/* All that fits into the identity fits into a note. */
	config_free(config);
	key_file[3900] = '\0';
	assert_ok(config_load(&config, &input, &err), err);
	open_notes(&notes, config);
	write_note(&notes, &file);
	assert_true(pushed_marker_take(&notes, NAME, &file));
	config_free(config);
}

static void the_sweep_leaves_what_waits(void **unused)
{
	(void)unused;
	static const char *const names[] = {"000000010000000000000001", "000000010000000000000002", NAME, "x",
					    "00000002.history"};
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	open_notes(&notes, config);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[128];
		(void)snprintf(path, sizeof path, "spool/push-18446744073709551615-0-0/%s", names[i]);
		scratch_put(&test_dir, path, "", 0, 0600);
	}
	scratch_put(&test_dir, "pg_wal/archive_status/000000010000000000000002.ready", "", 0, 0600);
	scratch_put(&test_dir, "pg_wal/archive_status/00000002.history.ready", "", 0, 0600);
	scratch_put(&test_dir, "pg_wal/archive_status/" NAME ".done", "", 0, 0600);
	write_note(&notes, &file);
	pushed_markers_sweep(&notes, scratch_path(&test_dir, "pg_wal/000000010000000000000001"));
	assert_int_equal(count_notes(), 2);
	assert_int_equal(
	    access(scratch_path(&test_dir, "spool/push-18446744073709551615-0-0/000000010000000000000002"), F_OK), 0);
	assert_int_equal(access(scratch_path(&test_dir, "spool/push-18446744073709551615-0-0/00000002.history"), F_OK),
			 0);
}

static void a_spool_of_others_is_not_used(void **unused)
{
	(void)unused;
	struct pushed_markers notes;
	CLEANUP(config_freep) struct config *config = load(CONF);
	open_notes(&notes, config);
	assert_int_equal(chmod(scratch_path(&test_dir, "spool"), 0750), 0);
	assert_int_equal(try_open(&notes, config, 1, NAME), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "with mode 0700"));
	assert_int_equal(chmod(scratch_path(&test_dir, "spool"), 0700), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(scratch_path(&test_dir, "spool"), 12345, 12345), 0);
	assert_int_equal(try_open(&notes, config, 1, NAME), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "not a directory of user 0 with"));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, test_dir_make, test_dir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_DIR(answers_once),
	    WITH_DIR(answers_for_that_file_only),
	    WITH_DIR(answers_for_that_repository_only),
	    WITH_DIR(answers_for_that_key_only),
	    WITH_DIR(answers_for_that_command_only),
	    WITH_DIR(answers_while_the_object_is_there),
	    WITH_DIR(answers_for_a_bucket_for_a_while),
	    WITH_DIR(another_cluster_has_its_own),
	    WITH_DIR(a_reservation_answers_nothing),
	    WITH_DIR(what_was_shipped_is_noted),
	    WITH_DIR(damaged_notes_answer_nothing),
	    WITH_DIR(links_are_not_followed),
	    WITH_DIR(no_room_is_said_before_the_push),
	    WITH_DIR(what_is_too_long_is_said),
	    WITH_DIR(the_sweep_leaves_what_waits),
	    WITH_DIR(a_spool_of_others_is_not_used),
	};
	return cmocka_run_group_tests_name("archive/push/pushed_marker", tests, NULL, NULL);
}

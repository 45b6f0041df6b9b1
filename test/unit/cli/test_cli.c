/* cli_run in this process: exit codes, and every byte on both descriptors. '@' is the directory of the test. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/backstop.h"
#include "cli/built_with.h"
#include "cli/cli.h"
#include "support/archive.h"
#include "support/cmocka.h"

#define WORDS 8
#define VARIABLES 4
#define SEGMENT "000000010000000000000001"
#define ABSENT "000000010000000000000009"
#define PATH "@/data/pg_wal/" SEGMENT
#define REPO "--repo=file://@/repo"
#define KEY "--cipher-key-file=@/key"

#define VERSION                                                                                                        \
	"walship " WALSHIP_VERSION "\nbuilt with: " BUILT_WITH "\ncompression: " CODECS "\nS3 clients: " S3_CLIENTS "\n"

static struct archive archive;

/* What one run printed. */
static struct printed {
	char text[16 * 1024];
} out, err;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	archive_put_wal(&archive, SEGMENT, 1);
	scratch_put(&archive.dir, "repo/x", "", 0, 0600);
	scratch_put(&archive.dir, "secret.conf", "s3-key-secret = sesame\n", 23, 0600);
	scratch_put(&archive.dir, "open.conf", "s3-key-secret = sesame\n", 23, 0644);
	assert_int_equal(mkdir(scratch_path(&archive.dir, "spool"), 0700), 0);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

static char *expand(char *to, size_t size, const char *text)
{
	size_t len = 0;
	for (to[0] = '\0'; *text != '\0'; text++, len = strlen(to))
		(void)snprintf(to + len, size - len, *text == '@' ? "%s" : "%.1s",
			       *text == '@' ? archive.dir.path : text);
	return to;
}

static void take(struct printed *printed, int fd)
{
	ssize_t len = pread(fd, printed->text, sizeof printed->text - 1, 0);
	assert_true(len >= 0);
	printed->text[len] = '\0';
	(void)close(fd);
}

static int run(const char *const *words, const char *const *variables)
{
	char store[WORDS + VARIABLES][512], spool[512];
	char *argv[WORDS + 1] = {(char[]){"walship"}};
	char *environment[VARIABLES + 2] = {NULL};
	int argc = 1, count = 0;
	for (; argc < WORDS && words[argc - 1] != NULL; argc++)
		argv[argc] = expand(store[argc], sizeof store[argc], words[argc - 1]);
	for (; count < VARIABLES && variables[count] != NULL; count++)
		environment[count] = expand(store[WORDS + count], sizeof store[0], variables[count]);
	/* The default spool would stay behind. */
	environment[count] = expand(spool, sizeof spool, "WALSHIP_SPOOL=@/spool");
	int out_fd = memfd_create("out", MFD_CLOEXEC);
	int err_fd = memfd_create("err", MFD_CLOEXEC);
	assert_true(out_fd >= 0 && err_fd >= 0);
	struct process process = {argc, argv, environment, out_fd, err_fd};
	int code = cli_run(&process);
	take(&out, out_fd);
	take(&err, err_fd);
	return code;
}

/* In this order: later ones find what earlier ones left. */
static const struct {
	const char *words[WORDS];
	const char *variables[VARIABLES];
	int code;
	const char *out, *err;
} cases[] = {
    {.words = {"--version"}, .out = VERSION, .err = ""},
    {.words = {"push", "--version"}, .out = VERSION, .err = ""},
    {.words = {"-V"}, .out = VERSION, .err = ""},
    {.code = 255, .out = "", .err = "walship: no command\nwalship: hint: see walship help\n"},
    {.words = {"fetsch", "a", "b"},
     .code = 255,
     .out = "",
     .err = "walship: unknown command 'fetsch'\nwalship: hint: did you mean walship fetch? See walship help\n"},
    {.words = {"push"},
     .code = 2,
     .out = "",
     .err = "walship: push: missing operand PATH\nwalship: hint: usage: walship push PATH\n"},
    {.words = {"fetch", "a"},
     .code = 255,
     .out = "",
     .err = "walship: fetch: missing operand NAME DEST\nwalship: hint: usage: walship fetch NAME DEST\n"},
    {.words = {"help", "psuh"},
     .code = 2,
     .out = "",
     .err = "walship: help: unknown command 'psuh'\nwalship: hint: did you mean walship help push?\n"},
    {.words = {"help", "frob"},
     .code = 2,
     .out = "",
     .err = "walship: help: unknown command 'frob'\nwalship: hint: see walship help\n"},
    {.words = {"push", "a", "--s3-key-secret=sesame"},
     .code = 2,
     .out = "",
     .err = "walship: --s3-key-secret: other users can see the command line\n"
	    "walship: hint: put the secret into a file and use --s3-key-secret-file\n"},
    {.words = {"push", "a", "--s3-key-secrett=sesame"},
     .code = 2,
     .out = "",
     .err = "walship: unknown option '--s3-key-secrett'\nwalship: hint: did you mean --s3-key-secret?\n"},
    {.words = {"config", "--config=@/open.conf"},
     .code = 2,
     .out = "",
     .err = "walship: @/open.conf:1: s3-key-secret in a file that other users can read\n"
	    "walship: hint: chmod 600 @/open.conf, or use s3-key-secret-file\n"},
    {.words = {"fetch", "a", "b", "--config", "@/none"},
     .code = 255,
     .out = "",
     .err = "walship: configuration file @/none: No such file or directory\n"
	    "walship: hint: --config or WALSHIP_CONFIG names this file; walship help sample prints a template\n"},
    {.words = {"fetch", "a", "b"},
     .variables = {"WALSHIP_REPOS=x"},
     .code = 255,
     .out = "",
     .err = "walship: unknown environment variable 'WALSHIP_REPOS'\nwalship: hint: did you mean WALSHIP_REPO?\n"},
    {.words = {"keygen", "@/key"}, .out = "", .err = ""},
    /* A walship.conf that is not there yet, and one that is not right yet. */
    {.words = {"keygen", "@/first"}, .variables = {"WALSHIP_CONFIG=@/none"}, .out = "", .err = ""},
    {.words = {"keygen", "@/second", "--config=@/none"}, .out = "", .err = ""},
    {.words = {"keygen", "@/third", "--config=@/open.conf"}, .out = "", .err = ""},
    {.words = {"keygen", "@/key"},
     .code = 4,
     .out = "",
     .err = "walship: keygen: @/key exists, and walship never overwrites a key\n"
	    "walship: hint: only this key reads the objects that it encrypted; give another name\n"},
    {.words = {"keygen", "-v", "@/other"},
     .out = "",
     .err = "walship: keygen @/other: a new 256-bit key; keep a copy where the backups are not\n"},
    {.words = {"push", PATH, REPO, KEY}, .out = "", .err = ""},
    {.words = {"push", PATH},
     .variables = {"WALSHIP_REPO=file://@/repo", "WALSHIP_CIPHER_KEY_FILE=@/key"},
     .out = "",
     .err = ""},
    {.words = {"fetch", SEGMENT, "@/data/pg_wal/back", REPO, KEY}, .out = "", .err = ""},
    {.words = {"fetch", ABSENT, "@/data/pg_wal/none", REPO, KEY}, .code = 1, .out = "", .err = ""},
    {.words = {"cat", ABSENT, "--pg-data=@/data", REPO, KEY},
     .code = 1,
     .out = "",
     .err = "walship: cat " ABSENT ": no file://@/repo/42/wal/0000000100000000/" ABSENT "\n"
	    "walship: hint: walship list 42/wal/ shows the cluster's files in the repository\n"},
};

static void tells_the_outcome(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char expected[2048];
		int code = run(cases[i].words, cases[i].variables);
		if (code != cases[i].code)
			fail_msg("case %zu: exit code %d: %s", i, code, err.text);
		assert_string_equal(err.text, expand(expected, sizeof expected, cases[i].err));
		assert_string_equal(out.text, expand(expected, sizeof expected, cases[i].out));
		assert_null(strstr(err.text, "sesame"));
	}
	struct stat info;
	assert_int_equal(stat(scratch_path(&archive.dir, "key"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(info.st_size, 65);
	assert_int_equal(stat(scratch_path(&archive.dir, "data/pg_wal/back"), &info), 0);
	assert_int_equal(info.st_size, ARCHIVE_SEGMENT_BYTES);
	assert_int_not_equal(access(scratch_path(&archive.dir, "data/pg_wal/none"), F_OK), 0);
}

static void says_more_when_asked(void **unused)
{
	(void)unused;
	static const char *const push[WORDS] = {"push", "-v", PATH, REPO, KEY};
	static const char *const fetch[WORDS] = {"fetch", "-v", ABSENT, "@/data/pg_wal/none", REPO, KEY};
	static const char *const none[VARIABLES] = {NULL};
	assert_int_equal(run(push, none), 0);
	assert_non_null(strstr(err.text, "walship: push " SEGMENT));
	assert_int_equal(run(fetch, none), 1);
	assert_non_null(strstr(err.text, "walship: fetch " ABSENT));
	assert_string_equal(out.text, "");
}

static void hides_secrets(void **unused)
{
	(void)unused;
	static const char *const words[WORDS] = {"config", "--config=@/secret.conf", "-vv"};
	static const char *const none[VARIABLES] = {NULL};
	char expected[256];
	assert_int_equal(run(words, none), 0);
	assert_string_equal(err.text, "");
	assert_null(strstr(out.text, "sesame"));
	assert_non_null(strstr(
	    out.text, expand(expected, sizeof expected, "\n; s3-key-secret      = (hidden)   ; @/secret.conf:1\n")));
	assert_non_null(strstr(out.text, "\nlog-level            = debug   ; --log-level\n"));
}

static void helps_on_each_topic(void **unused)
{
	(void)unused;
	static const struct {
		const char *words[WORDS];
		const char *begin;
	} topics[] = {
	    {{"help"}, "walship keeps PostgreSQL's WAL"},
	    {{"-h"}, "usage: walship COMMAND [OPTIONS]\n"},
	    {{"--help"}, "usage: walship COMMAND [OPTIONS]\n"},
	    {{"help", "fetch"}, "walship fetch NAME DEST: "},
	    {{"keygen", "--help"}, "walship keygen FILE: "},
	    {{"help", "config"}, "walship config [--credentials] [--json]: "},
	    {{"help", "man"}, ".TH WALSHIP 1"},
	    {{"help", "sample"}, "; walship.conf with "},
	    {{"help", "markdown"}, "# Options\n\n- `repo`"},
	};
	static const char *const broken[VARIABLES] = {"WALSHIP_NONSENSE=1"};
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		assert_int_equal(run(topics[i].words, broken), 0);
		assert_memory_equal(out.text, topics[i].begin, strlen(topics[i].begin));
		assert_string_equal(err.text, "");
	}
}

static void a_full_output_is_an_error(void **unused)
{
	(void)unused;
	char *argv[] = {(char[]){"walship"}, (char[]){"help"}, NULL};
	char *environment[] = {NULL};
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int err_fd = memfd_create("err", MFD_CLOEXEC);
	assert_int_equal(cli_run(&(struct process){2, argv, environment, full, err_fd}), 5);
	take(&err, err_fd);
	assert_string_equal(err.text, "walship: write to standard output: No space left on device\n");
	/* Nobody reads the message either: the exit code stays. */
	assert_int_equal(cli_run(&(struct process){2, argv, environment, full, full}), 5);
	(void)close(full);
}

/* A child that hangs with the alarm armed for one second (the grace is five), or that has disarmed it. */
static int hang(enum exit_for reader, int err_fd)
{
	int status = 0;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		backstop_arm(&(struct backstop){-4000, err_fd, &reader, "push", "pg_wal/x"});
		for (;;)
			(void)pause();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_backstop_ends_a_call_that_hangs(void **unused)
{
	(void)unused;
	static const int codes[EXIT_FOR_COUNT] = {3, 255, 3, 3, 3};
	for (enum exit_for reader = 0; reader < EXIT_FOR_COUNT; reader++) {
		int err_fd = memfd_create("err", MFD_CLOEXEC);
		assert_int_equal(hang(reader, err_fd), codes[reader]);
		take(&err, err_fd);
		assert_string_equal(err.text,
				    "walship: push pg_wal/x: still blocked several seconds after the timeout\n"
				    "walship: hint: a disk or mount does not respond: check the kernel log\n");
	}
	assert_int_equal(hang(EXIT_FOR_FETCH, -1), 255);
}

static void a_disarmed_backstop_is_quiet(void **unused)
{
	(void)unused;
	enum exit_for reader = EXIT_FOR_PUSH;
	backstop_arm(&(struct backstop){-4000, STDERR_FILENO, &reader, "push", "x"});
	backstop_disarm();
	assert_int_equal(alarm(0), 0);
	backstop_again();
	assert_in_range(alarm(0), 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_the_outcome),
	    cmocka_unit_test(says_more_when_asked),
	    cmocka_unit_test(hides_secrets),
	    cmocka_unit_test(helps_on_each_topic),
	    cmocka_unit_test(a_full_output_is_an_error),
	    cmocka_unit_test(the_backstop_ends_a_call_that_hangs),
	    cmocka_unit_test(a_disarmed_backstop_is_quiet),
	};
	return cmocka_run_group_tests_name("cli/cli", tests, setup, teardown);
}

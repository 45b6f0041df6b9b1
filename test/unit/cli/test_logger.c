/* Where the lines of a call go, with real files and sockets, and every byte that gets there. */
#include "cli/logger.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define SYSTEM_ID 7601921254259666965U
#define SEGMENT "000000010000000000000001"

static struct logger logger;
static struct config *config;
static int err_fd;
static char text[64 * 1024];

/* A push with these lines of walship.conf; '@' is the directory. */
static void begin_as(const char *lines, bool verbose)
{
	struct error err;
	char conf[1024];
	size_t len = 0;
	for (conf[0] = '\0'; *lines != '\0'; lines++, len = strlen(conf))
		(void)snprintf(conf + len, sizeof conf - len, *lines == '@' ? "%s" : "%.1s",
			       *lines == '@' ? test_dir.path : lines);
	assert_ok(config_load_text(&config, conf, len, "test.conf", &err), err);
	err_fd = memfd_create("err", MFD_CLOEXEC);
	assert_true(err_fd >= 0);
	logger_init(&logger, err_fd);
	logger.command = "push";
	logger.verbose = verbose;
	logger_open(&logger, config);
	log_about_file(&logger.log, SEGMENT);
	log_about_system(&logger.log, SYSTEM_ID);
}

static void begin(const char *lines)
{
	begin_as(lines, false);
}

static void end(void)
{
	logger_fini(&logger);
	config_free(config);
	(void)close(err_fd);
}

static void end_with(const char *message, const char *hint)
{
	struct error err = {0};
	(void)error_set(&err, STATUS_LOCAL, "%s", message);
	if (hint != NULL)
		(void)error_hint(&err, STATUS_LOCAL, "%s", hint);
	logger_error(&logger, &err);
}

/* What standard error has by now. */
static const char *said(void)
{
	ssize_t len = pread(err_fd, text, sizeof text - 1, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	return text;
}

static const char *content(const char *name)
{
	int fd = open(scratch_path(&test_dir, name), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = read(fd, text, sizeof text - 1);
	assert_true(len >= 0);
	text[len] = '\0';
	(void)close(fd);
	return text;
}

static int listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = 20};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path(&test_dir, name));
	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
	return fd;
}

/* One datagram; a test that waits in vain fails. */
static const char *receive(int fd)
{
	ssize_t len = recv(fd, text, sizeof text - 1, 0);
	if (len < 0)
		fail_msg("no datagram came");
	text[len] = '\0';
	return text;
}

static void expect_members(const char *line, const char *level, const char *message, const char *hint)
{
	char pid[16];
	int64_t when;
	struct {
		const char *name, *value;
	} members[] = {{"level", level},      {"command", "push"},  {"system_id", "7601921254259666965"},
		       {"wal_file", SEGMENT}, {"message", message}, {"hint", hint}};
	json_error_t trouble;
	json_t *object = json_loads(line, 0, &trouble);
	if (object == NULL)
		fail_msg("no JSON: %s: %s", trouble.text, line);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const char *value = json_string_value(json_object_get(object, members[i].name));
		if (members[i].value == NULL)
			assert_null(value);
		else if (value == NULL || strcmp(value, members[i].value) != 0)
			fail_msg("%s is '%s': %s", members[i].name, value == NULL ? "" : value, line);
	}
	(void)snprintf(pid, sizeof pid, "%d", getpid());
	assert_int_equal(json_integer_value(json_object_get(object, "pid")), getpid());
	assert_true(utc_parse(json_string_value(json_object_get(object, "time")), &when));
	assert_true(when > 1700000000);
	assert_int_equal(json_object_size(object), hint == NULL ? 7 : 8);
	json_decref(object);
}

static void standard_error_is_the_default(void **unused)
{
	(void)unused;
	begin("log-level = info\n");
	log_line(&logger.log, LEVEL_INFO, "one");
	log_line(&logger.log, LEVEL_WARNING, "two");
	log_line(&logger.log, LEVEL_DEBUG, "three");
	end_with("four", "five");
	assert_string_equal(said(), "walship: one\nwalship: warning: two\nwalship: four\nwalship: hint: five\n");
	end();
}

static void json_on_standard_error(void **unused)
{
	(void)unused;
	begin("log-format = json\n");
	log_line(&logger.log, LEVEL_WARNING, "a \"quoted\" \\ and a cut-off \xc3");
	end_with("caf\xc3\xa9 \xed\xa0\x80", "do");
	char *second = strchr(said(), '\n') + 1;
	char copy[1024];
	(void)snprintf(copy, sizeof copy, "%s", second);
	assert_int_equal(strcspn(second, "\n"), strlen(second) - 1);
	second[-1] = '\0';
	expect_members(text, "warning", "a \"quoted\" \\ and a cut-off ?", NULL);
	expect_members(copy, "error", "caf\xc3\xa9 ???", "do");
	end();
}

static void a_file_is_appended_to(void **unused)
{
	(void)unused;
	struct stat info;
	char expected[256];
	for (int i = 0; i < 2; i++) {
		begin("log-to = @/log\nlog-level = info\n");
		log_line(&logger.log, LEVEL_INFO, "fine");
		assert_string_equal(said(), "");
		end_with("bad", "mend it");
		assert_string_equal(said(), "walship: bad\nwalship: hint: mend it\n");
		end();
	}
	const char *rest = content("log");
	for (int i = 0; i < 6; i++) {
		static const char *const ends[] = {"info: fine", "error: bad", "hint: mend it"};
		(void)snprintf(expected, sizeof expected, " walship[%d] %s\n", getpid(), ends[i % 3]);
		assert_memory_equal(rest + strlen("2026-11-21T05:36:16.123Z"), expected, strlen(expected));
		rest = strchr(rest, '\n') + 1;
	}
	assert_string_equal(rest, "");
	assert_int_equal(stat(scratch_path(&test_dir, "log"), &info), 0);
	assert_int_equal(info.st_mode & 07137, 0);
}

/* -v, by hand or in archive_command: the messages are wanted here, wherever else they go. */
static void verbose_shows_a_file_s_entries_too(void **unused)
{
	(void)unused;
	for (int verbose = 0; verbose <= 1; verbose++) {
		begin_as("log-to = @/verbose\nlog-level = info\n", verbose == 1);
		log_line(&logger.log, LEVEL_INFO, "all is well");
		assert_string_equal(said(), verbose == 1 ? "walship: all is well\n" : "");
		assert_non_null(strstr(content("verbose"), "all is well"));
		end();
	}
}

static void json_in_a_file(void **unused)
{
	(void)unused;
	begin("log-to = @/json\nlog-format = json\n");
	end_with("bad", NULL);
	assert_string_equal(said(), "walship: bad\n");
	expect_members(content("json"), "error", "bad", NULL);
	end();
}

static void syslog_gets_what_it_expects(void **unused)
{
	(void)unused;
	int fd = listen_at("dev-log");
	char expected[128];
	begin("log-to = syslog:@/dev-log\nlog-level = debug\n");
	end_with("bad", "mend it");
	assert_string_equal(said(), "walship: bad\nwalship: hint: mend it\n");
	(void)snprintf(expected, sizeof expected, " walship[%d]: bad; hint: mend it", getpid());
	assert_string_equal(receive(fd) + strlen("<131>Nov 21 05:36:16"), expected);
	assert_memory_equal(text, "<131>", 5); /* LOG_LOCAL0, LOG_ERR */
	static const char *const begins[] = {"<132>", "<134>", "<135>"};
	for (enum log_level level = LEVEL_WARNING; level <= LEVEL_DEBUG; level++) {
		log_line(&logger.log, level, "x");
		assert_memory_equal(receive(fd), begins[level - LEVEL_WARNING], 5);
	}
	end();
	begin("log-to = syslog:@/dev-log\nlog-format = json\n");
	log_line(&logger.log, LEVEL_WARNING, "x");
	expect_members(strchr(receive(fd), '{'), "warning", "x", NULL);
	end();
	(void)close(fd);
}

static void the_journal_gets_fields(void **unused)
{
	(void)unused;
	int fd = listen_at("journal");
	char expected[512];
	begin("log-to = journal:@/journal\nlog-format = json\n");
	end_with("bad \xff", "mend it");
	(void)snprintf(expected, sizeof expected,
		       "MESSAGE=bad ?; hint: mend it\nPRIORITY=3\nSYSLOG_IDENTIFIER=walship\nSYSLOG_PID=%d\n"
		       "WALSHIP_COMMAND=push\nWALSHIP_SYSTEM_ID=7601921254259666965\nWALSHIP_WAL_FILE=" SEGMENT
		       "\nWALSHIP_HINT=mend it\n",
		       getpid());
	assert_string_equal(receive(fd), expected);
	/* Neither a command, nor a file, nor a cluster. */
	logger.command = NULL;
	logger.subject = (struct log_subject){0};
	log_line(&logger.log, LEVEL_WARNING, "x");
	(void)snprintf(expected, sizeof expected, "MESSAGE=x\nPRIORITY=4\nSYSLOG_IDENTIFIER=walship\nSYSLOG_PID=%d\n",
		       getpid());
	assert_string_equal(receive(fd), expected);
	end();
	(void)close(fd);
}

#define HINT                                                                                                           \
	"walship: hint: check that a log service listens there; a container usually has none, so set log-to = "        \
	"stderr\n"

static void an_unusable_place_is_standard_error(void **unused)
{
	(void)unused;
	static const char *const wishes[][3] = {
	    {"syslogd", "neither stderr, syslog, journal nor an absolute path"},
	    {"log/walship", "neither stderr, syslog, journal nor an absolute path"},
	    {"@", "Is a directory"},
	    {"@/none/log", "No such file or directory"},
	    {"@/pipe", "No such device or address"},
	    {"journal:@/none", "No such file or directory", HINT},
	    {"syslog:none", "neither stderr, syslog, journal nor an absolute path"},
	    {"syslog:@/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123",
	     "File name too long", HINT},
	};
	assert_int_equal(mkfifo(scratch_path(&test_dir, "pipe"), 0600), 0);
	for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
		char lines[256];
		char expected[512];
		(void)snprintf(lines, sizeof lines, "log-to = %s\n", wishes[i][0]);
		(void)snprintf(expected, sizeof expected, ": %s; using standard error instead\n%swalship: bad\n",
			       wishes[i][1], wishes[i][2] == NULL ? "" : wishes[i][2]);
		begin(lines);
		end_with("bad", NULL);
		const char *rest = strstr(said(), expected);
		assert_non_null(rest);
		assert_string_equal(rest, expected);
		assert_memory_equal(text, "walship: warning: log-to ", 25);
		end();
	}
}

/* Where nobody listens, as in a container. */
static void the_socket_of_a_service_is_named(void **unused)
{
	(void)unused;
	static const char *const services[][2] = {{"syslog", "/dev/log"}, {"journal", "/run/systemd/journal/socket"}};
	size_t absent = 0;
	for (size_t i = 0; i < 2; i++) {
		char lines[64], expected[512];
		if (access(services[i][1], F_OK) == 0)
			continue;
		absent++;
		(void)snprintf(lines, sizeof lines, "log-to = %s\n", services[i][0]);
		(void)snprintf(
		    expected, sizeof expected,
		    "walship: warning: log-to %s: %s: No such file or directory; using standard error instead\n" HINT
		    "walship: bad\n",
		    services[i][0], services[i][1]);
		begin(lines);
		end_with("bad", NULL);
		assert_string_equal(said(), expected);
		end();
	}
	if (absent == 0)
		skip();
}

/* A disk that is full, and a reader that went away: one warning, and no line is lost. */
static void a_place_that_fails_later_is_given_up(void **unused)
{
	(void)unused;
	begin("log-to = /dev/full\nlog-level = info\n");
	log_line(&logger.log, LEVEL_INFO, "one");
	log_line(&logger.log, LEVEL_INFO, "two");
	assert_string_equal(said(), "walship: warning: log-to /dev/full: No space left on device; using standard error "
				    "instead\nwalship: one\nwalship: two\n");
	end();
	int fd = listen_at("gone");
	begin("log-to = journal:@/gone\nlog-level = info\n");
	(void)close(fd);
	log_line(&logger.log, LEVEL_INFO, "one");
	assert_non_null(strstr(said(), "Connection refused; using standard error instead\n" HINT "walship: one\n"));
	end();
}

/* A socket that is full waits a second, not for ever. */
static void a_place_that_hangs_is_given_up(void **unused)
{
	(void)unused;
	int fd = listen_at("hangs");
	char line[512];
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	begin("log-to = syslog:@/hangs\nlog-level = info\n");
	for (int i = 0; i < 4000 && said()[0] == '\0'; i++)
		log_line(&logger.log, LEVEL_INFO, "%s", line);
	assert_non_null(
	    strstr(said(), "Resource temporarily unavailable; using standard error instead\n" HINT "walship: xxx"));
	end();
	(void)close(fd);
}

static void a_name_that_is_none_is_left_out(void **unused)
{
	(void)unused;
	char name[200];
	memset(name, 'A', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	begin("log-format = json\n");
	log_about_file(&logger.log, name);
	end_with("bad", NULL);
	assert_null(strstr(said(), "wal_file"));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(standard_error_is_the_default),
	    cmocka_unit_test(json_on_standard_error),
	    cmocka_unit_test(a_file_is_appended_to),
	    cmocka_unit_test(verbose_shows_a_file_s_entries_too),
	    cmocka_unit_test(json_in_a_file),
	    cmocka_unit_test(syslog_gets_what_it_expects),
	    cmocka_unit_test(the_journal_gets_fields),
	    cmocka_unit_test(an_unusable_place_is_standard_error),
	    cmocka_unit_test(the_socket_of_a_service_is_named),
	    cmocka_unit_test(a_place_that_fails_later_is_given_up),
	    cmocka_unit_test(a_place_that_hangs_is_given_up),
	    cmocka_unit_test(a_name_that_is_none_is_left_out),
	};
	return cmocka_run_group_tests_name("cli/logger", tests, test_dir_make, test_dir_remove);
}

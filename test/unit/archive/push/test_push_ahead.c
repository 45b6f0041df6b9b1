/* The whole command on a directory, with the machine's own clock: its threads share nothing made up. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "support/archive.h"
#include "support/cmocka.h"

#define SEGMENTS 20
#define HOUR_MS (3600 * 1000)
#define FIRST "000000010000000000000000"

static struct archive archive;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char logged[64 * 1024];
static char notes[64]; /* the directory of the notes */

static void write_line(const struct log *log, enum log_level level, const char *line)
{
	(void)log;
	(void)level;
	(void)pthread_mutex_lock(&mutex);
	size_t used = strlen(logged);
	(void)snprintf(logged + used, sizeof logged - used, "%s\n", line);
	(void)pthread_mutex_unlock(&mutex);
}

static const char *segment(unsigned number)
{
	static char names[4][32];
	static unsigned next;
	char *name = names[next++ % 4];
	(void)snprintf(name, sizeof names[0], "0000000100000000%08X", number);
	return name;
}

static const char *in(const char *place, const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", place, name);
	return scratch_path(&archive.dir, path);
}

static void put_ready(const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "data/pg_wal/archive_status/%s.ready", name);
	scratch_put(&archive.dir, path, "", 0, 0600);
}

static int setup(void **unused)
{
	(void)unused;
	struct stat info;
	logged[0] = '\0';
	archive_init(&archive);
	assert_int_equal(stat(in("data", "pg_wal"), &info), 0);
	(void)snprintf(notes, sizeof notes, "spool/push-42-%lu-%lu", (unsigned long)info.st_dev,
		       (unsigned long)info.st_ino);
	scratch_put(&archive.dir, "repo/x", "", 0, 0600);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		archive_put_wal(&archive, segment(i), i);
		put_ready(segment(i));
	}
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

/* As archive_command; more: further lines of the configuration. An hour until the deadline. */
static enum status push_by(const struct clock *clock, const char *name, const char *more)
{
	char conf[1024];
	const char *operands[] = {in("data/pg_wal", name)};
	const struct log log = {LEVEL_INFO, write_line, NULL, NULL};
	struct config *config = NULL;
	int len =
	    snprintf(conf, sizeof conf, "repo = file://%s/repo\ncipher = none\ncompress = none\nspool = %s/spool\n%s",
		     archive.dir.path, archive.dir.path, more);
	enum status st = config_load_text(&config, conf, (size_t)len, "test.conf", &archive.err);
	assert_ok(st, archive.err);
	struct call call = {
	    .clock = clock, .random = &system_random, .log = &log, .deadline_ms = clock_monotonic_ms(clock) + HOUR_MS};
	struct command_context context = {.config = config, .call = &call, .operands = operands};
	st = command_push(&context, &archive.err);
	config_free(config);
	return st;
}

static enum status push_with(const char *name, const char *more)
{
	return push_by(&system_clock, name, more);
}

static enum status push(const char *name)
{
	return push_with(name, "");
}

static bool stored(const char *name)
{
	return access(in("repo/42/wal/0000000100000000", name), F_OK) == 0;
}

static bool noted(const char *name)
{
	struct stat info;
	return stat(in(notes, name), &info) == 0 && info.st_size > 0;
}

static void done(const char *name)
{
	char ready[64];
	(void)snprintf(ready, sizeof ready, "%s.ready", name);
	assert_int_equal(unlink(in("data/pg_wal/archive_status", ready)), 0);
}

static void the_others_go_along(void **unused)
{
	(void)unused;
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_false(noted(FIRST));
	for (unsigned i = 0; i < SEGMENTS; i++)
		assert_true(stored(segment(i)));
	done(FIRST);
	for (unsigned i = 1; i < SEGMENTS; i++)
		assert_true(noted(segment(i)));
	for (unsigned i = 1; i < SEGMENTS; i++) {
		/* Nothing more reaches the repository. */
		st = push(segment(i));
		assert_ok(st, archive.err);
		done(segment(i));
	}
	assert_int_equal(scratch_entries(&archive.dir, notes), 0);
	assert_non_null(strstr(logged, "push 000000010000000000000013: pushed ahead by an earlier call"));
	assert_null(strstr(logged, "push 000000010000000000000013: the archive already has this name"));
	/* A note answers once. */
	st = push(segment(19));
	assert_ok(st, archive.err);
	assert_non_null(strstr(logged, "push 000000010000000000000013: the archive already has this name"));
}

/* As an operator does who wants an empty repository, while the server is stopped. */
static void a_repository_made_anew_gets_all(void **unused)
{
	(void)unused;
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	done(FIRST);
	assert_true(noted(segment(1)));
	assert_int_equal(rename(in(".", "repo"), in(".", "away")), 0);
	assert_int_not_equal(push(segment(1)), STATUS_OK);
	scratch_put(&archive.dir, "repo/x", "", 0, 0600);
	for (unsigned i = 1; i < SEGMENTS; i++) {
		st = push_with(segment(i), "push-ahead = 1\n");
		assert_ok(st, archive.err);
		assert_true(stored(segment(i)));
		done(segment(i));
	}
}

static void as_many_as_asked_for(void **unused)
{
	(void)unused;
	static const unsigned lengths[] = {0, 1, 3, 18};
	for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
		char more[32];
		(void)snprintf(more, sizeof more, "push-ahead = %u\n", lengths[n]);
		enum status st = push_with(segment(0), more);
		assert_ok(st, archive.err);
		for (unsigned i = 1; i < SEGMENTS; i++)
			assert_int_equal(stored(segment(i)), i <= lengths[n]);
		if (lengths[n] == 0)
			assert_int_equal(scratch_entries(&archive.dir, "spool"), 1); /* the trace of the push */
	}
}

/* What is wrong with a file is between it and its own call, and holds up nobody else. */
static void bad_ones_disturb_nobody(void **unused)
{
	(void)unused;
	/* So many in front that each thread meets some. */
	for (unsigned i = 1; i < 10; i++)
		assert_int_equal(unlink(in("data/pg_wal", segment(i))), 0);
	scratch_put(&archive.dir, "data/pg_wal/000000010000000000000010", "damaged", 7, 0600);
	put_ready("garbage");
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	for (unsigned i = 10; i < SEGMENTS; i++) {
		assert_int_equal(stored(segment(i)), i != 16);
		assert_int_equal(noted(segment(i)), i != 16);
	}
	assert_false(noted(segment(1)));
	assert_int_equal(push(segment(16)), STATUS_CONFLICT);
	assert_string_equal(archive.err.text, "push 000000010000000000000010: damaged: too short for a page header");
	assert_int_equal(push(segment(1)), STATUS_LOCAL);
}

static void another_content_is_not_noted(void **unused)
{
	(void)unused;
	assert_int_equal(push_with(segment(5), "push-ahead = 0\n"), STATUS_OK);
	archive_put_wal(&archive, segment(5), 99);
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_int_equal(access(in(notes, segment(5)), F_OK), -1);
	assert_true(noted(segment(4)) && noted(segment(6)));
	assert_int_equal(push(segment(5)), STATUS_CONFLICT);
}

/* The same name, written again after it was noted: same bytes or others, the note is of another file. */
static void a_file_written_again_is_pushed_again(void **unused)
{
	(void)unused;
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	archive_put_wal(&archive, segment(1), 1);
	archive_put_wal(&archive, segment(2), 77);
	st = push_with(segment(1), "push-ahead = 1\n");
	assert_ok(st, archive.err);
	assert_non_null(strstr(logged, "push 000000010000000000000001: identical to the archived file"));
	assert_int_equal(push(segment(2)), STATUS_CONFLICT);
	assert_false(noted(segment(2)));
	assert_true(noted(segment(3)));
}

/* No repository: the own call says so, and nothing is noted that is not there. */
static void an_outage_notes_nothing(void **unused)
{
	(void)unused;
	assert_int_equal(rename(in(".", "repo"), in(".", "away")), 0);
	assert_int_not_equal(push(FIRST), STATUS_OK);
	assert_int_equal(scratch_entries(&archive.dir, notes), 0);
	assert_int_equal(rename(in(".", "away"), in(".", "repo")), 0);
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_true(noted(segment(SEGMENTS - 1)));
}

/* What cannot be noted would be pushed in vain. */
static void without_room_for_notes_nothing_goes_along(void **unused)
{
	(void)unused;
	for (unsigned i = 1; i < SEGMENTS; i++) {
		char path[128];
		(void)snprintf(path, sizeof path, "%s/%s/x", notes, segment(i));
		scratch_put(&archive.dir, path, "", 0, 0600);
	}
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_true(stored(FIRST));
	for (unsigned i = 1; i < SEGMENTS; i++)
		assert_false(stored(segment(i)));
}

static void without_a_spool_it_goes_alone(void **unused)
{
	(void)unused;
	scratch_put(&archive.dir, "spool/x", "", 0, 0600);
	assert_int_equal(chmod(in(".", "spool"), 0755), 0);
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_true(stored(FIRST));
	assert_false(stored(segment(1)));
	assert_non_null(strstr(logged, "push-ahead is off: the spool "));
}

/* Looked at more than twice, it is a third of an hour later. */
static int64_t hurried_ms(void *arg)
{
	return atomic_fetch_add((atomic_int *)arg, 1) < 2 ? 0 : HOUR_MS / 3;
}

/* With a quarter of the time gone nothing is begun for the others; the own file has all of it. */
static void no_others_when_time_is_short(void **unused)
{
	(void)unused;
	atomic_int looks = 0;
	const struct clock hurried = {.monotonic_ms = hurried_ms, .utc_s = system_clock.utc_s, .arg = &looks};
	enum status st = push_by(&hurried, FIRST, "");
	assert_ok(st, archive.err);
	assert_true(stored(FIRST) && looks > 2);
	for (unsigned i = 1; i < SEGMENTS; i++)
		assert_false(stored(segment(i)));
}

/* What was left by calls that were killed. */
static void old_notes_are_swept(void **unused)
{
	(void)unused;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/0000000100000000000000AA", notes);
	scratch_put(&archive.dir, path, "x", 1, 0600);
	(void)snprintf(path, sizeof path, "%s/000000010000000000000001", notes);
	scratch_put(&archive.dir, path, "x", 1, 0600);
	assert_int_equal(chmod(in(".", "spool"), 0700), 0);
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_int_equal(scratch_entries(&archive.dir, notes), SEGMENTS - 1);
	st = push(segment(1));
	assert_ok(st, archive.err);
}

static void of_another_cluster_nothing_goes_along(void **unused)
{
	(void)unused;
	/* Without a data directory around, each file speaks for itself. */
	assert_int_equal(unlink(in("data/global", "pg_control")), 0);
	archive_put_wal(&archive, segment(3), 3);
	struct stat info;
	uint64_t other = 43;
	FILE *file = fopen(in("data/pg_wal", segment(3)), "r+e");
	assert_non_null(file);
	assert_int_equal(fseek(file, 24, SEEK_SET), 0);
	assert_int_equal(fwrite(&other, sizeof other, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	enum status st = push(FIRST);
	assert_ok(st, archive.err);
	assert_true(noted(segment(2)) && noted(segment(4)));
	assert_int_equal(access(in(notes, segment(3)), F_OK), -1);
	assert_int_equal(stat(in("repo", "43"), &info), -1);
}

#define WITH_SETUP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SETUP(the_others_go_along),           WITH_SETUP(a_repository_made_anew_gets_all),
	    WITH_SETUP(as_many_as_asked_for),          WITH_SETUP(bad_ones_disturb_nobody),
	    WITH_SETUP(another_content_is_not_noted),  WITH_SETUP(a_file_written_again_is_pushed_again),
	    WITH_SETUP(an_outage_notes_nothing),       WITH_SETUP(without_room_for_notes_nothing_goes_along),
	    WITH_SETUP(without_a_spool_it_goes_alone), WITH_SETUP(no_others_when_time_is_short),
	    WITH_SETUP(old_notes_are_swept),           WITH_SETUP(of_another_cluster_nothing_goes_along),
	};
	return cmocka_run_group_tests_name("archive/push/push_ahead", tests, NULL, NULL);
}

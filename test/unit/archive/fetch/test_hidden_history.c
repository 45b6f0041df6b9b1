/* Which server sees the history of a timeline that is set aside: the table of doc/design.md. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/fetch/hidden_history.h"
#include "repo/object.h"
#include "repo/set_aside.h"
#include "support/archive.h"
#include "support/cmocka.h"

static struct archive archive;
static struct repository repo;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	repo = (struct repository){.store = archive.store, .keys = archive.keys, .encrypt = true};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

static void put_history(uint32_t timeline, const char *text)
{
	char object[WAL_OBJECT_NAME_MAX];
	wal_history_object_name(object, ARCHIVE_SYSTEM_ID, timeline);
	assert_ok(object_create(&repo, &archive.world.call, object, text, strlen(text), &err), err);
}

static void set_aside(uint32_t timeline)
{
	struct set_aside marks;
	assert_ok(set_aside_load(&marks, &repo, &archive.world.call, ARCHIVE_SYSTEM_ID, &err), err);
	assert_ok(set_aside_change(&marks, &repo, &archive.world.call, ARCHIVE_SYSTEM_ID, timeline, &err), err);
	set_aside_fini(&marks);
}

/* What fetch would answer for the timeline's history, with this content. */
static enum status ask(uint32_t timeline, const char *text)
{
	struct data_directory directory = {.known = true, .system_id = ARCHIVE_SYSTEM_ID};
	struct wal_name name = {.kind = WAL_HISTORY, .timeline = timeline};
	struct history_filter filter = {
	    .repo = &repo, .call = &archive.world.call, .system_id = ARCHIVE_SYSTEM_ID, .data_directory = &directory};
	(void)snprintf(name.text, sizeof name.text, "%08" PRIX32 ".history", timeline);
	(void)snprintf(directory.path, sizeof directory.path, "%s", scratch_path(&archive.dir, "data"));
	scratch_put(&archive.dir, "out/asked", text, strlen(text), 0600);
	int fd = open(scratch_path(&archive.dir, "out/asked"), O_RDONLY | O_CLOEXEC);
	enum status st = history_filter_accept(&filter, &name, fd, &err);
	(void)close(fd);
	return st;
}

#define LEFT_1 "1\t0/3000060\tx\n" /* within segment 3 of 1 MiB, and segment 0x30 */
#define LEFT_2 LEFT_1 "2\t0/3000160\tx\n"

/* Each state of the server: whether replay has begun, its signal file, and WAL of timeline 1 in pg_wal. */
static void each_server_has_its_answer(void **unused)
{
	(void)unused;
	static const struct {
		bool replays;
		const char *signal;  /* NULL: none */
		const char *segment; /* NULL: none */
		enum status expected;
	} cases[] = {
	    {false, "data/recovery.signal", NULL, STATUS_MISSING},
	    {false, "data/standby.signal", "000000010000000000000031", STATUS_MISSING},
	    {true, "data/recovery.signal", NULL, STATUS_OK},
	    {true, "data/standby.signal", NULL, STATUS_MISSING},
	    {true, "data/standby.signal", "000000010000000000000030", STATUS_MISSING},
	    {true, "data/standby.signal", "000000020000000000000031", STATUS_MISSING},
	    {true, "data/standby.signal", "000000010000000000000031", STATUS_OK},
	    {true, NULL, NULL, STATUS_OK},
	    {false, NULL, NULL, STATUS_OK},
	};
	put_history(2, LEFT_1);
	assert_int_equal(ask(2, LEFT_1), STATUS_OK);
	set_aside(2);
	scratch_put(&archive.dir, "data/postmaster.opts", "", 0, 0600);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct timespec written[2] = {{cases[i].replays ? 2000000000 : 1000000000, 0},
						    {cases[i].replays ? 2000000000 : 1000000000, 0}};
		const struct timespec started[2] = {{1500000000, 0}, {1500000000, 0}};
		char path[128];
		assert_int_equal(utimensat(AT_FDCWD, scratch_path(&archive.dir, "data/global/pg_control"), written, 0),
				 0);
		assert_int_equal(utimensat(AT_FDCWD, scratch_path(&archive.dir, "data/postmaster.opts"), started, 0),
				 0);
		if (cases[i].signal != NULL)
			scratch_put(&archive.dir, cases[i].signal, "", 0, 0600);
		if (cases[i].segment != NULL)
			archive_put_wal(&archive, cases[i].segment, 1);
		assert_int_equal(ask(2, LEFT_1), cases[i].expected);
		/* Descendants have the same answer. */
		assert_int_equal(ask(3, LEFT_2), cases[i].expected);
		assert_int_equal(ask(3, LEFT_1), STATUS_OK);
		if (cases[i].signal != NULL)
			assert_int_equal(unlink(scratch_path(&archive.dir, cases[i].signal)), 0);
		(void)snprintf(path, sizeof path, "data/pg_wal/%s", cases[i].segment == NULL ? "" : cases[i].segment);
		if (cases[i].segment != NULL)
			assert_int_equal(unlink(scratch_path(&archive.dir, path)), 0);
	}
}

/* PostgreSQL finds a later timeline only if no number before it is missing. */
static void a_later_timeline_ends_it(void **unused)
{
	(void)unused;
	scratch_put(&archive.dir, "data/recovery.signal", "", 0, 0600);
	put_history(2, LEFT_1);
	put_history(3, LEFT_2);
	set_aside(2);
	assert_int_equal(ask(2, LEFT_1), STATUS_MISSING);
	assert_non_null(strstr(err.text, "timeline 2 is set aside"));
	assert_int_equal(ask(3, LEFT_2), STATUS_MISSING);
	put_history(4, "1\t0/4000060\tx\n");
	assert_int_equal(ask(2, LEFT_1), STATUS_OK);
	assert_int_equal(ask(3, LEFT_2), STATUS_OK);
	set_aside(4);
	assert_int_equal(ask(2, LEFT_1), STATUS_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_server_has_its_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_later_timeline_ends_it, setup, teardown),
	};
	return cmocka_run_group_tests_name("archive/fetch/hidden_history", tests, NULL, NULL);
}

#include "pg/data/finished.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/segment.h"

#define SEGMENT_BYTES (1024 * 1024)
#define CLUSTER 42
#define FILES_MAX 12

static struct error err;

/* The kinds of files in pg_wal. */
enum content {
	OWN,      /* as the server writes it */
	RECYCLED, /* content of an older segment: recycled */
	ZEROS,    /* preallocated, never written */
	FOREIGN,  /* of another cluster */
	CUT,      /* shorter than a segment */
	TEXT,     /* history or backup file, see text */
};

struct file {
	const char *name;
	enum content content;
	const char *text;
	const char *status; /* "ready", "done" */
};

static void put(const struct scratch *dir, const struct file *file)
{
	static uint8_t bytes[SEGMENT_BYTES];
	char path[128];
	struct wal_name name;
	(void)snprintf(path, sizeof path, "pg_wal/archive_status/%s.%s", file->name, file->status);
	if (file->status != NULL)
		scratch_put(dir, path, "", 0, 0600);
	(void)snprintf(path, sizeof path, "pg_wal/%s", file->name);
	if (file->content == TEXT) {
		scratch_put(dir, path, file->text, strlen(file->text), 0600);
		return;
	}
	assert_int_equal(wal_name_parse(&name, file->name, &err), STATUS_OK);
	uint32_t shown = file->content == RECYCLED ? name.segment - 1 : name.segment;
	struct segment_header header = segment_header_make(name.timeline, name.log, shown, SEGMENT_BYTES);
	if (file->content == FOREIGN)
		header.system_id = CLUSTER + 1;
	memset(bytes, 0, sizeof bytes);
	if (file->content != ZEROS)
		memcpy(bytes, &header, sizeof header);
	scratch_put(dir, path, bytes, file->content == CUT ? SEGMENT_BYTES / 2 : SEGMENT_BYTES, 0600);
}

#define T1(n) "0000000100000000000000" n
#define T2(n) "0000000200000000000000" n
#define T3(n) "0000000300000000000000" n

static const struct {
	const char *title;
	struct file files[FILES_MAX];
	const char *expected; /* each followed by a blank; '!' after ready files, '@' before switch points */
	size_t others;
} cases[] = {
    {"nothing", {{0}}, "", 0},
    {"the last is being written", {{T1("01"), OWN, NULL, NULL}, {T1("02"), OWN, NULL, NULL}}, T1("01") " ", 1},
    {"alone it may be the one", {{T1("05"), OWN, NULL, NULL}}, "", 1},
    {"ready it is not", {{T1("05"), OWN, NULL, "ready"}}, T1("05") "! ", 0},
    {"done says nothing", {{T1("05"), OWN, NULL, "done"}}, "", 1},
    {"recycled ones have not begun",
     {{T1("04"), OWN, NULL, NULL},
      {T1("05"), OWN, NULL, NULL},
      {T1("06"), RECYCLED, NULL, NULL},
      {T1("07"), RECYCLED, NULL, NULL}},
     T1("04") " ",
     3},
    {"nor have prepared ones", {{T1("05"), OWN, NULL, NULL}, {T1("06"), ZEROS, NULL, NULL}}, "", 2},
    {"a gap behind it", {{T1("02"), OWN, NULL, NULL}, {T1("07"), OWN, NULL, NULL}}, T1("02") " ", 1},
    {"of another cluster", {{T1("01"), FOREIGN, NULL, NULL}, {T1("02"), FOREIGN, NULL, NULL}}, "", 2},
    {"cut off", {{T1("01"), CUT, NULL, NULL}, {T1("02"), OWN, NULL, NULL}}, "", 2},
    {"what is ready is offered, whatever it is", {{T1("01"), RECYCLED, NULL, "ready"}}, T1("01") "! ", 0},
    {"a partial one says that the one before is",
     {{T1("03"), OWN, NULL, "done"}, {T1("04") ".partial", OWN, NULL, NULL}},
     T1("03") " " T1("04") ".partial ",
     0},
    {"promoted within a segment",
     {{"00000002.history", TEXT, "1\t0/480000\tno recovery target specified\n", "done"},
      {T1("03"), OWN, NULL, "done"},
      {T1("04"), OWN, NULL, NULL},
      {T2("04"), OWN, NULL, NULL}},
     "00000002.history " T1("03") " ",
     2},
    {"left within a segment that a standby archives",
     {{"00000002.history", TEXT, "1\t0/480000\tx\n", NULL},
      {"00000003.history", TEXT, "1\t0/380000\tx\n", NULL}, /* of others */
      {T1("02"), OWN, NULL, NULL},
      {T1("03"), OWN, NULL, "ready"},
      {T1("04"), OWN, NULL, "ready"},
      {T2("04"), OWN, NULL, NULL}},
     "00000002.history 00000003.history " T1("02") " " T1("03") "!@380000 " T1("04") "!@480000 ",
     1},
    {"promoted between two segments",
     {{"00000002.history", TEXT, "1\t0/400000\tx\n", NULL}, {T1("03"), OWN, NULL, "done"}, {T2("04"), OWN, NULL, NULL}},
     "00000002.history " T1("03") " ",
     1},
    {"promoted twice",
     {{"00000002.history", TEXT, "1\t0/280000\tx\n", NULL},
      {"00000003.history", TEXT, "1\t0/280000\tx\n2\t0/500000\tx\n", NULL},
      {T1("01"), OWN, NULL, NULL},
      {T1("02"), OWN, NULL, NULL},
      {T2("02"), OWN, NULL, NULL},
      {T2("04"), OWN, NULL, NULL},
      {T3("05"), OWN, NULL, NULL}},
     "00000002.history 00000003.history " T1("01") " " T2("02") " " T2("04") " ",
     2},
    {"a history of others, whose timeline this server never was on",
     {{"00000002.history", TEXT, "1\t0/500000\tx\n", NULL}, {T1("03"), OWN, NULL, NULL}, {T1("04"), OWN, NULL, NULL}},
     "00000002.history " T1("03") " ",
     1},
    {"a history that is none",
     {{"00000002.history", TEXT, "nonsense\n", NULL}, {T1("03"), OWN, NULL, NULL}, {T2("04"), OWN, NULL, NULL}},
     "",
     3},
    {"a backup's file",
     {{T1("03") ".00000028.backup", TEXT, "START WAL LOCATION: 0/3000028 (file x)\n", NULL},
      {T1("04") ".00000028.backup", TEXT, "", NULL}},
     T1("03") ".00000028.backup ",
     1},
    {"no WAL",
     {{"archive_status/x", TEXT, "", NULL}, {"xlogtemp.123", TEXT, "", NULL}, {"RECOVERYXLOG", TEXT, "", NULL}},
     "",
     0},
};

static void finds_what_is_finished(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scratch dir;
		struct finished_list list;
		char shown[512] = "";
		scratch_init(&dir);
		scratch_put(&dir, "pg_wal/archive_status/none", "", 0, 0600);
		for (size_t k = 0; cases[i].files[k].name != NULL; k++)
			put(&dir, &cases[i].files[k]);
		enum status st = finished_list_read(&list, scratch_path(&dir, "pg_wal"), CLUSTER, &err);
		assert_ok(st, err);
		for (size_t k = 0; k < list.count; k++) {
			size_t len = strlen(shown);
			len += (size_t)snprintf(shown + len, sizeof shown - len, "%s%s", list.files[k].name.text,
						list.files[k].ready ? "!" : "");
			if (list.files[k].switch_lsn != 0)
				len += (size_t)snprintf(shown + len, sizeof shown - len, "@%llX",
							(unsigned long long)list.files[k].switch_lsn);
			(void)snprintf(shown + len, sizeof shown - len, " ");
		}
		if (strcmp(shown, cases[i].expected) != 0 || list.unfinished != cases[i].others)
			fail_msg("%s: '%s' and %zu others", cases[i].title, shown, list.unfinished);
		finished_list_fini(&list);
		assert_null(list.files);
		scratch_fini(&dir);
	}
}

/* An unreadable file and a symbolic link have not begun; a path that is not a directory is an error. */
static void what_cannot_be_read(void **unused)
{
	(void)unused;
	struct scratch dir;
	struct finished_list list;
	static const struct file last = {T1("03"), OWN, NULL, NULL};
	scratch_init(&dir);
	assert_int_equal(finished_list_read(&list, scratch_path(&dir, "pg_wal"), CLUSTER, &err), STATUS_LOCAL);
	assert_non_null(strstr(err.text, "/pg_wal: No such file"));
	put(&dir, &last);
	assert_int_equal(symlink(T1("03"), scratch_path(&dir, "pg_wal/" T1("02"))), 0);
	scratch_put(&dir, "pg_wal/" T1("01") "/x", "", 0, 0600);
	enum status st = finished_list_read(&list, scratch_path(&dir, "pg_wal"), CLUSTER, &err);
	assert_ok(st, err);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.unfinished, 3);
	finished_list_fini(&list);
	scratch_fini(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_is_finished),
					   cmocka_unit_test(what_cannot_be_read)};
	return cmocka_run_group_tests_name("pg/data/finished", tests, NULL, NULL);
}

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/push/push_source.h"
#include "stream/codec/codec.h"
#include "support/archive.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/segment.h"

static const char *const names[] = {"000000010000000000000003", "000000010000000000000003.partial",
				    "000000010000000000000002.00000028.backup", "00000002.history"};
static const char *const objects[] = {
    "42/wal/0000000100000000/000000010000000000000003", "42/wal/0000000100000000/000000010000000000000003.partial",
    "42/wal/0000000100000000/000000010000000000000002.00000028.backup", "42/wal/00000002.history"};
#define KINDS (sizeof names / sizeof names[0])

static struct archive archive;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

static void stores_every_kind_under_its_name(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < KINDS; i++) {
		archive_put_wal(&archive, names[i], 7);
		enum status st = archive_push(&archive, names[i]);
		assert_ok(st, archive.err);
		assert_non_null(memory_store_bytes(archive.store, objects[i]));
	}
	assert_non_null(
	    strstr(buffer_text(&archive.world.logged), "push 000000010000000000000003: 1048576 bytes of cluster 42"));
	assert_non_null(strstr(buffer_text(&archive.world.logged), "gzip and aes-256-cbc to "));
}

static void the_same_again_is_success(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < KINDS; i++) {
		archive_put_wal(&archive, names[i], 7);
		assert_int_equal(archive_push(&archive, names[i]), STATUS_OK);
		struct buffer before = *memory_store_bytes(archive.store, objects[i]);
		archive.world.random_byte++; /* another salt: other bytes, the same content */
		enum status st = archive_push(&archive, names[i]);
		assert_ok(st, archive.err);
		assert_memory_equal(memory_store_bytes(archive.store, objects[i]), &before, sizeof before);
	}
	assert_non_null(strstr(buffer_text(&archive.world.logged), "identical to the archived file"));
}

static void another_content_is_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < KINDS; i++) {
		archive_put_wal(&archive, names[i], 7);
		assert_int_equal(archive_push(&archive, names[i]), STATUS_OK);
		struct buffer before = *memory_store_bytes(archive.store, objects[i]);
		archive_put_wal(&archive, names[i], 8);
		assert_int_equal(archive_push(&archive, names[i]), STATUS_CONFLICT);
		assert_non_null(strstr(archive.err.text, names[i]));
		assert_non_null(
		    strstr(archive.err.text, "the archive has a different file with this name: differs from byte "));
		assert_non_null(strstr(archive.err.hint, "walship changed nothing"));
		assert_memory_equal(memory_store_bytes(archive.store, objects[i]), &before, sizeof before);
	}
}

static void what_cannot_be_read_back_is_not_success(void **unused)
{
	(void)unused;
	archive_put_wal(&archive, names[0], 7);
	assert_int_equal(archive_push(&archive, names[0]), STATUS_OK);
	struct buffer *object = memory_store_bytes(archive.store, objects[0]);
	object->data[object->len - 40] ^= 1;
	assert_int_equal(archive_push(&archive, names[0]), STATUS_DAMAGED);
	assert_string_equal(archive.err.text,
			    "push 000000010000000000000003: the archive already has an object with this name, but "
			    "walship cannot read the object: not authentic: its HMAC-SHA-256 does not match");
	/* The server still has the file, so no other copy is needed. */
	assert_non_null(strstr(archive.err.hint, "rename the object 42/wal/0000000100000000/000000010000000000000003"));
	object->len = 10;
	assert_int_equal(archive_push(&archive, names[0]), STATUS_DAMAGED);
	assert_non_null(strstr(archive.err.hint, "rename the object"));
	/* A key that is not configured would read the object. */
	archive.keys.keys[0].id[0] ^= 1;
	assert_int_equal(archive_push(&archive, "00000002.history"), STATUS_LOCAL);
	archive_put_wal(&archive, names[3], 7);
	assert_int_equal(archive_push(&archive, names[3]), STATUS_OK);
	archive.keys.keys[0].id[0] ^= 1;
	assert_int_equal(archive_push(&archive, names[3]), STATUS_DAMAGED);
	assert_non_null(strstr(archive.err.hint, "add the old key"));
}

static void put_header(const struct segment_header *header, size_t size);

/* pg_resetwal --wal-segsize uses the names of the old size again. */
static void another_segment_size_is_named(void **unused)
{
	(void)unused;
	struct segment_header header = segment_header_make(1, 0, 3, 2 * ARCHIVE_SEGMENT_BYTES);
	archive_put_wal(&archive, names[0], 7);
	assert_int_equal(archive_push(&archive, names[0]), STATUS_OK);
	put_header(&header, 2 * ARCHIVE_SEGMENT_BYTES);
	assert_int_equal(archive_push(&archive, names[0]), STATUS_CONFLICT);
	assert_string_equal(archive.err.text, "push 000000010000000000000003: the archive has a segment of 1 MiB with "
					      "this name, but the server's segment has 2 MiB");
	assert_non_null(strstr(archive.err.hint, "pg_resetwal --wal-segsize"));
}

static void a_broken_store_is_no_success(void **unused)
{
	(void)unused;
	archive_put_wal(&archive, names[0], 7);
	memory_store_break(archive.store, STATUS_UNREACHABLE);
	assert_int_equal(archive_push(&archive, names[0]), STATUS_UNREACHABLE);
	assert_string_equal(archive.err.text, "push 000000010000000000000003: the store is broken");
	memory_store_break(archive.store, STATUS_OK);
	assert_null(memory_store_bytes(archive.store, objects[0]));
	archive.world.random_fails = true;
	assert_int_equal(archive_push(&archive, names[0]), STATUS_LOCAL);
	assert_string_equal(archive.err.text, "push 000000010000000000000003: no random bytes available");
	assert_null(memory_store_bytes(archive.store, objects[0]));
}

/* A store that says EXISTS and then cannot say what: neither success nor a conflict. */
static void reading_back_may_fail(void **unused)
{
	(void)unused;
	static const struct {
		enum status read, expected;
		const char *text;
	} cases[] = {
	    {STATUS_UNREACHABLE, STATUS_UNREACHABLE,
	     "reading the object that the archive already has: the store is broken"},
	    {STATUS_MISSING, STATUS_UNREACHABLE, "the object existed a moment ago: the store is broken"},
	};
	archive_put_wal(&archive, names[0], 7);
	assert_int_equal(archive_push(&archive, names[0]), STATUS_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memory_store_break_reads(archive.store, cases[i].read);
		assert_int_equal(archive_push(&archive, names[0]), cases[i].expected);
		assert_non_null(strstr(archive.err.text, cases[i].text));
	}
}

/* 16 s of upload in 25 s: what remains does not suffice to read the object back. */
static void a_lost_answer_on_a_slow_link(void **unused)
{
	(void)unused;
	archive_put_wal(&archive, names[0], 7);
	memory_store_slow_down(archive.store, 16000);
	memory_store_lose_answer(archive.store);
	archive.world.call.deadline_ms = archive.world.monotonic_ms + 25000;
	assert_int_equal(archive_push(&archive, names[0]), STATUS_UNREACHABLE);
	archive.world.call.deadline_ms = archive.world.monotonic_ms + 25000;
	assert_int_equal(archive_push(&archive, names[0]), STATUS_UNREACHABLE);
	assert_non_null(strstr(archive.err.text, "reading the object that the archive already has: timed out"));
	assert_non_null(strstr(archive.err.hint, "a push whose confirmation was lost"));
	archive.compare_ms = 25000;
	archive.world.call.deadline_ms = archive.world.monotonic_ms + 25000;
	enum status st = archive_push(&archive, names[0]);
	assert_ok(st, archive.err);
	assert_non_null(strstr(buffer_text(&archive.world.logged), "comparing within 25 s"));
	/* The rest of the call keeps its deadline. */
	assert_true(archive.world.call.deadline_ms < archive.world.monotonic_ms);
}

static void put_header(const struct segment_header *header, size_t size)
{
	static uint8_t content[2 * ARCHIVE_SEGMENT_BYTES];
	memcpy(content, header, sizeof *header);
	scratch_put(&archive.dir, "data/pg_wal/000000010000000000000003", content, size, 0600);
}

static void nothing_of_a_wrong_file_is_stored(void **unused)
{
	(void)unused;
	struct segment_header good = segment_header_make(1, 0, 3, ARCHIVE_SEGMENT_BYTES);
	struct segment_header alien = good;
	alien.system_id = 43;
	static const char name[] = "000000010000000000000003";
	put_header(&alien, ARCHIVE_SEGMENT_BYTES);
	assert_int_equal(archive_push(&archive, name), STATUS_CONFLICT);
	assert_string_equal(archive.err.text,
			    "push 000000010000000000000003: the file belongs to cluster 43, but the data directory "
			    "belongs to cluster 42");
	put_header(&good, 100);
	assert_int_equal(archive_push(&archive, name), STATUS_CONFLICT);
	put_header(&good, 0);
	assert_int_equal(archive_push(&archive, name), STATUS_CONFLICT);
	assert_string_equal(archive.err.text, "push 000000010000000000000003: damaged: is empty");
	put_header(&good, ARCHIVE_SEGMENT_BYTES + 1);
	assert_int_equal(archive_push(&archive, name), STATUS_CONFLICT);
	assert_null(memory_store_bytes(archive.store, "42/wal/0000000100000000/000000010000000000000003"));
	assert_null(memory_store_bytes(archive.store, "43/wal/0000000100000000/000000010000000000000003"));
}

static void what_is_no_wal_file_is_refused(void **unused)
{
	(void)unused;
	assert_int_equal(archive_push(&archive, "../global/pg_control"), STATUS_USAGE);
	assert_string_equal(archive.err.text, "push: 'pg_control' is not the name of a WAL file");
	assert_int_equal(archive_push(&archive, names[0]), STATUS_LOCAL);
	assert_non_null(strstr(archive.err.text, "No such file or directory"));
	assert_int_equal(mkdir(scratch_path(&archive.dir, "data/pg_wal/000000010000000000000003"), 0700), 0);
	assert_int_equal(archive_push(&archive, names[0]), STATUS_USAGE);
	assert_non_null(strstr(archive.err.text, "is not a regular file"));
}

/* The cluster's identity: from the file, the data directory, the option. */
static void identities_must_agree(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		bool data_directory;
		uint64_t option;
		enum status expected;
		const char *text;
	} cases[] = {
	    {"000000010000000000000003", true, 0, STATUS_OK, ""},
	    {"000000010000000000000004", true, 42, STATUS_OK, ""},
	    {"000000010000000000000005", true, 43, STATUS_CONFLICT,
	     "the file belongs to cluster 42, but --system-id names cluster 43"},
	    {"000000010000000000000006", false, 0, STATUS_OK, ""},
	    {"000000010000000000000007", false, 43, STATUS_CONFLICT,
	     "the file belongs to cluster 42, but --system-id names cluster 43"},
	    {"00000002.history", true, 0, STATUS_OK, ""},
	    {"00000003.history", true, 43, STATUS_CONFLICT,
	     "the file belongs to cluster 42, but --system-id names cluster 43"},
	    {"00000004.history", false, 42, STATUS_OK, ""},
	    {"00000005.history", false, 0, STATUS_USAGE, "the file's system identifier is not known"},
	    {"000000010000000000000002.00000028.backup", false, 0, STATUS_USAGE,
	     "the file's system identifier is not known"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char path[128];
		archive_put_wal(&archive, cases[i].name, 7);
		(void)snprintf(path, sizeof path, "data/pg_wal/%s", cases[i].name);
		if (!cases[i].data_directory) {
			assert_int_equal(
			    rename(scratch_path(&archive.dir, path), scratch_path(&archive.dir, cases[i].name)), 0);
			(void)snprintf(path, sizeof path, "%s", cases[i].name);
		}
		struct push push = {.store = archive.store,
				    .call = &archive.world.call,
				    .codec = codec_by_name("none"),
				    .keys = &archive.keys,
				    .path = scratch_path(&archive.dir, path),
				    .system_id = cases[i].option};
		assert_int_equal(push_file(&push, &archive.err), cases[i].expected);
		if (cases[i].expected)
			assert_non_null(strstr(archive.err.text, cases[i].text));
	}
	struct push push = {.store = archive.store,
			    .call = &archive.world.call,
			    .codec = codec_by_name("none"),
			    .keys = &archive.keys,
			    .path = scratch_path(&archive.dir, "000000010000000000000006"),
			    .pg_data = scratch_path(&archive.dir, "out")};
	assert_int_equal(push_file(&push, &archive.err), STATUS_USAGE);
	assert_non_null(strstr(archive.err.text, "is not a data directory"));
}

/* Without a store: what pushed markers say of a file. */
static void opens_without_sending(void **unused)
{
	(void)unused;
	struct stat info;
	struct push_source source;
	archive_put_wal(&archive, names[0], 7);
	struct push push = {.call = &archive.world.call,
			    .path = scratch_path(&archive.dir, "data/pg_wal/000000010000000000000003")};
	enum status st = push_source_open(&source, &push, &archive.err);
	assert_ok(st, archive.err);
	assert_int_equal(stat(push.path, &info), 0);
	const struct shipped opened = source.file;
	assert_int_equal(opened.system_id, ARCHIVE_SYSTEM_ID);
	assert_int_equal(opened.device, info.st_dev);
	assert_int_equal(opened.inode, info.st_ino);
	assert_int_equal(opened.size, ARCHIVE_SEGMENT_BYTES);
	assert_int_equal(opened.modified_ns, info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec);
	assert_int_equal(opened.changed_ns, info.st_ctim.tv_sec * 1000000000 + info.st_ctim.tv_nsec);
	/* It is still that file once it is sent, also when its object was there. */
	push.store = archive.store;
	push.codec = codec_by_name("none");
	push.keys = &archive.keys;
	for (int i = 0; i < 2; i++) {
		st = push_source_send(&source, &push, &archive.err);
		assert_ok(st, archive.err);
		assert_memory_equal(&source.file, &opened, sizeof opened);
	}
	push_source_close(&source);
	/* A history tells no cluster; the data directory does. */
	archive_put_wal(&archive, names[3], 7);
	push.path = scratch_path(&archive.dir, "data/pg_wal/00000002.history");
	st = push_source_open(&source, &push, &archive.err);
	assert_ok(st, archive.err);
	assert_int_equal(source.file.system_id, ARCHIVE_SYSTEM_ID);
	push_source_close(&source);
}

/* In the words of push_file: a reader need not know which of the two it was. */
static void refuses_to_open_as_it_pushes(void **unused)
{
	(void)unused;
	struct error other = {0};
	struct push push = {.call = &archive.world.call, .codec = codec_by_name("none"), .keys = &archive.keys};
	static const char *const paths[] = {"data/pg_wal/000000010000000000000009", "data/pg_wal/x", "data/pg_wal",
					    "data/pg_wal/000000010000000000000004", "00000002.history"};
	scratch_put(&archive.dir, "data/pg_wal/000000010000000000000004", "damaged", 7, 0600);
	scratch_put(&archive.dir, "00000002.history", "1\t0/1\tx\n", 8, 0600);
	push.store = archive.store;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct push_source source;
		push.path = scratch_path(&archive.dir, paths[i]);
		enum status st = push_source_open(&source, &push, &archive.err);
		push_source_close(&source);
		assert_int_not_equal(st, STATUS_OK);
		assert_int_equal(push_file(&push, &other), st);
		assert_string_equal(other.text, archive.err.text);
		assert_string_equal(other.hint, archive.err.hint);
	}
}

/* After the open the name is given to another file, or the file is written to, as good as both may be. */
static void knows_whether_the_path_still_names_the_open_file(void **unused)
{
	(void)unused;
	struct push_source source;
	struct push push = {.call = &archive.world.call, .codec = codec_by_name("none"), .keys = &archive.keys};
	push.store = archive.store;
	archive_put_wal(&archive, names[0], 7);
	push.path = scratch_path(&archive.dir, "data/pg_wal/000000010000000000000003");
	enum status st = push_source_open(&source, &push, &archive.err);
	assert_ok(st, archive.err);
	const int64_t modified_ns = source.file.modified_ns;
	const struct timespec then[2] = {{.tv_sec = modified_ns / 1000000000, .tv_nsec = modified_ns % 1000000000},
					 {.tv_sec = modified_ns / 1000000000, .tv_nsec = modified_ns % 1000000000}};
	/* Another inode, of the same time. */
	const char *aside = scratch_path(&archive.dir, "data/pg_wal/aside");
	assert_int_equal(rename(push.path, aside), 0);
	assert_int_equal(push_source_check_current(&source, &push, &archive.err), STATUS_LOCAL);
	assert_non_null(strstr(archive.err.text, "No such file or directory"));
	archive_put_wal(&archive, names[0], 8);
	assert_int_equal(utimensat(AT_FDCWD, push.path, then, 0), 0);
	assert_int_equal(push_source_check_current(&source, &push, &archive.err), STATUS_CONFLICT);
	assert_non_null(
	    strstr(archive.err.text, "push 000000010000000000000003: the file changed after walship checked it"));
	assert_non_null(strstr(archive.err.hint, "backfill again"));
	/* The same inode, written to since: one byte that it had already. */
	assert_int_equal(rename(aside, push.path), 0);
	int fd = open(push.path, O_RDWR | O_CLOEXEC);
	char last;
	assert_int_equal(pread(fd, &last, 1, ARCHIVE_SEGMENT_BYTES - 1), 1);
	assert_int_equal(pwrite(fd, &last, 1, ARCHIVE_SEGMENT_BYTES - 1), 1);
	const struct timespec later[2] = {then[0], {.tv_sec = then[1].tv_sec + 1}};
	assert_int_equal(futimens(fd, later), 0); /* the clock of files may not have moved on */
	assert_int_equal(push_source_check_current(&source, &push, &archive.err), STATUS_CONFLICT);
	assert_int_equal(push_source_send(&source, &push, &archive.err), STATUS_CONFLICT);
	assert_non_null(strstr(archive.err.text, "the file changed while walship read it"));
	assert_null(memory_store_bytes(archive.store, objects[0]));
	/* As it was: a link more, or another owner, is no other content. */
	assert_int_equal(futimens(fd, then), 0);
	(void)close(fd);
	assert_int_equal(link(push.path, aside), 0);
	st = push_source_check_current(&source, &push, &archive.err);
	assert_ok(st, archive.err);
	st = push_source_send(&source, &push, &archive.err);
	assert_ok(st, archive.err);
	push_source_close(&source);
}

#define WITH_SETUP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SETUP(stores_every_kind_under_its_name),
	    WITH_SETUP(the_same_again_is_success),
	    WITH_SETUP(another_content_is_refused),
	    WITH_SETUP(another_segment_size_is_named),
	    WITH_SETUP(what_cannot_be_read_back_is_not_success),
	    WITH_SETUP(a_broken_store_is_no_success),
	    WITH_SETUP(reading_back_may_fail),
	    WITH_SETUP(a_lost_answer_on_a_slow_link),
	    WITH_SETUP(nothing_of_a_wrong_file_is_stored),
	    WITH_SETUP(what_is_no_wal_file_is_refused),
	    WITH_SETUP(identities_must_agree),
	    WITH_SETUP(opens_without_sending),
	    WITH_SETUP(refuses_to_open_as_it_pushes),
	    WITH_SETUP(knows_whether_the_path_still_names_the_open_file),
	};
	return cmocka_run_group_tests_name("archive/push/push", tests, NULL, NULL);
}

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/seal.h"
#include "store/directory/directory.h"
#include "support/archive.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/segment.h"

static const char name[] = "000000010000000000000003";
static const char object[] = "42/wal/0000000100000000/000000010000000000000003";
static struct archive archive;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	archive_put_wal(&archive, name, 7);
	return archive_push(&archive, name) == STATUS_OK ? 0 : -1;
}

static int teardown(void **unused)
{
	(void)unused;
	archive_fini(&archive);
	return 0;
}

static struct buffer read_file(const char *path)
{
	struct buffer out = {0};
	char chunk[65536];
	ssize_t got;
	int fd = open(scratch_path(&archive.dir, path), O_RDONLY);
	assert_true(fd >= 0);
	while ((got = read(fd, chunk, sizeof chunk)) > 0)
		assert_int_equal(buffer_append(&out, chunk, (size_t)got, &archive.err), STATUS_OK);
	close(fd);
	return out;
}

static void assert_same(const char *one, const char *two)
{
	struct buffer a = read_file(one);
	struct buffer b = read_file(two);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	buffer_fini(&a);
	buffer_fini(&b);
}

static void assert_absent(void)
{
	assert_int_equal(scratch_entries(&archive.dir, "out"), 1);
}

static void brings_back_what_was_pushed(void **unused)
{
	(void)unused;
	for (int twice = 0; twice < 2; twice++) {
		enum status st = archive_fetch(&archive, name);
		assert_ok(st, archive.err);
		assert_same("data/pg_wal/000000010000000000000003", "out/000000010000000000000003");
		/* Whatever stands at the destination is replaced. */
		scratch_put(&archive.dir, "out/000000010000000000000003", "old", 3, 0600);
	}
}

static void missing_leaves_the_destination_alone(void **unused)
{
	(void)unused;
	assert_int_equal(archive_fetch(&archive, "000000010000000000000004"), STATUS_MISSING);
	assert_string_equal(archive.err.text, "fetch 000000010000000000000004: no "
					      "42/wal/0000000100000000/000000010000000000000004");
	assert_absent();
}

static void trouble_is_never_missing(void **unused)
{
	(void)unused;
	memory_store_break(archive.store, STATUS_UNREACHABLE);
	assert_int_equal(archive_fetch(&archive, name), STATUS_UNREACHABLE);
	assert_absent();
	memory_store_break(archive.store, STATUS_OK);
	/* Deleted in a bucket that keeps versions. */
	memory_store_break_reads(archive.store, STATUS_MISSING);
	assert_int_equal(archive_fetch(&archive, name), STATUS_UNREACHABLE);
	assert_string_equal(archive.err.hint, "the object was deleted");
	assert_absent();
	memory_store_break_reads(archive.store, STATUS_OK);
	assert_int_equal(archive_fetch(&archive, "../x"), STATUS_USAGE);
	struct fetch nowhere = {.store = archive.store,
				.call = &archive.world.call,
				.keys = &archive.keys,
				.name = name,
				.system_id = ARCHIVE_SYSTEM_ID};
	assert_int_equal(fetch_file(&nowhere, scratch_path(&archive.dir, "none/x"), &archive.err), STATUS_LOCAL);
	assert_true(archive.err.hint[0] != '\0');
}

/* A repository that cannot be read is no fault of the destination. */
static void a_fault_of_the_repository_is_not_blamed_on_the_destination(void **unused)
{
	(void)unused;
	struct store *store = NULL;
	char path[300];
	(void)snprintf(path, sizeof path, "repo/%s", object);
	scratch_put(&archive.dir, path, "", 0, 0600);
	assert_int_equal(unlink(scratch_path(&archive.dir, path)), 0);
	assert_int_equal(symlink(name, scratch_path(&archive.dir, path)), 0);
	assert_int_equal(directory_store_open(scratch_path(&archive.dir, "repo"), &store, &archive.err), STATUS_OK);
	struct fetch fetch = {.store = store,
			      .call = &archive.world.call,
			      .keys = &archive.keys,
			      .name = name,
			      .system_id = ARCHIVE_SYSTEM_ID,
			      .scratch = archive.dir.path};
	for (int cat = 0; cat < 2; cat++) {
		enum status st = cat ? fetch_to_fd(&fetch, -1, &archive.err)
				     : fetch_file(&fetch, scratch_path(&archive.dir, "out/RECOVERYXLOG"), &archive.err);
		assert_int_equal(st, STATUS_LOCAL);
		assert_non_null(strstr(archive.err.text, "Too many levels of symbolic links"));
		assert_non_null(strstr(archive.err.hint, "symbolic links"));
		memory_store_break(archive.store, STATUS_LOCAL);
		fetch.store = archive.store;
		st = cat ? fetch_to_fd(&fetch, -1, &archive.err)
			 : fetch_file(&fetch, scratch_path(&archive.dir, "out/RECOVERYXLOG"), &archive.err);
		assert_int_equal(st, STATUS_LOCAL);
		assert_string_equal(archive.err.hint, "");
		memory_store_break(archive.store, STATUS_OK);
		fetch.store = store;
	}
	store_free(store);
}

static void nothing_unverified_appears(void **unused)
{
	(void)unused;
	struct buffer *stored = memory_store_bytes(archive.store, object);
	for (size_t at = 0; at < stored->len; at += stored->len / 97) {
		stored->data[at] ^= 0x10;
		assert_int_equal(archive_fetch(&archive, name), STATUS_DAMAGED);
		assert_absent();
		stored->data[at] ^= 0x10;
	}
	size_t len = stored->len;
	for (stored->len = 0; stored->len < len; stored->len += 1 + len / 41) {
		assert_int_equal(archive_fetch(&archive, name), STATUS_DAMAGED);
		assert_absent();
	}
	stored->len = len;
	assert_int_equal(archive_fetch(&archive, name), STATUS_OK);
}

/* Authentic, and yet not what the name says: it could only have been stored by something else. */
static void the_content_must_be_what_the_name_says(void **unused)
{
	(void)unused;
	struct segment_header wrong = segment_header_make(1, 0, 4, ARCHIVE_SEGMENT_BYTES);
	struct seal_params params = {.codec = codec_by_name("none"), .key = &archive.keys.keys[0], .name = object};
	struct sink *chain = NULL;
	static uint8_t zeros[ARCHIVE_SEGMENT_BYTES - sizeof wrong];
	assert_int_equal(store_remove(archive.store, &archive.world.call, object, &archive.err), STATUS_OK);
	assert_int_equal(store_create(archive.store, &archive.world.call, object, &chain, &archive.err), STATUS_OK);
	assert_int_equal(seal_new(&chain, &params, &archive.err), STATUS_OK);
	assert_int_equal(sink_write(chain, &wrong, sizeof wrong, &archive.err), STATUS_OK);
	assert_int_equal(sink_write(chain, zeros, sizeof zeros, &archive.err), STATUS_OK);
	assert_int_equal(sink_finish(chain, &archive.err), STATUS_OK);
	sink_free(chain);
	assert_int_equal(archive_fetch(&archive, name), STATUS_DAMAGED);
	assert_non_null(strstr(archive.err.text,
			       "does not match its name: its first page is at 0/400000, but the name says 0/300000"));
	assert_absent();
}

static void cat_writes_only_what_is_verified(void **unused)
{
	(void)unused;
	struct fetch fetch = {.store = archive.store,
			      .call = &archive.world.call,
			      .keys = &archive.keys,
			      .name = name,
			      .system_id = ARCHIVE_SYSTEM_ID,
			      .scratch = archive.dir.path};
	int fd = open(scratch_path(&archive.dir, "out/cat"), O_CREAT | O_RDWR, 0600);
	struct buffer *stored = memory_store_bytes(archive.store, object);
	stored->data[stored->len - 1] ^= 1;
	assert_int_equal(fetch_to_fd(&fetch, fd, &archive.err), STATUS_DAMAGED);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	stored->data[stored->len - 1] ^= 1;
	enum status st = fetch_to_fd(&fetch, fd, &archive.err);
	assert_ok(st, archive.err);
	close(fd);
	assert_same("data/pg_wal/000000010000000000000003", "out/cat");
	int full = open("/dev/full", O_WRONLY);
	assert_int_equal(fetch_to_fd(&fetch, full, &archive.err), STATUS_LOCAL);
	assert_non_null(strstr(archive.err.text, "No space left on device"));
	close(full);
	fetch.name = "x";
	assert_int_equal(fetch_to_fd(&fetch, -1, &archive.err), STATUS_USAGE);
	fetch.name = name;
	fetch.scratch = "/nonexistent";
	assert_int_equal(fetch_to_fd(&fetch, -1, &archive.err), STATUS_LOCAL);
}

#define WITH_SETUP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SETUP(brings_back_what_was_pushed),
	    WITH_SETUP(missing_leaves_the_destination_alone),
	    WITH_SETUP(trouble_is_never_missing),
	    WITH_SETUP(a_fault_of_the_repository_is_not_blamed_on_the_destination),
	    WITH_SETUP(nothing_unverified_appears),
	    WITH_SETUP(the_content_must_be_what_the_name_says),
	    WITH_SETUP(cat_writes_only_what_is_verified),
	};
	return cmocka_run_group_tests_name("archive/fetch/fetch", tests, NULL, NULL);
}

#include <stdlib.h>
#include <string.h>

#include "catalog/series.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/world.h"

static struct world world;
static struct repository repo;
static struct error err;
static struct series series;

static int setup(void **unused)
{
	(void)unused;
	world_init(&world);
	memset(&repo, 0, sizeof repo);
	repo.store = memory_store_open();
	repo.encrypt = true;
	repo.keys.count = 1;
	memset(repo.keys.keys[0].bytes, 3, REPOSITORY_KEY_BYTES);
	memset(repo.keys.keys[0].id, 4, KEY_ID_BYTES);
	series = (struct series){.repo = &repo, .call = &world.call, .system_id = 42, .part = PART_INDEX};
	assert_true(backup_label_parse(&series.label, "20261129T064210Z-full"));
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	store_free(repo.store);
	world_fini(&world);
	return 0;
}

static struct series_writer writer_of(void)
{
	return (struct series_writer){.series = series,
				      .settings = {.codec = codec_by_name("none"), .level = 1, .threads = 1}};
}

/* A record: its number, over and over. */
static size_t make_record(uint8_t *out, uint32_t number)
{
	size_t len = 4 * (size_t)(1 + number % 300000);
	for (size_t at = 0; at < len; at += 4)
		memcpy(out + at, &number, 4);
	return len;
}

static struct series_writer write_records(uint32_t from, uint32_t to, uint32_t step)
{
	struct series_writer writer = writer_of();
	uint8_t *record = malloc(SERIES_WRITE_MAX);
	for (uint32_t number = from; number < to; number += step)
		assert_ok(series_write(&writer, record, make_record(record, number), &err), err);
	assert_ok(series_writer_end(&writer, &err), err);
	free(record);
	return writer;
}

static struct series_reader reader_of(const struct series_writer *writer)
{
	return (struct series_reader){.series = series, .count = writer->count, .bytes = writer->bytes};
}

static void comes_back_in_whole_records(void **unused)
{
	(void)unused;
	struct series_writer writer = write_records(100000, 300000, 9000);
	struct series_reader reader = reader_of(&writer);
	uint8_t *record = malloc(SERIES_WRITE_MAX);
	uint32_t number = 100000;
	bool more;
	assert_true(writer.count > 1);
	while (!series_next(&reader, &more, &err) && more) {
		assert_true(reader.content.len <= SERIES_OBJECT_MAX && reader.content.len > 0);
		for (size_t at = 0; at < reader.content.len; number += 9000) {
			size_t len = make_record(record, number);
			assert_true(len <= reader.content.len - at);
			assert_memory_equal(reader.content.data + at, record, len);
			at += len;
		}
	}
	assert_false(more);
	assert_true(number >= 300000);
	series_reader_fini(&reader);
	free(record);
}

static void a_series_may_be_empty(void **unused)
{
	(void)unused;
	struct series_writer writer = write_records(1, 1, 1);
	struct series_reader reader = reader_of(&writer);
	bool more;
	assert_int_equal(writer.count, 0);
	assert_ok(series_next(&reader, &more, &err), err);
	assert_false(more);
	series_reader_fini(&reader);
}

static void what_lacks_is_damage(void **unused)
{
	(void)unused;
	struct series_writer writer = write_records(299000, 299012, 1);
	struct series_reader reader = reader_of(&writer);
	bool more;
	assert_int_equal(writer.count, 2);
	reader.bytes++;
	assert_ok(series_next(&reader, &more, &err), err);
	assert_ok(series_next(&reader, &more, &err), err);
	assert_int_equal(series_next(&reader, &more, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "backup 20261129T064210Z-full: its manifest says that index has"));
	series_reader_fini(&reader);
	reader = reader_of(&writer);
	assert_ok(store_remove(repo.store, &world.call, "42/backup/20261129T064210Z-full/index/00000002", &err), err);
	assert_ok(series_next(&reader, &more, &err), err);
	assert_int_equal(series_next(&reader, &more, &err), STATUS_DAMAGED);
	assert_string_equal(err.text, "42/backup/20261129T064210Z-full/index/00000002 is missing");
	memory_store_break(repo.store, STATUS_UNREACHABLE);
	reader.number = 0;
	assert_int_equal(series_next(&reader, &more, &err), STATUS_UNREACHABLE);
	series_reader_fini(&reader);
}

/* An object of another place in the series is not authentic there. */
static void objects_do_not_change_places(void **unused)
{
	(void)unused;
	struct series_writer writer = write_records(299000, 299012, 1);
	struct series_reader reader = reader_of(&writer);
	struct buffer *first = memory_store_bytes(repo.store, "42/backup/20261129T064210Z-full/index/00000001");
	struct buffer *second = memory_store_bytes(repo.store, "42/backup/20261129T064210Z-full/index/00000002");
	struct buffer swap = *first;
	bool more;
	*first = *second;
	*second = swap;
	assert_int_equal(series_next(&reader, &more, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "not authentic"));
	series_reader_fini(&reader);
}

static void a_failing_store_ends_the_series(void **unused)
{
	(void)unused;
	struct series_writer writer = writer_of();
	memory_store_break(repo.store, STATUS_UNREACHABLE);
	enum status st = series_write(&writer, "x", 1, &err);
	if (!st)
		st = series_writer_end(&writer, &err);
	assert_int_equal(st, STATUS_UNREACHABLE);
	series_writer_fini(&writer);
	memory_store_break(repo.store, STATUS_OK);
	writer = writer_of();
	assert_ok(series_write(&writer, "x", 1, &err), err);
	series_writer_fini(&writer);
	assert_null(memory_store_bytes(repo.store, writer.name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(comes_back_in_whole_records, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_series_may_be_empty, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_lacks_is_damage, setup, teardown),
	    cmocka_unit_test_setup_teardown(objects_do_not_change_places, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_failing_store_ends_the_series, setup, teardown),
	};
	return cmocka_run_group_tests_name("catalog/series", tests, NULL, NULL);
}

/* WAL becomes parts in a directory: when, with which bytes, and what is durable meanwhile. */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/wal/part_name.h"
#include "receive/part_writer.h"
#include "stream/codec/codec.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/settings.h"
#include "support/world.h"

#define SEGMENT_BYTES (1024 * 1024)
#define PART_BYTES (64 * 1024)
#define BEGIN (5ULL * SEGMENT_BYTES)
#define NAMES_MAX 64

static struct scratch dir;
static struct world world;
static struct config *config;
static struct repository repo;
static struct part_writer writer;
static struct error err;
static uint8_t wal[3 * SEGMENT_BYTES]; /* from BEGIN on */
static _Atomic int64_t now_ms;

static int64_t monotonic_ms(void *arg)
{
	(void)arg;
	return now_ms;
}

/* Workers retry on the real clock, because the other thread continues. */
static void sleep_ms(void *arg, int64_t ms)
{
	(void)arg, (void)ms;
	(void)usleep(1000);
}

static void open_writer(int64_t interval_ms)
{
	const struct part_writer_settings settings = {.repo = &repo,
						      .call = &world.call,
						      .system_id = 42,
						      .segment_bytes = SEGMENT_BYTES,
						      .codec = codec_by_name("none"),
						      .interval_ms = interval_ms,
						      .part_bytes = PART_BYTES,
						      .timeout_ms = 10000};
	assert_ok(part_writer_open(&writer, &settings, &err), err);
	part_writer_restart(&writer, (struct wal_position){1, BEGIN});
}

static int setup(void **unused)
{
	(void)unused;
	char text[256];
	scratch_init(&dir);
	world_init(&world);
	now_ms = 1000;
	world.clock.monotonic_ms = monotonic_ms;
	world.clock.sleep_ms = sleep_ms;
	world.call.log = NULL; /* the world's is not for several threads */
	err = (struct error){0};
	for (size_t i = 0; i < sizeof wal; i++)
		wal[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(mkdir(scratch_path(&dir, "repo"), 0700), 0);
	(void)snprintf(text, sizeof text, "repo = file://%s/repo\ncipher = none\n", dir.path);
	assert_ok(config_load_text(&config, text, strlen(text), "test.conf", &err), err);
	assert_ok(repository_open(&repo, settings_of(config), &world.call, &err), err);
	open_writer(5000);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	part_writer_close(&writer);
	repository_fini(&repo);
	config_free(config);
	world_fini(&world);
	scratch_fini(&dir);
	return 0;
}

static void add(size_t len)
{
	while (len > 0) {
		struct pollfd wait = {.fd = writer.wake_fd, .events = POLLIN};
		struct part_writer_state state;
		size_t room = part_writer_room(&writer);
		size_t piece = room < len ? room : len;
		if (piece == 0) {
			assert_int_equal(poll(&wait, 1, 10000), 1);
			assert_ok(part_writer_state(&writer, &state, &err), err);
			continue;
		}
		assert_ok(part_writer_add(&writer, wal + (writer.next.lsn - BEGIN), piece, &err), err);
		len -= piece;
	}
}

/* Until everything that was handed to the workers is stored, or has failed for good. */
static enum status settle(struct part_writer_state *state)
{
	for (int i = 0; i < 1000; i++) {
		struct pollfd wait = {.fd = writer.wake_fd, .events = POLLIN};
		enum status st = part_writer_state(&writer, state, &err);
		(void)pthread_mutex_lock(&writer.mutex);
		bool done = writer.done == writer.filled;
		(void)pthread_mutex_unlock(&writer.mutex);
		if (st || done)
			return st;
		(void)poll(&wait, 1, 100);
	}
	fail_msg("the workers store nothing");
	return STATUS_LOCAL;
}

/* The interval passes, and the received WAL is stored. */
static struct part_writer_state pass(int64_t ms)
{
	struct part_writer_state state;
	now_ms += ms;
	(void)part_writer_tick(&writer, false);
	assert_ok(settle(&state), err);
	return state;
}

struct listed {
	struct wal_part parts[NAMES_MAX];
	size_t count;
};

static enum status take(void *arg, const struct object_info *info, struct error *error)
{
	struct listed *listed = arg;
	uint64_t system_id;
	(void)error;
	assert_true(listed->count < NAMES_MAX);
	assert_true(wal_part_parse(info->name, &system_id, &listed->parts[listed->count++]));
	return STATUS_OK;
}

/* Each part has the bytes of the WAL that its name says. */
static struct listed look(void)
{
	struct listed listed = {0};
	assert_ok(store_list(repo.store, &world.call, "42/stream/", take, &listed, &err), err);
	for (size_t i = 0; i < listed.count; i++) {
		char name[WAL_OBJECT_NAME_MAX];
		struct buffer bytes = {.max = PART_BYTES};
		uint64_t number;
		wal_part_object_name(name, 42, &listed.parts[i]);
		assert_ok(object_read(&repo, &world.call, name, &bytes, NULL, &err), err);
		assert_true(wal_name_number(&listed.parts[i].segment, SEGMENT_BYTES, &number));
		assert_int_equal(bytes.len, listed.parts[i].end - listed.parts[i].first);
		assert_memory_equal(bytes.data, wal + (number * SEGMENT_BYTES + listed.parts[i].first - BEGIN),
				    bytes.len);
		buffer_fini(&bytes);
	}
	return listed;
}

static void expect_part(const struct listed *listed, size_t index, uint32_t first, uint32_t end)
{
	assert_true(index < listed->count);
	assert_int_equal(listed->parts[index].first, first);
	assert_int_equal(listed->parts[index].end, end);
}

static void an_interval_makes_a_part(void **unused)
{
	(void)unused;
	assert_int_equal(part_writer_tick(&writer, false), -1);
	add(100);
	now_ms += 4000;
	add(50);
	assert_int_equal(part_writer_tick(&writer, false), 1000);
	assert_int_equal(look().count, 0);
	struct part_writer_state state = pass(1000);
	assert_int_equal(state.durable.lsn, BEGIN + 150);
	assert_true(state.idle);
	/* Nothing new: no part. */
	(void)pass(60000);
	add(10);
	state = pass(5000);
	struct listed listed = look();
	assert_int_equal(listed.count, 2);
	expect_part(&listed, 0, 0, 150);
	expect_part(&listed, 1, 150, 160);
	assert_int_equal(state.stored_parts, 2);
}

static void now_means_now(void **unused)
{
	(void)unused;
	struct part_writer_state state;
	add(100);
	assert_int_equal(part_writer_tick(&writer, true), -1);
	assert_ok(settle(&state), err);
	assert_int_equal(state.durable.lsn, BEGIN + 100);
}

static void a_full_buffer_and_the_end_of_a_segment_make_parts(void **unused)
{
	(void)unused;
	add(SEGMENT_BYTES + 100);
	struct part_writer_state state = pass(5000);
	struct listed listed = look();
	assert_int_equal(state.durable.lsn, BEGIN + SEGMENT_BYTES + 100);
	assert_int_equal(listed.count, SEGMENT_BYTES / PART_BYTES + 1);
	for (uint32_t i = 0; i < SEGMENT_BYTES / PART_BYTES; i++)
		expect_part(&listed, i, i * PART_BYTES, (i + 1) * PART_BYTES);
	expect_part(&listed, listed.count - 1, 0, 100);
	assert_string_equal(listed.parts[listed.count - 1].segment.text, "000000010000000000000006");
}

static void the_sixteenth_repeats_the_others(void **unused)
{
	(void)unused;
	struct part_writer_state state = {0};
	for (int i = 0; i < 17; i++) {
		add(100);
		state = pass(5000);
	}
	assert_int_equal(state.durable.lsn, BEGIN + 1700);
	assert_true(state.idle);
	struct listed listed = look();
	assert_int_equal(listed.count, 17);
	expect_part(&listed, 0, 0, 100);
	expect_part(&listed, 1, 0, 1600);
	expect_part(&listed, 16, 1600, 1700);
	/* The first part of a new stream, or of the next segment, repeats nothing. */
	part_writer_restart(&writer, (struct wal_position){1, BEGIN + SEGMENT_BYTES - 1400});
	for (int i = 0; i < 16; i++) {
		add(100);
		(void)pass(5000);
	}
	listed = look();
	assert_int_equal(listed.count, 33);
	expect_part(&listed, 17, SEGMENT_BYTES - 1400, SEGMENT_BYTES - 1300);
	expect_part(&listed, 30, SEGMENT_BYTES - 100, SEGMENT_BYTES);
	expect_part(&listed, 31, 0, 100);
	expect_part(&listed, 32, 100, 200);
}

/* The part that ends a group repeats the group, and has room for fewer new bytes. */
static void repeated_bytes_take_room(void **unused)
{
	(void)unused;
	for (int i = 0; i < 15; i++) {
		add(1600);
		(void)pass(5000);
	}
	assert_int_equal(part_writer_room(&writer), PART_BYTES - 15 * 1600);
	add(PART_BYTES);
	(void)pass(5000);
	struct listed listed = look();
	expect_part(&listed, 1, 0, PART_BYTES);
	expect_part(&listed, listed.count - 1, PART_BYTES, PART_BYTES + 15 * 1600);
}

static void without_an_interval_a_free_worker_takes_it(void **unused)
{
	(void)unused;
	part_writer_close(&writer);
	open_writer(0);
	add(100);
	struct part_writer_state state = pass(0);
	assert_int_equal(state.durable.lsn, BEGIN + 100);
}

/* A file stands where the directory of the cluster should. */
static void what_cannot_be_stored_waits(void **unused)
{
	(void)unused;
	struct part_writer_state state = {0};
	scratch_put(&dir, "repo/42", "", 0, 0600);
	add(100);
	(void)part_writer_tick(&writer, true);
	for (int i = 0; state.failing_ms == 0 && i < 1000; i++) {
		struct pollfd wait = {.fd = writer.wake_fd, .events = POLLIN};
		(void)poll(&wait, 1, 100);
		assert_ok(part_writer_state(&writer, &state, &err), err);
	}
	assert_true(state.failing_ms > 0 && !state.idle && state.trouble.text[0] != '\0');
	assert_int_equal(state.durable.lsn, BEGIN);
	assert_int_equal(unlink(scratch_path(&dir, "repo/42")), 0);
	assert_ok(settle(&state), err);
	assert_int_equal(state.durable.lsn, BEGIN + 100);
	assert_int_equal(state.failing_ms, 0);
}

static void the_same_part_may_be_there_and_no_other(void **unused)
{
	(void)unused;
	struct part_writer_state state;
	for (int i = 0; i < 2; i++) {
		part_writer_restart(&writer, (struct wal_position){1, BEGIN});
		add(100);
		(void)pass(5000);
	}
	assert_int_equal(look().count, 1);
	part_writer_restart(&writer, (struct wal_position){1, BEGIN});
	wal[50] ^= 1;
	add(100);
	(void)part_writer_tick(&writer, true);
	assert_int_equal(settle(&state), STATUS_CONFLICT);
	assert_non_null(strstr(err.text, "the repository has a different object of this name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_interval_makes_a_part, setup, teardown),
	    cmocka_unit_test_setup_teardown(now_means_now, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_full_buffer_and_the_end_of_a_segment_make_parts, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_sixteenth_repeats_the_others, setup, teardown),
	    cmocka_unit_test_setup_teardown(repeated_bytes_take_room, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_an_interval_a_free_worker_takes_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_cannot_be_stored_waits, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_same_part_may_be_there_and_no_other, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

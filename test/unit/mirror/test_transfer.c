/* One object, from a store in memory to another one. */
#include <string.h>

#include "mirror/transfer.h"
#include "repo/object.h"
#include "support/archive.h"
#include "support/cmocka.h"
#include "support/memory_store.h"

#define NAME "42/timeline/1"
#define CONTENT "some content"

static struct archive archive;
static struct repository original, copy;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	archive_init(&archive);
	original = (struct repository){.store = archive.store, .keys = archive.keys, .encrypt = true};
	copy = (struct repository){.store = memory_store_open()};
	assert_ok(object_create(&original, &archive.world.call, NAME, CONTENT, strlen(CONTENT), &err), err);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	store_free(copy.store);
	archive_fini(&archive);
	return 0;
}

static struct mirror_entry entry_of(void)
{
	struct mirror_entry entry = {.name = NAME, .bytes = memory_store_bytes(original.store, NAME)->len};
	return entry;
}

static enum status move_entry(const struct mirror_entry *entry, bool open, enum transfer_outcome *outcome)
{
	const struct transfer transfer = {
	    .original = &original, .copy = &copy, .call = &archive.world.call, .entry = entry, .open = open};
	return transfer_object(&transfer, outcome, &err);
}

static void expect(bool open, enum transfer_outcome wanted, bool appears)
{
	enum transfer_outcome outcome;
	const struct mirror_entry entry = entry_of();
	assert_ok(move_entry(&entry, open, &outcome), err);
	assert_int_equal(outcome, wanted);
	assert_int_equal(memory_store_bytes(copy.store, NAME) != NULL, appears);
}

static void bytes_stay_as_they_are(void **unused)
{
	(void)unused;
	expect(false, TRANSFER_COPIED, true);
	const struct buffer *one = memory_store_bytes(original.store, NAME),
			    *other = memory_store_bytes(copy.store, NAME);
	assert_int_equal(one->len, other->len);
	assert_memory_equal(one->data, other->data, one->len);
	expect(false, TRANSFER_PRESENT, true);
	expect(true, TRANSFER_PRESENT, true);
}

static void a_damaged_object_is_not_copied_if_it_is_opened(void **unused)
{
	(void)unused;
	struct buffer *bytes = memory_store_bytes(original.store, NAME);
	for (size_t at = 0; at < bytes->len; at++) {
		bytes->data[at] ^= 1;
		expect(true, TRANSFER_DAMAGED, false);
		bytes->data[at] ^= 1;
	}
	bytes->len--;
	expect(true, TRANSFER_DAMAGED, false);
	bytes->len++;
	expect(true, TRANSFER_COPIED, true);
}

static void an_object_of_another_length_is_not_copied(void **unused)
{
	(void)unused;
	for (int more = -1; more <= 1; more += 2) {
		struct mirror_entry entry = entry_of();
		enum transfer_outcome outcome;
		entry.bytes += (uint64_t)(int64_t)more;
		assert_ok(move_entry(&entry, false, &outcome), err);
		assert_int_equal(outcome, TRANSFER_DAMAGED);
		assert_null(memory_store_bytes(copy.store, NAME));
	}
}

static void another_object_of_the_name_stays(void **unused)
{
	(void)unused;
	assert_ok(object_create(&copy, &archive.world.call, NAME, "x", 1, &err), err);
	size_t len = memory_store_bytes(copy.store, NAME)->len;
	expect(false, TRANSFER_CONFLICT, true);
	assert_int_equal(memory_store_bytes(copy.store, NAME)->len, len);
}

static void what_is_gone_is_no_failure(void **unused)
{
	(void)unused;
	enum transfer_outcome outcome;
	struct mirror_entry entry = entry_of();
	assert_ok(store_remove(original.store, &archive.world.call, NAME, &err), err);
	assert_ok(move_entry(&entry, true, &outcome), err);
	assert_int_equal(outcome, TRANSFER_GONE);
	assert_null(memory_store_bytes(copy.store, NAME));
}

static void a_store_that_fails_ends_the_run(void **unused)
{
	(void)unused;
	enum transfer_outcome outcome;
	const struct mirror_entry entry = entry_of();
	memory_store_break(copy.store, STATUS_LOCAL);
	assert_int_equal(move_entry(&entry, false, &outcome), STATUS_LOCAL);
	memory_store_break(copy.store, STATUS_OK);
	memory_store_break_reads(original.store, STATUS_UNREACHABLE);
	assert_int_equal(move_entry(&entry, false, &outcome), STATUS_UNREACHABLE);
	/* One file that this user may not read is another matter. */
	memory_store_break_reads(original.store, STATUS_LOCAL);
	expect(false, TRANSFER_UNREADABLE, false);
}

/* The store has kept the object of the first attempt. */
static void a_lost_answer_is_made_up_for(void **unused)
{
	(void)unused;
	enum transfer_outcome outcome;
	const struct mirror_entry entry = entry_of();
	memory_store_lose_answer(copy.store);
	assert_int_equal(move_entry(&entry, false, &outcome), STATUS_UNREACHABLE);
	expect(false, TRANSFER_PRESENT, true);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(bytes_stay_as_they_are),
	    CASE(a_damaged_object_is_not_copied_if_it_is_opened),
	    CASE(an_object_of_another_length_is_not_copied),
	    CASE(another_object_of_the_name_stays),
	    CASE(what_is_gone_is_no_failure),
	    CASE(a_store_that_fails_ends_the_run),
	    CASE(a_lost_answer_is_made_up_for),
	};
	return cmocka_run_group_tests_name("mirror/transfer", tests, NULL, NULL);
}

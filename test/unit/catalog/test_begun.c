#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/begun.h"
#include "repo/object.h"
#include "support/cmocka.h"
#include "support/memory_store.h"
#include "support/world.h"

#define ID 7601921254259666965
#define FULL "20261122T020000Z-full"
#define INCR "20261123T080000Z-incr"

static struct error err;

/* What backup_begun_read makes of a text. */
static enum status read_text(const char *label, const void *text, size_t len, struct backup_begun *out)
{
	struct world world;
	char name[BACKUP_OBJECT_NAME_MAX];
	struct backup_label parsed;
	struct repository repo = {.store = memory_store_open()};
	world_init(&world);
	assert_true(backup_label_parse(&parsed, label));
	backup_object_name(name, ID, &parsed, PART_BEGUN, 0);
	if (text != NULL)
		assert_ok(object_create(&repo, &world.call, name, text, len, &err), err);
	enum status st = backup_begun_read(out, &repo, &world.call, ID, &parsed, &err);
	store_free(repo.store);
	world_fini(&world);
	return st;
}

static void comes_back(void **unused)
{
	(void)unused;
	for (int round = 0; round < 3; round++) {
		CLEANUP(buffer_fini) struct buffer text = {0};
		struct backup_begun begun = {.system_id = ID,
					     .redo_lsn = round == 1 ? 0 : 0x1600000028,
					     .host = "other"},
				    read;
		assert_true(backup_label_parse(&begun.label, round == 0 ? FULL : INCR));
		if (round > 0)
			assert_true(backup_label_parse(&begun.parent, FULL));
		assert_ok(backup_begun_write(&text, &begun, 4711, &err), err);
		assert_ok(read_text(begun.label.text, text.data, text.len, &read), err);
		assert_string_equal(read.parent.text, begun.parent.text);
		assert_true(read.redo_lsn == begun.redo_lsn);
		assert_string_equal(read.host, "other");
	}
}

#define HEAD "{\"kind\":\"walship backup begun\",\"label\":\"" INCR "\",\"system_id\":\"7601921254259666965\""

static void refuses_what_says_nothing(void **unused)
{
	static const struct {
		const char *text;
		enum status status;
	} rows[] = {
	    {HEAD ",\"parent\":\"" FULL "\",\"host\":\"h\",\"pid\":1}", STATUS_OK}, /* of an older walship */
	    {HEAD ",\"parent\":null}", STATUS_DAMAGED},
	    {HEAD "}", STATUS_DAMAGED},
	    {HEAD ",\"parent\":\"" INCR "\"}", STATUS_DAMAGED},
	    {HEAD ",\"parent\":\"latest\"}", STATUS_DAMAGED},
	    {HEAD ",\"parent\":\"" FULL "\",\"redo_lsn\":\"x\"}", STATUS_DAMAGED},
	    {"{\"kind\":\"walship backup begun\",\"label\":\"" INCR "\",\"system_id\":\"42\",\"parent\":\"" FULL "\"}",
	     STATUS_DAMAGED},
	    {"{}", STATUS_DAMAGED},
	    {"", STATUS_DAMAGED},
	    {"[]", STATUS_DAMAGED},
	    {NULL, STATUS_MISSING},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct backup_begun read;
		size_t len = rows[i].text == NULL ? 0 : strlen(rows[i].text);
		enum status st = read_text(INCR, rows[i].text, len, &read);
		if (st != rows[i].status)
			fail_msg("%s: status %d", rows[i].text, (int)st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back),
	    cmocka_unit_test(refuses_what_says_nothing),
	};
	return cmocka_run_group_tests_name("catalog/begun", tests, NULL, NULL);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/dump_manifest.h"
#include "support/cmocka.h"

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct error err;

static void add(struct dump_manifest *manifest, const char *name, bool globals, uint32_t first, size_t objects)
{
	struct dump_item *item = dump_manifest_add(manifest, name);
	assert_non_null(item);
	item->globals = item->plain = globals;
	item->first = first;
	item->bytes = 1000 * first;
	item->begun_s = 1795934530;
	(void)strcpy(item->sha256, SUM);
	for (size_t i = 0; i < objects; i++)
		assert_ok(dump_item_add_object(item, 100 + i, &err), err);
}

static struct dump_manifest make(void)
{
	struct dump_manifest manifest = {
	    .system_id = 7601921254259666965, .ended_s = 1795934600, .role_passwords = true};
	assert_true(dump_label_make(&manifest.label, 1795934530));
	manifest.server_version = 150018;
	manifest.program_version = strdup("15.18");
	add(&manifest, "globals", true, 1, 1);
	add(&manifest, "donn\303\251es \"x\"", false, 2, 3);
	add(&manifest, "globals", false, 5, 1);
	return manifest;
}

static void comes_back(void **unused)
{
	(void)unused;
	CLEANUP(dump_manifest_fini) struct dump_manifest manifest = make(), again = {0};
	CLEANUP(buffer_fini) struct buffer text = {0};
	assert_ok(dump_manifest_write(&text, &manifest, &err), err);
	assert_ok(dump_manifest_read(&again, &text, &err), err);
	assert_string_equal(again.label.text, manifest.label.text);
	assert_true(again.system_id == manifest.system_id && again.ended_s == manifest.ended_s);
	assert_true(again.server_version == 150018 && again.role_passwords);
	assert_string_equal(again.program_version, "15.18");
	assert_int_equal(again.count, 3);
	const struct dump_item *item = dump_manifest_find(&again, "donn\303\251es \"x\"");
	assert_non_null(item);
	assert_true(item->first == 2 && item->objects == 3 && item->sizes[2] == 102 && !item->plain && !item->globals);
	assert_string_equal(item->sha256, SUM);
	assert_int_equal(dump_item_stored_bytes(item), 303);
	assert_int_equal(dump_manifest_sums(&again).objects, 5);
	/* A database of this name comes before the globals. */
	assert_int_equal(dump_manifest_find(&again, "globals")->first, 5);
	assert_int_equal(dump_manifest_globals(&again)->first, 1);
	assert_null(dump_manifest_find(&again, "nothing"));
}

/* Replaces a text once in the JSON. */
static enum status read_changed(const char *from, const char *to)
{
	CLEANUP(dump_manifest_fini) struct dump_manifest manifest = make(), again = {0};
	CLEANUP(buffer_fini) struct buffer text = {0}, changed = {0};
	assert_ok(dump_manifest_write(&text, &manifest, &err), err);
	const char *whole = buffer_text(&text), *at = strstr(whole, from);
	if (at == NULL)
		fail_msg("the manifest has no %s", from);
	assert_ok(buffer_printf(&changed, &err, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from)), err);
	return dump_manifest_read(&again, &changed, &err);
}

static void refuses_what_is_none(void **unused)
{
	(void)unused;
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"walship dump", "walship backup"},
	    {"\"version\": 1", "\"version\": 2"},
	    {"Z-dump", "Z-full"},
	    {"7601921254259666965", "x"},
	    {"\"ended\"", "\"end\""},
	    {"\"first_object\": 2", "\"first_object\": 3"},
	    {"\"first_object\": 5", "\"first_object\": 2"},
	    {"102", "-1"},
	    {"\"type\": \"globals\"", "\"type\": \"other\""},
	    {SUM, "E" SUM},
	    {"\"dumps\": [", "\"dumps\": 1, \"x\": ["},
	};
	assert_int_equal(read_changed("150018", "150019"), STATUS_OK);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (read_changed(rows[i].from, rows[i].to) != STATUS_DAMAGED)
			fail_msg("%s to %s", rows[i].from, rows[i].to);
}

static void refuses_any_cut(void **unused)
{
	(void)unused;
	CLEANUP(dump_manifest_fini) struct dump_manifest manifest = make();
	CLEANUP(buffer_fini) struct buffer text = {0};
	assert_ok(dump_manifest_write(&text, &manifest, &err), err);
	for (size_t len = 0; len < text.len; len++) {
		struct dump_manifest again;
		struct buffer cut = {.data = text.data, .len = len};
		assert_int_equal(dump_manifest_read(&again, &cut, &err), STATUS_DAMAGED);
		dump_manifest_fini(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back),
	    cmocka_unit_test(refuses_what_is_none),
	    cmocka_unit_test(refuses_any_cut),
	};
	return cmocka_run_group_tests_name("catalog/dump_manifest", tests, NULL, NULL);
}

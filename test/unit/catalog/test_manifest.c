#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/manifest.h"
#include "support/cmocka.h"

static struct error err;

static struct manifest make(void)
{
	struct manifest manifest = {.system_id = 7601921254259666965, .begun = 1795934530, .ended = 1795934600};
	struct backup_label need;
	assert_true(backup_label_make(&manifest.label, manifest.begun, BACKUP_DIFF));
	assert_true(backup_label_make(&need, manifest.begun - 86400, BACKUP_FULL));
	assert_ok(manifest_add_need(&manifest, &need, &err), err);
	manifest.server_version = 150018;
	manifest.start_lsn = 0x16B374D848;
	manifest.stop_lsn = UINT64_MAX;
	manifest.page_checksums = true;
	manifest.bytes = INT64_MAX;
	manifest.backup_label = strdup("START WAL LOCATION: 16/B374D848\nLABEL: é\n");
	assert_ok(manifest_add_pair(&manifest.settings, "max_connections", "100", &err), err);
	assert_ok(manifest_add_pair(&manifest.tablespaces, "16400", "/srv/space", &err), err);
	assert_ok(manifest_add_pair(&manifest.wrong_page_list, "base/5/16384", "7", &err), err);
	return manifest;
}

static struct buffer text_of(const struct manifest *manifest)
{
	struct buffer text = {0};
	assert_ok(manifest_write(&text, manifest, &err), err);
	return text;
}

static void comes_back(void **unused)
{
	(void)unused;
	struct manifest manifest = make(), again;
	struct buffer text = text_of(&manifest);
	assert_ok(manifest_read(&again, &text, &err), err);
	assert_string_equal(again.label.text, manifest.label.text);
	assert_int_equal(again.system_id, manifest.system_id);
	assert_int_equal(again.begun, manifest.begun);
	assert_int_equal(again.server_version, 150018);
	assert_int_equal(again.start_lsn, 0x16B374D848);
	assert_int_equal(again.stop_lsn, UINT64_MAX);
	assert_true(again.page_checksums);
	assert_false(again.from_standby);
	assert_int_equal(again.bytes, INT64_MAX);
	assert_string_equal(again.backup_label, manifest.backup_label);
	assert_string_equal(again.tablespace_map, "");
	assert_int_equal(again.need_count, 1);
	assert_string_equal(again.needs[0].text, manifest.needs[0].text);
	assert_string_equal(manifest_value(&again.settings, "max_connections"), "100");
	assert_string_equal(manifest_value(&again.tablespaces, "16400"), "/srv/space");
	assert_string_equal(manifest_value(&again.wrong_page_list, "base/5/16384"), "7");
	assert_null(manifest_value(&again.settings, "max_connection"));
	struct buffer same = text_of(&again);
	assert_string_equal(buffer_text(&same), buffer_text(&text));
	buffer_fini(&text);
	buffer_fini(&same);
	manifest_fini(&manifest);
	manifest_fini(&again);
}

/* Each line of the text is left out in turn: every field is needed. */
static void every_field_is_needed(void **unused)
{
	(void)unused;
	struct manifest manifest = make(), again;
	struct buffer text = text_of(&manifest);
	size_t refused = 0;
	for (const char *line = strstr(buffer_text(&text), "\n \""); line != NULL; line = strstr(line + 1, "\n \"")) {
		struct buffer less = {0};
		char *name = strndup(line + 3, strcspn(line + 3, "\""));
		size_t before = (size_t)(line - (const char *)text.data) + 3;
		assert_ok(buffer_append(&less, text.data, before, &err), err);
		assert_ok(buffer_append(&less, "x", 1, &err), err); /* another name */
		assert_ok(buffer_append(&less, text.data + before, text.len - before, &err), err);
		enum status st = manifest_read(&again, &less, &err);
		if (st != STATUS_DAMAGED && strcmp(name, "type") != 0)
			fail_msg("accepted without %s", name);
		refused += st == STATUS_DAMAGED;
		free(name);
		buffer_fini(&less);
		manifest_fini(&again);
	}
	assert_true(refused > 30);
	buffer_fini(&text);
	manifest_fini(&manifest);
}

static void refuses_what_is_no_manifest(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
	    "",
	    "x",
	    "[]",
	    "{}",
	    "null",
	    "{\"kind\": \"walship\"}",
	    "{\"kind\": \"walship backup\"}",
	    "{\"kind\": \"walship backup\", \"version\": 2}",
	    "{\"kind\": \"walship backup\", \"kind\": \"walship backup\"}",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct manifest manifest;
		const struct buffer text = {(uint8_t *)(uintptr_t)texts[i], strlen(texts[i]), 0, 0};
		if (manifest_read(&manifest, &text, &err) != STATUS_DAMAGED)
			fail_msg("accepted: %s", texts[i]);
		manifest_fini(&manifest);
	}
	/* Numbers of objects have 32 bits. */
	struct manifest many = make(), read;
	many.index_objects = UINT32_MAX + 1UL;
	struct buffer large = text_of(&many);
	assert_int_equal(manifest_read(&read, &large, &err), STATUS_DAMAGED);
	buffer_fini(&large);
	manifest_fini(&many);
	manifest_fini(&read);
	/* A backup does not need a later one, nor itself. */
	struct manifest manifest = make(), again;
	assert_ok(manifest_add_need(&manifest, &manifest.label, &err), err);
	struct buffer text = text_of(&manifest);
	assert_int_equal(manifest_read(&again, &text, &err), STATUS_DAMAGED);
	assert_non_null(strstr(err.text, "needs"));
	buffer_fini(&text);
	manifest_fini(&manifest);
	manifest_fini(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back),
	    cmocka_unit_test(every_field_is_needed),
	    cmocka_unit_test(refuses_what_is_no_manifest),
	};
	return cmocka_run_group_tests_name("catalog/manifest", tests, NULL, NULL);
}

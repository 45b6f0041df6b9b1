/* What is noted of one store is recalled for this store and no other. */
#include "repo/condition_note.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "repo/settings.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/crypto.h"

static void recalls_what_was_noted(void **unused)
{
	(void)unused;
	static const enum s3_condition all[] = {S3_CONDITION_HONORED, S3_CONDITION_IGNORED, S3_CONDITION_REFUSED};
	struct scratch dir;
	struct error err;
	char spool[128];
	scratch_init(&dir);
	(void)snprintf(spool, sizeof spool, "%s/spool", dir.path);
	struct repository_settings settings = {.url = "s3://bucket/x", .spool = spool, .s3.endpoint = "https://a"};
	struct repository_settings other = settings;
	other.s3.endpoint = "https://b";
	struct repository_settings nowhere = settings;
	nowhere.spool = "relative";
	assert_int_equal(crypto_start(&err), STATUS_OK);
	assert_int_equal(condition_recall(&settings), S3_CONDITION_UNKNOWN);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		condition_note(&settings, all[i]);
		assert_int_equal(condition_recall(&settings), all[i]);
	}
	assert_int_equal(condition_recall(&other), S3_CONDITION_UNKNOWN);
	/* Without a place for notes each call would test the store. */
	condition_note(&nowhere, S3_CONDITION_IGNORED);
	assert_int_equal(condition_recall(&nowhere), S3_CONDITION_HONORED);
	scratch_fini(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(recalls_what_was_noted)};
	return cmocka_run_group_tests_name("repo/condition_note", tests, NULL, NULL);
}

/* Objects in an archive storage class: what HEAD and a listing say of them, and the request for a readable copy. */
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KNOWN "ETag: \"x\"\r\nLast-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n"
#define DEEP KNOWN "x-amz-storage-class: DEEP_ARCHIVE\r\n"
#define OBJECT(class, restored)                                                                                        \
	"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>pre/fix/a</Key>"                             \
	"<LastModified>2013-05-24T00:00:00.000Z</LastModified><Size>1</Size>" restored                                 \
	"<StorageClass>" class "</StorageClass></Contents></ListBucketResult>"
#define RESTORED(ongoing) "<RestoreStatus><IsRestoreInProgress>" ongoing "</IsRestoreInProgress></RestoreStatus>"

static void assert_state(const char *name, const struct object_info *info, bool archived, bool thawing,
			 const char *class)
{
	const char *found = info->archive_class == NULL ? "" : info->archive_class;
	if (info->archived != archived || info->thawing != thawing || strcmp(found, class) != 0)
		fail_msg("%s: archived %d, thawing %d, class '%s'", name, info->archived, info->thawing, found);
}

static void head_says_whether_a_copy_is_there(void **state)
{
	(void)state;
	static const struct {
		const char *name, *headers;
		bool archived, thawing;
		const char *class;
	} cases[] = {
	    {"standard", KNOWN, false, false, ""},
	    {"instant", KNOWN "x-amz-storage-class: GLACIER_IR\r\n", false, false, ""},
	    {"deep", DEEP, true, false, "DEEP_ARCHIVE"},
	    {"glacier", KNOWN "x-amz-storage-class: GLACIER\r\n", true, false, "GLACIER"},
	    {"requested", DEEP "x-amz-restore: ongoing-request=\"true\"\r\n", true, true, "DEEP_ARCHIVE"},
	    {"there",
	     DEEP "x-amz-restore: ongoing-request=\"false\", expiry-date=\"Sat, 25 May 2013 00:00:00 GMT\"\r\n", false,
	     false, ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct object_info info;
		const struct fault_answer answer = {.headers = cases[i].headers};
		scripted_open(&scripted, &answer, 1);
		enum status st = store_stat(scripted.store, &scripted.world.call, "a", &info, &scripted.err);
		assert_ok(st, scripted.err);
		assert_state(cases[i].name, &info, cases[i].archived, cases[i].thawing, cases[i].class);
		scripted_close(&scripted);
	}
}

static enum status keep(void *arg, const struct object_info *info, struct error *err)
{
	(void)err;
	*(struct object_info *)arg = *info;
	return STATUS_OK;
}

static void a_listing_says_it_too(void **state)
{
	(void)state;
	static const struct {
		const char *name, *body;
		bool archived, thawing;
		const char *class;
	} cases[] = {
	    {"never requested", OBJECT("DEEP_ARCHIVE", ""), true, false, "DEEP_ARCHIVE"},
	    {"requested", OBJECT("GLACIER", RESTORED("true")), true, true, "GLACIER"},
	    {"there", OBJECT("DEEP_ARCHIVE", RESTORED("false")), false, false, ""},
	    {"standard", OBJECT("STANDARD", ""), false, false, ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct object_info info = {0};
		const struct fault_answer answer = {.body = cases[i].body};
		scripted_open(&scripted, &answer, 1);
		enum status st = store_list(scripted.store, &scripted.world.call, "", keep, &info, &scripted.err);
		assert_ok(st, scripted.err);
		assert_state(cases[i].name, &info, cases[i].archived, cases[i].thawing, cases[i].class);
		scripted_assert_has(&scripted, 0, "x-amz-optional-object-attributes: RestoreStatus\r\n");
		scripted_close(&scripted);
	}
}

static void a_copy_is_requested(void **state)
{
	(void)state;
	static const struct {
		struct fault_answer answer;
		enum status status;
		const char *text, *hint;
	} cases[] = {
	    {{.status = "202 Accepted"}, STATUS_OK, "", ""},
	    {{.status = "200 OK"}, STATUS_OK, "", ""},
	    {{"409 Conflict", NULL, ERROR_XML("RestoreAlreadyInProgress"), 0, FAULT_NONE, 0}, STATUS_OK, "", ""},
	    {{"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}, STATUS_MISSING, "no such object", ""},
	    {{"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0},
	     STATUS_UNREACHABLE,
	     "restore s3://bucket/pre/fix/a: HTTP 403 AccessDenied",
	     "s3:RestoreObject"},
	    {{"403 Forbidden", NULL, ERROR_XML("InvalidObjectState"), 0, FAULT_NONE, 0},
	     STATUS_UNREACHABLE,
	     "InvalidObjectState",
	     "has left the archive"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		const struct store_thaw thaw = {.tier = "Bulk", .days = 7};
		scripted_open(&scripted, &cases[i].answer, 1);
		assert_int_equal(store_thaw(scripted.store, &scripted.world.call, "a", &thaw, &scripted.err),
				 cases[i].status);
		scripted_assert_request(&scripted, 0, "POST /bucket/pre/fix/a?restore= HTTP/1.1\r\n");
		const char *body = fault_server_body(scripted.server, 0);
		assert_non_null(strstr(body, "<Days>7</Days><GlacierJobParameters><Tier>Bulk</Tier>"));
		if (cases[i].status)
			scripted_assert_error(&scripted, cases[i].text, cases[i].hint);
		scripted_close(&scripted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(head_says_whether_a_copy_is_there),
	    cmocka_unit_test(a_listing_says_it_too),
	    cmocka_unit_test(a_copy_is_requested),
	};
	return cmocka_run_group_tests_name("store/s3/s3_thaw", tests, NULL, NULL);
}

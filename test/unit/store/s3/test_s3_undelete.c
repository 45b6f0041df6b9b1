/* Bringing deleted objects back: which of them, by which requests, and what a listing of versions must not be. */
#include <stdio.h>
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE(content) "<?xml version=\"1.0\"?><ListVersionsResult>" content "</ListVersionsResult>"
#define LAST(content) PAGE("<IsTruncated>false</IsTruncated>" content)
#define MORE(key, id, content)                                                                                         \
	PAGE("<IsTruncated>true</IsTruncated><NextKeyMarker>" key "</NextKeyMarker><NextVersionIdMarker>" id           \
	     "</NextVersionIdMarker>" content)
#define ENTRY(key, id, latest, day)                                                                                    \
	"<Key>pre/fix/" key "</Key><VersionId>" id "</VersionId><IsLatest>" latest                                     \
	"</IsLatest><LastModified>2013-05-" day "T00:00:00.000Z</LastModified>"
#define MARKER(key, id, day) "<DeleteMarker>" ENTRY(key, id, "true", day) "</DeleteMarker>"
#define OLD_MARKER(key, id, day) "<DeleteMarker>" ENTRY(key, id, "false", day) "</DeleteMarker>"
#define VERSION(key, id, day) "<Version>" ENTRY(key, id, "true", day) "<Size>5</Size></Version>"
#define OLD(key, id, day) "<Version>" ENTRY(key, id, "false", day) "<Size>5</Size></Version>"
#define GONE "204 No Content"
#define FIFTEENTH 1368576000 /* 2013-05-15T00:00:00Z */
#define DELETE(key, id) "DELETE /bucket/pre/fix/" key "?versionId=" id " HTTP/1.1\r\n"

static enum status join(void *arg, const struct store_deletion *deletion, bool *undo, struct error *err)
{
	*undo = strcmp(deletion->name, "left") != 0;
	if (strcmp(deletion->name, "stop") == 0)
		return error_set(err, STATUS_CONFLICT, "told to stop");
	assert_int_equal(deletion->bytes, 5);
	assert_true(deletion->modified_s > 0 && (deletion->deleted_s == 0) == deletion->replaced);
	return buffer_printf(arg, err, "%s%s;", deletion->name, deletion->replaced ? "!" : "");
}

static enum status act(struct scripted *scripted, const struct scripted_step *step, struct buffer *told)
{
	const struct store_undeletion undeletion = {"", step->before_s, join, told};
	return store_undelete(scripted->store, &scripted->world.call, &undeletion, &scripted->err);
}

#define LIST "GET /bucket?encoding-type=url&max-keys=1000&prefix=pre%2Ffix%2F&versions= HTTP/1.1\r\n"
#define ONE(body_)                                                                                                     \
	{                                                                                                              \
		{                                                                                                      \
			.body = body_                                                                                  \
		}                                                                                                      \
	}

static void removes_the_markers_above_the_newest_version(void **state)
{
	(void)state;
	static const struct scripted_step steps[] = {
	    {"nothing", 0, ONE(LAST("")), {LIST}, STATUS_OK, "", ""},
	    {"not deleted", 0, ONE(LAST(VERSION("a", "1", "10") OLD("a", "0", "09"))), {LIST}, STATUS_OK, "", ""},
	    {"deleted",
	     0,
	     {{.body = LAST(MARKER("a", "m", "11") OLD("a", "1", "10") VERSION("b", "1", "10"))}, {.status = GONE}},
	     {LIST, DELETE("a", "m")},
	     STATUS_OK,
	     "a;",
	     ""},
	    {"deleted twice, and another marker between versions",
	     0,
	     {{.body = LAST(MARKER("a", "m2", "13") OLD_MARKER("a", "m1", "12") OLD("a", "1", "11")
				OLD_MARKER("a", "m0", "10") OLD("a", "0", "09"))},
	      {.status = GONE},
	      {.status = GONE}},
	     {LIST, DELETE("a", "m2"), DELETE("a", "m1")},
	     STATUS_OK,
	     "a;",
	     ""},
	    {"no version is left", 0, ONE(LAST(MARKER("a", "m", "11"))), {LIST}, STATUS_OK, "", ""},
	    {"the caller leaves it",
	     0,
	     ONE(LAST(MARKER("left", "m", "11") OLD("left", "1", "10"))),
	     {LIST},
	     STATUS_OK,
	     "left;",
	     ""},
	    {"an id that must be encoded",
	     0,
	     {{.body = LAST(MARKER("a", "m+/=", "11") OLD("a", "1", "10"))}, {.status = GONE}},
	     {LIST, DELETE("a", "m%2B%2F%3D")},
	     STATUS_OK,
	     "a;",
	     ""},
	    {"a key goes on behind the page",
	     0,
	     {{.body = MORE("pre/fix/a", "m", MARKER("a", "m", "11"))},
	      {.body = LAST(OLD("a", "1", "10"))},
	      {.status = GONE}},
	     {LIST,
	      "GET /bucket?encoding-type=url&key-marker=pre%2Ffix%2Fa&max-keys=1000&prefix=pre%2Ffix%2F&"
	      "version-id-marker=m&versions= HTTP/1.1\r\n",
	      DELETE("a", "m")},
	     STATUS_OK,
	     "a;",
	     ""},
	    {"a page that broke off is asked for again",
	     0,
	     {{.body = LAST(MARKER("a", "m", "11") OLD("a", "1", "10")), .kind = FAULT_CUT, .at = 150},
	      {.body = LAST(MARKER("a", "m", "11") OLD("a", "1", "10"))},
	      {.status = GONE}},
	     {LIST, LIST, DELETE("a", "m")},
	     STATUS_OK,
	     "a;",
	     ""},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		scripted_run(&steps[i], act);
}

static void brings_back_what_was_there_at_a_time(void **state)
{
	(void)state;
	static const struct scripted_step steps[] = {
	    {"deleted earlier",
	     FIFTEENTH,
	     ONE(LAST(MARKER("a", "m", "14") OLD("a", "1", "10"))),
	     {LIST},
	     STATUS_OK,
	     "",
	     ""},
	    {"deleted earlier, and again",
	     FIFTEENTH,
	     ONE(LAST(MARKER("a", "n", "16") OLD_MARKER("a", "m", "14") OLD("a", "1", "10"))),
	     {LIST},
	     STATUS_OK,
	     "",
	     ""},
	    {"deleted at that time",
	     FIFTEENTH,
	     {{.body = LAST(MARKER("a", "m", "15") OLD("a", "1", "14"))}, {.status = GONE}},
	     {LIST, DELETE("a", "m")},
	     STATUS_OK,
	     "a;",
	     ""},
	    {"created and deleted later",
	     FIFTEENTH,
	     ONE(LAST(MARKER("a", "m", "17") OLD("a", "1", "16"))),
	     {LIST},
	     STATUS_OK,
	     "",
	     ""},
	    {"replaced, and deleted",
	     FIFTEENTH,
	     ONE(LAST(MARKER("a", "m", "17") OLD("a", "1", "16") OLD("a", "0", "10"))),
	     {LIST},
	     STATUS_OK,
	     "a!;",
	     ""},
	    {"replaced",
	     FIFTEENTH,
	     ONE(LAST(VERSION("a", "1", "16") OLD("a", "0", "10"))),
	     {LIST},
	     STATUS_OK,
	     "a!;",
	     ""},
	    {"created anew after a deletion",
	     FIFTEENTH,
	     ONE(LAST(VERSION("a", "1", "16") OLD_MARKER("a", "m", "14") OLD("a", "0", "10"))),
	     {LIST},
	     STATUS_OK,
	     "",
	     ""},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		scripted_run(&steps[i], act);
}

#define BAD(name_, body_, text_)                                                                                       \
	{                                                                                                              \
		name_, 0, ONE(body_), {LIST}, STATUS_UNREACHABLE, "", text_                                            \
	}

static void refuses_a_listing_that_is_none(void **state)
{
	(void)state;
	static const struct scripted_step steps[] = {
	    BAD("another root", "<Html/>", "not a complete listing of versions"),
	    BAD("not said whether complete", PAGE(""), "not a complete listing of versions"),
	    BAD("no markers", PAGE("<IsTruncated>true</IsTruncated>"), "without a valid key marker"),
	    BAD("no id", LAST("<DeleteMarker><Key>pre/fix/a</Key><IsLatest>true</IsLatest></DeleteMarker>"),
		"entry without key, id"),
	    BAD("no size", LAST("<Version>" ENTRY("a", "1", "true", "10") "</Version>"), "entry without key, id"),
	    BAD("the oldest first", LAST(OLD("a", "1", "10") MARKER("a", "m", "11")), "version out of order"),
	    BAD("two that are the latest", LAST(MARKER("a", "m", "11") VERSION("a", "1", "10")),
		"version out of order"),
	    BAD("keys out of order", LAST(VERSION("b", "1", "10") VERSION("a", "1", "10")), "version out of order"),
	    BAD("of another prefix",
		LAST("<Version><Key>other</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>"
		     "<LastModified>2013-05-10T00:00:00Z</LastModified><Size>5</Size></Version>"),
		"unrequested key"),
	    BAD("a date that is none", LAST("<Version><LastModified>now</LastModified></Version>"), "date 'now'"),
	    {"stopped",
	     0,
	     ONE(LAST(MARKER("stop", "m", "11") OLD("stop", "1", "10"))),
	     {LIST},
	     STATUS_CONFLICT,
	     "",
	     "told to stop"},
	    {"a circle",
	     0,
	     {{.body = MORE("pre/fix/a", "m", MARKER("a", "m", "11"))}, {.body = MORE("pre/fix/a", "m", "")}},
	     {LIST, ""},
	     STATUS_UNREACHABLE,
	     "",
	     "leads back to key"},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		scripted_run(&steps[i], act);
}

static void says_what_is_not_allowed(void **state)
{
	(void)state;
	static const struct {
		struct fault_answer answers[2];
		size_t count;
		const char *text, *hint;
	} cases[] = {
	    {{{"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0}},
	     1,
	     "list the versions of s3://bucket/pre/fix/: HTTP 403 AccessDenied",
	     "s3:ListBucketVersions"},
	    {{{.body = LAST(MARKER("a", "m", "11") OLD("a", "1", "10"))},
	      {"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0}},
	     2,
	     "remove the delete marker of s3://bucket/pre/fix/a: HTTP 403 AccessDenied",
	     "s3:DeleteObjectVersion"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct buffer told = {0};
		scripted_open(&scripted, cases[i].answers, cases[i].count);
		const struct store_undeletion undeletion = {"", 0, join, &told};
		assert_int_equal(store_undelete(scripted.store, &scripted.world.call, &undeletion, &scripted.err),
				 STATUS_UNREACHABLE);
		scripted_assert_error(&scripted, cases[i].text, cases[i].hint);
		buffer_fini(&told);
		scripted_close(&scripted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(removes_the_markers_above_the_newest_version),
	    cmocka_unit_test(brings_back_what_was_there_at_a_time),
	    cmocka_unit_test(refuses_a_listing_that_is_none),
	    cmocka_unit_test(says_what_is_not_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Aborting unfinished uploads: the requests, refusals, and invalid listings of uploads. */
#include <stdio.h>
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE(content) "<?xml version=\"1.0\"?><ListMultipartUploadsResult>" content "</ListMultipartUploadsResult>"
#define LAST(content) PAGE("<IsTruncated>false</IsTruncated>" content)
#define MORE(key, id, content)                                                                                         \
	PAGE("<IsTruncated>true</IsTruncated><NextKeyMarker>" key "</NextKeyMarker><NextUploadIdMarker>" id            \
	     "</NextUploadIdMarker>" content)
#define UPLOAD(key, id)                                                                                                \
	"<Upload><Key>pre/fix/" key "</Key><UploadId>" id                                                              \
	"</UploadId><Initiated>2013-05-15T00:00:00.000Z</Initiated></Upload>"
#define FIFTEENTH 1368576000 /* 2013-05-15T00:00:00Z */
#define GONE "204 No Content"
#define ABORT(key, id) "DELETE /bucket/pre/fix/" key "?uploadId=" id " HTTP/1.1\r\n"
#define LIST "GET /bucket?encoding-type=url&max-uploads=1000&prefix=pre%2Ffix%2Fx%2F&uploads= HTTP/1.1\r\n"
#define DENIED                                                                                                         \
	{                                                                                                              \
		"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0                                     \
	}

static enum status join(void *arg, const struct store_upload *upload, bool *abort, struct error *err)
{
	*abort = strcmp(upload->name, "x/left") != 0;
	if (strcmp(upload->name, "x/stop") == 0)
		return error_set(err, STATUS_CONFLICT, "told to stop");
	assert_int_equal(upload->begun_s, FIFTEENTH);
	return buffer_printf(arg, err, "%s;", upload->name);
}

static enum status join_refusal(void *arg, const struct store_refusal *refusal, struct error *err)
{
	assert_int_equal(refusal->status, STATUS_UNREACHABLE);
	assert_non_null(strstr(refusal->why->text, "HTTP 403 AccessDenied"));
	return buffer_printf(arg, err, "refused %s;", refusal->name);
}

static enum status act(struct scripted *scripted, const struct scripted_step *step, struct buffer *told)
{
	(void)step;
	const struct store_clearing clearing = {"x/", join, join_refusal, told};
	return store_clear_uploads(scripted->store, &scripted->world.call, &clearing, &scripted->err);
}

static void aborts_what_the_caller_wants(void **state)
{
	(void)state;
	static const struct scripted_step steps[] = {
	    {"nothing", 0, {{.body = LAST("")}}, {LIST}, STATUS_OK, "", ""},
	    {"one of two",
	     0,
	     {{.body = LAST(UPLOAD("x/left", "1") UPLOAD("x/a", "2"))}, {.status = GONE}},
	     {LIST, ABORT("x/a", "2")},
	     STATUS_OK,
	     "x/left;x/a;",
	     ""},
	    {"two of one name, on two pages",
	     0,
	     {{.body = MORE("pre/fix/x/a", "1+", UPLOAD("x/a", "1+"))},
	      {.status = GONE},
	      {.body = LAST(UPLOAD("x/a", "0"))},
	      {.status = GONE}},
	     {LIST, ABORT("x/a", "1%2B"),
	      "GET /bucket?encoding-type=url&key-marker=pre%2Ffix%2Fx%2Fa&max-uploads=1000&prefix=pre%2Ffix%2Fx%2F&"
	      "upload-id-marker=1%2B&uploads= HTTP/1.1\r\n",
	      ABORT("x/a", "0")},
	     STATUS_OK,
	     "x/a;x/a;",
	     ""},
	    {"aborted meanwhile",
	     0,
	     {{.body = LAST(UPLOAD("x/a", "1"))}, {"404 Not Found", NULL, ERROR_XML("NoSuchUpload"), 0, FAULT_NONE, 0}},
	     {LIST, ""},
	     STATUS_OK,
	     "x/a;",
	     ""},
	    {"stopped", 0, {{.body = LAST(UPLOAD("x/stop", "1"))}}, {LIST}, STATUS_CONFLICT, "", "told to stop"},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		scripted_run(&steps[i], act);
}

static void tells_what_the_store_refuses(void **state)
{
	(void)state;
	static const struct scripted_step steps[] = {
	    {"the listing", 0, {DENIED}, {LIST}, STATUS_OK, "refused x/;", ""},
	    {"an abort, and not the next one",
	     0,
	     {{.body = LAST(UPLOAD("x/a", "1") UPLOAD("x/b", "2"))}, DENIED, {.status = GONE}},
	     {LIST, "", ABORT("x/b", "2")},
	     STATUS_OK,
	     "x/a;refused x/a;x/b;",
	     ""},
	    {"another failure of the listing",
	     0,
	     {{"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0}},
	     {LIST},
	     STATUS_UNREACHABLE,
	     "",
	     "list the uploads of s3://bucket/pre/fix/x/: HTTP 404 NoSuchBucket"},
	    {"another failure of an abort",
	     0,
	     {{.body = LAST(UPLOAD("x/a", "1"))},
	      {"400 Bad Request", NULL, ERROR_XML("InvalidRequest"), 0, FAULT_NONE, 0}},
	     {LIST, ""},
	     STATUS_UNREACHABLE,
	     "x/a;",
	     "abort the upload of s3://bucket/pre/fix/x/a: HTTP 400 InvalidRequest"},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		scripted_run(&steps[i], act);
}

#define BAD(name_, body_, text_)                                                                                       \
	{                                                                                                              \
		name_, 0, {{.body = body_}}, {LIST}, STATUS_UNREACHABLE, "", text_                                     \
	}

static void refuses_a_listing_that_is_none(void **state)
{
	(void)state;
	static const struct scripted_step steps[] = {
	    BAD("another root", "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>",
		"HTTP 200: the response is not a complete listing of uploads"),
	    BAD("not said whether complete", PAGE(""), "not a complete listing of uploads"),
	    BAD("no markers", PAGE("<IsTruncated>true</IsTruncated>"), "without a valid key marker"),
	    BAD("no id", LAST("<Upload><Key>pre/fix/x/a</Key><Initiated>2013-05-15T00:00:00Z</Initiated></Upload>"),
		"invalid listing of uploads: entry without key, id or date"),
	    BAD("an empty id", LAST(UPLOAD("x/a", "")), "id ''"),
	    BAD("of another prefix", LAST(UPLOAD("y/a", "1")), "unrequested key 'pre/fix/y/a'"),
	    BAD("a date that is none", LAST("<Upload><Initiated>now</Initiated></Upload>"), "date 'now'"),
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		scripted_run(&steps[i], act);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(aborts_what_the_caller_wants),
	    cmocka_unit_test(tells_what_the_store_refuses),
	    cmocka_unit_test(refuses_a_listing_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

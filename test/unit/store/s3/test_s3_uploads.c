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
#define STEPS_MAX 4

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

struct step {
	const char *name;
	struct fault_answer answers[STEPS_MAX];
	const char *requests[STEPS_MAX]; /* NULL behind the last; a request's head begins so; "": any */
	enum status status;
	const char *told, *text;
};

static void run(const struct step *step)
{
	struct scripted scripted;
	struct buffer told = {0};
	size_t requests = 0;
	while (requests < STEPS_MAX && step->requests[requests] != NULL)
		requests++;
	scripted_open(&scripted, step->answers, requests);
	const struct store_clearing clearing = {"x/", join, join_refusal, &told};
	enum status st = store_clear_uploads(scripted.store, &scripted.world.call, &clearing, &scripted.err);
	if (st != step->status || strcmp(buffer_text(&told), step->told) != 0 ||
	    fault_server_count(scripted.server) != requests)
		fail_msg("%s: status %d, '%s', %zu requests, error '%s'", step->name, st, buffer_text(&told),
			 fault_server_count(scripted.server), scripted.err.text);
	for (size_t i = 0; i < requests; i++)
		scripted_assert_request(&scripted, i, step->requests[i]);
	if (st)
		scripted_assert_error(&scripted, step->text, "");
	buffer_fini(&told);
	scripted_close(&scripted);
}

static void aborts_what_the_caller_wants(void **state)
{
	(void)state;
	static const struct step steps[] = {
	    {"nothing", {{.body = LAST("")}}, {LIST}, STATUS_OK, "", ""},
	    {"one of two",
	     {{.body = LAST(UPLOAD("x/left", "1") UPLOAD("x/a", "2"))}, {.status = GONE}},
	     {LIST, ABORT("x/a", "2")},
	     STATUS_OK,
	     "x/left;x/a;",
	     ""},
	    {"two of one name, on two pages",
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
	     {{.body = LAST(UPLOAD("x/a", "1"))}, {"404 Not Found", NULL, ERROR_XML("NoSuchUpload"), 0, FAULT_NONE, 0}},
	     {LIST, ""},
	     STATUS_OK,
	     "x/a;",
	     ""},
	    {"stopped", {{.body = LAST(UPLOAD("x/stop", "1"))}}, {LIST}, STATUS_CONFLICT, "", "told to stop"},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		run(&steps[i]);
}

static void tells_what_the_store_refuses(void **state)
{
	(void)state;
	static const struct step steps[] = {
	    {"the listing", {DENIED}, {LIST}, STATUS_OK, "refused x/;", ""},
	    {"an abort, and not the next one",
	     {{.body = LAST(UPLOAD("x/a", "1") UPLOAD("x/b", "2"))}, DENIED, {.status = GONE}},
	     {LIST, "", ABORT("x/b", "2")},
	     STATUS_OK,
	     "x/a;refused x/a;x/b;",
	     ""},
	    {"another failure of the listing",
	     {{"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0}},
	     {LIST},
	     STATUS_UNREACHABLE,
	     "",
	     "list the uploads of s3://bucket/pre/fix/x/: HTTP 404 NoSuchBucket"},
	    {"another failure of an abort",
	     {{.body = LAST(UPLOAD("x/a", "1"))},
	      {"400 Bad Request", NULL, ERROR_XML("InvalidRequest"), 0, FAULT_NONE, 0}},
	     {LIST, ""},
	     STATUS_UNREACHABLE,
	     "x/a;",
	     "abort the upload of s3://bucket/pre/fix/x/a: HTTP 400 InvalidRequest"},
	};
	for (size_t i = 0; i < COUNT(steps); i++)
		run(&steps[i]);
}

#define BAD(name_, body_, text_)                                                                                       \
	{                                                                                                              \
		name_, {{.body = body_}}, {LIST}, STATUS_UNREACHABLE, "", text_                                        \
	}

static void refuses_a_listing_that_is_none(void **state)
{
	(void)state;
	static const struct step steps[] = {
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
		run(&steps[i]);
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

/* Writing to a server that fails in every way there is. */
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME "a/b"
#define KEY "/bucket/pre/fix/a/b"
#define STEPS_MAX 10

#define MISSING                                                                                                        \
	{                                                                                                              \
		"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0                                        \
	}
#define THERE                                                                                                          \
	{                                                                                                              \
		NULL, "Last-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n", "content", 0, FAULT_NONE, 0                  \
	}
#define TAKEN                                                                                                          \
	{                                                                                                              \
		"412 Precondition Failed", NULL, ERROR_XML("PreconditionFailed"), 0, FAULT_NONE, 0                     \
	}
#define REFUSED                                                                                                        \
	{                                                                                                              \
		"501 Not Implemented", NULL, ERROR_XML("NotImplemented"), 0, FAULT_NONE, 0                             \
	}
#define DENIED                                                                                                         \
	{                                                                                                              \
		"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0                                     \
	}
#define BUSY                                                                                                           \
	{                                                                                                              \
		"503 Slow Down", NULL, ERROR_XML("SlowDown"), 0, FAULT_NONE, 0                                         \
	}
#define LOST                                                                                                           \
	{                                                                                                              \
		NULL, NULL, NULL, 0, FAULT_CLOSE, 0                                                                    \
	}
#define DONE                                                                                                           \
	{                                                                                                              \
		.headers = "ETag: \"d\"\r\n"                                                                           \
	}

/* What is sent and what comes back, one after the other. */
struct step {
	const char *request; /* its head begins so; NULL: the script is over */
	struct fault_answer answer;
};

static enum status put(struct scripted *scripted, const char *data, size_t len)
{
	struct sink *writer = NULL;
	enum status st = store_create(scripted->store, &scripted->world.call, NAME, &writer, &scripted->err);
	assert_ok(st, scripted->err);
	st = sink_write(writer, data, len, &scripted->err);
	if (!st)
		st = sink_finish(writer, &scripted->err);
	sink_free(writer);
	return st;
}

struct scenario {
	const char *name;
	struct step steps[STEPS_MAX];
	enum status status;
	const char *text, *hint, *logged;
};

static void play(const struct scenario *scenario, const char *data, size_t len)
{
	struct scripted scripted;
	struct fault_answer answers[STEPS_MAX];
	size_t count = 0;
	for (; count < STEPS_MAX && scenario->steps[count].request != NULL; count++)
		answers[count] = scenario->steps[count].answer;
	scripted_open(&scripted, answers, count);
	enum status st = put(&scripted, data, len);
	if (st != scenario->status || fault_server_count(scripted.server) != count)
		fail_msg("%s: status %d, %zu requests, error '%s'", scenario->name, st,
			 fault_server_count(scripted.server), scripted.err.text);
	for (size_t i = 0; i < count; i++)
		scripted_assert_request(&scripted, i, scenario->steps[i].request);
	if (st)
		scripted_assert_error(&scripted, scenario->text, scenario->hint);
	if (st)
		assert_memory_equal(scripted.err.text, "put s3://bucket/pre/fix/a/b: ", 29);
	if (scenario->logged != NULL && strstr(buffer_text(&scripted.world.logged), scenario->logged) == NULL)
		fail_msg("%s: '%s' is not in the log: %s", scenario->name, scenario->logged,
			 buffer_text(&scripted.world.logged));
	scripted_close(&scripted);
}

#define PUT "PUT " KEY " HTTP/1.1\r\n"
#define HEAD "HEAD " KEY " HTTP/1.1\r\n"
#define GET "GET " KEY " HTTP/1.1\r\n"

static void puts_small_objects(void **state)
{
	(void)state;
	static const struct scenario scenarios[] = {
	    {"at once", {{PUT, DONE}}, STATUS_OK, "", "", NULL},
	    {"an answer that is not S3's",
	     {{PUT, {NULL, NULL, "<html>Welcome</html>", 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "HTTP 200, but the response to the put is not from S3: with the text <html>Welcome",
	     "s3-endpoint",
	     NULL},
	    {"an answer of nobody",
	     {{PUT, {NULL, NULL, NULL, 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "the response to the put is not from S3: without an ETag",
	     "s3-endpoint",
	     NULL},
	    {"taken", {{PUT, TAKEN}}, STATUS_EXISTS, "already there", "", NULL},
	    {"busy",
	     {{PUT, BUSY}, {PUT, DONE}},
	     STATUS_OK,
	     "",
	     "",
	     "HTTP 503 SlowDown: the words; retrying in 1501 ms (try 2)"},
	    {"answer lost", {{PUT, LOST}, {PUT, TAKEN}}, STATUS_EXISTS, "already there", "", NULL},
	    {"another writer at the same time",
	     {{PUT, {"409 Conflict", NULL, ERROR_XML("ConditionalRequestConflict"), 0, FAULT_NONE, 0}}, {PUT, TAKEN}},
	     STATUS_EXISTS,
	     "already there",
	     "",
	     NULL},
	    {"denied", {{PUT, DENIED}}, STATUS_UNREACHABLE, "HTTP 403 AccessDenied: the words", "s3:PutObject", NULL},
	    {"damaged on the way",
	     {{PUT, {"400 Bad Request", NULL, ERROR_XML("BadDigest"), 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "HTTP 400 BadDigest",
	     "",
	     NULL},
	    {"no condition, and not there",
	     {{PUT, REFUSED}, {HEAD, {.status = "404 Not Found"}}, {GET, MISSING}, {PUT, DONE}},
	     STATUS_OK,
	     "",
	     "",
	     "refuses If-None-Match"},
	    {"no condition, and there",
	     {{PUT, REFUSED}, {HEAD, THERE}},
	     STATUS_EXISTS,
	     "already there",
	     "",
	     "refuses If-None-Match"},
	    {"no condition, and no telling",
	     {{PUT, REFUSED}, {HEAD, {.status = "403 Forbidden"}}, {GET, DENIED}},
	     STATUS_UNREACHABLE,
	     "HTTP 403 AccessDenied",
	     "s3:ListBucket",
	     NULL},
	    {"nothing of all that",
	     {{PUT, REFUSED}, {HEAD, {.status = "404 Not Found"}}, {GET, MISSING}, {PUT, REFUSED}},
	     STATUS_UNREACHABLE,
	     "HTTP 501 NotImplemented",
	     "",
	     NULL},
	};
	for (size_t i = 0; i < COUNT(scenarios); i++)
		play(&scenarios[i], "content", 7);
}

static void sends_condition_and_checksums(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {DONE, REFUSED, THERE, {.status = "404 Not Found"}, MISSING, DONE};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	enum status st = put(&scripted, "content", 7);
	assert_ok(st, scripted.err);
	scripted_assert_has(&scripted, 0, "if-none-match: *\r\n");
	scripted_assert_has(&scripted, 0, "content-md5: mgNkuembtIDdJeHwKEyFVQ==\r\n");
	scripted_assert_has(
	    &scripted, 0, "x-amz-content-sha256: ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73\r\n");
	scripted_assert_has(&scripted, 0,
			    "SignedHeaders=content-md5;content-type;host;if-none-match;x-amz-content-sha256;x-amz-date;"
			    "x-amz-security-token,");
	scripted_assert_has(&scripted, 0, "x-amz-date: 20130524T000000Z\r\n");
	scripted_assert_has(&scripted, 0, "Content-Length: 7\r\n");
	assert_string_equal(fault_server_body(scripted.server, 0), "content");

	/* That the server refuses the condition is remembered: the next object is looked for first. */
	assert_int_equal(put(&scripted, "content", 7), STATUS_EXISTS);
	st = put(&scripted, "", 0);
	assert_ok(st, scripted.err);
	scripted_assert_request(&scripted, 5, PUT);
	scripted_assert_has(&scripted, 5, "Content-Length: 0\r\n");
	assert_null(strstr(fault_server_head(scripted.server, 5), "if-none-match"));
	scripted_close(&scripted);
}

static void sends_nothing_when_abandoned(void **state)
{
	(void)state;
	struct scripted scripted;
	struct sink *writer = NULL;
	scripted_open(&scripted, NULL, 0);
	enum status st = store_create(scripted.store, &scripted.world.call, NAME, &writer, &scripted.err);
	assert_ok(st, scripted.err);
	assert_int_equal(sink_write(writer, "content", 7, &scripted.err), STATUS_OK);
	sink_free(writer);
	assert_int_equal(store_create(scripted.store, &scripted.world.call, "../b", &writer, &scripted.err),
			 STATUS_USAGE);
	assert_int_equal(fault_server_count(scripted.server), 0);
	scripted_close(&scripted);
}

#define BEGIN "POST " KEY "?uploads= HTTP/1.1\r\n"
#define PART(n) "PUT " KEY "?partNumber=" n "&uploadId=id%201 HTTP/1.1\r\n"
#define COMPLETE "POST " KEY "?uploadId=id%201 HTTP/1.1\r\n"
#define ABORT "DELETE " KEY "?uploadId=id%201 HTTP/1.1\r\n"
#define GONE                                                                                                           \
	{                                                                                                              \
		.status = "204 No Content"                                                                             \
	}
#define BEGUN                                                                                                          \
	{                                                                                                              \
		.body = "<InitiateMultipartUploadResult><UploadId>id 1</UploadId></InitiateMultipartUploadResult>"     \
	}
#define COMPLETED                                                                                                      \
	{                                                                                                              \
		.body = " <?xml version=\"1.0\"?><CompleteMultipartUploadResult><ETag>x</ETag>"                        \
			"</CompleteMultipartUploadResult>"                                                             \
	}
#define NO_UPLOAD                                                                                                      \
	{                                                                                                              \
		"404 Not Found", NULL, ERROR_XML("NoSuchUpload"), 0, FAULT_NONE, 0                                     \
	}
#define ABSENT                                                                                                         \
	{HEAD, {.status = "404 Not Found"}},                                                                           \
	{                                                                                                              \
		GET, MISSING                                                                                           \
	}
#define TWO_PARTS                                                                                                      \
	{BEGIN, BEGUN}, {PART("1"), DONE},                                                                             \
	{                                                                                                              \
		PART("2"), DONE                                                                                        \
	}
#define LEFT "an unfinished upload of s3://bucket/pre/fix/a/b remains"

static void puts_large_objects_in_parts(void **state)
{
	(void)state;
	static const struct scenario scenarios[] = {
	    {"at once", {TWO_PARTS, ABSENT, {COMPLETE, COMPLETED}}, STATUS_OK, "", "", NULL},
	    {"a part again",
	     {{BEGIN, BEGUN}, {PART("1"), BUSY}, {PART("1"), DONE}, {PART("2"), DONE}, ABSENT, {COMPLETE, COMPLETED}},
	     STATUS_OK,
	     "",
	     "",
	     NULL},
	    {"cannot begin", {{BEGIN, DENIED}}, STATUS_UNREACHABLE, "begin upload: HTTP 403", "s3:PutObject", NULL},
	    {"no id", {{BEGIN, DONE}}, STATUS_UNREACHABLE, "without an upload id", "", NULL},
	    {"a part denied",
	     {{BEGIN, BEGUN}, {PART("1"), DENIED}, {ABORT, GONE}},
	     STATUS_UNREACHABLE,
	     "part 1: HTTP 403",
	     "",
	     NULL},
	    {"a part without ETag",
	     {{BEGIN, BEGUN}, {PART("1"), {.body = ""}}, {ABORT, GONE}},
	     STATUS_UNREACHABLE,
	     "part 1: the response has no usable ETag",
	     "",
	     NULL},
	    {"an ETag that is no ETag",
	     {{BEGIN, BEGUN}, {PART("1"), {.headers = "ETag: <x>\r\n"}}, {ABORT, GONE}},
	     STATUS_UNREACHABLE,
	     "part 1: the response has no usable ETag",
	     "",
	     NULL},
	    {"cannot abort",
	     {{BEGIN, BEGUN}, {PART("1"), DENIED}, {ABORT, DENIED}},
	     STATUS_UNREACHABLE,
	     "part 1",
	     "",
	     LEFT},
	    {"there before", {TWO_PARTS, {HEAD, THERE}, {ABORT, GONE}}, STATUS_EXISTS, "already there", "", NULL},
	    {"no telling whether it is there",
	     {TWO_PARTS, {HEAD, {.status = "403 Forbidden"}}, {GET, DENIED}, {ABORT, GONE}},
	     STATUS_UNREACHABLE,
	     "HTTP 403",
	     "",
	     NULL},
	    {"taken meanwhile",
	     {TWO_PARTS, ABSENT, {COMPLETE, TAKEN}, {ABORT, GONE}},
	     STATUS_EXISTS,
	     "already there",
	     "",
	     NULL},
	    {"an error behind a 200",
	     {TWO_PARTS, ABSENT, {COMPLETE, {.body = ERROR_XML("InternalError")}}, {COMPLETE, COMPLETED}},
	     STATUS_OK,
	     "",
	     "",
	     "HTTP 200 InternalError"},
	    {"answer lost",
	     {TWO_PARTS, ABSENT, {COMPLETE, LOST}, {COMPLETE, NO_UPLOAD}, {HEAD, THERE}, {ABORT, NO_UPLOAD}},
	     STATUS_EXISTS,
	     "already there",
	     "",
	     NULL},
	    {"upload lost",
	     {TWO_PARTS, ABSENT, {COMPLETE, NO_UPLOAD}, ABSENT, {ABORT, NO_UPLOAD}},
	     STATUS_UNREACHABLE,
	     "complete upload: HTTP 404 NoSuchUpload",
	     "",
	     NULL},
	    {"a 200 without a word",
	     {TWO_PARTS, ABSENT, {COMPLETE, DONE}, ABSENT, {ABORT, GONE}},
	     STATUS_UNREACHABLE,
	     "complete upload: HTTP 200 without a result",
	     "",
	     NULL},
	    {"no condition",
	     {TWO_PARTS, ABSENT, {COMPLETE, REFUSED}, {COMPLETE, COMPLETED}},
	     STATUS_OK,
	     "",
	     "",
	     "refuses If-None-Match"},
	};
	static char data[S3_PART_BYTES_MIN + 1];
	memset(data, 'x', sizeof data);
	for (size_t i = 0; i < COUNT(scenarios); i++)
		play(&scenarios[i], data, sizeof data);
}

static void names_the_parts(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {BEGUN,
						      {.headers = "ETag: \"p1\"\r\n"},
						      {.headers = "ETag: \"p2\"\r\n"},
						      {.status = "404 Not Found"},
						      MISSING,
						      COMPLETED};
	static char data[S3_PART_BYTES_MIN + 1];
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	enum status st = put(&scripted, data, sizeof data);
	assert_ok(st, scripted.err);
	assert_int_equal(fault_server_body_len(scripted.server, 1), S3_PART_BYTES_MIN);
	assert_int_equal(fault_server_body_len(scripted.server, 2), 1);
	scripted_assert_has(&scripted, 1, "content-md5: ");
	scripted_assert_has(&scripted, 5, "if-none-match: *\r\n");
	assert_string_equal(fault_server_body(scripted.server, 5),
			    "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			    "<Part><PartNumber>1</PartNumber><ETag>\"p1\"</ETag></Part>"
			    "<Part><PartNumber>2</PartNumber><ETag>\"p2\"</ETag></Part></CompleteMultipartUpload>");
	scripted_close(&scripted);
}

/* AWS heeds the condition at the end of an upload: no look, which would need the right to list. */
static void looks_for_no_name_at_aws(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    BEGUN, {.headers = "ETag: \"p1\"\r\n"}, {.headers = "ETag: \"p2\"\r\n"}, TAKEN, DONE};
	static char data[S3_PART_BYTES_MIN + 1];
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	((struct s3 *)scripted.store)->aws = true;
	assert_int_equal(put(&scripted, data, sizeof data), STATUS_EXISTS);
	scripted_assert_request(&scripted, 3, COMPLETE);
	scripted_assert_has(&scripted, 3, "if-none-match: *\r\n");
	scripted_assert_request(&scripted, 4, ABORT);
	scripted_close(&scripted);
}

/* Over TLS the signed SHA-256 is enough, until the store wants more: a bucket that locks by itself. */
static void sends_the_md5_once_it_is_asked_for(void **state)
{
	(void)state;
	static const char wanted[] =
	    "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is required for Put "
	    "Object requests with Object Lock parameters</Message></Error>";
	static const struct fault_answer answers[] = {{"400 Bad Request", NULL, wanted, 0, FAULT_NONE, 0}, DONE, DONE};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	struct s3 *s3 = (struct s3 *)scripted.store;
	assert_true(s3->md5);
	s3->md5 = false;
	s3->aws = true;
	assert_ok(put(&scripted, "content", 7), scripted.err);
	assert_null(strstr(fault_server_head(scripted.server, 0), "content-md5"));
	scripted_assert_has(&scripted, 0, "x-amz-checksum-sha256: 7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=\r\n");
	scripted_assert_has(&scripted, 1, "content-md5: mgNkuembtIDdJeHwKEyFVQ==\r\n");
	assert_ok(put(&scripted, "content", 7), scripted.err);
	scripted_assert_has(&scripted, 2, "content-md5: mgNkuembtIDdJeHwKEyFVQ==\r\n");
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(puts_small_objects),
	    cmocka_unit_test(sends_condition_and_checksums),
	    cmocka_unit_test(sends_the_md5_once_it_is_asked_for),
	    cmocka_unit_test(sends_nothing_when_abandoned),
	    cmocka_unit_test(puts_large_objects_in_parts),
	    cmocka_unit_test(names_the_parts),
	    cmocka_unit_test(looks_for_no_name_at_aws),
	};
	return cmocka_run_group_tests_name("store/s3/s3_write", tests, NULL, NULL);
}

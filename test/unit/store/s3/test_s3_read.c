/* Reading from a server that fails in every way there is. */
#include <string.h>

#include "scripted_s3.h"
#include "support/cmocka.h"
#include "support/collect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME "a/b"
#define GET_LINE "GET /bucket/pre/fix/a/b HTTP/1.1\r\n"
#define LONG "0123456789012345678901234567890123456789"

struct expected {
	enum status status;
	size_t requests;
	const char *content, *text, *hint;
};

static void check(const char *name, const struct fault_answer *answers, size_t count, const struct expected *expected)
{
	struct scripted scripted;
	struct collect state = {0};
	scripted_open(&scripted, answers, count);
	struct sink *sink = collect_new(&state);
	enum status st = store_read(scripted.store, &scripted.world.call, NAME, sink, &scripted.err);
	if (st != expected->status || fault_server_count(scripted.server) != expected->requests ||
	    strcmp(buffer_text(&state.bytes), expected->content) != 0)
		fail_msg("%s: status %d, %zu requests, '%s', error '%s'", name, st, fault_server_count(scripted.server),
			 buffer_text(&state.bytes), scripted.err.text);
	scripted_assert_error(&scripted, expected->text, expected->hint);
	for (size_t i = 0; i < expected->requests; i++)
		scripted_assert_request(&scripted, i, GET_LINE);
	if (st && st != STATUS_MISSING)
		assert_memory_equal(scripted.err.text, "get s3://bucket/pre/fix/a/b: ", 29);
	sink_free(sink);
	buffer_fini(&state.bytes);
	scripted_close(&scripted);
}

/* One answer that decides. */
static void takes_one_answer_for_what_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct fault_answer answer;
		struct expected expected;
	} cases[] = {
	    {"there", {.body = "content"}, {STATUS_OK, 1, "content", "", ""}},
	    {"empty", {.body = ""}, {STATUS_OK, 1, "", "", ""}},
	    {"in chunks", {.body = "content", .kind = FAULT_CHUNKED}, {STATUS_OK, 1, "content", "", ""}},
	    {"without a length",
	     {.body = "content", .kind = FAULT_OPEN},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 200 without a length", ""}},
	    {"no such key",
	     {"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0},
	     {STATUS_MISSING, 1, "", "no such object", ""}},
	    {"no such bucket",
	     {"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 404 NoSuchBucket: the words", "bucket"}},
	    {"deleted in a versioned bucket",
	     {"404 Not Found", "x-amz-delete-marker: true\r\n", ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0},
	     {STATUS_MISSING, 1, "", "the object was deleted, but the bucket may keep a version",
	      "walship undelete NAME"}},
	    {"not deleted",
	     {"404 Not Found", "x-amz-delete-marker: false\r\n", ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0},
	     {STATUS_MISSING, 1, "", "no such object", ""}},
	    {"a proxy's 404",
	     {"404 Not Found", NULL, "<html>not found<br></html>", 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 404, with a body that is not from S3: '<html>not found", ""}},
	    {"an empty 404",
	     {"404 Not Found", NULL, NULL, 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 404 without an explanation", ""}},
	    {"a 404 with half an answer",
	     {"404 Not Found", NULL, "<Error><Code>NoSuchKey</Code><Mess", 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 404 NoSuchKey", ""}},
	    {"the code elsewhere",
	     {"404 Not Found", NULL, "<html><Error><Code>NoSuchKey</Code></Error></html>", 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 404, with a body", ""}},
	    {"a 200 that says no",
	     {NULL, NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0},
	     {STATUS_OK, 1, ERROR_XML("NoSuchKey"), "", ""}},
	    {"access denied",
	     {"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 403 AccessDenied: the words", "s3:ListBucket"}},
	    {"a wrong secret",
	     {"403 Forbidden", NULL, ERROR_XML("SignatureDoesNotMatch"), 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "SignatureDoesNotMatch", "s3-key-secret"}},
	    {"a wrong key",
	     {"403 Forbidden", NULL, ERROR_XML("InvalidAccessKeyId"), 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "InvalidAccessKeyId", "s3-key"}},
	    {"archived",
	     {"403 Forbidden", NULL, ERROR_XML("InvalidObjectState"), 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "InvalidObjectState", "restore it first"}},
	    {"expired",
	     {"400 Bad Request", NULL, ERROR_XML("ExpiredToken"), 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 400 ExpiredToken", "expired"}},
	    {"a proxy that wants a password",
	     {"407 Proxy Authentication Required", NULL, "<html></html>", 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 407, with a body", "http://user:password@host:port"}},
	    {"elsewhere, and it does not say where",
	     {"302 Found", "Location: http://127.0.0.1:1/\r\n", NULL, 0, FAULT_NONE, 0},
	     {STATUS_UNREACHABLE, 1, "", "HTTP 302 without", "does not follow redirects"}},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].name, &cases[i].answer, 1, &cases[i].expected);
}

/* CDNs and cloud stores have codes of their own. What the server can never do is the exception. */
static void tries_every_5xx_again_but_501_and_505(void **state)
{
	(void)state;
	static const struct {
		const char *status;
		bool final;
	} cases[] = {
	    {"500 x", false}, {"502 x", false}, {"504 x", false}, {"507 x", false}, {"509 x", false}, {"520 x", false},
	    {"522 x", false}, {"524 x", false}, {"525 x", false}, {"529 x", false}, {"530 x", false}, {"598 x", false},
	    {"599 x", false}, {"408 x", false}, {"501 x", true},  {"505 x", true},  {"404 x", true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fault_answer answers[] = {{.status = cases[i].status}, {.body = "content"}};
		const struct expected passing = {STATUS_OK, 2, "content", "", ""};
		const struct expected final = {STATUS_UNREACHABLE, 1, "", "without an explanation", ""};
		check(cases[i].status, answers, 2, cases[i].final ? &final : &passing);
	}
}

#define PART1 "ETag: \"e1\"\r\n"
#define REST(range) PART1 "Content-Range: bytes " range "\r\n"

/* Answers that are tried again, or gone on from. */
static void goes_on_after_trouble(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct fault_answer answers[4];
		struct expected expected;
	} cases[] = {
	    {"busy, then there",
	     {{"503 Slow Down", NULL, ERROR_XML("SlowDown"), 0, FAULT_NONE, 0}, {.body = "content"}},
	     {STATUS_OK, 2, "content", "", ""}},
	    {"all that passes",
	     {{"500 Internal", NULL, ERROR_XML("InternalError"), 0, FAULT_NONE, 0},
	      {"400 Bad Request", NULL, ERROR_XML("RequestTimeout"), 0, FAULT_NONE, 0},
	      {"429 Too Many", NULL, "", 0, FAULT_NONE, 0},
	      {.body = "content"}},
	     {STATUS_OK, 4, "content", "", ""}},
	    {"closed, then there", {{.kind = FAULT_CLOSE}, {.body = "content"}}, {STATUS_OK, 2, "content", "", ""}},
	    {"a 404 that broke off is no 404",
	     {{"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_CUT, 80}, {.body = "content"}},
	     {STATUS_OK, 2, "content", "", ""}},
	    {"resumed twice",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10},
	      {"206 Partial Content", REST("10-39/40"), LONG, 30, FAULT_RESET, 10},
	      {"206 Partial Content", REST("20-39/40"), LONG, 20, FAULT_NONE, 0}},
	     {STATUS_OK, 3, LONG, "", ""}},
	    {"all of it again",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10}, {NULL, PART1, LONG, 0, FAULT_NONE, 0}},
	     {STATUS_OK, 2, LONG, "", ""}},
	    {"all of it again, in small pieces",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10}, {NULL, PART1, LONG, 0, FAULT_DRIP, 0}},
	     {STATUS_OK, 2, LONG, "", ""}},
	    {"busy when resumed",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10},
	      {"503 Busy", NULL, NULL, 0, FAULT_NONE, 0},
	      {"206 Partial Content", REST("10-39/40"), LONG, 30, FAULT_NONE, 0}},
	     {STATUS_OK, 3, LONG, "", ""}},
	    {"changed",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10},
	      {"412 Precondition Failed", NULL, ERROR_XML("PreconditionFailed"), 0, FAULT_NONE, 0}},
	     {STATUS_UNREACHABLE, 2, "0123456789", "the object changed", ""}},
	    {"gone is not missing any more",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10}, {"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}},
	     {STATUS_UNREACHABLE, 2, "0123456789", "the object changed", ""}},
	    {"changed, unnoticed by the server",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10},
	      {"206 Partial Content", "ETag: \"e2\"\r\nContent-Range: bytes 10-39/40\r\n", LONG, 30, FAULT_NONE, 0}},
	     {STATUS_UNREACHABLE, 2, "0123456789", "the object changed", ""}},
	    {"another range",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10}, {"206 Partial Content", REST("1-39/40"), LONG, 39, FAULT_NONE, 0}},
	     {STATUS_UNREACHABLE, 2, "0123456789", "HTTP 206 with the range 'bytes 1-39/40'", ""}},
	    {"less than there was",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10},
	      {"206 Partial Content", REST("10-19/20"), LONG, 10, FAULT_NONE, 0}},
	     {STATUS_UNREACHABLE, 2, "0123456789", "the object changed during the read: 20 bytes instead of 40", ""}},
	    {"a part of what there is, and says so",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10},
	      {"206 Partial Content", REST("10-19/40"), LONG, 10, FAULT_NONE, 0}},
	     {STATUS_UNREACHABLE, 2, "0123456789", "the range 'bytes 10-19/40' instead of 'bytes 10-'", ""}},
	    {"less in chunks than there was",
	     {{NULL, PART1, LONG, 0, FAULT_CUT, 10}, {NULL, PART1, LONG, 20, FAULT_CHUNKED, 0}},
	     {STATUS_UNREACHABLE, 2, "01234567890123456789", "the object changed during the read: 20 bytes", ""}},
	    {"no ETag to go on from",
	     {{NULL, NULL, LONG, 0, FAULT_CUT, 10}},
	     {STATUS_UNREACHABLE, 1, "0123456789", "the answer was cut off", ""}},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].name, cases[i].answers, 4, &cases[i].expected);
}

static void resumes_with_range_and_etag(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {NULL, PART1, LONG, 0, FAULT_CUT, 10}, {"206 Partial Content", REST("10-39/40"), LONG, 30, FAULT_NONE, 0}};
	struct scripted scripted;
	struct collect collected = {0};
	scripted_open(&scripted, answers, COUNT(answers));
	struct sink *sink = collect_new(&collected);
	enum status st = store_read(scripted.store, &scripted.world.call, NAME, sink, &scripted.err);
	assert_ok(st, scripted.err);
	assert_null(strstr(fault_server_head(scripted.server, 0), "range"));
	scripted_assert_has(&scripted, 1, "range: bytes=10-\r\n");
	scripted_assert_has(&scripted, 1, "if-match: \"e1\"\r\n");
	scripted_assert_has(&scripted, 1,
			    "SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date;"
			    "x-amz-security-token,");
	scripted_assert_has(&scripted, 1, "x-amz-security-token: the/session+token=\r\n");
	assert_non_null(strstr(buffer_text(&scripted.world.logged), "retrying in 501 ms (try 2)"));
	sink_free(sink);
	buffer_fini(&collected.bytes);
	scripted_close(&scripted);
}

/* The sink's status and words are the answer, and nothing is asked again. */
static void stops_when_the_sink_fails(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {{NULL, PART1, LONG, 0, FAULT_NONE, 0}};
	struct scripted scripted;
	struct collect collected = {.fail_with = STATUS_LOCAL, .fail_at = 5};
	scripted_open(&scripted, answers, COUNT(answers));
	struct sink *sink = collect_new(&collected);
	assert_int_equal(store_read(scripted.store, &scripted.world.call, NAME, sink, &scripted.err), STATUS_LOCAL);
	assert_string_equal(scripted.err.text, "the next stage failed");
	assert_int_equal(collected.writes_after_failure, 0);
	assert_int_equal(fault_server_count(scripted.server), 1);
	sink_free(sink);
	buffer_fini(&collected.bytes);
	scripted_close(&scripted);
}

/* Whatever the server does or does not do, the call ends when its time is up. */
static void keeps_the_deadline(void **state)
{
	(void)state;
	static const struct {
		struct fault_answer answer;
		const char *text;
	} cases[] = {
	    {{.kind = FAULT_HANG}, "no answer in time"},
	    {{NULL, PART1, LONG LONG LONG, 0, FAULT_DRIP, 0}, "the answer was not complete in time"},
	    {{"503 Busy", "Retry-After: 100\r\n", "", 0, FAULT_NONE, 0}, "no time left for another try: HTTP 503"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct collect collected = {0};
		scripted_open(&scripted, &cases[i].answer, 1);
		scripted_use_real_time(&scripted, 700);
		int64_t start = clock_monotonic_ms(&system_clock);
		struct sink *sink = collect_new(&collected);
		assert_int_equal(store_read(scripted.store, &scripted.world.call, NAME, sink, &scripted.err),
				 STATUS_UNREACHABLE);
		assert_true(clock_monotonic_ms(&system_clock) - start < 1500);
		scripted_assert_error(&scripted, cases[i].text, "");
		sink_free(sink);
		buffer_fini(&collected.bytes);
		scripted_close(&scripted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_one_answer_for_what_it_is), cmocka_unit_test(tries_every_5xx_again_but_501_and_505),
	    cmocka_unit_test(goes_on_after_trouble),           cmocka_unit_test(resumes_with_range_and_etag),
	    cmocka_unit_test(stops_when_the_sink_fails),       cmocka_unit_test(keeps_the_deadline),
	};
	return cmocka_run_group_tests_name("store/s3/s3_read", tests, NULL, NULL);
}

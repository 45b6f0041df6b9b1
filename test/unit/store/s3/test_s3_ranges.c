/* Ranges of an object of 40 bytes, from a server that answers them in every way there is. */
#include <stdio.h>
#include <string.h>

#include "scripted_s3.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LONG "0123456789abcdefghijABCDEFGHIJ!@#$^&*()-"
#define ETAG "ETag: \"e1\"\r\n"
#define RANGE(text) "206 Partial Content", ETAG "Content-Range: bytes " text "\r\n"
#define RANGES_MAX 3
#define FAR 1000000 /* more than a gap that is received in place of another request */

static enum status join(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	struct buffer *got = arg;
	char mark = (char)('0' + range);
	/* The mark of a range, once. */
	if (strchr(buffer_text(got), mark) == NULL && buffer_printf(got, err, "%c=", mark))
		return STATUS_LOCAL;
	return buffer_append(got, data, len, err);
}

static const struct {
	const char *name;
	struct store_range ranges[RANGES_MAX];
	struct fault_answer answers[4];
	enum status expected;
	size_t requests;
	const char *content, *text;
	const char *asked[3]; /* "Range" of each request */
} cases[] = {
    {"one", {{10, 5}}, {{RANGE("10-14/40"), "abcde", 5, FAULT_NONE, 0}}, STATUS_OK, 1, "0=abcde", "", {"10-14"}},
    {"adjacent ones are one request",
     {{10, 2}, {12, 3}},
     {{RANGE("10-14/40"), "abcde", 5, FAULT_DRIP, 0}},
     STATUS_OK,
     1,
     "0=ab1=cde",
     "",
     {"10-14"}},
    {"the bytes between near ones are left out",
     {{10, 1}, {14, 1}, {39, 1}},
     {{RANGE("10-39/40"), &LONG[10], 30, FAULT_NONE, 0}},
     STATUS_OK,
     1,
     "0=a1=e2=-",
     "",
     {"10-39"}},
    {"far ones are requests of their own, of the same object",
     {{10, 2}, {FAR, 3}},
     {{RANGE("10-11/2000000"), "ab", 2, FAULT_NONE, 0}, {RANGE("1000000-1000002/2000000"), "xyz", 3, FAULT_NONE, 0}},
     STATUS_OK,
     2,
     "0=ab1=xyz",
     "",
     {"10-11", "1000000-1000002"}},
    {"resumed in the first, in the gap and in the second",
     {{10, 5}, {20, 5}},
     {{RANGE("10-24/40"), &LONG[10], 15, FAULT_CUT, 3},
      {RANGE("13-24/40"), &LONG[13], 12, FAULT_RESET, 5},
      {RANGE("20-24/40"), &LONG[20], 5, FAULT_NONE, 0}},
     STATUS_OK,
     3,
     "0=abcde1=ABCDE",
     "",
     {"10-24", "13-24", "20-24"}},
    {"busy",
     {{10, 5}},
     {{"503 Slow Down", NULL, ERROR_XML("SlowDown"), 0, FAULT_NONE, 0}, {RANGE("10-14/40"), "abcde", 5, FAULT_NONE, 0}},
     STATUS_OK,
     2,
     "0=abcde",
     "",
     {"10-14", "10-14"}},
    {"of a server that knows no ranges, all in one response",
     {{10, 2}, {30, 2}},
     {{NULL, ETAG, LONG, 0, FAULT_NONE, 0}},
     STATUS_OK,
     1,
     "0=ab1=!@",
     "",
     {"10-31"}},
    {"the same, cut and resumed",
     {{10, 2}, {30, 2}},
     {{NULL, ETAG, LONG, 0, FAULT_CUT, 11}, {NULL, ETAG, LONG, 0, FAULT_CHUNKED, 0}},
     STATUS_OK,
     2,
     "0=ab1=!@",
     "",
     {"10-31", "11-31"}},
    {"replaced, and the server says so",
     {{10, 2}, {FAR, 3}},
     {{RANGE("10-11/2000000"), "ab", 2, FAULT_NONE, 0},
      {"412 Precondition Failed", NULL, ERROR_XML("PreconditionFailed"), 0, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     2,
     "0=ab",
     "the object changed during the read (HTTP 412)",
     {"10-11"}},
    {"replaced, and the server does not say so",
     {{10, 2}, {FAR, 3}},
     {{RANGE("10-11/2000000"), "ab", 2, FAULT_NONE, 0},
      {"206 Partial Content", "ETag: \"e2\"\r\nContent-Range: bytes 1000000-1000002/2000000\r\n", "xyz", 3, FAULT_NONE,
       0}},
     STATUS_UNREACHABLE,
     2,
     "0=ab",
     "the object changed during the read",
     {"10-11"}},
    {"removed meanwhile",
     {{10, 2}, {FAR, 3}},
     {{RANGE("10-11/2000000"), "ab", 2, FAULT_NONE, 0},
      {"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     2,
     "0=ab",
     "the object changed during the read (HTTP 404)",
     {"10-11"}},
    {"no ETag to go on with",
     {{10, 2}, {FAR, 3}},
     {{"206 Partial Content", "Content-Range: bytes 10-11/2000000\r\n", "ab", 2, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "0=ab",
     "the response had no ETag",
     {"10-11"}},
    {"another total",
     {{10, 2}, {FAR, 3}},
     {{RANGE("10-11/2000000"), "ab", 2, FAULT_NONE, 0}, {RANGE("1000000-1000002/1000003"), "xyz", 3, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     2,
     "0=ab",
     "the object changed during the read: 1000003 bytes instead of 2000000",
     {"10-11"}},
    {"another range",
     {{10, 5}},
     {{RANGE("11-15/40"), "bcdef", 5, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range 'bytes 11-15/40' instead of 'bytes 10-14'",
     {"10-14"}},
    {"a part of the range, though the object goes on",
     {{10, 5}},
     {{RANGE("10-12/40"), "abc", 3, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "instead of 'bytes 10-14'",
     {"10-14"}},
    {"a range the wrong way round",
     {{10, 5}},
     {{RANGE("10-9/40"), "", 0, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "instead of 'bytes 10-14'",
     {"10-14"}},
    {"a range of another unit",
     {{10, 5}},
     {{"206 Partial Content", ETAG "Content-Range: lines 10-14/40\r\n", "abcde", 5, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "the range 'lines 10-14/40'",
     {"10-14"}},
    {"a range without a total",
     {{10, 5}},
     {{RANGE("10-14/*"), "abcde", 5, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "the range 'bytes 10-14/*'",
     {"10-14"}},
    {"a total of 2^64",
     {{10, 5}},
     {{RANGE("10-14/18446744073709551616"), "abcde", 5, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "instead of",
     {"10-14"}},
    {"no range",
     {{10, 5}},
     {{"206 Partial Content", ETAG, "abcde", 5, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range ''",
     {"10-14"}},
    {"more than its range",
     {{10, 5}},
     {{RANGE("10-14/40"), "abcdefgh", 8, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "more than the 5 bytes that HTTP 206 announces",
     {"10-14"}},
    {"less than its range",
     {{10, 5}},
     {{RANGE("10-14/40"), "abc", 3, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "0=abc",
     "3 of 5 bytes came",
     {"10-14"}},
    {"beyond the end",
     {{30, 20}},
     {{RANGE("30-39/40"), &LONG[30], 10, FAULT_NONE, 0}},
     STATUS_DAMAGED,
     1,
     "",
     "the object has 40 bytes, but bytes 30 to 49 were requested",
     {"30-49"}},
    {"behind the end",
     {{50, 5}},
     {{"416 Requested Range Not Satisfiable", NULL, ERROR_XML("InvalidRange"), 0, FAULT_NONE, 0}},
     STATUS_DAMAGED,
     1,
     "",
     "the object ends before byte 50",
     {"50-54"}},
    {"beyond the end of a whole object",
     {{30, 20}},
     {{NULL, ETAG, LONG, 0, FAULT_NONE, 0}},
     STATUS_DAMAGED,
     1,
     "",
     "the object has 40 bytes, but bytes 30 to 49",
     {"30-49"}},
    {"beyond the end of a whole object in chunks",
     {{30, 20}},
     {{NULL, ETAG, LONG, 0, FAULT_CHUNKED, 0}},
     STATUS_DAMAGED,
     1,
     "0=!@#$^&*()-",
     "the object has 40 bytes, but bytes 30 to 49",
     {"30-49"}},
    {"a 416 of somebody else",
     {{10, 5}},
     {{"416 Requested Range Not Satisfiable", NULL, "<html>range</html>", 0, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 416, with a body that is not from S3",
     {"10-14"}},
    {"no such key",
     {{10, 5}},
     {{"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}},
     STATUS_MISSING,
     1,
     "",
     "no such object",
     {"10-14"}},
    {"put away",
     {{10, 5}},
     {{"403 Forbidden", NULL, ERROR_XML("InvalidObjectState"), 0, FAULT_NONE, 0}},
     STATUS_EXISTS,
     1,
     "",
     "InvalidObjectState",
     {"10-14"}},
};

static size_t count_ranges(const struct store_range *ranges)
{
	size_t count = 0;
	while (count < RANGES_MAX && ranges[count].bytes > 0)
		count++;
	return count;
}

static void takes_an_answer_for_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct buffer got = {0};
		const struct store_ranges ranges = {
		    .items = cases[i].ranges, .count = count_ranges(cases[i].ranges), .each = join, .arg = &got};
		scripted_open(&scripted, cases[i].answers, COUNT(cases[i].answers));
		enum status st = store_read_ranges(scripted.store, &scripted.world.call, "a/b", &ranges, &scripted.err);
		if (st != cases[i].expected || fault_server_count(scripted.server) != cases[i].requests ||
		    strcmp(buffer_text(&got), cases[i].content) != 0)
			fail_msg("%s: status %d, %zu requests, '%s', error '%s'", cases[i].name, st,
				 fault_server_count(scripted.server), buffer_text(&got), scripted.err.text);
		if (st) {
			scripted_assert_error(&scripted, cases[i].text, "");
			assert_memory_equal(scripted.err.text, "get s3://bucket/pre/fix/a/b: ", 29);
		}
		for (size_t n = 0; n < COUNT(cases[i].asked) && cases[i].asked[n] != NULL; n++) {
			char header[64];
			(void)snprintf(header, sizeof header, "range: bytes=%s\r\n", cases[i].asked[n]);
			scripted_assert_has(&scripted, n, header);
		}
		buffer_fini(&got);
		scripted_close(&scripted);
	}
}

static void later_requests_are_of_the_same_object(void **state)
{
	(void)state;
	static const struct store_range two[] = {{10, 2}, {FAR, 3}};
	static const struct fault_answer answers[] = {{RANGE("10-11/2000000"), "ab", 2, FAULT_NONE, 0},
						      {RANGE("1000000-1000002/2000000"), "xyz", 3, FAULT_NONE, 0}};
	struct scripted scripted;
	struct buffer got = {0};
	const struct store_ranges ranges = {.items = two, .count = 2, .each = join, .arg = &got};
	scripted_open(&scripted, answers, COUNT(answers));
	enum status st = store_read_ranges(scripted.store, &scripted.world.call, "a/b", &ranges, &scripted.err);
	assert_ok(st, scripted.err);
	assert_null(strstr(fault_server_head(scripted.server, 0), "if-match"));
	scripted_assert_has(&scripted, 1, "if-match: \"e1\"\r\n");
	scripted_assert_has(&scripted, 1, "SignedHeaders=host;if-match;range;x-amz-content-sha256;");
	buffer_fini(&got);
	scripted_close(&scripted);
}

static enum status refuse(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	(void)range, (void)data, (void)len;
	++*(int *)arg;
	return error_set(err, STATUS_EXISTS, "the receiver has enough");
}

/* Whatever status it has: also that with which the store ends a transfer itself. */
static void stops_when_the_receiver_fails(void **state)
{
	(void)state;
	static const struct store_range one = {10, 5};
	static const struct fault_answer answers[] = {{RANGE("10-14/40"), "abcde", 5, FAULT_NONE, 0}};
	struct scripted scripted;
	int seen = 0;
	const struct store_ranges ranges = {.items = &one, .count = 1, .each = refuse, .arg = &seen};
	scripted_open(&scripted, answers, COUNT(answers));
	assert_int_equal(store_read_ranges(scripted.store, &scripted.world.call, "a/b", &ranges, &scripted.err),
			 STATUS_EXISTS);
	assert_string_equal(scripted.err.text, "the receiver has enough");
	assert_int_equal(seen, 1);
	assert_int_equal(fault_server_count(scripted.server), 1);
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_an_answer_for_what_it_is),
	    cmocka_unit_test(later_requests_are_of_the_same_object),
	    cmocka_unit_test(stops_when_the_receiver_fails),
	};
	return cmocka_run_group_tests_name("store/s3/s3_ranges", tests, NULL, NULL);
}

/* The first 8 bytes of an object, from a server that answers a range in every way there is. */
#include <string.h>

#include "scripted_s3.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LONG "0123456789012345678901234567890123456789"
#define RANGE(text) "ETag: \"e1\"\r\nContent-Range: bytes " text "\r\n"
#define PART "206 Partial Content"
#define REFUSED "416 Requested Range Not Satisfiable"

static const struct {
	const char *name;
	struct fault_answer answers[3];
	enum status expected;
	size_t requests;
	const char *content, *text;
} cases[] = {
    {"the range", {{PART, RANGE("0-7/40"), LONG, 8, FAULT_NONE, 0}}, STATUS_OK, 1, "01234567", ""},
    {"of an object that is as long", {{PART, RANGE("0-7/8"), LONG, 8, FAULT_NONE, 0}}, STATUS_OK, 1, "01234567", ""},
    {"of a shorter object", {{PART, RANGE("0-4/5"), LONG, 5, FAULT_NONE, 0}}, STATUS_OK, 1, "01234", ""},
    {"in chunks", {{PART, RANGE("0-7/40"), LONG, 8, FAULT_CHUNKED, 0}}, STATUS_OK, 1, "01234567", ""},
    {"byte by byte", {{PART, RANGE("0-7/40"), LONG, 8, FAULT_DRIP, 0}}, STATUS_OK, 1, "01234567", ""},
    {"a range of more",
     {{PART, RANGE("0-15/40"), LONG, 16, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range 'bytes 0-15/40' instead of 'bytes 0-7'"},
    {"a range of less",
     {{PART, RANGE("0-3/40"), LONG, 4, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range 'bytes 0-3/40' instead"},
    {"another range",
     {{PART, RANGE("8-15/40"), LONG, 8, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range 'bytes 8-15/40' instead"},
    {"a range of nobody knows how much",
     {{PART, RANGE("0-7/*"), LONG, 8, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range 'bytes 0-7/*' instead"},
    {"no range",
     {{PART, NULL, LONG, 8, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 206 with the range '' instead"},
    {"more than its range",
     {{PART, RANGE("0-7/40"), LONG, 16, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "more than the 8 bytes"},
    {"less than its range",
     {{PART, RANGE("0-7/40"), LONG, 4, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "4 of 8 bytes came"},
    {"cut off, then the rest",
     {{PART, RANGE("0-7/40"), LONG, 8, FAULT_CUT, 4}, {PART, RANGE("4-7/40"), "4567", 4, FAULT_NONE, 0}},
     STATUS_OK,
     2,
     "01234567",
     ""},
    {"a longer response, cut off behind the range",
     {{PART, RANGE("0-7/40"), LONG, 16, FAULT_CUT, 8}},
     STATUS_OK,
     1,
     "01234567",
     ""},
    {"a longer response, cut off behind a shorter object",
     {{PART, RANGE("0-4/5"), LONG, 16, FAULT_CUT, 5}},
     STATUS_OK,
     1,
     "01234",
     ""},
    {"busy, then there",
     {{"503 Slow Down", NULL, ERROR_XML("SlowDown"), 0, FAULT_NONE, 0},
      {PART, RANGE("0-7/40"), LONG, 8, FAULT_NONE, 0}},
     STATUS_OK,
     2,
     "01234567",
     ""},
    {"all of it", {{.body = LONG}}, STATUS_OK, 1, "01234567", ""},
    {"all of it, and no more", {{NULL, NULL, LONG, 8, FAULT_NONE, 0}}, STATUS_OK, 1, "01234567", ""},
    {"all of it, and less", {{NULL, NULL, LONG, 3, FAULT_NONE, 0}}, STATUS_OK, 1, "012", ""},
    {"all of it in chunks", {{NULL, NULL, LONG, 0, FAULT_CHUNKED, 0}}, STATUS_OK, 1, "01234567", ""},
    {"less of it in chunks", {{NULL, NULL, LONG, 3, FAULT_CHUNKED, 0}}, STATUS_OK, 1, "012", ""},
    {"all of it, without a length",
     {{NULL, NULL, LONG, 0, FAULT_OPEN, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 200 without a length"},
    {"empty", {{NULL, NULL, "", 0, FAULT_NONE, 0}}, STATUS_OK, 1, "", ""},
    {"empty, and says so", {{REFUSED, NULL, ERROR_XML("InvalidRange"), 0, FAULT_NONE, 0}}, STATUS_OK, 1, "", ""},
    {"empty, in a header", {{REFUSED, "Content-Range: bytes */0\r\n", NULL, 0, FAULT_NONE, 0}}, STATUS_OK, 1, "", ""},
    {"a 416 of somebody else",
     {{REFUSED, NULL, "<html>range</html>", 0, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 416, with a body that is not from S3"},
    {"no such key",
     {{"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}},
     STATUS_MISSING,
     1,
     "",
     "no such object"},
    {"no such bucket",
     {{"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0}},
     STATUS_UNREACHABLE,
     1,
     "",
     "HTTP 404 NoSuchBucket"},
    {"put away",
     {{"403 Forbidden", NULL, ERROR_XML("InvalidObjectState"), 0, FAULT_NONE, 0}},
     STATUS_EXISTS,
     1,
     "",
     "InvalidObjectState"},
};

static void takes_an_answer_for_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		char out[9] = "";
		size_t len = 8;
		scripted_open(&scripted, cases[i].answers, COUNT(cases[i].answers));
		enum status st =
		    store_read_first(scripted.store, &scripted.world.call, "a/b", out, &len, &scripted.err);
		if (st != cases[i].expected || fault_server_count(scripted.server) != cases[i].requests ||
		    strcmp(out, cases[i].content) != 0)
			fail_msg("%s: status %d, %zu requests, '%s', error '%s'", cases[i].name, st,
				 fault_server_count(scripted.server), out, scripted.err.text);
		if (st == STATUS_OK)
			assert_int_equal(len, strlen(cases[i].content));
		else
			scripted_assert_error(&scripted, cases[i].text, "");
		if (st)
			assert_memory_equal(scripted.err.text, "get s3://bucket/pre/fix/a/b: ", 29);
		scripted_assert_request(&scripted, 0, "GET /bucket/pre/fix/a/b HTTP/1.1\r\n");
		scripted_assert_has(&scripted, 0, "range: bytes=0-7\r\n");
		scripted_assert_has(&scripted, 0, "SignedHeaders=host;range;x-amz-content-sha256;");
		scripted_close(&scripted);
	}
}

/* What a server that knows no ranges was still sending does not get into the next answer. */
static void goes_on_after_too_much(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {{.body = LONG},
						      {PART, RANGE("0-7/40"), "abcdefgh", 8, FAULT_NONE, 0}};
	struct scripted scripted;
	char out[9] = "";
	size_t len = 8;
	scripted_open(&scripted, answers, COUNT(answers));
	enum status st = store_read_first(scripted.store, &scripted.world.call, "a/b", out, &len, &scripted.err);
	assert_ok(st, scripted.err);
	st = store_read_first(scripted.store, &scripted.world.call, "a/b", out, &len, &scripted.err);
	assert_ok(st, scripted.err);
	assert_string_equal(out, "abcdefgh");
	assert_int_equal(fault_server_connections(scripted.server), 2);
	scripted_close(&scripted);
}

static void has_bounds(void **state)
{
	(void)state;
	struct scripted scripted;
	char out[1];
	scripted_open(&scripted, NULL, 0);
	for (size_t len = 0; len <= STORE_FIRST_MAX + 1; len += STORE_FIRST_MAX + 1) {
		size_t wanted = len;
		assert_int_equal(
		    store_read_first(scripted.store, &scripted.world.call, "a/b", out, &wanted, &scripted.err),
		    STATUS_USAGE);
	}
	assert_int_equal(fault_server_count(scripted.server), 0);
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_an_answer_for_what_it_is),
	    cmocka_unit_test(goes_on_after_too_much),
	    cmocka_unit_test(has_bounds),
	};
	return cmocka_run_group_tests_name("store/s3/s3_read_first", tests, NULL, NULL);
}

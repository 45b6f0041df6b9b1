/* Removing objects from a server that answers DeleteObjects in every way there is. */
#include <stdio.h>
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define POST "POST /bucket?delete= HTTP/1.1\r\n"
#define RESULT(content) "<?xml version=\"1.0\"?><DeleteResult>" content "</DeleteResult>"
#define KEPT(key, code) "<Error><Key>pre/fix/" key "</Key><Code>" code "</Code><Message>the words</Message></Error>"
#define BODY(content)                                                                                                  \
	"<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>" content "</Delete>"
#define OBJECT(name) "<Object><Key>pre/fix/" name "</Key></Object>"
#define DONE                                                                                                           \
	{                                                                                                              \
		.body = RESULT("")                                                                                     \
	}
#define STATUS(text, code)                                                                                             \
	{                                                                                                              \
		text, NULL, ERROR_XML(code), 0, FAULT_NONE, 0                                                          \
	}
#define GONE                                                                                                           \
	{                                                                                                              \
		.status = "204 No Content"                                                                             \
	}

static const char *const names[] = {"a/1", "a/2", "b"};

static enum status join(void *arg, const struct store_refusal *refusal, struct error *err)
{
	assert_int_equal(refusal->status, STATUS_UNREACHABLE);
	return buffer_printf(arg, err, "%s=%s;", refusal->name, refusal->why->text);
}

#define WHY(name, text) name "=remove s3://bucket/pre/fix/" name ": " text ";"

static const struct {
	const char *name;
	struct fault_answer answers[4];
	size_t requests;
	enum status expected;
	const char *refused, *text;
	const char *bodies[2]; /* NULL: any */
} cases[] = {
    {"all", {DONE}, 1, STATUS_OK, "", "", {BODY(OBJECT("a/1") OBJECT("a/2") OBJECT("b"))}},
    {"all, and it says so",
     {{.body = RESULT("<Deleted><Key>pre/fix/a/1</Key></Deleted><Deleted><Key>pre/fix/a/2</Key></Deleted>")}},
     1,
     STATUS_OK,
     "",
     "",
     {NULL}},
    {"two are refused, in any order",
     {{.body = RESULT(KEPT("b", "AccessDenied") KEPT("a/1", "ObjectLocked"))}},
     1,
     STATUS_OK,
     WHY("a/1", "ObjectLocked: the words") WHY("b", "AccessDenied: the words"),
     "",
     {NULL}},
    {"one was gone", {{.body = RESULT(KEPT("a/2", "NoSuchKey"))}}, 1, STATUS_OK, "", "", {NULL}},
    {"one again, which then works",
     {{.body = RESULT(KEPT("a/2", "InternalError") KEPT("b", "AccessDenied"))}, DONE},
     2,
     STATUS_OK,
     WHY("b", "AccessDenied: the words"),
     "",
     {NULL, BODY(OBJECT("a/2"))}},
    {"busy", {STATUS("503 Slow Down", "SlowDown"), DONE}, 2, STATUS_OK, "", "", {NULL}},
    {"answer lost", {{.kind = FAULT_CLOSE}, DONE}, 2, STATUS_OK, "", "", {NULL}},
    {"answer cut off", {{.body = RESULT(""), .kind = FAULT_CUT, .at = 30}, DONE}, 2, STATUS_OK, "", "", {NULL}},
    {"an error behind a 200", {{.body = ERROR_XML("InternalError")}, DONE}, 2, STATUS_OK, "", "", {NULL}},
    {"another error behind a 200",
     {{.body = ERROR_XML("AccessDenied")}},
     1,
     STATUS_UNREACHABLE,
     "",
     "HTTP 200 AccessDenied: the words",
     {NULL}},
    {"denied altogether, but not for each",
     {STATUS("403 Forbidden", "AccessDenied"), GONE, STATUS("403 Forbidden", "AccessDenied"), GONE},
     4,
     STATUS_OK,
     WHY("a/2", "HTTP 403 AccessDenied: the words"),
     "",
     {NULL}},
    {"a wrong secret",
     {STATUS("403 Forbidden", "SignatureDoesNotMatch")},
     1,
     STATUS_UNREACHABLE,
     "",
     "remove objects from s3://bucket/pre/fix: HTTP 403 SignatureDoesNotMatch",
     {NULL}},
    {"no bucket", {STATUS("404 Not Found", "NoSuchBucket")}, 1, STATUS_UNREACHABLE, "", "NoSuchBucket", {NULL}},
    {"malformed", {{.body = "<DeleteResult><Error>"}}, 1, STATUS_UNREACHABLE, "", "HTTP 200: malformed XML", {NULL}},
    {"empty", {{.body = ""}}, 1, STATUS_UNREACHABLE, "", "HTTP 200: malformed XML", {NULL}},
    {"a page of somebody else",
     {{.body = "<html><body>Welcome</body></html>"}},
     1,
     STATUS_UNREACHABLE,
     "",
     "the response is not the result of DeleteObjects",
     {NULL}},
    {"a key that nobody named",
     {{.body = RESULT(KEPT("c", "AccessDenied"))}},
     1,
     STATUS_UNREACHABLE,
     "",
     "HTTP 200: invalid response: it refuses the key 'pre/fix/c', code 'AccessDenied'",
     {NULL}},
    {"a key outside the prefix",
     {{.body = RESULT("<Error><Key>other/b</Key><Code>AccessDenied</Code></Error>")}},
     1,
     STATUS_UNREACHABLE,
     "",
     "it refuses the key 'other/b'",
     {NULL}},
    {"a key twice",
     {{.body = RESULT(KEPT("b", "AccessDenied") KEPT("b", "AccessDenied"))}},
     1,
     STATUS_UNREACHABLE,
     WHY("b", "AccessDenied: the words"),
     "it refuses the key 'pre/fix/b'",
     {NULL}},
    {"an error without a key",
     {{.body = RESULT("<Error><Code>AccessDenied</Code></Error>")}},
     1,
     STATUS_UNREACHABLE,
     "",
     "it refuses the key ''",
     {NULL}},
    {"an error without a code",
     {{.body = RESULT("<Error><Key>pre/fix/b</Key></Error>")}},
     1,
     STATUS_UNREACHABLE,
     "",
     "it refuses the key 'pre/fix/b', code ''",
     {NULL}},
    {"no DeleteObjects there",
     {STATUS("501 Not Implemented", "NotImplemented"), GONE, STATUS("403 Forbidden", "AccessDenied"), GONE},
     4,
     STATUS_OK,
     WHY("a/2", "HTTP 403 AccessDenied: the words"),
     "",
     {NULL}},
    {"one by one, and then no answer for any",
     {STATUS("405 Method Not Allowed", "MethodNotAllowed"), GONE, STATUS("403 Forbidden", "InvalidAccessKeyId")},
     3,
     STATUS_UNREACHABLE,
     "",
     "remove s3://bucket/pre/fix/a/2: HTTP 403 InvalidAccessKeyId",
     {NULL}},
};

static void takes_an_answer_for_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct buffer got = {0};
		const struct store_removal removal = {
		    .names = names, .count = COUNT(names), .refused = join, .arg = &got};
		scripted_open(&scripted, cases[i].answers, COUNT(cases[i].answers));
		enum status st = store_remove_many(scripted.store, &scripted.world.call, &removal, &scripted.err);
		if (st != cases[i].expected || fault_server_count(scripted.server) != cases[i].requests ||
		    strcmp(buffer_text(&got), cases[i].refused) != 0)
			fail_msg("%s: status %d, %zu requests, '%s', error '%s'", cases[i].name, st,
				 fault_server_count(scripted.server), buffer_text(&got), scripted.err.text);
		if (st)
			scripted_assert_error(&scripted, cases[i].text, "");
		scripted_assert_request(&scripted, 0, POST);
		for (size_t n = 0; n < COUNT(cases[i].bodies); n++)
			if (cases[i].bodies[n] != NULL)
				assert_string_equal(fault_server_body(scripted.server, n), cases[i].bodies[n]);
		buffer_fini(&got);
		scripted_close(&scripted);
	}
}

static void sends_a_checksum(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {DONE, DONE};
	const struct store_removal removal = {.names = names, .count = 2, .refused = join};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	assert_ok(store_remove_many(scripted.store, &scripted.world.call, &removal, &scripted.err), scripted.err);
	scripted_assert_has(&scripted, 0, "content-md5: ");
	scripted_assert_has(&scripted, 0, "SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;");
	assert_null(strstr(fault_server_head(scripted.server, 0), "x-amz-checksum"));
	((struct s3 *)scripted.store)->aws = true;
	assert_ok(store_remove_many(scripted.store, &scripted.world.call, &removal, &scripted.err), scripted.err);
	scripted_assert_has(&scripted, 1, "x-amz-checksum-sha256: ");
	scripted_close(&scripted);
}

/* A prefix may have what is special in XML. */
static void escapes_keys(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {.body = RESULT("<Error><Key>a&amp;b&lt;&gt;/b</Key><Code>AccessDenied</Code></Error>")}};
	static const char *const two[] = {"a", "b"};
	struct buffer got = {0};
	const struct store_removal removal = {.names = two, .count = 2, .refused = join, .arg = &got};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	(void)strcpy(((struct s3 *)scripted.store)->prefix, "a&b<>");
	assert_ok(store_remove_many(scripted.store, &scripted.world.call, &removal, &scripted.err), scripted.err);
	assert_string_equal(fault_server_body(scripted.server, 0),
			    BODY("<Object><Key>a&#38;b&#60;&#62;/a</Key></Object>"
				 "<Object><Key>a&#38;b&#60;&#62;/b</Key></Object>"));
	assert_string_equal(buffer_text(&got), "b=remove s3://bucket/a&b<>/b: AccessDenied;");
	buffer_fini(&got);
	scripted_close(&scripted);
}

/* 1,000 names a request; the last name alone is a request of the plain kind or not, but no name is forgotten. */
static void splits_what_is_too_much(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {DONE, DONE};
	static char texts[STORE_REMOVE_MAX + 2][8];
	static const char *many[STORE_REMOVE_MAX + 2];
	for (size_t i = 0; i < COUNT(many); i++) {
		(void)snprintf(texts[i], sizeof texts[i], "n%zu", i);
		many[i] = texts[i];
	}
	const struct store_removal removal = {.names = many, .count = COUNT(many), .refused = join};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	assert_ok(store_remove_many(scripted.store, &scripted.world.call, &removal, &scripted.err), scripted.err);
	assert_int_equal(fault_server_count(scripted.server), 2);
	assert_non_null(strstr(fault_server_body(scripted.server, 0), "<Key>pre/fix/n999</Key>"));
	assert_null(strstr(fault_server_body(scripted.server, 0), "<Key>pre/fix/n1000</Key>"));
	assert_string_equal(fault_server_body(scripted.server, 1), BODY(OBJECT("n1000") OBJECT("n1001")));
	scripted_close(&scripted);
}

static void removes_one_by_the_plain_request(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = { GONE, STATUS("403 Forbidden", "AccessDenied") };
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	assert_ok(store_remove(scripted.store, &scripted.world.call, "b", &scripted.err), scripted.err);
	scripted_assert_request(&scripted, 0, "DELETE /bucket/pre/fix/b HTTP/1.1\r\n");
	assert_int_equal(store_remove(scripted.store, &scripted.world.call, "b", &scripted.err), STATUS_UNREACHABLE);
	scripted_assert_error(&scripted, "remove s3://bucket/pre/fix/b: HTTP 403 AccessDenied", "s3:DeleteObject");
	scripted_close(&scripted);
}

static enum status stop(void *arg, const struct store_refusal *refusal, struct error *err)
{
	(void)arg;
	return error_set(err, STATUS_CONFLICT, "%s stays", refusal->name);
}

static void ends_when_told(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {{.body = RESULT(KEPT("a/2", "AccessDenied"))}};
	const struct store_removal removal = {.names = names, .count = COUNT(names), .refused = stop};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	assert_int_equal(store_remove_many(scripted.store, &scripted.world.call, &removal, &scripted.err),
			 STATUS_CONFLICT);
	assert_string_equal(scripted.err.text, "a/2 stays");
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_an_answer_for_what_it_is),
	    cmocka_unit_test(sends_a_checksum),
	    cmocka_unit_test(escapes_keys),
	    cmocka_unit_test(splits_what_is_too_much),
	    cmocka_unit_test(removes_one_by_the_plain_request),
	    cmocka_unit_test(ends_when_told),
	};
	return cmocka_run_group_tests_name("store/s3/s3_remove", tests, NULL, NULL);
}

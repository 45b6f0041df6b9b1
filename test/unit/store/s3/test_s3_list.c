/* Listings: pages, encodings, and everything that a listing must not be. */
#include <stdio.h>
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE(content) "<?xml version=\"1.0\"?><ListBucketResult>" content "</ListBucketResult>"
#define LAST(content) PAGE("<IsTruncated>false</IsTruncated>" content)
#define MORE(token, content)                                                                                           \
	"<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>" content
#define OBJECT(key, size)                                                                                              \
	"<Contents><Key>" key "</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><ETag>x</ETag><Size>" size   \
	"</Size></Contents>"
#define OBJECT_IN(key, class)                                                                                          \
	"<Contents><Key>" key "</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><Size>1</Size>"              \
	"<StorageClass>" class "</StorageClass></Contents>"
#define URL "<EncodingType>url</EncodingType>"
#define STEPS_MAX 4

static enum status join(void *arg, const struct object_info *info, struct error *error)
{
	if (info->modified_s != SCRIPTED_NOW_S)
		return error_set(error, STATUS_CONFLICT, "modified at %lld", (long long)info->modified_s);
	if (strcmp(info->name, "stop") == 0)
		return error_set(error, STATUS_CONFLICT, "told to stop");
	return buffer_printf(arg, error, "%s=%d%s;", info->name, (int)info->bytes, info->archived ? "!" : "");
}

static void check(const char *name, const struct fault_answer *answers, size_t requests, enum status status,
		  const char *expected, const char *text)
{
	struct scripted scripted;
	struct buffer got = {0};
	scripted_open(&scripted, answers, requests);
	enum status st = store_list(scripted.store, &scripted.world.call, "", join, &got, &scripted.err);
	if (st != status || strcmp(buffer_text(&got), expected) != 0 || fault_server_count(scripted.server) != requests)
		fail_msg("%s: status %d, '%s', %zu requests, error '%s'", name, st, buffer_text(&got),
			 fault_server_count(scripted.server), scripted.err.text);
	if (st)
		scripted_assert_error(&scripted, text, "");
	buffer_fini(&got);
	scripted_close(&scripted);
}

static void takes_one_page_for_what_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *name, *body;
		enum status status;
		const char *expected, *text;
	} cases[] = {
	    {"empty", PAGE("<IsTruncated>false</IsTruncated>"), STATUS_OK, "", ""},
	    {"two", LAST(OBJECT("pre/fix/a", "1") OBJECT("pre/fix/b", "2")), STATUS_OK, "a=1;b=2;", ""},
	    {"the directory itself", LAST(OBJECT("pre/fix/", "0") OBJECT("pre/fix/b", "2")), STATUS_OK, "b=2;", ""},
	    {"archived",
	     LAST(OBJECT_IN("pre/fix/a", "STANDARD") OBJECT_IN("pre/fix/b", "DEEP_ARCHIVE")
		      OBJECT_IN("pre/fix/c", "GLACIER") OBJECT_IN("pre/fix/d", "GLACIER_IR") OBJECT("pre/fix/e", "1")),
	     STATUS_OK, "a=1;b=1!;c=1!;d=1;e=1;", ""},
	    {"encoded", LAST(URL OBJECT("pre%2Ffix/a%2Bb+c%C3%A9", "1")), STATUS_OK, "a+b c\xc3\xa9=1;", ""},
	    {"not encoded", LAST(OBJECT("pre/fix/a%2Bb+c", "1")), STATUS_OK, "a%2Bb+c=1;", ""},
	    {"encoding said last", LAST(OBJECT("pre/fix/%41", "1") URL), STATUS_OK, "A=1;", ""},
	    {"stopped", LAST(OBJECT("pre/fix/a", "1") OBJECT("pre/fix/stop", "2")), STATUS_CONFLICT, "a=1;", "told to"},
	    {"bad encoding", LAST(URL OBJECT("pre/fix/%4", "1")), STATUS_UNREACHABLE, "", "key '"},
	    {"bad digits", LAST(URL OBJECT("pre/fix/%zz", "1")), STATUS_UNREACHABLE, "", "key '"},
	    {"a 0 byte", LAST(URL OBJECT("pre/fix/%00", "1")), STATUS_UNREACHABLE, "", "key '"},
	    {"another encoding", PAGE("<EncodingType>rot13</EncodingType>"), STATUS_UNREACHABLE, "", "encoding"},
	    {"out of order", LAST(OBJECT("pre/fix/b", "1") OBJECT("pre/fix/a", "2")), STATUS_UNREACHABLE, "b=1;",
	     "out of order"},
	    {"of another prefix", LAST(OBJECT("other/a", "1")), STATUS_UNREACHABLE, "", "unrequested key"},
	    {"no key", PAGE("<Contents><Size>1</Size></Contents>"), STATUS_UNREACHABLE, "", "without key, size or"},
	    {"no size", PAGE("<Contents><Key>pre/fix/a</Key></Contents>"), STATUS_UNREACHABLE, "", "without key,"},
	    {"no date", PAGE("<Contents><Key>pre/fix/a</Key><Size>1</Size></Contents>"), STATUS_UNREACHABLE, "",
	     "without key, size or date"},
	    {"another one's date",
	     LAST(OBJECT("pre/fix/a", "1") "<Contents><Key>pre/fix/b</Key><Size>1</Size></Contents>"),
	     STATUS_UNREACHABLE, "", "without key, size or date"},
	    {"not said whether truncated", PAGE(OBJECT("pre/fix/a", "1")), STATUS_UNREACHABLE, "", "complete listing"},
	    {"an empty root", "<ListBucketResult/>", STATUS_UNREACHABLE, "", "complete listing"},
	    {"a size that is none", LAST(OBJECT("pre/fix/a", "-1")), STATUS_UNREACHABLE, "", "size '-1'"},
	    {"a size as large as can be", LAST(OBJECT("pre/fix/a", "18446744073709551615")), STATUS_UNREACHABLE, "",
	     "size '"},
	    {"a size too large", LAST(OBJECT("pre/fix/a", "99999999999999999999")), STATUS_UNREACHABLE, "", "size '"},
	    {"a date that is none",
	     PAGE("<Contents><Key>pre/fix/a</Key><Size>1</Size><LastModified>now</LastModified></Contents>"),
	     STATUS_UNREACHABLE, "", "HTTP 200: invalid listing of objects: date 'now'"},
	    {"truncated or not", PAGE("<IsTruncated>maybe</IsTruncated>"), STATUS_UNREACHABLE, "", "IsTruncated"},
	    {"no token", PAGE("<IsTruncated>true</IsTruncated>" OBJECT("pre/fix/a", "1")), STATUS_UNREACHABLE, "",
	     "no continuation token"},
	    {"malformed", "<ListBucketResult>", STATUS_UNREACHABLE, "",
	     "list s3://bucket/pre/fix/: HTTP 200: malformed XML"},
	    {"not a listing", "<Html/>", STATUS_UNREACHABLE, "",
	     "HTTP 200: the response is not a complete listing of objects"},
	    {"nothing", "", STATUS_UNREACHABLE, "", "HTTP 200: malformed XML: no element found"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fault_answer answer = {.body = cases[i].body};
		check(cases[i].name, &answer, 1, cases[i].status, cases[i].expected, cases[i].text);
	}
}

static void turns_the_pages(void **state)
{
	(void)state;
	static const struct fault_answer two[] = {
	    {.body = PAGE(MORE("t+/=", OBJECT("pre/fix/a", "1")))},
	    {.body = LAST(OBJECT("pre/fix/b", "2"))},
	};
	check("two pages", two, 2, STATUS_OK, "a=1;b=2;", "");

	/* A page that broke off has told nothing yet, so nothing is told twice. */
	static const struct fault_answer broken[] = {
	    {.body = LAST(OBJECT("pre/fix/a", "1") OBJECT("pre/fix/b", "2")), .kind = FAULT_CUT, .at = 200},
	    {"503 Slow Down", NULL, ERROR_XML("SlowDown"), 0, FAULT_NONE, 0},
	    {.body = LAST(OBJECT("pre/fix/a", "1") OBJECT("pre/fix/b", "2"))},
	};
	check("a page again", broken, 3, STATUS_OK, "a=1;b=2;", "");

	static const struct fault_answer circle[] = {
	    {.body = PAGE(MORE("t", OBJECT("pre/fix/a", "1")))},
	    {.body = PAGE(MORE("t", OBJECT("pre/fix/a", "1")))},
	};
	check("a circle", circle, 2, STATUS_UNREACHABLE, "a=1;", "out of order");

	/* Where deleted versions lie, S3 may send a page of nothing. */
	static const struct fault_answer sparse[] = {
	    {.body = PAGE(MORE("t1", ""))},
	    {.body = PAGE(MORE("t2", OBJECT("pre/fix/a", "1")))},
	    {.body = PAGE(MORE("t3", ""))},
	    {.body = LAST("")},
	};
	check("empty pages", sparse, 4, STATUS_OK, "a=1;", "");

	static const struct fault_answer empty_circle[] = {{.body = PAGE(MORE("t", ""))},
							   {.body = PAGE(MORE("t", ""))}};
	check("an empty circle", empty_circle, 2, STATUS_UNREACHABLE, "", "leads back to the same empty page");

	static const struct fault_answer no_bucket[] = {
	    {"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0}};
	check("no bucket", no_bucket, 1, STATUS_UNREACHABLE, "", "HTTP 404 NoSuchBucket");
}

/* The bounds are lowered here: millions of names and thousands of empty pages do not meet them. */
static void ends_what_never_ends(void **state)
{
	(void)state;
	static const struct fault_answer ascending[] = {
	    {.body = PAGE(MORE("1", OBJECT("pre/fix/a", "1") OBJECT("pre/fix/b", "1")))},
	    {.body = PAGE(MORE("2", OBJECT("pre/fix/c", "1")))},
	    {.body = PAGE(MORE("3", OBJECT("pre/fix/d", "1")))},
	};
	static const struct fault_answer empty[] = {
	    {.body = PAGE(MORE("1", ""))}, {.body = PAGE(MORE("2", ""))}, {.body = PAGE(MORE("3", ""))}};
	static const struct {
		const struct fault_answer *answers;
		const char *text;
	} cases[] = {{ascending, "does not end: 4 names and 0 empty pages"},
		     {empty, "does not end: 0 names and 3 empty pages"}};
	_Static_assert(S3_LIST_NAMES_MAX >= 50000000, "an archive of millions of segments is listed to its end");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct buffer got = {0};
		scripted_open(&scripted, cases[i].answers, 3);
		((struct s3 *)scripted.store)->list_names_max = 3;
		((struct s3 *)scripted.store)->list_empty_pages_max = 2;
		enum status st = store_list(scripted.store, &scripted.world.call, "", join, &got, &scripted.err);
		assert_int_equal(st, STATUS_UNREACHABLE);
		scripted_assert_error(&scripted, cases[i].text, "");
		assert_int_equal(fault_server_count(scripted.server), 3);
		buffer_fini(&got);
		scripted_close(&scripted);
	}
}

#define DIRECTORY(key) "<CommonPrefixes><Prefix>" key "</Prefix></CommonPrefixes>"

static enum status join_level(void *arg, const struct object_info *info, struct error *error)
{
	return buffer_printf(arg, error, "%s%s;", info->name, info->directory ? " dir" : "");
}

static void takes_a_level_for_what_it_is(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct fault_answer answers[2];
		size_t requests;
		enum status status;
		const char *expected, *text;
	} cases[] = {
	    {"merged",
	     {{.body = LAST(OBJECT("pre/fix/x/a", "1") OBJECT("pre/fix/x/c", "1") DIRECTORY("pre/fix/x/b/")
				DIRECTORY("pre/fix/x/d/"))}},
	     1,
	     STATUS_OK,
	     "x/a;x/b/ dir;x/c;x/d/ dir;",
	     ""},
	    {"encoded", {{.body = LAST(URL DIRECTORY("pre%2Ffix%2Fx%2Fb%2F"))}}, 1, STATUS_OK, "x/b/ dir;", ""},
	    {"the directory itself", {{.body = LAST(OBJECT("pre/fix/x/", "0"))}}, 1, STATUS_OK, "", ""},
	    {"two pages",
	     {{.body = PAGE(MORE("t", DIRECTORY("pre/fix/x/b/")))}, {.body = LAST(OBJECT("pre/fix/x/c", "1"))}},
	     2,
	     STATUS_OK,
	     "x/b/ dir;x/c;",
	     ""},
	    {"a directory again on the next page",
	     {{.body = PAGE(MORE("t", DIRECTORY("pre/fix/x/b/")))}, {.body = LAST(DIRECTORY("pre/fix/x/b/"))}},
	     2,
	     STATUS_UNREACHABLE,
	     "x/b/ dir;",
	     "key out of order"},
	    {"outside the prefix",
	     {{.body = LAST(DIRECTORY("pre/fix/y/b/"))}},
	     1,
	     STATUS_UNREACHABLE,
	     "",
	     "unrequested key 'pre/fix/y/b/'"},
	    {"outside the repository", {{.body = LAST(DIRECTORY("pre/"))}}, 1, STATUS_UNREACHABLE, "", "unrequested"},
	    {"the prefix itself", {{.body = LAST(DIRECTORY("pre/fix/x/"))}}, 1, STATUS_UNREACHABLE, "", "unrequested"},
	    {"without its end", {{.body = LAST(DIRECTORY("pre/fix/x/b"))}}, 1, STATUS_UNREACHABLE, "", "unrequested"},
	    {"too deep", {{.body = LAST(DIRECTORY("pre/fix/x/b/c/"))}}, 1, STATUS_UNREACHABLE, "", "unrequested"},
	    {"an object too deep",
	     {{.body = LAST(OBJECT("pre/fix/x/b/c", "1"))}},
	     1,
	     STATUS_UNREACHABLE,
	     "",
	     "unrequested key 'pre/fix/x/b/c'"},
	    {"without a name",
	     {{.body = LAST("<CommonPrefixes></CommonPrefixes>")}},
	     1,
	     STATUS_UNREACHABLE,
	     "",
	     "common prefix without a name"},
	    {"bad encoding", {{.body = LAST(URL DIRECTORY("pre/fix/x/%4/"))}}, 1, STATUS_UNREACHABLE, "", "key '"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct buffer got = {0};
		scripted_open(&scripted, cases[i].answers, cases[i].requests);
		enum status st =
		    store_list_level(scripted.store, &scripted.world.call, "x/", join_level, &got, &scripted.err);
		if (st != cases[i].status || strcmp(buffer_text(&got), cases[i].expected) != 0)
			fail_msg("%s: status %d, '%s', error '%s'", cases[i].name, st, buffer_text(&got),
				 scripted.err.text);
		if (st)
			scripted_assert_error(&scripted, cases[i].text, "");
		scripted_assert_request(&scripted, 0,
					"GET /bucket?delimiter=%2F&encoding-type=url&list-type=2&max-keys=1000&"
					"prefix=pre%2Ffix%2Fx%2F HTTP/1.1\r\n");
		buffer_fini(&got);
		scripted_close(&scripted);
	}
	/* Without a delimiter there are no common prefixes. */
	static const struct fault_answer unasked = {.body = LAST(DIRECTORY("pre/fix/a/"))};
	check("directories unasked", &unasked, 1, STATUS_UNREACHABLE, "", "unrequested key");
}

static void asks_for_what_it_needs(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {.body = PAGE(MORE("t+/=", OBJECT("pre/fix/x/a", "1")))},
	    {.body = LAST("")},
	};
	static char long_prefix[2000];
	struct scripted scripted;
	struct buffer got = {0};
	scripted_open(&scripted, answers, COUNT(answers));
	enum status st = store_list(scripted.store, &scripted.world.call, "x/", join, &got, &scripted.err);
	assert_ok(st, scripted.err);
	assert_string_equal(buffer_text(&got), "x/a=1;");
	scripted_assert_request(
	    &scripted, 0,
	    "GET /bucket?encoding-type=url&list-type=2&max-keys=1000&prefix=pre%2Ffix%2Fx%2F HTTP/1.1\r\n");
	scripted_assert_request(&scripted, 1,
				"GET /bucket?continuation-token=t%2B%2F%3D&encoding-type=url&list-type=2&max-keys=1000&"
				"prefix=pre%2Ffix%2Fx%2F HTTP/1.1\r\n");
	memset(long_prefix, 'a', sizeof long_prefix - 1);
	st = store_list(scripted.store, &scripted.world.call, long_prefix, join, &got, &scripted.err);
	assert_ok(st, scripted.err);
	assert_int_equal(fault_server_count(scripted.server), 2);
	buffer_fini(&got);
	scripted_close(&scripted);
}

/* As slow as it likes: longer than a page may take, at each object. */
static enum status linger(void *arg, const struct object_info *info, struct error *error)
{
	struct world *world = arg;
	(void)info, (void)error;
	world->monotonic_ms += 50000;
	return STATUS_OK;
}

static void each_page_may_have_time_of_its_own(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {.body = PAGE(MORE("t", OBJECT("pre/fix/a", "1") OBJECT("pre/fix/b", "1")))},
	    {.body = LAST(OBJECT("pre/fix/c", "1"))},
	};
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	scripted.world.call.step_ms = 60000;
	enum status st = store_list(scripted.store, &scripted.world.call, "", linger, &scripted.world, &scripted.err);
	assert_ok(st, scripted.err);
	assert_int_equal(fault_server_count(scripted.server), 2);
	scripted_close(&scripted);

	scripted_open(&scripted, answers, COUNT(answers));
	st = store_list(scripted.store, &scripted.world.call, "", linger, &scripted.world, &scripted.err);
	assert_int_equal(st, STATUS_UNREACHABLE);
	scripted_assert_error(&scripted, "timed out", "");
	assert_int_equal(fault_server_count(scripted.server), 1);
	scripted_close(&scripted);
}

/* More keys than a page may have, and a token that is longer than any. */
static void keeps_its_bounds(void **state)
{
	(void)state;
	struct buffer many = {0};
	struct error err;
	(void)buffer_printf(&many, &err, "<ListBucketResult>");
	for (int i = 0; i < 1001; i++)
		(void)buffer_printf(&many, &err,
				    "<Contents><Key>pre/fix/%04d</Key><Size>1</"
				    "Size><LastModified>2013-05-24T00:00:00.000Z</LastModified></Contents>",
				    i);
	(void)buffer_printf(&many, &err, "</ListBucketResult>");
	const struct fault_answer long_page = {.body = buffer_text(&many)};
	check("1001 keys", &long_page, 1, STATUS_UNREACHABLE, "", "page too long:");

	buffer_clear(&many);
	(void)buffer_printf(&many, &err, "<ListBucketResult><NextContinuationToken>%03000d</NextContinuationToken>", 1);
	(void)buffer_printf(&many, &err, "</ListBucketResult>");
	const struct fault_answer long_token = {.body = buffer_text(&many)};
	check("a long token", &long_token, 1, STATUS_UNREACHABLE, "", "continuation token too long:");
	buffer_fini(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_one_page_for_what_it_is),
	    cmocka_unit_test(turns_the_pages),
	    cmocka_unit_test(ends_what_never_ends),
	    cmocka_unit_test(takes_a_level_for_what_it_is),
	    cmocka_unit_test(asks_for_what_it_needs),
	    cmocka_unit_test(each_page_may_have_time_of_its_own),
	    cmocka_unit_test(keeps_its_bounds),
	};
	return cmocka_run_group_tests_name("store/s3/s3_list", tests, NULL, NULL);
}

/* The store as it was before a time: which version of an object is read, and that nothing can be changed. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"
#include "support/collect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE(content)                                                                                                  \
	"<?xml version=\"1.0\"?><ListVersionsResult><IsTruncated>false</IsTruncated>" content "</ListVersionsResult>"
#define ENTRY(key, id, latest, day)                                                                                    \
	"<Key>pre/fix/" key "</Key><VersionId>" id "</VersionId><IsLatest>" latest                                     \
	"</IsLatest><LastModified>2013-05-" day "T00:00:00.000Z</LastModified>"
#define MARKER(key, id, latest, day) "<DeleteMarker>" ENTRY(key, id, latest, day) "</DeleteMarker>"
#define OF_CLASS(key, id, latest, day, class)                                                                          \
	"<Version>" ENTRY(key, id, latest, day) "<Size>5</Size><StorageClass>" class "</StorageClass></Version>"
#define VERSION(key, id, latest, day) OF_CLASS(key, id, latest, day, "STANDARD")
#define FIFTEENTH 1368576000 /* 2013-05-15T00:00:00Z */
#define LIST_OF(prefix)                                                                                                \
	"GET /bucket?encoding-type=url&max-keys=1000&prefix=pre%2Ffix%2F" prefix "&versions= HTTP/1.1\r\n"
#define KNOWN "ETag: \"x\"\r\nLast-Modified: Fri, 10 May 2013 00:00:00 GMT\r\n"

static void open_past(struct scripted *scripted, const struct fault_answer *answers, size_t count)
{
	scripted_open_with(scripted, FAULT_PLAIN, answers, count, &(struct s3_options){.at_s = FIFTEENTH});
}

static void reads_the_version_of_that_time(void **state)
{
	(void)state;
	static const struct {
		const char *name, *versions, *id; /* id: NULL: the object was not there */
	} cases[] = {
	    {"one", VERSION("a", "1", "true", "10"), "1"},
	    {"deleted later", MARKER("a", "m", "true", "16") VERSION("a", "1", "false", "10"), "1"},
	    {"deleted at that time", MARKER("a", "m", "true", "15") VERSION("a", "1", "false", "10"), "1"},
	    {"replaced later", VERSION("a", "2", "true", "16") VERSION("a", "1", "false", "10"), "1"},
	    {"hidden below others",
	     MARKER("a", "m", "true", "18") VERSION("a", "3", "false", "17") MARKER("a", "n", "false", "16")
		 VERSION("a", "2", "false", "14") VERSION("a", "1", "false", "10"),
	     "2"},
	    {"deleted before", MARKER("a", "m", "true", "14") VERSION("a", "1", "false", "10"), NULL},
	    {"deleted before, and created anew",
	     VERSION("a", "2", "true", "16") MARKER("a", "m", "false", "14") VERSION("a", "1", "false", "10"), NULL},
	    {"created later", VERSION("a", "1", "true", "15"), NULL},
	    {"another key that begins so", VERSION("a.backup", "1", "true", "10"), NULL},
	    {"and behind it", VERSION("a", "2", "true", "16") VERSION("a.backup", "1", "true", "10"), NULL},
	    {"none", "", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct collect body = {0};
		struct buffer page = {0};
		CLEANUP(sink_freep) struct sink *sink = collect_new(&body);
		char request[128];
		assert_ok(buffer_printf(&page, &scripted.err, PAGE("%s"), cases[i].versions), scripted.err);
		const struct fault_answer answers[] = {{.body = buffer_text(&page)},
						       {.headers = KNOWN, .body = "hello"}};
		open_past(&scripted, answers, cases[i].id == NULL ? 1 : 2);
		enum status st = store_read(scripted.store, &scripted.world.call, "a", sink, &scripted.err);
		if (st != (cases[i].id == NULL ? STATUS_MISSING : STATUS_OK))
			fail_msg("%s: status %d, %s", cases[i].name, st, scripted.err.text);
		scripted_assert_request(&scripted, 0, LIST_OF("a"));
		if (cases[i].id == NULL) {
			scripted_assert_error(&scripted, "no such object at that time", "");
			assert_string_equal(scripted.err.hint, "");
		} else {
			(void)snprintf(request, sizeof request, "GET /bucket/pre/fix/a?versionId=%s HTTP/1.1\r\n",
				       cases[i].id);
			scripted_assert_request(&scripted, 1, request);
			assert_string_equal(buffer_text(&body.bytes), "hello");
		}
		buffer_fini(&body.bytes);
		buffer_fini(&page);
		scripted_close(&scripted);
	}
}

static enum status join(void *arg, const struct object_info *info, struct error *err)
{
	assert_int_equal(info->bytes, 5);
	return buffer_printf(arg, err, "%s%s;", info->name, info->archived ? "*" : "");
}

static void lists_what_was_there(void **state)
{
	(void)state;
	struct scripted scripted;
	struct buffer told = {0};
	const struct fault_answer answer = {
	    .body = PAGE(VERSION("", "0", "true", "10") MARKER("a", "m", "true", "16") VERSION("a", "1", "false", "10")
			     VERSION("b", "1", "true", "16") OF_CLASS("c", "2", "true", "14", "DEEP_ARCHIVE")
				 VERSION("c", "1", "false", "10") MARKER("d/e", "m", "true", "14")
				     VERSION("d/e", "1", "false", "10"))};
	open_past(&scripted, &answer, 1);
	assert_ok(store_list(scripted.store, &scripted.world.call, "", join, &told, &scripted.err), scripted.err);
	assert_string_equal(buffer_text(&told), "a;c*;");
	scripted_assert_request(&scripted, 0, LIST_OF(""));
	buffer_fini(&told);
	scripted_close(&scripted);
}

/* A part of the object, its size, and the request for a readable copy name the version too. */
static void every_request_names_the_version(void **state)
{
	(void)state;
	struct scripted scripted;
	struct object_info info;
	char first[3];
	size_t len = sizeof first;
	const struct fault_answer versions = {
	    .body = PAGE(MARKER("a", "m", "true", "16") VERSION("a", "v+1", "false", "10"))};
	const struct fault_answer answers[] = {
	    versions,
	    {.status = "206 Partial Content", .headers = KNOWN "Content-Range: bytes 0-2/5\r\n", .body = "hel"},
	    versions,
	    {.headers = KNOWN "x-amz-storage-class: GLACIER\r\n"},
	    versions,
	    {.status = "202 Accepted"},
	    versions,
	    {"403 Forbidden", NULL, ERROR_XML("AccessDenied"), 0, FAULT_NONE, 0},
	};
	open_past(&scripted, answers, COUNT(answers));
	const struct call *call = &scripted.world.call;
	assert_ok(store_read_first(scripted.store, call, "a", first, &len, &scripted.err), scripted.err);
	assert_memory_equal(first, "hel", 3);
	assert_ok(store_stat(scripted.store, call, "a", &info, &scripted.err), scripted.err);
	assert_true(info.archived && strcmp(info.name, "a") == 0);
	assert_ok(store_thaw(scripted.store, call, "a", &(struct store_thaw){"Standard", 1}, &scripted.err),
		  scripted.err);
	assert_int_equal(store_read_first(scripted.store, call, "a", first, &len, &scripted.err), STATUS_UNREACHABLE);
	scripted_assert_error(&scripted, "get s3://bucket/pre/fix/a: HTTP 403 AccessDenied", "s3:GetObjectVersion");
	scripted_assert_request(&scripted, 1, "GET /bucket/pre/fix/a?versionId=v%2B1 HTTP/1.1\r\n");
	scripted_assert_request(&scripted, 3, "HEAD /bucket/pre/fix/a?versionId=v%2B1 HTTP/1.1\r\n");
	scripted_assert_request(&scripted, 5, "POST /bucket/pre/fix/a?restore=&versionId=v%2B1 HTTP/1.1\r\n");
	scripted_close(&scripted);
}

static enum status ignore_refusal(void *arg, const struct store_refusal *refusal, struct error *err)
{
	(void)arg, (void)refusal, (void)err;
	return STATUS_OK;
}

static enum status undo(void *arg, const struct store_deletion *deletion, bool *out, struct error *err)
{
	(void)arg, (void)deletion, (void)err;
	*out = true;
	return STATUS_OK;
}

static void nothing_can_be_changed(void **state)
{
	(void)state;
	struct scripted scripted;
	struct sink *writer = NULL;
	const char *name = "a";
	const struct store_removal removal = {&name, 1, ignore_refusal, NULL};
	const struct store_undeletion undeletion = {"", 0, undo, NULL};
	open_past(&scripted, NULL, 0);
	struct store *store = scripted.store;
	const struct call *call = &scripted.world.call;
	assert_int_equal(store_create(store, call, name, &writer, &scripted.err), STATUS_USAGE);
	scripted_assert_error(&scripted, "s3-at-time is set", "without s3-at-time");
	assert_int_equal(store_remove(store, call, name, &scripted.err), STATUS_USAGE);
	assert_int_equal(store_remove_many(store, call, &removal, &scripted.err), STATUS_USAGE);
	assert_int_equal(store_undelete(store, call, &undeletion, &scripted.err), STATUS_USAGE);
	assert_int_equal(fault_server_count(scripted.server), 0);
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_version_of_that_time),
	    cmocka_unit_test(lists_what_was_there),
	    cmocka_unit_test(every_request_names_the_version),
	    cmocka_unit_test(nothing_can_be_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Uploads in parts whose time is up: by the real clock, as the connection is. */
#include <string.h>

#include "scripted_s3.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME "a/b"

#define MISSING                                                                                                        \
	{                                                                                                              \
		"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0                                        \
	}
#define DONE                                                                                                           \
	{                                                                                                              \
		.headers = "ETag: \"d\"\r\n"                                                                           \
	}
#define BEGUN                                                                                                          \
	{                                                                                                              \
		.body = "<InitiateMultipartUploadResult><UploadId>id 1</UploadId></InitiateMultipartUploadResult>"     \
	}
#define LEFT "an unfinished upload of s3://bucket/pre/fix/a/b remains"

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

/* Time that is up before the end: the upload is aborted in a little time of its own. */
static void aborts_when_the_time_is_up(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {BEGUN, {.kind = FAULT_HANG}, {.status = "204 No"}};
	static char data[S3_PART_BYTES_MIN + 1];
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	scripted_use_real_time(&scripted, 1000);
	assert_int_equal(put(&scripted, data, sizeof data), STATUS_UNREACHABLE);
	scripted_assert_error(&scripted, "part 1: ", "");
	assert_int_equal(fault_server_count(scripted.server), 3);
	scripted_assert_request(&scripted, 2, "DELETE ");
	assert_null(strstr(buffer_text(&scripted.world.logged), LEFT));
	scripted_close(&scripted);
}

/* When that fails too, the upload stays, and the log says so. */
static void says_what_it_leaves_behind(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {BEGUN, {.kind = FAULT_HANG}, {.status = "403 Forbidden"}};
	static char data[S3_PART_BYTES_MIN + 1];
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	scripted_use_real_time(&scripted, 1000);
	int64_t start = clock_monotonic_ms(&system_clock);
	assert_int_equal(put(&scripted, data, sizeof data), STATUS_UNREACHABLE);
	assert_true(clock_monotonic_ms(&system_clock) - start < 2500);
	scripted_assert_error(&scripted, "part 1: ", "");
	assert_non_null(strstr(buffer_text(&scripted.world.logged), LEFT ": HTTP 403"));
	assert_non_null(strstr(buffer_text(&scripted.world.logged), "a lifecycle rule"));
	scripted_close(&scripted);
}

/* The connection dies in the middle of Complete and stays dead: nobody knows, so it is no success and no "exists". */
static void does_not_know_without_an_answer(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    BEGUN, DONE, DONE, {.status = "404 Not Found"}, MISSING, {.kind = FAULT_HANG}};
	static char data[S3_PART_BYTES_MIN + 1];
	struct scripted scripted;
	scripted_open(&scripted, answers, COUNT(answers));
	scripted_use_real_time(&scripted, 1500);
	assert_int_equal(put(&scripted, data, sizeof data), STATUS_UNREACHABLE);
	scripted_assert_error(&scripted, "complete upload: ", "");
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(aborts_when_the_time_is_up),
	    cmocka_unit_test(says_what_it_leaves_behind),
	    cmocka_unit_test(does_not_know_without_an_answer),
	};
	return cmocka_run_group_tests_name("store/s3/s3_deadline", tests, NULL, NULL);
}

/* What a store does with If-None-Match is found out once, by the first put, and no put before that replaces an object.
 */
#include <string.h>

#include "scripted_s3.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STEPS_MAX 8
#define NONE S3_CONDITION_UNKNOWN /* nothing was noted */
#define PUT "PUT /bucket/pre/fix/a "
#define PUT_B "PUT /bucket/pre/fix/b "
#define HEAD "HEAD /bucket/pre/fix/a "
#define HEAD_B "HEAD /bucket/pre/fix/b "
#define GET_B "GET /bucket/pre/fix/b "
#define DONE                                                                                                           \
	{                                                                                                              \
		.headers = "ETag: \"d\"\r\n"                                                                           \
	}
#define ANSWER(text, code)                                                                                             \
	{                                                                                                              \
		text, NULL, ERROR_XML(code), 0, FAULT_NONE, 0                                                          \
	}
#define TAKEN ANSWER("412 Precondition Failed", "PreconditionFailed")
#define MISSING ANSWER("404 Not Found", "NoSuchKey")
#define NOT_FOUND                                                                                                      \
	{                                                                                                              \
		.status = "404 Not Found"                                                                              \
	}

struct memory {
	enum s3_condition known, noted;
	unsigned recalls;
};

static enum s3_condition recall(const void *arg)
{
	struct memory *const *memory = arg;
	(*memory)->recalls++;
	return (*memory)->known;
}

static void note(const void *arg, enum s3_condition condition)
{
	struct memory *const *memory = arg;
	(*memory)->noted = condition;
}

static enum status put(struct scripted *scripted, const char *name)
{
	struct sink *writer = NULL;
	enum status st = store_create(scripted->store, &scripted->world.call, name, &writer, &scripted->err);
	assert_ok(st, scripted->err);
	st = sink_write(writer, "content", 7, &scripted->err);
	if (!st)
		st = sink_finish(writer, &scripted->err);
	sink_free(writer);
	return st;
}

/* Puts a, and if that is done, b. */
static void finds_out_once(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum s3_condition known, noted;
		struct {
			const char *request;
			struct fault_answer answer;
		} steps[STEPS_MAX];
		enum status status;
		const char *logged;
	} cases[] = {
	    {"honored",
	     S3_CONDITION_UNKNOWN,
	     S3_CONDITION_HONORED,
	     {{HEAD, NOT_FOUND}, {PUT, DONE}, {PUT, TAKEN}, {PUT_B, DONE}},
	     STATUS_OK,
	     NULL},
	    {"known to be honored", S3_CONDITION_HONORED, NONE, {{PUT, DONE}, {PUT_B, DONE}}, STATUS_OK, NULL},
	    {"ignored",
	     S3_CONDITION_UNKNOWN,
	     S3_CONDITION_IGNORED,
	     {{HEAD, NOT_FOUND}, {PUT, DONE}, {PUT, DONE}, {HEAD_B, NOT_FOUND}, {GET_B, MISSING}, {PUT_B, DONE}},
	     STATUS_OK,
	     "ignores If-None-Match"},
	    {"known to be ignored",
	     S3_CONDITION_IGNORED,
	     NONE,
	     {{HEAD, {NULL, "ETag: \"e\"\r\n", "content", 0, FAULT_NONE, 0}}},
	     STATUS_EXISTS,
	     NULL},
	    {"never replaced, whatever the store does",
	     S3_CONDITION_UNKNOWN,
	     NONE,
	     {{HEAD, {NULL, "ETag: \"e\"\r\n", "content", 0, FAULT_NONE, 0}}},
	     STATUS_EXISTS,
	     NULL},
	    {"without permission to look",
	     S3_CONDITION_UNKNOWN,
	     S3_CONDITION_HONORED,
	     {{HEAD, {.status = "403 Forbidden"}}, {PUT, DONE}, {PUT, TAKEN}, {PUT_B, DONE}},
	     STATUS_OK,
	     NULL},
	    {"refused",
	     S3_CONDITION_UNKNOWN,
	     S3_CONDITION_REFUSED,
	     {{HEAD, NOT_FOUND},
	      {PUT,
	       {"400 Bad Request", NULL,
		"<Error><Code>InvalidArgument</Code><Message>Unsupported header "
		"If-None-Match</Message></Error>",
		0, FAULT_NONE, 0}},
	      {HEAD, NOT_FOUND},
	      {"GET /bucket/pre/fix/a ", MISSING},
	      {PUT, DONE},
	      {HEAD_B, NOT_FOUND},
	      {GET_B, MISSING},
	      {PUT_B, DONE}},
	     STATUS_OK,
	     "refuses If-None-Match"},
	    {"an answer that tells nothing",
	     S3_CONDITION_UNKNOWN,
	     NONE,
	     {{HEAD, NOT_FOUND}, {PUT, DONE}, {PUT, ANSWER("403 Forbidden", "AccessDenied")}, {PUT_B, DONE}},
	     STATUS_OK,
	     NULL},
	    {"the put failed",
	     S3_CONDITION_UNKNOWN,
	     NONE,
	     {{HEAD, NOT_FOUND}, {PUT, ANSWER("403 Forbidden", "AccessDenied")}},
	     STATUS_UNREACHABLE,
	     NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct memory memory = {.known = cases[i].known, .noted = NONE};
		const struct memory *arg = &memory;
		const struct s3_options options = {.condition = {recall, note, &arg}};
		struct fault_answer answers[STEPS_MAX];
		struct scripted scripted;
		size_t count = 0;
		for (; count < STEPS_MAX && cases[i].steps[count].request != NULL; count++)
			answers[count] = cases[i].steps[count].answer;
		scripted_open_with(&scripted, FAULT_PLAIN, answers, count, &options);
		enum status st = put(&scripted, "a");
		if (!st)
			st = put(&scripted, "b");
		if (st != cases[i].status || fault_server_count(scripted.server) != count || memory.recalls != 1 ||
		    memory.noted != cases[i].noted)
			fail_msg("%s: status %d, %zu requests, %u recalls, noted %d, error '%s'", cases[i].name,
				 (int)st, fault_server_count(scripted.server), memory.recalls, (int)memory.noted,
				 scripted.err.text);
		for (size_t n = 0; n < count; n++)
			scripted_assert_request(&scripted, n, cases[i].steps[n].request);
		const char *logged = buffer_text(&scripted.world.logged);
		if ((strstr(logged, "WARNING") != NULL || strstr(logged, "If-None-Match") != NULL) !=
		    (cases[i].logged != NULL))
			fail_msg("%s: %s", cases[i].name, logged);
		if (cases[i].logged != NULL)
			assert_non_null(strstr(logged, cases[i].logged));
		scripted_close(&scripted);
	}
}

/* Not every store says 412. */
static void takes_other_answers_for_a_name_that_exists(void **state)
{
	(void)state;
	static const struct {
		struct fault_answer answers[3];
		size_t count;
		enum status status;
	} cases[] = {
	    {{{.status = "304 Not Modified", .kind = FAULT_NONE}}, 1, STATUS_EXISTS},
	    {{ANSWER("400 Bad Request", "PreconditionFailed")}, 1, STATUS_EXISTS},
	    {{ANSWER("409 Conflict", "FileAlreadyExists"), {.headers = "ETag: \"e\"\r\n", .body = "content"}},
	     2,
	     STATUS_EXISTS},
	    {{ANSWER("409 Conflict", "InvalidBucketState"), NOT_FOUND, MISSING}, 3, STATUS_UNREACHABLE},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		scripted_open(&scripted, cases[i].answers, cases[i].count);
		enum status st = put(&scripted, "a");
		if (st != cases[i].status || fault_server_count(scripted.server) != cases[i].count)
			fail_msg("case %zu: status %d, %zu requests: %s", i, (int)st,
				 fault_server_count(scripted.server), scripted.err.text);
		scripted_assert_error(&scripted, st == STATUS_EXISTS ? "already there" : "InvalidBucketState", "");
		scripted_close(&scripted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_out_once),
	    cmocka_unit_test(takes_other_answers_for_a_name_that_exists),
	};
	return cmocka_run_group_tests_name("store/s3/s3_condition", tests, NULL, NULL);
}

/* Temporary credentials are cached between calls until they expire soon. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "search_fixture.h"
#include "support/cmocka.h"

#define GIVEN(key, expires)                                                                                            \
	"{\"AccessKeyId\": \"" key                                                                                     \
	"\", \"SecretAccessKey\": \"sesame\", \"Token\": \"TOK\", \"Expiration\": \"" expires "\"}"
#define SIX "2013-05-24T06:00:00Z"

static const char *const container[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/a", NULL};
static const char *const other[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/b", NULL};

static void find(struct search_fixture *fixture, const char *const *variables, const char *key, size_t requests)
{
	const char *all[SEARCH_VARIABLES_MAX] = {variables[0]};
	enum status st = search_fixture_find(fixture, all);
	assert_ok(st, fixture->err);
	assert_string_equal(fixture->found.access_key.data, key);
	assert_string_equal(fixture->found.session_token.data, "TOK");
	assert_int_equal(fault_server_count(fixture->server), requests);
}

/* The only file of the spool. */
static void only_file(struct search_fixture *fixture, char out[512])
{
	FILE *list;
	char command[256];
	(void)snprintf(command, sizeof command, "ls -d %s/*", fixture->spool);
	list = popen(command, "r");
	assert_non_null(list);
	assert_non_null(fgets(out, 512, list));
	out[strcspn(out, "\n")] = '\0';
	assert_int_equal(pclose(list), 0);
}

static void asks_once_until_they_nearly_expire(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)},
						      {.body = GIVEN("TWO", "2013-05-24T12:00:00Z")}};
	struct search_fixture fixture;
	struct stat info;
	char path[512];
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 2);
	find(&fixture, container, "ONE", 1);
	assert_true(fixture.found.renewable);
	find(&fixture, container, "ONE", 1);
	assert_non_null(strstr(fixture.found.source, "cached in"));
	only_file(&fixture, path);
	assert_int_equal(lstat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(stat(fixture.spool, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	/* Ten minutes and one second before expiry, then exactly ten minutes. */
	fixture.world.utc_s = SEARCH_NOW_S + 6 * 3600 - 601;
	find(&fixture, container, "ONE", 1);
	fixture.world.utc_s++;
	find(&fixture, container, "TWO", 2);
	find(&fixture, container, "TWO", 2);
	search_fixture_close(&fixture);
}

static void keeps_sources_apart(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}};
	struct search_fixture fixture;
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 2);
	find(&fixture, container, "ONE", 1);
	find(&fixture, other, "TWO", 2);
	find(&fixture, container, "ONE", 2);
	find(&fixture, other, "TWO", 2);
	search_fixture_close(&fixture);
}

/* The store refused the cached credentials: they are ignored and replaced. */
static void asks_again_when_told_to(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}};
	struct search_fixture fixture;
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 2);
	find(&fixture, container, "ONE", 1);
	fixture.search.renew = true;
	find(&fixture, container, "TWO", 2);
	fixture.search.renew = false;
	find(&fixture, container, "TWO", 2);
	search_fixture_close(&fixture);
}

/* In the last ten minutes before expiry the source may fail. */
static void uses_the_old_ones_when_the_source_is_down(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {
	    {.body = GIVEN("ONE", SIX)}, {.status = "404 Not Found"}, {.status = "404 Not Found"}};
	struct search_fixture fixture;
	const char *all[SEARCH_VARIABLES_MAX] = {container[0]};
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 3);
	find(&fixture, container, "ONE", 1);
	fixture.world.utc_s = SEARCH_NOW_S + 6 * 3600 - 100;
	find(&fixture, container, "ONE", 2);
	assert_non_null(strstr(buffer_text(&fixture.world.logged), "using cached credentials"));
	fixture.world.utc_s = SEARCH_NOW_S + 6 * 3600;
	assert_int_equal(search_fixture_find(&fixture, all), STATUS_UNREACHABLE);
	assert_false(credentials_present(&fixture.found));
	search_fixture_close(&fixture);
}

static void survives_a_damaged_file(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {
	    {.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}, {.body = GIVEN("SIX", SIX)}};
	struct search_fixture fixture;
	char path[512];
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 3);
	find(&fixture, container, "ONE", 1);
	only_file(&fixture, path);
	assert_int_equal(truncate(path, 20), 0);
	find(&fixture, container, "TWO", 2);
	/* A cache file that others could access is not trusted. */
	assert_int_equal(chmod(path, 0644), 0);
	find(&fixture, container, "SIX", 3);
	find(&fixture, container, "SIX", 3);
	search_fixture_close(&fixture);
}

static void does_without_a_spool(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}};
	struct search_fixture fixture;
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 2);
	assert_int_equal(mkdir(fixture.spool, 0755), 0);
	assert_int_equal(chmod(fixture.spool, 0755), 0);
	find(&fixture, container, "ONE", 1);
	assert_non_null(strstr(buffer_text(&fixture.world.logged), "with mode 0700"));
	assert_non_null(strstr(buffer_text(&fixture.world.logged), "will be requested on every call"));
	find(&fixture, container, "TWO", 2);
	assert_int_equal(scratch_entries(&fixture.dir, "spool"), 0);
	search_fixture_close(&fixture);
}

/* Credentials without an Expiration are not temporary and not cached. */
static void keeps_only_what_expires(void **unused)
{
	(void)unused;
	static const char lasting[] = "{\"AccessKeyId\": \"ONE\", \"SecretAccessKey\": \"sesame\", \"Token\": \"TOK\"}";
	static const struct fault_answer answers[] = {{.body = lasting}, {.body = lasting}};
	struct search_fixture fixture;
	search_fixture_open(&fixture, FAULT_PLAIN, answers, 2);
	find(&fixture, container, "ONE", 1);
	find(&fixture, container, "ONE", 2);
	assert_int_equal(scratch_entries(&fixture.dir, "spool"), 0);
	search_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(asks_once_until_they_nearly_expire),
	    cmocka_unit_test(keeps_sources_apart),
	    cmocka_unit_test(asks_again_when_told_to),
	    cmocka_unit_test(uses_the_old_ones_when_the_source_is_down),
	    cmocka_unit_test(survives_a_damaged_file),
	    cmocka_unit_test(does_without_a_spool),
	    cmocka_unit_test(keeps_only_what_expires),
	};
	return cmocka_run_group_tests_name("net/aws/credential_cache", tests, NULL, NULL);
}

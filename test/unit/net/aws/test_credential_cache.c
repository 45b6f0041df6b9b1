/* Temporary credentials outlive the call that asked for them, and no longer than they are good. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login.h"
#include "support/cmocka.h"

#define GIVEN(key, expires)                                                                                            \
	"{\"AccessKeyId\": \"" key                                                                                     \
	"\", \"SecretAccessKey\": \"sesame\", \"Token\": \"TOK\", \"Expiration\": \"" expires "\"}"
#define SIX "2013-05-24T06:00:00Z"

static const char *const container[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/a", NULL};
static const char *const other[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/b", NULL};

static void find(struct login *login, const char *const *variables, const char *key, size_t requests)
{
	const char *all[LOGIN_VARIABLES_MAX] = {variables[0]};
	enum status st = login_find(login, all);
	assert_ok(st, login->err);
	assert_string_equal(login->found.access_key.data, key);
	assert_string_equal(login->found.session_token.data, "TOK");
	assert_int_equal(fault_server_count(login->server), requests);
}

/* The one file of the spool. */
static void only_file(struct login *login, char out[512])
{
	FILE *list;
	char command[256];
	(void)snprintf(command, sizeof command, "ls -d %s/*", login->spool);
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
	struct login login;
	struct stat info;
	char path[512];
	login_open(&login, answers, 2);
	find(&login, container, "ONE", 1);
	assert_true(login.found.renewable);
	find(&login, container, "ONE", 1);
	assert_non_null(strstr(login.found.source, "kept in"));
	only_file(&login, path);
	assert_int_equal(lstat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(stat(login.spool, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	/* Ten minutes and a second before the end, and then ten minutes. */
	login.world.utc_s = LOGIN_NOW_S + 6 * 3600 - 601;
	find(&login, container, "ONE", 1);
	login.world.utc_s++;
	find(&login, container, "TWO", 2);
	find(&login, container, "TWO", 2);
	login_close(&login);
}

static void keeps_sources_apart(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}};
	struct login login;
	login_open(&login, answers, 2);
	find(&login, container, "ONE", 1);
	find(&login, other, "TWO", 2);
	find(&login, container, "ONE", 2);
	find(&login, other, "TWO", 2);
	login_close(&login);
}

/* The store called them expired: what is kept is not looked at, and replaced. */
static void asks_again_when_told_to(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}};
	struct login login;
	login_open(&login, answers, 2);
	find(&login, container, "ONE", 1);
	login.search.renew = true;
	find(&login, container, "TWO", 2);
	login.search.renew = false;
	find(&login, container, "TWO", 2);
	login_close(&login);
}

/* In its last ten minutes a source may be down. */
static void uses_the_old_ones_when_the_source_is_down(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {
	    {.body = GIVEN("ONE", SIX)}, {.status = "404 Not Found"}, {.status = "404 Not Found"}};
	struct login login;
	const char *all[LOGIN_VARIABLES_MAX] = {container[0]};
	login_open(&login, answers, 3);
	find(&login, container, "ONE", 1);
	login.world.utc_s = LOGIN_NOW_S + 6 * 3600 - 100;
	find(&login, container, "ONE", 2);
	assert_non_null(strstr(buffer_text(&login.world.logged), "those of before are used"));
	login.world.utc_s = LOGIN_NOW_S + 6 * 3600;
	assert_int_equal(login_find(&login, all), STATUS_UNREACHABLE);
	assert_false(credentials_present(&login.found));
	login_close(&login);
}

static void survives_a_damaged_file(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {
	    {.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}, {.body = GIVEN("SIX", SIX)}};
	struct login login;
	char path[512];
	login_open(&login, answers, 3);
	find(&login, container, "ONE", 1);
	only_file(&login, path);
	assert_int_equal(truncate(path, 20), 0);
	find(&login, container, "TWO", 2);
	/* One that others could have written or read is not believed. */
	assert_int_equal(chmod(path, 0644), 0);
	find(&login, container, "SIX", 3);
	find(&login, container, "SIX", 3);
	login_close(&login);
}

static void does_without_a_spool(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {{.body = GIVEN("ONE", SIX)}, {.body = GIVEN("TWO", SIX)}};
	struct login login;
	login_open(&login, answers, 2);
	assert_int_equal(mkdir(login.spool, 0755), 0);
	assert_int_equal(chmod(login.spool, 0755), 0);
	find(&login, container, "ONE", 1);
	assert_non_null(strstr(buffer_text(&login.world.logged), "own with mode 0700"));
	assert_non_null(strstr(buffer_text(&login.world.logged), "asked for anew by every call"));
	find(&login, container, "TWO", 2);
	assert_int_equal(scratch_entries(&login.dir, "spool"), 0);
	login_close(&login);
}

/* Without an Expiration they are not temporary: their source decides each time. */
static void keeps_only_what_expires(void **unused)
{
	(void)unused;
	static const char lasting[] = "{\"AccessKeyId\": \"ONE\", \"SecretAccessKey\": \"sesame\", \"Token\": \"TOK\"}";
	static const struct fault_answer answers[] = {{.body = lasting}, {.body = lasting}};
	struct login login;
	login_open(&login, answers, 2);
	find(&login, container, "ONE", 1);
	find(&login, container, "ONE", 2);
	assert_int_equal(scratch_entries(&login.dir, "spool"), 0);
	login_close(&login);
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
	return cmocka_run_group_tests_name("net/credential_keep", tests, NULL, NULL);
}

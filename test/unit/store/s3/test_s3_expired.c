/* Credentials that end while they are in use: others are asked for, once. */
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3.h"
#include "support/cmocka.h"

static char one[] = "ONE", two[] = "TWO", secret[] = "sesame", token[] = "TOK";
static struct credentials credentials;
static int renewals;
static bool none_to_have;

static void set_key(char *key)
{
	credentials =
	    (struct credentials){.access_key = {key, 3}, .secret_key = {secret, 6}, .session_token = {token, 3}};
}

static enum status renew(void *arg, const struct call *call, struct error *err)
{
	assert_ptr_equal(arg, &credentials);
	assert_non_null(call);
	renewals++;
	if (none_to_have)
		return error_set(err, STATUS_UNREACHABLE, "the container endpoint answered 404");
	set_key(two);
	return STATUS_OK;
}

static void open_with(struct scripted *scripted, const struct fault_answer *answers, size_t count, bool renewable)
{
	scripted_open(scripted, answers, count);
	store_free(scripted->store);
	set_key(one);
	renewals = 0;
	none_to_have = false;
	const struct s3_options options = {.bucket = "bucket",
					   .region = "ca-central-1",
					   .endpoint = fault_server_url(scripted->server),
					   .credentials = &credentials,
					   .renew = renewable ? renew : NULL,
					   .renew_arg = &credentials};
	assert_ok(s3_store_open(&options, &scripted->store, &scripted->err), scripted->err);
}

static enum status remove_one(struct scripted *scripted)
{
	return store_remove(scripted->store, &scripted->world.call, "a/b", &scripted->err);
}

#define EXPIRED                                                                                                        \
	{                                                                                                              \
		.status = "400 Bad Request", .body = ERROR_XML("ExpiredToken")                                         \
	}

static void signs_again_with_others(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {EXPIRED, {.status = "204 No"}, {.status = "204 No"}};
	struct scripted scripted;
	open_with(&scripted, answers, 3, true);
	assert_ok(remove_one(&scripted), scripted.err);
	assert_ok(remove_one(&scripted), scripted.err);
	assert_int_equal(renewals, 1);
	assert_int_equal(fault_server_count(scripted.server), 3);
	scripted_assert_has(&scripted, 0, "Credential=ONE/");
	scripted_assert_has(&scripted, 1, "Credential=TWO/");
	scripted_assert_has(&scripted, 2, "Credential=TWO/");
	scripted_close(&scripted);
}

/* The others have expired as well: said, and not asked for for ever. */
static void asks_once(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {EXPIRED, EXPIRED};
	struct scripted scripted;
	open_with(&scripted, answers, 2, true);
	assert_int_equal(remove_one(&scripted), STATUS_UNREACHABLE);
	assert_int_equal(renewals, 1);
	assert_int_equal(fault_server_count(scripted.server), 2);
	scripted_assert_error(&scripted, "HTTP 400 ExpiredToken", "the temporary credentials have expired");
	scripted_close(&scripted);
}

static void says_why_there_are_no_others(void **unused)
{
	(void)unused;
	static const struct fault_answer answers[] = {EXPIRED, EXPIRED};
	struct scripted scripted;
	open_with(&scripted, answers, 1, true);
	none_to_have = true;
	assert_int_equal(remove_one(&scripted), STATUS_UNREACHABLE);
	scripted_assert_error(&scripted, "the container endpoint answered 404", "");
	scripted_close(&scripted);
	open_with(&scripted, answers, 1, false);
	assert_int_equal(remove_one(&scripted), STATUS_UNREACHABLE);
	assert_int_equal(renewals, 0);
	scripted_assert_error(&scripted, "HTTP 400 ExpiredToken", "");
	scripted_close(&scripted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signs_again_with_others),
	    cmocka_unit_test(asks_once),
	    cmocka_unit_test(says_why_there_are_no_others),
	};
	return cmocka_run_group_tests_name("store/s3/s3_expired", tests, NULL, NULL);
}

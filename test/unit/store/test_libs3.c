/* What libs3 cannot do is refused before anything is sent; and a walship without it says so. */
#include <string.h>

#include "store/libs3.h"
#include "support/cmocka.h"

static char key[] = "AKIA", secret[] = "sesame", token[] = "token";
static const struct credentials lasting = {.access_key = {key, 4}, .secret_key = {secret, 6}};

#ifdef WALSHIP_LIBS3
static const struct credentials temporary = {
    .access_key = {key, 4}, .secret_key = {secret, 6}, .session_token = {token, 5}};

#define PLAIN .endpoint = "http://store.test:8080"

static const struct {
	struct s3_options options;
	const char *text; /* NULL: taken */
} cases[] = {
    {{PLAIN}, NULL},
    {{PLAIN, .uri_style = S3_URI_HOST}, NULL},
    {{.endpoint = NULL}, "AWS (version 4 signatures)"},
    {{.endpoint = "https://store.test"}, "https (it does not verify certificates)"},
    {{PLAIN, .credentials = &temporary}, "session tokens"},
    {{PLAIN, .storage_class = "STANDARD"}, "s3-storage-class"},
    {{PLAIN, .sse = "AES256"}, "s3-sse"},
    {{PLAIN, .tags = "a=b"}, "s3-tags"},
    {{PLAIN, .lock_mode = "GOVERNANCE", .lock_days = 1}, "s3-object-lock-mode"},
    {{PLAIN, .requester_pays = true}, "s3-requester-pays"},
    {{PLAIN, .proxy = "http://proxy.test"}, "s3-proxy"},
    {{PLAIN, .bytes_per_s = 1}, "s3-bandwidth-limit"},
    {{PLAIN, .ca_file = "/ca.pem"}, NULL}, /* not asked for without TLS */
};

static void refuses_what_it_cannot_do(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct s3_options options = cases[i].options;
		struct store *store = NULL;
		struct error err = {0};
		options.bucket = "bucket";
		options.region = "ca-central-1";
		if (options.credentials == NULL)
			options.credentials = &lasting;
		enum status st = libs3_store_open(&options, &store, &err);
		if (st != (cases[i].text == NULL ? STATUS_OK : STATUS_USAGE))
			fail_msg("case %zu: status %d: %s", i, (int)st, err.text);
		if (st && (strstr(err.text, cases[i].text) == NULL || strcmp(err.hint, "s3-client = native can") != 0))
			fail_msg("case %zu: %s; hint: %s", i, err.text, err.hint);
		store_free(store);
	}
}
#else
static void says_that_it_is_not_there(void **unused)
{
	(void)unused, (void)token;
	const struct s3_options options = {.bucket = "bucket", .region = "ca-central-1", .credentials = &lasting};
	struct store *store = NULL;
	struct error err = {0};
	assert_int_equal(libs3_store_open(&options, &store, &err), STATUS_USAGE);
	assert_string_equal(err.text, "s3-client = libs3, but this walship was built without libs3");
	assert_string_equal(err.hint, "s3-client = native; or build with -Dlibs3=enabled");
	assert_null(store);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef WALSHIP_LIBS3
	    cmocka_unit_test(refuses_what_it_cannot_do),
#else
	    cmocka_unit_test(says_that_it_is_not_there),
#endif
	};
	return cmocka_run_group_tests_name("store/libs3", tests, NULL, NULL);
}

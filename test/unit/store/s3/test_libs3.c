/* What libs3 cannot do is refused before anything is sent, and a page that it cut off is not the end; a walship without
 * it says so. */
#include <string.h>

#include "fault_server.h"
#include "store/s3/libs3.h"
#include "support/cmocka.h"
#include "support/world.h"

static char key[] = "AKIA", secret[] = "sesame", token[] = "token";
static const struct credentials lasting = {.access_key = {key, 4}, .secret_key = {secret, 6}};

#ifdef WALSHIP_LIBS3
static const struct credentials temporary = {
    .access_key = {key, 4}, .secret_key = {secret, 6}, .session_token = {token, 5}};

static const struct secret key_of_the_customer = {secret, 6};

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
    {{PLAIN, .sse_kms_key_id = "id"}, "s3-sse"},
    {{PLAIN, .customer_key = &key_of_the_customer}, "s3-sse-customer-key-file"},
    {{PLAIN, .requester_pays = true}, "s3-requester-pays"},
    {{PLAIN, .at_s = 1}, "s3-at-time"},
    {{PLAIN, .proxy = "http://proxy.test"}, "s3-proxy"},
    {{PLAIN, .proxy_ca_file = "/ca.pem"}, "s3-proxy-ca-file"},
    {{PLAIN, .bytes_per_s = 1}, "s3-bandwidth-limit"},
    {{PLAIN, .cert_file = "/cert.pem"}, "s3-tls-cert-file"},
    {{PLAIN, .connect_to = "127.0.0.1:1"}, "s3-connect-to"},
    {{.endpoint = "http://store.test:8080/s3"}, "a path in s3-endpoint"},
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
		/* The text names the option that is set, and no other. */
		const char *named = strstr(err.text, cases[i].text == NULL ? "" : cases[i].text);
		if (st && (named == NULL || strcmp(named, cases[i].text) != 0 ||
			   strcmp(err.hint, "use s3-client = native") != 0))
			fail_msg("case %zu: %s; hint: %s", i, err.text, err.hint);
		store_free(store);
	}
}

#define HEAD "<?xml version=\"1.0\"?><ListBucketResult><Name>bucket</Name>"
#define OBJECT(key)                                                                                                    \
	"<Contents><Key>pre/" key "</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><ETag>x</ETag>"          \
	"<Size>1</Size></Contents>"
#define EIGHT(of)                                                                                                      \
	OBJECT(of "0")                                                                                                 \
	OBJECT(of "1") OBJECT(of "2") OBJECT(of "3") OBJECT(of "4") OBJECT(of "5") OBJECT(of "6") OBJECT(of "7")
#define TAIL "</ListBucketResult>"
#define STEPS_MAX 4

static enum status join(void *arg, const struct object_info *info, struct error *error)
{
	return buffer_printf(arg, error, "%s;", info->name);
}

static void a_listing_ends_where_nothing_more_comes(void **unused)
{
	(void)unused;
	static const char cut[] = HEAD OBJECT("a") "<Contents><Key>pre/b</K";
	static const struct {
		const char *name;
		struct fault_answer answers[STEPS_MAX];
		size_t requests;
		enum status status;
		const char *expected;
	} pages[] = {
	    {"empty", {{.body = HEAD TAIL}}, 1, STATUS_OK, ""},
	    {"cut off, with less than its length",
	     {{.body = HEAD OBJECT("a") OBJECT("b") TAIL, .kind = FAULT_CUT, .at = sizeof cut - 1},
	      {.body = HEAD OBJECT("b") TAIL},
	      {.body = HEAD TAIL}},
	     3,
	     STATUS_OK,
	     "a;b;"},
	    {"more is said behind the 32nd key",
	     {{.body = HEAD EIGHT("a") EIGHT("b") EIGHT("c") EIGHT("d") "<IsTruncated>true</IsTruncated>" TAIL},
	      {.body = HEAD OBJECT("e") TAIL},
	      {.body = HEAD TAIL}},
	     3,
	     STATUS_OK,
	     "a0;a1;a2;a3;a4;a5;a6;a7;b0;b1;b2;b3;b4;b5;b6;b7;c0;c1;c2;c3;c4;c5;c6;c7;d0;d1;d2;d3;d4;d5;d6;d7;e;"},
	    {"the directory itself",
	     {{.body = HEAD OBJECT("") OBJECT("a") TAIL}, {.body = HEAD TAIL}},
	     2,
	     STATUS_OK,
	     "a;"},
	    {"another prefix", {{.body = HEAD "<Contents><Key>p</Key></Contents>" TAIL}}, 1, STATUS_UNREACHABLE, ""},
	};
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		struct fault_server *server = fault_server_start(FAULT_PLAIN, pages[i].answers, pages[i].requests);
		struct s3_options options = {.bucket = "bucket",
					     .prefix = "pre",
					     .region = "ca-central-1",
					     .endpoint = fault_server_url(server),
					     .credentials = &lasting};
		struct world world;
		struct store *store = NULL;
		struct error err = {0};
		struct buffer got = {0};
		world_init(&world);
		assert_int_equal(libs3_store_open(&options, &store, &err), STATUS_OK);
		enum status st = store_list(store, &world.call, "", join, &got, &err);
		if (st != pages[i].status || strcmp(buffer_text(&got), pages[i].expected) != 0 ||
		    fault_server_count(server) != pages[i].requests)
			fail_msg("%s: status %d, '%s', %zu requests, error '%s'", pages[i].name, (int)st,
				 buffer_text(&got), fault_server_count(server), err.text);
		buffer_fini(&got);
		store_free(store);
		fault_server_stop(server);
		world_fini(&world);
	}
}

#define LONG "0123456789012345678901234567890123456789"
#define PART(text) "206 Partial Content", "ETag: \"e1\"\r\nContent-Range: bytes " text "\r\n"

/* It tells neither the status nor the range of an answer: its length has to do. */
static void reads_the_first_bytes(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		struct fault_answer answers[2];
		size_t requests;
		enum status status;
		const char *expected;
	} answers[] = {
	    {"the range", {{PART("0-7/40"), LONG, 8, FAULT_NONE, 0}}, 1, STATUS_OK, "01234567"},
	    {"of a shorter object", {{PART("0-4/5"), LONG, 5, FAULT_NONE, 0}}, 1, STATUS_OK, "01234"},
	    {"all of it", {{.body = LONG}}, 1, STATUS_OK, "01234567"},
	    {"cut off, then the rest",
	     {{PART("0-7/40"), LONG, 8, FAULT_CUT, 4}, {PART("4-7/40"), "4567", 4, FAULT_NONE, 0}},
	     2,
	     STATUS_OK,
	     "01234567"},
	    {"no such key",
	     {{"404 Not Found", "Content-Type: application/xml\r\n",
	       "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no</Message></Error>", 0, FAULT_NONE, 0}},
	     1,
	     STATUS_MISSING,
	     ""},
	};
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct fault_server *server = fault_server_start(FAULT_PLAIN, answers[i].answers, answers[i].requests);
		struct s3_options options = {.bucket = "bucket",
					     .prefix = "pre",
					     .region = "ca-central-1",
					     .endpoint = fault_server_url(server),
					     .credentials = &lasting};
		struct world world;
		struct store *store = NULL;
		struct error err = {0};
		char out[9] = "";
		size_t len = 8;
		world_init(&world);
		assert_int_equal(libs3_store_open(&options, &store, &err), STATUS_OK);
		enum status st = store_read_first(store, &world.call, "a", out, &len, &err);
		if (st != answers[i].status || strcmp(out, answers[i].expected) != 0 ||
		    fault_server_count(server) != answers[i].requests)
			fail_msg("%s: status %d, '%s', %zu requests, error '%s'", answers[i].name, (int)st, out,
				 fault_server_count(server), err.text);
		store_free(store);
		fault_server_stop(server);
		world_fini(&world);
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
	assert_string_equal(err.hint, "set s3-client = native, or build with -Dlibs3=enabled");
	assert_null(store);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef WALSHIP_LIBS3
	    cmocka_unit_test(refuses_what_it_cannot_do),
	    cmocka_unit_test(a_listing_ends_where_nothing_more_comes),
	    cmocka_unit_test(reads_the_first_bytes),
#else
	    cmocka_unit_test(says_that_it_is_not_there),
#endif
	};
	return cmocka_run_group_tests_name("store/s3/libs3", tests, NULL, NULL);
}

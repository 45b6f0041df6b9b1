/* Where requests go, what is learned from answers, and the small operations. */
#include <string.h>

#include "scripted_s3.h"
#include "store/s3/s3_private.h"
#include "support/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD "HEAD /bucket/pre/fix/a/b HTTP/1.1\r\n"
#define GET "GET /bucket/pre/fix/a/b HTTP/1.1\r\n"
#define DELETE "DELETE /bucket/pre/fix/a/b HTTP/1.1\r\n"
#define MODIFIED "Last-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n"
#define STEPS_MAX 6

static char key[] = "key";
static char long_text[2000];
static const struct credentials credentials = {.access_key = {key, 3}, .secret_key = {key, 3}};
static const struct credentials no_credentials;
static struct error err;

static void finds_the_host(void **state)
{
	(void)state;
	static const struct {
		const char *bucket, *region, *endpoint;
		enum s3_uri_style style;
		const char *host;
		bool tls, path_style;
		enum s3_endpoint_mode mode;
	} cases[] = {
	    {"b", "ca-central-1", NULL, S3_URI_AUTO, "b.s3.ca-central-1.amazonaws.com", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b.c", "ca-central-1", NULL, S3_URI_AUTO, "s3.ca-central-1.amazonaws.com", true, true,
	     S3_ENDPOINT_STANDARD},
	    {"b.c", "ca-central-1", NULL, S3_URI_HOST, "b.c.s3.ca-central-1.amazonaws.com", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b", "cn-north-1", NULL, S3_URI_PATH, "s3.cn-north-1.amazonaws.com.cn", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "us-east-1", NULL, S3_URI_AUTO, "b.s3.dualstack.us-east-1.amazonaws.com", true, false,
	     S3_ENDPOINT_DUALSTACK},
	    {"b", "us-east-1", NULL, S3_URI_AUTO, "b.s3-fips.us-east-1.amazonaws.com", true, false, S3_ENDPOINT_FIPS},
	    {"b.c", "us-east-1", NULL, S3_URI_AUTO, "s3-fips.dualstack.us-east-1.amazonaws.com", true, true,
	     S3_ENDPOINT_FIPS_DUALSTACK},
	    {"b", "cn-north-1", NULL, S3_URI_AUTO, "b.s3.dualstack.cn-north-1.amazonaws.com.cn", true, false,
	     S3_ENDPOINT_DUALSTACK},
	    {"b", "eusc-de-east-1", NULL, S3_URI_AUTO, "b.s3.eusc-de-east-1.amazonaws.eu", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b", "us-gov-west-1", NULL, S3_URI_AUTO, "b.s3.us-gov-west-1.amazonaws.com", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b", "us-iso-east-1", NULL, S3_URI_AUTO, "b.s3.us-iso-east-1.c2s.ic.gov", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b", "us-isob-east-1", NULL, S3_URI_AUTO, "b.s3-fips.us-isob-east-1.sc2s.sgov.gov", true, false,
	     S3_ENDPOINT_FIPS},
	    {"b", "us-isof-south-1", NULL, S3_URI_AUTO, "b.s3.us-isof-south-1.csp.hci.ic.gov", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b", "eu-isoe-west-1", NULL, S3_URI_AUTO, "b.s3.eu-isoe-west-1.cloud.adc-e.uk", true, false,
	     S3_ENDPOINT_STANDARD},
	    {"b", "RegionOne", "https://h", S3_URI_AUTO, "h", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "FR", "https://h", S3_URI_AUTO, "h", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "eu_central", "https://h", S3_URI_AUTO, "h", true, true, S3_ENDPOINT_STANDARD},
	    {"b", ":default-placement", "https://h", S3_URI_AUTO, "h", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "x", "https://h", S3_URI_AUTO, "h", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "x", "https://h:443/", S3_URI_AUTO, "h", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "x", "https://h:80", S3_URI_AUTO, "h:80", true, true, S3_ENDPOINT_STANDARD},
	    {"b", "x", "http://h:80", S3_URI_HOST, "b.h", false, false, S3_ENDPOINT_STANDARD},
	    {"b", "x", "http://[::1]:9000", S3_URI_PATH, "[::1]:9000", false, true, S3_ENDPOINT_STANDARD},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct s3 s3 = {0};
		enum status st = s3_target_init(&s3,
						&(struct s3_options){.bucket = cases[i].bucket,
								     .region = cases[i].region,
								     .endpoint = cases[i].endpoint,
								     .uri_style = cases[i].style,
								     .endpoint_mode = cases[i].mode,
								     .credentials = &credentials},
						&err);
		assert_ok(st, err);
		assert_string_equal(s3.host, cases[i].host);
		assert_int_equal(s3.tls, cases[i].tls);
		assert_int_equal(s3.path_style, cases[i].path_style);
	}
}

static void refuses_what_cannot_be(void **state)
{
	(void)state;
	memset(long_text, 'a', sizeof long_text - 1);
	const struct s3_options good = {.bucket = "b", .region = "r", .credentials = &credentials};
	struct {
		struct s3_options options;
		const char *text, *hint;
	} cases[] = {
	    {good, "bucket", ""},
	    {good, "bucket", ""},
	    {good, "prefix", ""},
	    {good, "s3-region ''", "ca-central-1"},
	    {good, "s3-region 'evil.test/'", "ca-central-1"},
	    {good, "s3-endpoint 'h:9000' has no scheme", "https://host:port"},
	    {good, "does not name a host", "https://host:port"},
	    {good, "does not name a host", "https://host:port"},
	    {good, "contains a user name or password", "https://host:port"},
	    {good, "5 MiB to 5 GiB", ""},
	    {good, "no credentials for s3://b", "s3-key"},
	    {good, "no credentials for s3://b", "AWS_ACCESS_KEY_ID"},
	    {good, "does not name a host", "https://host:port"},
	    {good, "s3-region 'RegionOne' is not a valid region", "s3-endpoint"},
	    {good, "has a path that is too long, or with characters other", "https://host:port/path"},
	    {good, "has a path that is too long", "https://host:port/path"},
	    {good, "bucket 'My_Bucket': AWS allows up to 63 characters", "set s3-endpoint"},
	    {good, "bucket 'tenant:bucket': a host name allows up to 63", "s3-uri-style = path"},
	    {good, "s3-connect-to 'h' is not HOST:PORT", "127.0.0.1:9443"},
	    {good, "s3-connect-to '::1:0' is not HOST:PORT", "[::1]:9443"},
	    {good, "s3-tls-key-file is set without s3-tls-cert-file", "set both"},
	    {good, "s3-region 'a/b' is not a valid region", "without blanks"},
	    {good, "s3-region 'a b' is not a valid region", "without blanks"},
	};
	cases[0].options.bucket = NULL;
	cases[1].options.bucket = long_text;
	cases[2].options.prefix = long_text;
	cases[3].options.region = NULL;
	cases[4].options.region = "evil.test/";
	cases[5].options.endpoint = "h:9000";
	cases[6].options.endpoint = "https://";
	cases[7].options.endpoint = "https://h?a=b";
	cases[8].options.endpoint = "https://user@h";
	cases[9].options.upload_bytes = 1;
	cases[10].options.credentials = NULL;
	cases[11].options.credentials = &no_credentials;
	cases[12].options.endpoint = "https://h:65536";
	cases[13].options.region = "RegionOne";
	cases[14].options.endpoint = "https://h/a?b";
	cases[15].options.endpoint = "https://h/%2e";
	cases[16].options.bucket = "My_Bucket";
	cases[17].options.bucket = "tenant:bucket";
	cases[17].options.endpoint = "https://h";
	cases[17].options.uri_style = S3_URI_HOST;
	cases[18].options.connect_to = "h";
	cases[19].options.connect_to = "::1:0";
	cases[20].options.key_file = "/key.pem";
	cases[21].options.region = "a/b";
	cases[21].options.endpoint = "https://h";
	cases[22].options.region = "a b";
	cases[22].options.endpoint = "https://h";
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store *store = NULL;
		assert_int_equal(s3_store_open(&cases[i].options, &store, &err), STATUS_USAGE);
		assert_null(store);
		if (strstr(err.text, cases[i].text) == NULL || strstr(err.hint, cases[i].hint) == NULL)
			fail_msg("case %zu: '%s', hint '%s'", i, err.text, err.hint);
		assert_null(strstr(err.text, "user@h"));
	}
}

static void checks_the_proxy(void **state)
{
	(void)state;
	static const struct {
		const char *url, *text; /* NULL: taken */
	} cases[] = {
	    {"", NULL},
	    {"http://h", NULL},
	    {"http://h:3128/", NULL},
	    {"https://[::1]:1", NULL},
	    {"http://[::1]", NULL},
	    {"h:3128", "'h:3128' has no scheme"},
	    {"socks5://h", "begins with neither http:// nor https://"},
	    {"http://", "does not name a host"},
	    {"http:///h", "does not name a host"},
	    {"http://:3128", "does not name a host"},
	    {"http://h:", "does not name a host"},
	    {"http://h:0", "does not name a host"},
	    {"http://h:65536", "does not name a host"},
	    {"http://h:1x", "does not name a host"},
	    {"http://h h", "does not name a host"},
	    {"http://h/path", "has a path"},
	    {"http://user:sesame@h:3128", "s3-proxy contains a user name or password"},
	    {"user:sesame@h", "s3-proxy contains a user name or password"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* Without credentials: nobody is asked for them before this is known to be right. */
		const struct s3_options options = {.bucket = "b", .region = "r", .proxy = cases[i].url};
		err = (struct error){0};
		enum status st = s3_options_check(&options, &err);
		if (st != (cases[i].text == NULL ? STATUS_OK : STATUS_USAGE))
			fail_msg("'%s': status %d: %s", cases[i].url, (int)st, err.text);
		if (st && (strstr(err.text, cases[i].text) == NULL || err.hint[0] == '\0'))
			fail_msg("'%s': %s; hint: %s", cases[i].url, err.text, err.hint);
		assert_null(strstr(err.text, "sesame"));
	}
}

/* The path of a gateway, and names that only the store can judge. */
static void names_the_bucket_as_the_store_does(void **state)
{
	(void)state;
	static const struct {
		const char *path, *bucket, *request;
	} cases[] = {
	    {"/storage/v1/s3", "bucket", "DELETE /storage/v1/s3/bucket/pre/fix/a HTTP/1.1\r\n"},
	    {"/s3//", "bucket", "DELETE /s3/bucket/pre/fix/a HTTP/1.1\r\n"},
	    {"/", "My_Bucket", "DELETE /My_Bucket/pre/fix/a HTTP/1.1\r\n"},
	    {"", "tenant:bucket", "DELETE /tenant%3Abucket/pre/fix/a HTTP/1.1\r\n"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const struct fault_answer answer = {.status = "204 No Content"};
		const struct s3_options options = {.endpoint = cases[i].path, .bucket = cases[i].bucket};
		struct scripted scripted;
		scripted_open_with(&scripted, FAULT_PLAIN, &answer, 1, &options);
		enum status st = store_remove(scripted.store, &scripted.world.call, "a", &scripted.err);
		assert_ok(st, scripted.err);
		scripted_assert_request(&scripted, 0, cases[i].request);
		scripted_close(&scripted);
	}
}

static void refuses_keys_that_are_too_long(void **state)
{
	(void)state;
	struct s3 s3 = {0};
	char name[1000];
	char out[S3_KEY_MAX + 1];
	memset(s3.prefix, 'p', 500);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(s3_key(&s3, name, out, &err), STATUS_USAGE);
	name[523] = '\0'; /* 500 and '/' and 523 */
	enum status st = s3_key(&s3, name, out, &err);
	assert_ok(st, err);
	assert_int_equal(strlen(out), S3_KEY_MAX);
	s3.prefix[0] = '\0';
	st = s3_key(&s3, "a", out, &err);
	assert_ok(st, err);
	assert_string_equal(out, "a");
}

struct step {
	const char *request;
	struct fault_answer answer;
};

struct scenario {
	const char *name;
	struct step steps[STEPS_MAX];
	enum status status;
	const char *text;
	uint64_t bytes;
};

static void begin(struct scripted *scripted, const struct step steps[STEPS_MAX], struct fault_answer *answers)
{
	size_t count = 0;
	for (; count < STEPS_MAX && steps[count].request != NULL; count++)
		answers[count] = steps[count].answer;
	scripted_open(scripted, answers, count);
}

static void end(struct scripted *scripted, const struct scenario *scenario, enum status st)
{
	size_t count = 0;
	for (; count < STEPS_MAX && scenario->steps[count].request != NULL; count++)
		if (count < fault_server_count(scripted->server))
			scripted_assert_request(scripted, count, scenario->steps[count].request);
	if (st != scenario->status || fault_server_count(scripted->server) != count)
		fail_msg("%s: status %d, %zu requests, error '%s'", scenario->name, st,
			 fault_server_count(scripted->server), scripted->err.text);
	if (st)
		scripted_assert_error(scripted, scenario->text, "");
	scripted_close(scripted);
}

static void looks_at_objects(void **state)
{
	(void)state;
	static const struct scenario scenarios[] = {
	    {"there", {{HEAD, {NULL, MODIFIED, "content", 0, FAULT_NONE, 0}}}, STATUS_OK, "", 7},
	    {"not S3",
	     {{HEAD, {NULL, NULL, "page", 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "the response is not from S3",
	     0},
	    {"no length", {{HEAD, {NULL, MODIFIED, "content", 0, FAULT_OPEN, 0}}}, STATUS_UNREACHABLE, "length", 0},
	    {"missing",
	     {{HEAD, {.status = "404 Not Found"}},
	      {GET, {"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}}},
	     STATUS_MISSING,
	     "no such object",
	     0},
	    {"no bucket",
	     {{HEAD, {.status = "404 Not Found"}},
	      {GET, {"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "HTTP 404 NoSuchBucket",
	     0},
	    {"a wrong secret",
	     {{HEAD, {.status = "403 Forbidden"}},
	      {GET, {"403 Forbidden", NULL, ERROR_XML("SignatureDoesNotMatch"), 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "look at s3://bucket/pre/fix/a/b: HTTP 403 SignatureDoesNotMatch",
	     0},
	    {"there, on a second look",
	     {{HEAD, {.status = "404 Not Found"}},
	      {GET, {"206 Partial", MODIFIED "Content-Range: bytes 0-0/4294967296\r\n", "c", 0, FAULT_NONE, 0}}},
	     STATUS_OK,
	     "",
	     4294967296},
	    {"a range that is none",
	     {{HEAD, {.status = "404 Not Found"}},
	      {GET, {"206 Partial", "Content-Range: bytes 0-0/*\r\n", "c", 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "length",
	     0},
	    {"redirected without a word", {{HEAD, {.status = "301 Moved"}}}, STATUS_UNREACHABLE, "HTTP 301 without", 0},
	};
	for (size_t i = 0; i < COUNT(scenarios); i++) {
		struct scripted scripted;
		struct fault_answer answers[STEPS_MAX];
		struct object_info info = {0};
		begin(&scripted, scenarios[i].steps, answers);
		enum status st = store_stat(scripted.store, &scripted.world.call, "a/b", &info, &scripted.err);
		assert_int_equal(info.bytes, scenarios[i].bytes);
		if (!st)
			assert_int_equal(info.modified_s, SCRIPTED_NOW_S);
		end(&scripted, &scenarios[i], st);
	}
}

static void removes(void **state)
{
	(void)state;
	static const struct scenario scenarios[] = {
	    {"there", {{DELETE, {.status = "204 No Content"}}}, STATUS_OK, "", 0},
	    {"not there",
	     {{DELETE, {"404 Not Found", NULL, ERROR_XML("NoSuchKey"), 0, FAULT_NONE, 0}}},
	     STATUS_OK,
	     "",
	     0},
	    {"no bucket",
	     {{DELETE, {"404 Not Found", NULL, ERROR_XML("NoSuchBucket"), 0, FAULT_NONE, 0}}},
	     STATUS_UNREACHABLE,
	     "remove s3://bucket/pre/fix/a/b: HTTP 404 NoSuchBucket",
	     0},
	};
	for (size_t i = 0; i < COUNT(scenarios); i++) {
		struct scripted scripted;
		struct fault_answer answers[STEPS_MAX];
		begin(&scripted, scenarios[i].steps, answers);
		end(&scripted, &scenarios[i], store_remove(scripted.store, &scripted.world.call, "a/b", &scripted.err));
	}
}

/* Whatever it says, it is there, and has a clock; a fault of its own is another matter. */
static void tells_who_is_there(void **state)
{
	(void)state;
	static const struct {
		struct fault_answer answer;
		enum status status;
		int64_t clock_s;
	} cases[] = {
	    {{.headers = "Date: Fri, 24 May 2013 00:10:00 GMT\r\n"}, STATUS_OK, SCRIPTED_NOW_S + 600},
	    {{.status = "403 Forbidden", .headers = "Date: Fri, 24 May 2013 00:00:30 GMT\r\n"},
	     STATUS_OK,
	     SCRIPTED_NOW_S + 30},
	    {{.status = "404 Not Found"}, STATUS_OK, -1},
	    {{.status = "503 Slow Down"}, STATUS_UNREACHABLE, 0},
	    {{.status = "407 Proxy Authentication Required"}, STATUS_UNREACHABLE, 0},
	    {{.kind = FAULT_CLOSE}, STATUS_UNREACHABLE, 0},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		int64_t clock_s = 0;
		struct fault_answer answers[64];
		for (size_t n = 0; n < COUNT(answers); n++)
			answers[n] = cases[i].answer;
		scripted_open(&scripted, answers, COUNT(answers));
		enum status st = store_reach(scripted.store, &scripted.world.call, &clock_s, &scripted.err);
		if (st != cases[i].status || clock_s != cases[i].clock_s)
			fail_msg("case %zu: %d at %lld: %s", i, (int)st, (long long)clock_s, scripted.err.text);
		scripted_assert_request(&scripted, 0, "HEAD /bucket HTTP/1.1\r\n");
		scripted_close(&scripted);
	}
}

static void refuses_bad_names(void **state)
{
	(void)state;
	struct scripted scripted;
	struct object_info info;
	scripted_open(&scripted, NULL, 0);
	struct call *call = &scripted.world.call;
	assert_int_equal(store_remove(scripted.store, call, "../a", &scripted.err), STATUS_USAGE);
	assert_int_equal(store_stat(scripted.store, call, "", &info, &scripted.err), STATUS_USAGE);
	assert_int_equal(store_read(scripted.store, call, "a//b", NULL, &scripted.err), STATUS_USAGE);
	assert_int_equal(fault_server_count(scripted.server), 0);
	scripted_close(&scripted);
}

#define REGION_XML "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
#define SKEWED                                                                                                         \
	{                                                                                                              \
		"403 Forbidden", "Date: Fri, 24 May 2013 01:00:00 GMT\r\n", ERROR_XML("RequestTimeTooSkewed"), 0,      \
		    FAULT_NONE, 0                                                                                      \
	}

static void learns_region_and_clock(void **state)
{
	(void)state;
	static const struct {
		struct scenario scenario;
		const char *signed_with; /* in the last request */
	} cases[] = {
	    {{"a header",
	      {{DELETE, {.status = "301 Moved", .headers = "x-amz-bucket-region: eu-west-1\r\n"}},
	       {DELETE, {.status = "204 No"}}},
	      STATUS_OK,
	      "",
	      0},
	     "/20130524/eu-west-1/s3/"},
	    {{"an element",
	      {{DELETE, {"400 Bad", NULL, REGION_XML, 0, FAULT_NONE, 0}}, {DELETE, {.status = "204 No"}}},
	      STATUS_OK,
	      "",
	      0},
	     "/20130524/eu-west-1/s3/"},
	    {{"a name that AWS has not",
	      {{DELETE,
		{"400 Bad", NULL, "<Error><Code>x</Code><Region>:default-placement</Region></Error>", 0, FAULT_NONE,
		 0}},
	       {DELETE, {.status = "204 No"}}},
	      STATUS_OK,
	      "",
	      0},
	     "/20130524/:default-placement/s3/"},
	    {{"once only",
	      {{DELETE, {.status = "301 Moved", .headers = "x-amz-bucket-region: eu-west-1\r\n"}},
	       {DELETE, {.status = "301 Moved", .headers = "x-amz-bucket-region: eu-west-2\r\n"}}},
	      STATUS_UNREACHABLE,
	      "HTTP 301",
	      0},
	     "/20130524/eu-west-1/s3/"},
	    {{"the same again",
	      {{DELETE, {.status = "301 Moved", .headers = "x-amz-bucket-region: ca-central-1\r\n"}}},
	      STATUS_UNREACHABLE,
	      "HTTP 301",
	      0},
	     "/20130524/ca-central-1/s3/"},
	    {{"no region at all",
	      {{DELETE, {.status = "301 Moved", .headers = "x-amz-bucket-region: evil.test/\r\n"}}},
	      STATUS_UNREACHABLE,
	      "HTTP 301",
	      0},
	     "/20130524/ca-central-1/s3/"},
	    {{"the clock", {{DELETE, SKEWED}, {DELETE, {.status = "204 No"}}}, STATUS_OK, "", 0},
	     "x-amz-date: 20130524T010000Z"},
	    {{"the clock, once", {{DELETE, SKEWED}, {DELETE, SKEWED}}, STATUS_UNREACHABLE, "RequestTimeTooSkewed", 0},
	     "x-amz-date: 20130524T010000Z"},
	    {{"no date",
	      {{DELETE, {"403 Forbidden", NULL, ERROR_XML("RequestTimeTooSkewed"), 0, FAULT_NONE, 0}}},
	      STATUS_UNREACHABLE,
	      "RequestTimeTooSkewed",
	      0},
	     "x-amz-date: 20130524T000000Z"},
	    {{"both",
	      {{DELETE, SKEWED},
	       {DELETE, {.status = "307 Moved", .headers = "x-amz-bucket-region: eu-west-1\r\n"}},
	       {DELETE, {.status = "204 No"}}},
	      STATUS_OK,
	      "",
	      0},
	     "/20130524/eu-west-1/s3/"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted scripted;
		struct fault_answer answers[STEPS_MAX];
		begin(&scripted, cases[i].scenario.steps, answers);
		enum status st = store_remove(scripted.store, &scripted.world.call, "a/b", &scripted.err);
		scripted_assert_has(&scripted, fault_server_count(scripted.server) - 1, cases[i].signed_with);
		end(&scripted, &cases[i].scenario, st);
	}
}

/* An answer to HEAD says 403 and no more: its date tells. And what was learned stays. */
static void remembers_what_it_learned(void **state)
{
	(void)state;
	static const struct fault_answer answers[] = {
	    {"403 Forbidden", "Date: Thu, 23 May 2013 22:00:00 GMT\r\n", NULL, 0, FAULT_NONE, 0},
	    {NULL, MODIFIED, "content", 0, FAULT_NONE, 0},
	    {"301 Moved", "x-amz-bucket-region: eu-west-1\r\n", NULL, 0, FAULT_NONE, 0},
	    {.status = "204 No"},
	    {.status = "204 No"},
	};
	struct scripted scripted;
	struct object_info info;
	scripted_open(&scripted, answers, COUNT(answers));
	enum status st = store_stat(scripted.store, &scripted.world.call, "a/b", &info, &scripted.err);
	assert_ok(st, scripted.err);
	for (int i = 0; i < 2; i++) {
		st = store_remove(scripted.store, &scripted.world.call, "a/b", &scripted.err);
		assert_ok(st, scripted.err);
	}
	assert_int_equal(fault_server_count(scripted.server), 5);
	scripted_assert_has(&scripted, 4, "x-amz-date: 20130523T220000Z");
	scripted_assert_has(&scripted, 4, "/20130523/eu-west-1/s3/");
	assert_non_null(strstr(buffer_text(&scripted.world.logged), "differs from this machine's by -7200 s"));
	assert_non_null(strstr(buffer_text(&scripted.world.logged), "bucket bucket is in region eu-west-1"));
	scripted_close(&scripted);
}

static void follows_the_region_to_its_host(void **state)
{
	(void)state;
	struct s3 s3 = {.aws = true, .bucket = "b"};
	s3_set_region(&s3, "eu-west-1");
	assert_string_equal(s3.host, "b.s3.eu-west-1.amazonaws.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_host),
	    cmocka_unit_test(refuses_what_cannot_be),
	    cmocka_unit_test(checks_the_proxy),
	    cmocka_unit_test(names_the_bucket_as_the_store_does),
	    cmocka_unit_test(refuses_keys_that_are_too_long),
	    cmocka_unit_test(looks_at_objects),
	    cmocka_unit_test(removes),
	    cmocka_unit_test(tells_who_is_there),
	    cmocka_unit_test(refuses_bad_names),
	    cmocka_unit_test(learns_region_and_clock),
	    cmocka_unit_test(remembers_what_it_learned),
	    cmocka_unit_test(follows_the_region_to_its_host),
	};
	return cmocka_run_group_tests_name("store/s3/s3", tests, NULL, NULL);
}

/* Each source of credentials: its results, its requests and its errors. */
#include <stdio.h>
#include <string.h>

#include "search_fixture.h"
#include "support/cmocka.h"

#define OFF "AWS_EC2_METADATA_DISABLED=true"
#define LATER "2013-05-24T06:00:00Z"
#define GIVEN(token)                                                                                                   \
	"{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"sesame\", \"" token "\": \"TOK\", \"Expiration\": \"" LATER  \
	"\"}"
#define CREDENTIAL_FILE "AWS_SHARED_CREDENTIALS_FILE=~/file"
#define STS_XML                                                                                                        \
	"<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"                      \
	"<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>sesame"           \
	"</SecretAccessKey><SessionToken>TOK</SessionToken><Expiration>" LATER "</Expiration></Credentials>"           \
	"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define STS_ERROR                                                                                                      \
	"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>No provider</Message>"     \
	"</Error></ErrorResponse>"
#define STS_CODE(code, message)                                                                                        \
	"<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message "</Message></Error>"         \
	"</ErrorResponse>"
#define STS "AWS_ENDPOINT_URL_STS=$"
#define ROLE "AWS_ROLE_ARN=arn:aws:iam::1:role/a b", "AWS_WEB_IDENTITY_TOKEN_FILE=~/token"
#define ROLES "GET /latest/meta-data/iam/security-credentials/ "

struct source_case {
	const char *variables[SEARCH_VARIABLES_MAX];
	const char *file;   /* content of ~/file, mode 0600; NULL: no file */
	const char *config; /* content of ~/config, mode 0644 */
	struct fault_answer answers[4];
	enum status status;
	const char *key, *token, *source; /* expected credentials */
	const char *text, *hint;          /* expected error */
	const char *requests[4];          /* start of the request lines */
	enum fault_tls tls;
	int64_t deadline_ms; /* 0: 10 s */
	const char *region;  /* NULL: ca-central-1 */
	const char *has;     /* contained in the head or body of the last request */
};

static const struct source_case cases[] = {
    /* No source. */
    {{OFF}, .status = STATUS_USAGE, .text = "no credentials for S3", .hint = "-vv shows"},
    /* Variables. */
    {{"AWS_ACCESS_KEY_ID=AK", "AWS_SECRET_ACCESS_KEY=sesame", "AWS_SESSION_TOKEN=TOK"},
     .key = "AK",
     .token = "TOK",
     .source = "environment"},
    {{"AWS_ACCESS_KEY_ID=AK", OFF}, .status = STATUS_USAGE, .text = "AWS_ACCESS_KEY_ID without AWS_SECRET"},
    {{"AWS_SECRET_ACCESS_KEY=sesame", OFF}, .status = STATUS_USAGE, .text = "AWS_SECRET_ACCESS_KEY without AWS_ACC"},
    {{"AWS_ACCESS_KEY_ID=AK", "AWS_SECRET_ACCESS_KEY=sesame\n"}, .status = STATUS_USAGE, .text = "the secret key"},
    {{"AWS_ACCESS_KEY_ID=A ", "AWS_SECRET_ACCESS_KEY=sesame"}, .status = STATUS_USAGE, .text = "the access key"},
    {{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", OFF}, .status = STATUS_USAGE, .text = "no credentials for S3"},
    /* Profiles. */
    {{CREDENTIAL_FILE, OFF},
     .file = "[default]\naws_access_key_id = AK\naws_secret_access_key = sesame\naws_session_token = TOK\n",
     .key = "AK",
     .token = "TOK",
     .source = "profile 'default'"},
    {{CREDENTIAL_FILE, "AWS_PROFILE=backup", OFF},
     .file = "[default]\naws_access_key_id = X\n[backup]\naws_access_key_id = AK\naws_secret_access_key = sesame\n",
     .key = "AK",
     .source = "profile 'backup'"},
    {{CREDENTIAL_FILE, "AWS_PROFILE=bakcup", "HOME=~", OFF},
     .file = "[backup]\n",
     .status = STATUS_USAGE,
     .text = "profile 'bakcup' is neither in ~/file nor in ~/.aws/config",
     .hint = "AWS_PROFILE"},
    {{CREDENTIAL_FILE, OFF},
     .file = "[default]\naws_access_key_id = AK\n",
     .status = STATUS_USAGE,
     .text = "has aws_access_key_id without aws_secret_access_key"},
    {{"AWS_SHARED_CREDENTIALS_FILE=~/none", OFF},
     .status = STATUS_USAGE,
     .text = "AWS_SHARED_CREDENTIALS_FILE: open ~/none: No such file"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\naws_access_key_id = AK\naws_secret_access_key = sesame\n",
     .status = STATUS_USAGE,
     .text = "~/config is readable by other users",
     .hint = "chmod 600"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=sso", OFF},
     .config = "[profile sso]\nsso_session = x\n",
     .status = STATUS_USAGE,
     .text = "profile 'sso' uses sso_session, which walship does not support",
     .hint = "aws configure export-credentials --profile sso"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=r", OFF},
     .config = "[profile r]\nrole_arn = arn\nsource_profile = default\n",
     .status = STATUS_USAGE,
     .text = "uses source_profile, which walship does not support"},
    /* credential_process, in a profile that others can read. */
    {{"AWS_CONFIG_FILE=~/config", "PATH=/usr/bin:/bin", OFF},
     .config = "[default]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"AK\",' "
	       "\"\\\"SecretAccessKey\\\":\" "
	       "\\\"sesame\\\", '\"SessionToken\": \"TOK\"}'\n",
     .key = "AK",
     .token = "TOK",
     .source = "credential_process of profile 'default'"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\ncredential_process = /nonexistent/program x\n",
     .status = STATUS_USAGE,
     .text = "credential_process /nonexistent/program: cannot be run: No such file"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\ncredential_process = sh -c 'exit 3'\n",
     .status = STATUS_UNREACHABLE,
     .text = "credential_process sh: exited with code 3"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\ncredential_process = sh -c 'kill -9 $$'\n",
     .status = STATUS_UNREACHABLE,
     .text = "credential_process sh: killed by signal 9"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\ncredential_process = echo 'oops\n",
     .status = STATUS_USAGE,
     .text = "an unclosed quote"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\ncredential_process = echo sesame\n",
     .status = STATUS_UNREACHABLE,
     .text = "credential_process returned invalid JSON"},
    {{"AWS_CONFIG_FILE=~/config", OFF},
     .config = "[default]\ncredential_process = echo {}\n",
     .status = STATUS_UNREACHABLE,
     .text = "credential_process returned JSON without AccessKeyId"},
    /* Web identity. */
    {{ROLE, STS, OFF},
     .answers = {{.body = STS_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:aws:iam::1:role/a b by the token in ~/token",
     .requests = {"POST / HTTP/1.1"},
     .has = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b&"
	    "RoleSessionName=walship&WebIdentityToken=a.b%2Bc"},
    {{ROLE, STS, OFF, "AWS_ROLE_SESSION_NAME=me@there"},
     .answers = {{.status = "503 Slow Down"}, {.body = STS_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role",
     .requests = {"POST /", "POST /"},
     .has = "RoleSessionName=me"},
    {{ROLE, STS, OFF},
     .answers = {{.status = "400 Bad Request", .body = STS_ERROR}},
     .status = STATUS_UNREACHABLE,
     .text = "answered HTTP 400 InvalidIdentityToken: No provider",
     .hint = "trust policy"},
    {{ROLE, STS, OFF},
     .answers = {{.status = "400 Bad Request", .body = STS_CODE("Throttling", "Rate exceeded")},
		 {.status = "400 Bad Request", .body = STS_CODE("IDPCommunicationError", "no answer")},
		 {.status = "400 Bad Request",
		  .body = STS_CODE("InvalidIdentityToken",
				   "Couldn't retrieve verification key from your identity provider,  please reference "
				   "AssumeRoleWithWebIdentity documentation for requirements")},
		 {.body = STS_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role",
     .requests = {"POST /", "POST /", "POST /", "POST /"}},
    {{ROLE, STS, OFF},
     .deadline_ms = 600,
     .answers = {{.status = "400 Bad Request", .body = STS_CODE("Throttling", "Rate exceeded")}},
     .status = STATUS_UNREACHABLE,
     .text = "answered HTTP 400 Throttling: Rate exceeded"},
    {{ROLE, STS, OFF},
     .answers = {{.status = "400 Bad Request", .body = STS_CODE("ExpiredTokenException", "Token expired")}},
     .status = STATUS_UNREACHABLE,
     .text = "answered HTTP 400 ExpiredTokenException: Token expired",
     .hint = "trust policy",
     .requests = {"POST /"}},
    {{ROLE, STS, OFF}, .answers = {{.body = "<a>"}}, .status = STATUS_UNREACHABLE, .text = "malformed XML"},
    {{ROLE, STS, OFF},
     .answers = {{.body = "<a></a>"}},
     .status = STATUS_UNREACHABLE,
     .text = "contains no credentials"},
    {{"AWS_ROLE_ARN=r", "AWS_WEB_IDENTITY_TOKEN_FILE=~/none", STS, OFF},
     .status = STATUS_USAGE,
     .text = "the web identity token: open ~/none"},
    {{"AWS_WEB_IDENTITY_TOKEN_FILE=~/token", OFF}, .status = STATUS_USAGE, .text = "without AWS_ROLE_ARN"},
    {{ROLE, OFF},
     .region = "x@evil.test",
     .status = STATUS_USAGE,
     .text = "s3-region 'x@evil.test' is not a region of AWS",
     .hint = "AWS_ENDPOINT_URL_STS"},
    {{ROLE, STS, OFF},
     .region = "RegionOne",
     .answers = {{.body = STS_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role"},
    {{ROLE, STS, "AWS_CA_BUNDLE=^", OFF},
     .tls = FAULT_TLS,
     .answers = {{.body = STS_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role"},
    {{ROLE, STS, OFF}, .tls = FAULT_TLS, .status = STATUS_UNREACHABLE, .text = "certificate is not trusted"},
    {{ROLE, "AWS_ENDPOINT_URL_STS=http://sts.test", OFF}, .status = STATUS_USAGE, .text = "is not https://"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = arn\nweb_identity_token_file = /dev/null\n",
     .status = STATUS_USAGE,
     .text = "/dev/null is not a regular file"},
    /* Containers. */
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/creds?x=y", "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic open", OFF},
     .answers = {{.body = GIVEN("Token")}},
     .key = "AK",
     .token = "TOK",
     .source = "the container endpoint http://127.0.0.1",
     .requests = {"GET /creds?x=y HTTP/1.1"},
     .has = "\r\nAuthorization: Basic open\r\n"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/", "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic open",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=~/token", OFF},
     .answers = {{.status = "500 Oops"}, {.body = GIVEN("Token")}},
     .key = "AK",
     .token = "TOK",
     .source = "container",
     .requests = {"GET / ", "GET / "},
     .has = "\r\nAuthorization: a.b+c\r\n"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/", OFF},
     .answers = {{.status = "404 Not Found"}},
     .status = STATUS_UNREACHABLE,
     .text = "the container endpoint $/ answered HTTP 404",
     .hint = "has a role"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/", OFF},
     .answers = {{.body = "{\"AccessKeyId\": \"AK\", \"Secr"}},
     .status = STATUS_UNREACHABLE,
     .text = "returned invalid JSON: unexpected end"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/", OFF},
     .answers = {{.body = "{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"x\", \"Expiration\": \"soon\"}"}},
     .status = STATUS_UNREACHABLE,
     .text = "an invalid Expiration: 'soon'"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/", OFF},
     .status = STATUS_UNREACHABLE,
     .text = "the container endpoint: http://127.0.0.1:1: cannot connect",
     .hint = "check the address in AWS's variables and profiles"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://10.0.0.1/", OFF},
     .status = STATUS_USAGE,
     .text = "'http://10.0.0.1/' is not an allowed address",
     .hint = "169.254.170.2"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1@evil.test/", OFF},
     .status = STATUS_USAGE,
     .text = "is not an allowed address"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1.evil.test/", OFF},
     .status = STATUS_USAGE,
     .text = "is not an allowed address"},
    {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=v2/x", OFF}, .status = STATUS_USAGE, .text = "does not begin with '/'"},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/", "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\r\nx: y", OFF},
     .status = STATUS_USAGE,
     .text = "contains a line break"},
    /* Instances. */
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$/"},
     .answers = {{.body = "IMDSTOKEN"}, {.body = "backup-role\n"}, {.body = GIVEN("Token")}},
     .key = "AK",
     .token = "TOK",
     .source = "instance role backup-role",
     .requests = {"PUT /latest/api/token ", ROLES, "GET /latest/meta-data/iam/security-credentials/backup-role "},
     .has = "\r\nx-aws-ec2-metadata-token: IMDSTOKEN\r\n"},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$"},
     .answers = {{.body = "T"}, {.status = "404 Not Found"}},
     .status = STATUS_UNREACHABLE,
     .text = "security-credentials/ answered HTTP 404",
     .hint = "attach an IAM role",
     .requests = {"PUT ", ROLES}},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$"},
     .answers = {{.body = "T"},
		 {.body = "r"},
		 {.body = "{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"no\"}"}},
     .status = STATUS_UNREACHABLE,
     .text = "refused credentials: AssumeRoleUnauthorizedAccess: no"},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$"},
     .answers = {{.body = "T"}, {.body = "../../x\n"}},
     .status = STATUS_UNREACHABLE,
     .text = "returned no role name"},
    /* It took the connection, so it is there. */
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$/"},
     .answers = {{.kind = FAULT_CLOSE}, {.body = "IMDSTOKEN"}, {.body = "backup-role\n"}, {.body = GIVEN("Token")}},
     .key = "AK",
     .token = "TOK",
     .source = "instance role backup-role",
     .requests = {"PUT /latest/api/token ", "PUT /latest/api/token ", ROLES, "GET /latest/meta-data/iam/"}},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$/"},
     .deadline_ms = 600,
     .answers = {{.kind = FAULT_CLOSE}, {.kind = FAULT_CLOSE}, {.kind = FAULT_CLOSE}, {.kind = FAULT_CLOSE}},
     .status = STATUS_UNREACHABLE,
     .text = "the instance's metadata service",
     .hint = "HttpPutResponseHopLimit"},
    /* Another cloud's service, or no answer: this is not an EC2 instance. */
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=$"},
     .answers = {{.status = "405 Method Not Allowed"}},
     .status = STATUS_USAGE,
     .text = "no credentials for S3"},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1"}, .status = STATUS_USAGE, .text = "no credentials for S3"},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=ftp://x"}, .status = STATUS_USAGE, .text = "is no URL"},
    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv5"}, .status = STATUS_USAGE, .text = "neither IPv4 nor IPv6"},
};

/* Whether text contains the pattern, in which '~' is the directory and '$' the server. */
static bool has(const struct search_fixture *fixture, const char *text, const char *pattern)
{
	char expanded[1024];
	size_t len = 0;
	for (; *pattern != '\0' && len < sizeof expanded - 200; pattern++) {
		const char *insert = *pattern == '~'   ? fixture->dir.path
				     : *pattern == '$' ? fault_server_url(fixture->server)
						       : NULL;
		if (insert == NULL)
			expanded[len++] = *pattern;
		else
			len += (size_t)snprintf(expanded + len, sizeof expanded - len, "%s", insert);
	}
	expanded[len] = '\0';
	return strstr(text, expanded) != NULL;
}

static void check_found(const struct search_fixture *fixture, const struct source_case *c)
{
	assert_string_equal(fixture->found.access_key.data, c->key);
	assert_string_equal(fixture->found.secret_key.data, "sesame");
	assert_true(has(fixture, fixture->found.source, c->source));
	if (c->token == NULL)
		assert_int_equal(fixture->found.session_token.len, 0);
	else
		assert_string_equal(fixture->found.session_token.data, c->token);
}

static void check_requests(const struct search_fixture *fixture, const struct source_case *c)
{
	size_t count = fault_server_count(fixture->server);
	for (size_t i = 0; i < 4 && c->requests[i] != NULL; i++)
		if (i >= count ||
		    strncmp(fault_server_head(fixture->server, i), c->requests[i], strlen(c->requests[i])) != 0)
			fail_msg("request %zu is not %s", i, c->requests[i]);
	if (c->has == NULL)
		return;
	assert_true(count > 0);
	if (!has(fixture, fault_server_head(fixture->server, count - 1), c->has) &&
	    !has(fixture, fault_server_body(fixture->server, count - 1), c->has))
		fail_msg("the last request lacks %s: %s%s", c->has, fault_server_head(fixture->server, count - 1),
			 fault_server_body(fixture->server, count - 1));
}

static void try_case(size_t i)
{
	const struct source_case *c = &cases[i];
	struct search_fixture fixture;
	search_fixture_open(&fixture, c->tls, c->answers, 4);
	if (c->deadline_ms != 0)
		fixture.world.call.deadline_ms = fixture.world.monotonic_ms + c->deadline_ms;
	if (c->region != NULL)
		fixture.search.region = c->region;
	scratch_put(&fixture.dir, "token", "a.b+c\n", 6, 0644);
	if (c->file != NULL)
		scratch_put(&fixture.dir, "file", c->file, strlen(c->file), 0600);
	if (c->config != NULL)
		scratch_put(&fixture.dir, "config", c->config, strlen(c->config), 0644);
	enum status st = search_fixture_find(&fixture, c->variables);
	if (st != c->status)
		fail_msg("case %zu: status %d: %s", i, (int)st, fixture.err.text);
	if (st == STATUS_OK)
		check_found(&fixture, c);
	else if (!has(&fixture, fixture.err.text, c->text) ||
		 !has(&fixture, fixture.err.hint, c->hint == NULL ? "" : c->hint))
		fail_msg("case %zu: %s; hint: %s", i, fixture.err.text, fixture.err.hint);
	check_requests(&fixture, c);
	search_fixture_close(&fixture);
}

static void finds_or_says_why_not(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		try_case(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_or_says_why_not)};
	return cmocka_run_group_tests_name("net/aws/credential_sources", tests, NULL, NULL);
}

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
#define ASSUMED_XML                                                                                                    \
	"<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"      \
	"<AccessKeyId>AK</AccessKeyId><SecretAccessKey>sesame</SecretAccessKey><SessionToken>TOK</SessionToken>"       \
	"<Expiration>" LATER "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define KEYS(key) "aws_access_key_id = " key "\naws_secret_access_key = secret\n"
#define ROLE_TO(name, next) "[profile " name "]\nrole_arn = x\nsource_profile = " next "\n"
#define SSO_GIVEN                                                                                                      \
	"{\"roleCredentials\": {\"accessKeyId\": \"AK\", \"secretAccessKey\": \"sesame\", \"sessionToken\": \"TOK\", " \
	"\"expiration\": 1369375200000}}"
#define SSO_TOKEN_FILE ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json" /* SHA-1 of "my" */
#define SSO_PROFILE "[profile s]\nsso_session = my\nsso_account_id = 111\nsso_role_name = a b\n"
#define SSO_SESSION "[sso-session my]\nsso_region = eu-west-1\nsso_start_url = https://x.test/start\n"
#define SSO                                                                                                            \
	"AWS_ENDPOINT_URL_SSO=$", "AWS_ENDPOINT_URL_SSO_OIDC=$", "HOME=~", "AWS_CONFIG_FILE=~/config", "AWS_PROFILE=s"
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
	const char *sso;    /* content of the token file of the session "my" */
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
    /* Roles by other profiles. */
    {{"AWS_CONFIG_FILE=~/config", CREDENTIAL_FILE, "AWS_PROFILE=r", STS, OFF},
     .file = "[base]\n" KEYS("AKBASE") "aws_session_token = BASETOKEN\n",
     .config = "[profile r]\nrole_arn = arn:r\nsource_profile = base\nexternal_id = e x\nduration_seconds = 900\n"
	       "role_session_name = me@there\n",
     .answers = {{.status = "400 Bad Request", .body = STS_CODE("Throttling", "Rate exceeded")}, {.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:r by profile 'r' of ~/file and ~/config",
     .requests = {"POST / ", "POST / "},
     .has = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=me%40there&ExternalId=e%20x&"
	    "DurationSeconds=900"},
    {{"AWS_CONFIG_FILE=~/config", CREDENTIAL_FILE, "AWS_PROFILE=r", STS, OFF},
     .file = "[base]\n" KEYS("AKBASE") "aws_session_token = BASETOKEN\n",
     .config = "[profile r]\nrole_arn = arn:r\nsource_profile = base\n",
     .answers = {{.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:r",
     .has = "Credential=AKBASE/20130524/ca-central-1/sts/aws4_request, SignedHeaders=content-type;host;"
	    "x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="},
    {{"AWS_CONFIG_FILE=~/config", CREDENTIAL_FILE, "AWS_PROFILE=r", STS, OFF},
     .file = "[base]\n" KEYS("AKBASE"),
     .config = "[profile r]\nrole_arn = arn:r\nsource_profile = base\n",
     .region = "RegionOne",
     .answers = {{.status = "403 Forbidden", .body = STS_CODE("AccessDenied", "not for you")}},
     .status = STATUS_UNREACHABLE,
     .text = "STS (AssumeRole) $/ answered HTTP 403 AccessDenied: not for you",
     .hint = "trust policy",
     .has = "/us-east-1/sts/aws4_request"},
    /* A chain: each role signs for the next one. */
    {{"AWS_CONFIG_FILE=~/config", CREDENTIAL_FILE, "AWS_PROFILE=c", STS, OFF},
     .file = "[a]\n" KEYS("AKBASE"),
     .config = "[profile c]\nrole_arn = arn:c\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = a\n"
	       "[profile a]\nrole_arn = unused\nsource_profile = c\n",
     .answers = {{.body = ASSUMED_XML}, {.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:c",
     .requests = {"POST /", "POST /"},
     .has = "x-amz-security-token: TOK"},
    /* Its own keys. */
    {{CREDENTIAL_FILE, "AWS_PROFILE=r", STS, OFF},
     .file = "[r]\nrole_arn = arn:r\nsource_profile = r\n" KEYS("AKOWN"),
     .answers = {{.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:r",
     .has = "Credential=AKOWN/"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=a", STS, OFF},
     .config = "[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\nrole_arn = y\nsource_profile = a\n",
     .status = STATUS_USAGE,
     .text = "profile 'a' leads back to itself: source_profile of 'b'"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=a", STS, OFF},
     .config = "[profile a]\nrole_arn = x\nsource_profile = a\n",
     .status = STATUS_USAGE,
     .text = "profile 'a' leads back to itself: source_profile of 'a'"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=1", STS, OFF},
     .config = ROLE_TO("1", "2") ROLE_TO("2", "3") ROLE_TO("3", "4") ROLE_TO("4", "5") ROLE_TO("5", "6")
	 ROLE_TO("6", "7") ROLE_TO("7", "8") ROLE_TO("8", "9") "[profile 9]\n" KEYS("AKBASE"),
     .status = STATUS_USAGE,
     .text = "profile '1' leads by source_profile through more than 8 profiles"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=r", "HOME=~", STS, OFF},
     .config = "[profile r]\nrole_arn = x\nsource_profile = none\n",
     .status = STATUS_USAGE,
     .text = "profile 'none' is neither in ~/.aws/credentials nor in ~/config",
     .hint = "check source_profile"},
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=r", STS, OFF},
     .config = "[profile r]\nrole_arn = x\nsource_profile = b\n[profile b]\nregion = x\n",
     .status = STATUS_USAGE,
     .text = "a source_profile, has no credentials"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = x\n",
     .status = STATUS_USAGE,
     .text = "has role_arn without source_profile, credential_source or web_identity_token_file"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = x\nsource_profile = a\ncredential_source = Environment\n",
     .status = STATUS_USAGE,
     .text = "has both source_profile and credential_source"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = x\nsource_profile = a\nmfa_serial = 1\n",
     .status = STATUS_USAGE,
     .text = "has mfa_serial, but nobody is there",
     .hint = "aws configure export-credentials --profile default"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = x\nsource_profile = a\nduration_seconds = 899\n",
     .status = STATUS_USAGE,
     .text = "duration_seconds '899' is not a number from 900 to 43200"},
    /* Roles by another source. */
    {{"AWS_CONFIG_FILE=~/config", "AWS_PROFILE=r", STS, "AWS_ACCESS_KEY_ID=AKENV", "AWS_SECRET_ACCESS_KEY=s", OFF},
     .config = "[profile r]\nrole_arn = arn:r\ncredential_source = Environment\n",
     .answers = {{.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:r",
     .has = "Credential=AKENV/"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF, "AWS_CONTAINER_CREDENTIALS_FULL_URI=$/creds"},
     .config = "[default]\nrole_arn = arn:r\ncredential_source = EcsContainer\n",
     .answers = {{.body = GIVEN("Token")}, {.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:r",
     .requests = {"GET /creds", "POST /"},
     .has = "x-amz-security-token: TOK"},
    {{"AWS_CONFIG_FILE=~/config", STS, "AWS_EC2_METADATA_SERVICE_ENDPOINT=$"},
     .config = "[default]\nrole_arn = arn:r\ncredential_source = Ec2InstanceMetadata\n",
     .answers = {{.body = "T"}, {.body = "backup-role"}, {.body = GIVEN("Token")}, {.body = ASSUMED_XML}},
     .key = "AK",
     .token = "TOK",
     .source = "role arn:r",
     .requests = {"PUT /", ROLES, "GET /", "POST /"}},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = arn:r\ncredential_source = Ec2InstanceMetadata\n",
     .status = STATUS_USAGE,
     .text = "credential_source Ec2InstanceMetadata has no credentials here"},
    {{"AWS_CONFIG_FILE=~/config", STS, OFF},
     .config = "[default]\nrole_arn = arn:r\ncredential_source = Mainframe\n",
     .status = STATUS_USAGE,
     .text = "unknown credential_source 'Mainframe'",
     .hint = "EcsContainer"},
    /* IAM Identity Center. */
    {{SSO, OFF},
     .config = SSO_PROFILE SSO_SESSION,
     .sso = "{\"accessToken\": \"open\", \"expiresAt\": \"2013-05-24T01:00:00Z\"}",
     .answers = {{.body = SSO_GIVEN}},
     .key = "AK",
     .token = "TOK",
     .source = "role a b of account 111 by profile 's'",
     .requests = {"GET /federation/credentials?role_name=a%20b&account_id=111 "},
     .has = "\r\nx-amz-sso_bearer_token: open\r\n"},
    {{SSO, OFF},
     .config = SSO_PROFILE SSO_SESSION,
     .sso = "{\"accessToken\": \"old\", \"expiresAt\": \"2013-05-23T23:00:00UTC\", \"refreshToken\": \"R\", "
	    "\"clientId\": \"I\", \"clientSecret\": \"S\", \"registrationExpiresAt\": \"2013-06-01T00:00:00Z\"}",
     .answers = {{.body = "{\"accessToken\": \"new\", \"expiresIn\": 3600, \"refreshToken\": \"R2\"}"},
		 {.body = SSO_GIVEN}},
     .key = "AK",
     .token = "TOK",
     .source = "role a b",
     .requests = {"POST /token ", "GET /federation/"},
     .has = "x-amz-sso_bearer_token: new\r\n"},
    {{SSO, OFF},
     .config = SSO_PROFILE SSO_SESSION,
     .sso = "{\"accessToken\": \"old\", \"expiresAt\": \"2013-05-23T23:00:00Z\"}",
     .status = STATUS_USAGE,
     .text = "expired 2013-05-23T23:00:00Z",
     .hint = "aws sso login"},
    {{SSO, OFF},
     .config = SSO_PROFILE SSO_SESSION,
     .sso = "{\"accessToken\": \"open\", \"expiresAt\": \"2013-05-24T01:00:00Z\"}",
     .answers = {{.status = "401 Unauthorized"}},
     .status = STATUS_UNREACHABLE,
     .text = "IAM Identity Center $/federation/credentials?role_name=a%20b&account_id=111 answered HTTP 401",
     .hint = "aws sso login"},
    {{SSO, OFF},
     .config = SSO_PROFILE SSO_SESSION,
     .status = STATUS_USAGE,
     .text = "open ~/.aws/sso/cache/",
     .hint = "aws sso login"},
    {{SSO, OFF}, .config = SSO_PROFILE, .status = STATUS_USAGE, .text = "names the sso_session 'my', which is not in"},
    {{SSO, OFF},
     .config = "[profile s]\nsso_start_url = https://x.test/start\nsso_role_name = r\n",
     .status = STATUS_USAGE,
     .text = "lacks one of sso_start_url, sso_region, sso_account_id and sso_role_name"},
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
	if (c->sso != NULL)
		scratch_put(&fixture.dir, SSO_TOKEN_FILE, c->sso, strlen(c->sso), 0600);
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

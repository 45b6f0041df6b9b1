/* Where requests for credentials go: through which proxy, and to which address. */
#include <stdio.h>
#include <string.h>

#include "net/aws/credential_source.h"
#include "search_fixture.h"
#include "support/cmocka.h"

#define OFF "AWS_EC2_METADATA_DISABLED=true"
#define ROLE "AWS_ROLE_ARN=arn:r", "AWS_WEB_IDENTITY_TOKEN_FILE=~/token"
#define STS_XML                                                                                                        \
	"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AK"             \
	"</AccessKeyId><SecretAccessKey>sesame</SecretAccessKey><SessionToken>TOK</SessionToken>"                      \
	"<Expiration>2013-05-24T06:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"                \
	"</AssumeRoleWithWebIdentityResponse>"
#define NOBODY "http://127.0.0.1:1"

/* The server is the proxy. */
static void goes_through_the_proxy_of_the_store(void **state)
{
	(void)state;
	static const char *const variables[SEARCH_VARIABLES_MAX] = {ROLE, "AWS_ENDPOINT_URL_STS=https://sts.test:8443",
								    "no_proxy=", OFF};
	static const struct fault_answer refusal = {.status = "407 Proxy Authentication Required"};
	struct search_fixture fixture;
	search_fixture_open(&fixture, FAULT_TLS, &refusal, 1);
	scratch_put(&fixture.dir, "token", "a", 1, 0644);
	fixture.search.proxy = fault_server_url(fixture.server);
	assert_int_equal(search_fixture_find(&fixture, variables), STATUS_UNREACHABLE);
	assert_non_null(strstr(fixture.err.text, "the proxy's certificate is not trusted"));
	assert_non_null(strstr(fixture.err.hint, "s3-proxy-ca-file"));
	fixture.search.proxy_ca_file = fault_server_ca_file(fixture.server);
	assert_int_equal(search_fixture_find(&fixture, variables), STATUS_UNREACHABLE);
	assert_non_null(strstr(fixture.err.text, "the proxy answered HTTP 407"));
	assert_int_equal(fault_server_count(fixture.server), 1);
	assert_memory_equal(fault_server_head(fixture.server, 0), "CONNECT sts.test:8443 HTTP/1.1\r\n", 32);
	search_fixture_close(&fixture);
}

/* A proxy's own loopback and link are not this machine's. */
static void goes_past_the_proxy_on_this_machine(void **state)
{
	(void)state;
	static const struct {
		const char *variables[SEARCH_VARIABLES_MAX];
		const char *body;
	} cases[] = {
	    {{ROLE, "AWS_ENDPOINT_URL_STS=$", "no_proxy=", OFF}, STS_XML},
	    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=$/creds", "no_proxy=", OFF},
	     "{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"sesame\", \"Token\": \"TOK\"}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct fault_answer answer = {.body = cases[i].body};
		struct search_fixture fixture;
		search_fixture_open(&fixture, FAULT_PLAIN, &answer, 1);
		scratch_put(&fixture.dir, "token", "a", 1, 0644);
		fixture.search.proxy = NOBODY;
		enum status st = search_fixture_find(&fixture, cases[i].variables);
		assert_ok(st, fixture.err);
		assert_string_equal(fixture.found.access_key.data, "AK");
		search_fixture_close(&fixture);
	}
}

static void finds_the_service_of_each_partition(void **state)
{
	(void)state;
	static const struct {
		const char *region, *sts;
	} cases[] = {
	    {"eu-west-1", "https://sts.eu-west-1.amazonaws.com/"},
	    {"us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/"},
	    {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"},
	    {"eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu/"},
	    {"us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov/"},
	    {"us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov/"},
	    {"us-isof-south-1", "https://sts.us-isof-south-1.csp.hci.ic.gov/"},
	    {"eu-isoe-west-1", "https://sts.eu-isoe-west-1.cloud.adc-e.uk/"},
	};
	static const char *const environment[] = {NULL};
	const struct credential_search search = {.environment = environment};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct aws_service sts = {.what = "STS",
						.variable = "AWS_ENDPOINT_URL_STS",
						.host = "sts",
						.region = cases[i].region,
						.region_name = "s3-region"};
		char url[AWS_ENDPOINT_MAX];
		struct error err = {0};
		enum status st = credential_endpoint(&search, &sts, url, &err);
		assert_ok(st, err);
		assert_string_equal(url, cases[i].sts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(goes_through_the_proxy_of_the_store),
	    cmocka_unit_test(goes_past_the_proxy_on_this_machine),
	    cmocka_unit_test(finds_the_service_of_each_partition),
	};
	return cmocka_run_group_tests_name("net/aws/credential_exchange", tests, NULL, NULL);
}

/* The region of AWS's profile stands in for the default, and for nothing else. */
#include <stdio.h>
#include <string.h>

#include "command/options/aws_region.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct error err;

static void takes_the_region_of_the_profile(void **state)
{
	(void)state;
	static const struct {
		const char *config, *credentials; /* the files; NULL: there is none */
		const char *variables[3];
		const char *region, *source;
	} cases[] = {
	    {"[default]\nregion = eu-north-1\n",
	     NULL,
	     {"WALSHIP_REPO=s3://bucket/x"},
	     "eu-north-1",
	     "AWS's profile 'default'"},
	    {"[default]\nregion = eu-north-1\n[profile b]\nregion=sa-east-1\n",
	     NULL,
	     {"WALSHIP_REPO=s3://bucket/x", "AWS_PROFILE=b"},
	     "sa-east-1",
	     "AWS's profile 'b'"},
	    {NULL,
	     "[default]\nregion = eu-north-1\n",
	     {"WALSHIP_REPO=s3://bucket/x"},
	     "eu-north-1",
	     "AWS's profile 'default'"},
	    {"[default]\nregion = eu-north-1\n",
	     NULL,
	     {"WALSHIP_REPO=s3://bucket/x", "AWS_REGION=us-east-1"},
	     "us-east-1",
	     "AWS_REGION"},
	    {"[default]\nregion = eu-north-1\n",
	     NULL,
	     {"WALSHIP_REPO=s3://bucket/x", "WALSHIP_S3_REGION=us-east-2"},
	     "us-east-2",
	     "WALSHIP_S3_REGION"},
	    {"[default]\nregion = eu-north-1\n", NULL, {"WALSHIP_REPO=file:///x"}, "ca-central-1", "default"},
	    {"[default]\n", NULL, {"WALSHIP_REPO=s3://bucket/x", "AWS_PROFILE=none"}, "ca-central-1", "default"},
	    {NULL, NULL, {"WALSHIP_REPO=s3://bucket/x"}, "ca-central-1", "default"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scratch dir;
		char home[256];
		struct config *config = NULL;
		scratch_init(&dir);
		if (cases[i].config != NULL)
			scratch_put(&dir, ".aws/config", cases[i].config, strlen(cases[i].config), 0644);
		if (cases[i].credentials != NULL)
			scratch_put(&dir, ".aws/credentials", cases[i].credentials, strlen(cases[i].credentials), 0600);
		(void)snprintf(home, sizeof home, "HOME=%s", dir.path);
		const char *environment[] = {home, cases[i].variables[0], cases[i].variables[1], NULL};
		const struct config_input input = {.environment = environment, .without_file = true};
		enum status st = config_load(&config, &input, &err);
		assert_ok(st, err);
		st = aws_region_complete(config, environment, &err);
		assert_ok(st, err);
		assert_string_equal(config_text(config, OPTION_ID_S3_REGION), cases[i].region);
		assert_string_equal(config_source(config, OPTION_ID_S3_REGION), cases[i].source);
		config_free(config);
		scratch_fini(&dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(takes_the_region_of_the_profile)};
	return cmocka_run_group_tests_name("command/options/aws_region", tests, NULL, NULL);
}

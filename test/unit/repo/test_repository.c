/* From a walship.conf to a store and keys: what may be missing, and how that is said. */
#include <string.h>

#include "base/cleanup.h"
#include "command/options/settings.h"
#include "repo/repository.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/world.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static struct scratch dir;
static struct world world;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	world_init(&world);
	scratch_put(&dir, "key", KEY, sizeof KEY - 1, 0600);
	scratch_put(&dir, "open", KEY, sizeof KEY - 1, 0644);
	scratch_put(&dir, "short", "0001\n", 5, 0600);
	scratch_put(&dir, "sse", "01234567890123456789012345678901", 32, 0600);
	scratch_put(&dir, "secret", "sesame\n", 7, 0600);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	world_fini(&world);
	scratch_fini(&dir);
	return 0;
}

/* Each '@' of the text becomes the directory's path. */
static struct config *load(const char *text)
{
	struct buffer out = {0};
	struct config *config = NULL;
	for (; *text != '\0'; text++)
		assert_int_equal(*text == '@' ? buffer_printf(&out, &err, "%s", dir.path)
					      : buffer_append(&out, text, 1, &err),
				 STATUS_OK);
	enum status st = config_load_text(&config, buffer_text(&out), out.len, "test.conf", &err);
	assert_ok(st, err);
	buffer_fini(&out);
	return config;
}

static const char *const aws[] = {"AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=sesame", NULL};
static const char *const half[] = {"AWS_ACCESS_KEY_ID=AKIA", NULL};
static const char *const path[] = {"PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true", NULL};
static const char *const none[] = {"AWS_EC2_METADATA_DISABLED=true", NULL};

static const struct {
	const char *conf;
	const char *const *environment;
	enum status expected;
	const char *text, *hint;
} cases[] = {
    {"repo = file://@\ncipher-key-file = @/key\n", none, STATUS_OK, "", ""},
    {"repo = file://@\ncipher = none\n", none, STATUS_OK, "", ""},
    {"repo = file://@\ncipher = none\ncipher-key-file = @/key\n", none, STATUS_OK, "", ""},
    {"repo = file://@\n", none, STATUS_USAGE, "neither cipher-key-file nor cipher-key-command is configured",
     "walship keygen"},
    {"repo = ftp://x\n", none, STATUS_USAGE, "repo 'ftp://x' is not a supported URL", "s3://bucket/prefix"},
    {"cipher-key-file = @/none\n", none, STATUS_USAGE, "No such file or directory", "walship keygen"},
    {"cipher-key-file = none\n", none, STATUS_USAGE, "cipher-key-file 'none' is not an absolute path",
     "write an absolute path"},
    {"cipher-key-file = @/key\ncipher-key-file = ./key\n", none, STATUS_USAGE,
     "cipher-key-file './key' is not an absolute path", "write an absolute path"},
    {"cipher-key-file = '@/key'\n", none, STATUS_USAGE, "No such file or directory", "without quotes"},
    {"repo = s3://bucket/x\ncipher = none\ns3-key-file = key\n", aws, STATUS_USAGE,
     "s3-key-file 'key' is not an absolute path", "write an absolute path"},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-file = secret\n", none, STATUS_USAGE,
     "s3-key-secret-file 'secret' is not an absolute path", "write an absolute path"},
    {"repo = s3://bucket/x\ncipher = none\ns3-sse-customer-key-file = sse\n", aws, STATUS_USAGE,
     "s3-sse-customer-key-file 'sse' is not an absolute path", "write an absolute path"},
    {"repo = file:///\ncipher = none\n", none, STATUS_USAGE, "repo 'file:///' names the root directory",
     "file:///directory"},
    {"cipher-key-file = @/open\n", none, STATUS_USAGE, "is readable by other users (mode 0644)", "chmod 600"},
    {"cipher-key-file = @/short\n", none, STATUS_USAGE, "not a key: 5 bytes", "walship keygen"},
    {"cipher-key-file = @/key\ncipher-key-file = @/key\n", none, STATUS_USAGE,
     "contains a key that is already configured", ""},
    {"repo = s3://bucket/x\ncipher = none\n", none, STATUS_USAGE, "no credentials for S3", "AWS_ACCESS_KEY_ID"},
    /* Nobody is asked for credentials before the options are right. */
    {"repo = s3://bucket/x\ncipher = none\ns3-storage-class = GLACIER\n", none, STATUS_USAGE,
     "GLACIER has no immediate read access", "GLACIER_IR"},
    {"repo = s3://bucket/x\ncipher = none\ns3-proxy = h:3128\n", none, STATUS_USAGE, "s3-proxy 'h:3128' has no scheme",
     "or none"},
    {"repo = s3://bucket/x\ncipher = none\n", half, STATUS_USAGE, "AWS_SECRET_ACCESS_KEY", ""},
    {"repo = s3://bucket/x\ncipher = none\n", aws, STATUS_OK, "", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\n", aws, STATUS_USAGE,
     "s3-key is configured, but not s3-key-secret", "s3-key-secret-file"},
    {"repo = s3://bucket/x\ncipher = none\ns3-key-secret-file = @/secret\n", aws, STATUS_USAGE,
     "s3-key-secret is configured, but not s3-key", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-file = @/secret\n", none, STATUS_OK, "", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-file = @/open\n", none, STATUS_USAGE,
     "s3-key-secret-file: ", "chmod 600"},
    {"repo = s3://bucket/x\ncipher = none\ns3-key-file = @/open\n", aws, STATUS_USAGE,
     "s3-key-file: ", "secret-files = any"},
    {"repo = s3://bucket/x\ncipher = none\ns3-key-file = @/none\n", aws, STATUS_USAGE, "s3-key-file: ", ""},
    /* Nor before the files are. */
    {"repo = s3://bucket/x\ncipher = none\ns3-tls-cert-file = @/open\ns3-tls-key-file = @/open\n", none, STATUS_USAGE,
     "s3-tls-key-file: ", "chmod 600"},
    {"repo = s3://bucket/x\ncipher = none\ns3-tls-cert-file = @/open\n", none, STATUS_USAGE,
     "s3-tls-cert-file: ", "chmod 600"},
    {"repo = s3://bucket/x\ncipher = none\ns3-tls-cert-file = @/open\ns3-tls-key-file = @/secret\n", aws, STATUS_OK, "",
     ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-sse-customer-key-file = @/open\n", none, STATUS_USAGE,
     "s3-sse-customer-key-file: ", "chmod 600"},
    {"repo = s3://bucket/x\ncipher = none\ns3-sse-customer-key-file = @/secret\n", aws, STATUS_USAGE,
     "does not hold a key of 32 bytes", "openssl rand"},
    {"repo = s3://bucket/x\ncipher = none\ns3-sse-customer-key-file = @/sse\n", aws, STATUS_OK, "", ""},
    /* From commands. */
    {"repo = file://@\ncipher-key-command = cat @/key\n", path, STATUS_OK, "", ""},
    {"repo = file://@\ncipher-key-command = cat @/open\n", path, STATUS_OK, "", ""},
    {"repo = file://@\ncipher-key-command = cat @/short\n", path, STATUS_USAGE,
     "cipher-key-command: output of the command: not a key: 5 bytes", "walship keygen"},
    {"repo = file://@\ncipher-key-command = cat @/key\ncipher-key-file = @/key\n", path, STATUS_USAGE,
     "contains a key that is already configured", ""},
    {"repo = file://@\ncipher-key-command = true\n", path, STATUS_USAGE,
     "cipher-key-command: the command printed nothing", "on standard output"},
    {"repo = file://@\ncipher-key-command = sh -c 'echo sealed >&2; exit 3'\n", path, STATUS_UNREACHABLE,
     "cipher-key-command sh: exited with code 3: 'sealed'", "try it by hand"},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-command = cat @/secret\n", path, STATUS_OK, "",
     ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-command = false\n", path, STATUS_UNREACHABLE,
     "s3-key-secret-command false: exited with code 1", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-command = cat @/secret\n"
     "s3-key-secret-file = @/secret\n",
     path, STATUS_USAGE, "s3-key-secret-file and s3-key-secret-command are both set (test.conf:5, test.conf:4)", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key-secret-command = cat @/secret\n", path, STATUS_USAGE,
     "s3-key-secret is configured, but not s3-key", ""},
    /* Files of a container. */
    {"repo = file://@\ncipher-key-file = @/open\n", none, STATUS_USAGE, "is readable by other users",
     "secret-files = any"},
    {"repo = file://@\ncipher-key-file = @/open\nsecret-files = any\n", none, STATUS_OK, "", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-key = AKIA\ns3-key-secret-file = @/open\nsecret-files = any\n", none,
     STATUS_OK, "", ""},
    {"repo = s3://bucket/x\ncipher = none\ns3-endpoint = nonsense\n", aws, STATUS_USAGE, "nonsense", ""},
};

static void opens_or_says_what_is_missing(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(config_freep) struct config *config = load(cases[i].conf);
		struct command_context context = {
		    .config = config, .call = &world.call, .environment = cases[i].environment};
		struct repository repo = {0};
		err = (struct error){0};
		struct repository_settings settings;
		enum status st = settings_repository(&settings, &context, &err);
		if (!st)
			st = repository_open(&repo, &settings, &world.call, &err);
		if (st != cases[i].expected)
			fail_msg("case %zu: status %d: %s", i, (int)st, err.text);
		assert_int_equal(repo.store != NULL, st == STATUS_OK);
		if (strstr(err.text, cases[i].text) == NULL || strstr(err.hint, cases[i].hint) == NULL)
			fail_msg("case %zu: %s; hint: %s", i, err.text, err.hint);
		assert_null(strstr(err.text, "sesame"));
		repository_fini(&repo);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(opens_or_says_what_is_missing)};
	return cmocka_run_group_tests_name("repo/repository", tests, setup, teardown);
}

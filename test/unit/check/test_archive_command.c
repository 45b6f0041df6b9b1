#include "command/options/archive_target.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct scratch dir;
static struct error err;

static int setup(void **unused)
{
	(void)unused;
	static const char same[] = "repo = s3://bucket/pre\ns3-endpoint = https://store.test\n";
	static const char other[] = "repo = s3://bucket/other\ns3-endpoint = https://store.test\n";
	static const char elsewhere[] = "repo = s3://bucket/pre\n";
	static const char frankfurt[] = "repo = s3://bucket/pre\ns3-region = eu-central-1\n";
	static const char damaged[] = "reop = x\n";
	scratch_init(&dir);
	scratch_put(&dir, "same", same, strlen(same), 0600);
	scratch_put(&dir, "other", other, strlen(other), 0600);
	scratch_put(&dir, "elsewhere", elsewhere, strlen(elsewhere), 0600);
	scratch_put(&dir, "frankfurt", frankfurt, strlen(frankfurt), 0600);
	scratch_put(&dir, "damaged", damaged, strlen(damaged), 0600);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_fini(&dir);
	return 0;
}

static const struct {
	const char *text;
	enum archive_command_kind kind;
	const char *problem; /* a part of the problem */
} words[] = {
    {"walship push %p", ARCHIVE_COMMAND_WALSHIP, NULL},
    {"/usr/bin/walship -v push \"%p\"", ARCHIVE_COMMAND_WALSHIP, NULL},
    {"nice -n 19 walship push %p", ARCHIVE_COMMAND_WALSHIP, NULL},
    {"walship --compress-level 3 push %p --push-timeout=10min", ARCHIVE_COMMAND_WALSHIP, NULL},
    {"walship push /srv/data/%p", ARCHIVE_COMMAND_WALSHIP, NULL},
    {"walship push %p -- ", ARCHIVE_COMMAND_WALSHIP, NULL},
    {"", ARCHIVE_COMMAND_FOREIGN, NULL},
    {"cp %p /mnt/%f", ARCHIVE_COMMAND_FOREIGN, NULL},
    {"pgbackrest --stanza=x archive-push %p", ARCHIVE_COMMAND_FOREIGN, NULL},
    {"test -f /x || walship push %p", ARCHIVE_COMMAND_SHELL, NULL},
    {"walship push %p || true", ARCHIVE_COMMAND_WRONG, "reports success even"},
    {"walship push \"%p\" ||  :\n", ARCHIVE_COMMAND_WRONG, "reports success even"},
    {"walship push %p; exit 0", ARCHIVE_COMMAND_WRONG, "reports success even"},
    {"walship push %p;", ARCHIVE_COMMAND_SHELL, NULL},
    {"walship push %p || exit 1", ARCHIVE_COMMAND_SHELL, NULL},
    {"walship push %p && true", ARCHIVE_COMMAND_SHELL, NULL},
    {"walship push %p > /dev/null", ARCHIVE_COMMAND_SHELL, NULL},
    {"true # walship push %p", ARCHIVE_COMMAND_SHELL, NULL},
    {"/usr/local/bin/walship-archive %p", ARCHIVE_COMMAND_SHELL, NULL},
    {"cp %p /mnt/walship/%f", ARCHIVE_COMMAND_SHELL, NULL},
    {"walship push '%p", ARCHIVE_COMMAND_SHELL, NULL},
    {"walship fetch %f %p", ARCHIVE_COMMAND_WRONG, "walship push"},
    {"walship", ARCHIVE_COMMAND_WRONG, "walship push"},
    {"walship push", ARCHIVE_COMMAND_WRONG, "%p"},
    {"walship push %f", ARCHIVE_COMMAND_WRONG, "%p"},
    {"walship push %p %f", ARCHIVE_COMMAND_WRONG, "more than"},
    {"walship --config push %p", ARCHIVE_COMMAND_WRONG, "walship push"},
};

static void classifies_commands(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct archive_command command;
		archive_command_read(&command, words[i].text);
		if (command.kind != words[i].kind ||
		    (words[i].problem != NULL && strstr(command.problem, words[i].problem) == NULL))
			fail_msg("'%s' is %d: %s", words[i].text, (int)command.kind,
				 command.problem == NULL ? "" : command.problem);
	}
}

static void an_overlong_line_is_shell(void **unused)
{
	(void)unused;
	static char text[8192] = "walship push %p";
	struct archive_command command;
	for (size_t i = strlen(text); i < sizeof text - 1; i++)
		text[i] = i % 2 == 0 ? ' ' : 'x';
	archive_command_read(&command, text);
	assert_int_equal(command.kind, ARCHIVE_COMMAND_SHELL);
	text[200] = '\0';
	archive_command_read(&command, text);
	assert_int_equal(command.kind, ARCHIVE_COMMAND_SHELL);
}

/* '@' becomes the directory. */
struct comparison {
	const char *text;
	enum status status;
	const char *says;
};

static const struct comparison repositories[] = {
    {"walship --config @/same push %p", STATUS_OK, ""},
    {"walship --config=@/same push %p", STATUS_OK, ""},
    {"walship push %p --config '@/same'", STATUS_OK, ""},
    {"WALSHIP_CONFIG=@/same walship push %p", STATUS_OK, ""},
    {"env WALSHIP_CONFIG=@/other walship --config @/same push %p", STATUS_OK, ""},
    {"walship --config @/other push %p", STATUS_CONFLICT,
     "archives to s3://bucket/other at https://store.test, but this configuration names s3://bucket/pre at "
     "https://store.test"},
    {"walship --config @/other --repo s3://bucket/pre/ push %p", STATUS_OK, ""},
    {"walship --config @/same --repo file:///srv push %p", STATUS_CONFLICT, "archives to file:///srv"},
    {"WALSHIP_REPO=file:///srv walship --config @/same push %p", STATUS_CONFLICT, "archives to file:///srv"},
    /* The same bucket name in another store. */
    {"walship --config @/elsewhere push %p", STATUS_CONFLICT,
     "archives to s3://bucket/pre, but this configuration names s3://bucket/pre at https://store.test"},
    /* With an endpoint the region matters for signatures only. */
    {"walship --config @/same --s3-region us-east-1 push %p", STATUS_OK, ""},
    {"walship --config @/absent push %p", STATUS_LOCAL, "cannot be read"},
    {"walship --config @/damaged push %p", STATUS_LOCAL, "unknown name 'reop'"},
    /* The server's environment may have what the words lack. */
    {"walship push %p", STATUS_LOCAL, "by its words alone archive_command archives to file:///var/lib/walship"},
    {"nice walship push %p", STATUS_LOCAL, "by its words alone"},
    {"walship --config @/same --no-such-option 1 push %p", STATUS_LOCAL, "unknown option"},
};

/* In AWS's S3, with the configuration "elsewhere". */
static const struct comparison regions[] = {
    {"walship --config @/elsewhere push %p", STATUS_OK, ""},
    {"walship --config @/elsewhere --s3-region ca-central-1 push %p", STATUS_OK, ""},
    {"walship --config @/elsewhere --s3-region us-gov-west-1 push %p", STATUS_CONFLICT,
     "archives to s3://bucket/pre in us-gov-west-1, but this configuration names s3://bucket/pre in ca-central-1"},
    {"WALSHIP_S3_REGION=cn-north-1 walship --config @/elsewhere push %p", STATUS_CONFLICT,
     "archives to s3://bucket/pre in cn-north-1, but"},
    {"walship --config @/same push %p", STATUS_CONFLICT,
     "archives to s3://bucket/pre at https://store.test, but this configuration names s3://bucket/pre in "
     "ca-central-1"},
};

/* The configuration names a region, the command does not: the server's environment may set AWS_REGION. */
static const struct comparison silent[] = {
    {"walship --config @/elsewhere push %p", STATUS_OK, ""},
    {"walship --config @/frankfurt push %p", STATUS_OK, ""},
    {"walship --config @/elsewhere --s3-region eu-west-1 push %p", STATUS_CONFLICT,
     "in eu-west-1, but this configuration names s3://bucket/pre in eu-central-1"},
};

static void compare(const char *file, const struct comparison *cases, size_t count)
{
	CLEANUP(config_freep) struct config *config = NULL;
	const struct config_input input = {.path = scratch_path(&dir, file)};
	enum status st = config_load(&config, &input, &err);
	assert_ok(st, err);
	for (size_t i = 0; i < count; i++) {
		struct archive_command command;
		char text[256];
		const char *at = strchr(cases[i].text, '@');
		int before = at == NULL ? (int)strlen(cases[i].text) : (int)(at - cases[i].text);
		(void)snprintf(text, sizeof text, "%.*s%s%s", before, cases[i].text, at == NULL ? "" : dir.path,
			       at == NULL ? "" : at + 1);
		const char *second = strchr(text, '@');
		char whole[512];
		(void)snprintf(whole, sizeof whole, "%.*s%s%s",
			       second == NULL ? (int)strlen(text) : (int)(second - text), text,
			       second == NULL ? "" : dir.path, second == NULL ? "" : second + 1);
		archive_command_read(&command, whole);
		assert_int_equal(command.kind, ARCHIVE_COMMAND_WALSHIP);
		err = (struct error){0};
		st = archive_target_compare(&command, config, &err);
		if (st != cases[i].status || strstr(err.text, cases[i].says) == NULL)
			fail_msg("'%s': %d, %s", whole, (int)st, err.text);
	}
}

static void compares_repositories(void **unused)
{
	(void)unused;
	compare("same", repositories, sizeof repositories / sizeof repositories[0]);
	compare("elsewhere", regions, sizeof regions / sizeof regions[0]);
	compare("frankfurt", silent, sizeof silent / sizeof silent[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(classifies_commands),
	    cmocka_unit_test(an_overlong_line_is_shell),
	    cmocka_unit_test_setup_teardown(compares_repositories, setup, teardown),
	};
	return cmocka_run_group_tests_name("check/archive_command", tests, NULL, NULL);
}

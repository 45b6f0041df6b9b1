/* Five sources, and which of them wins. '@' in the tables is the directory of the test. */
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/config.h"
#include "repo/secret_source.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define EACH 4

static struct scratch dir;
static struct error err;

struct input {
	const char *environment[EACH];
	const char *file; /* NULL: none */
	unsigned mode;    /* of the file; 0: 0600 */
	struct config_pair options[EACH];
};

static int setup(void **unused)
{
	(void)unused;
	scratch_init(&dir);
	scratch_put(&dir, "secret", "sesame\n", 7, 0600);
	scratch_put(&dir, "open", "sesame\n", 7, 0644);
	scratch_put(&dir, "common", "sesame\n", 7, 0666);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_fini(&dir);
	return 0;
}

static void expand(struct buffer *out, const char *text)
{
	buffer_clear(out);
	for (; *text != '\0'; text++)
		assert_ok(*text == '@' ? buffer_printf(out, &err, "%s", dir.path) : buffer_append(out, text, 1, &err),
			  err);
}

static enum status load(struct config **out, const struct input *input)
{
	struct buffer environment[EACH] = {0};
	const char *strings[EACH + 1] = {NULL};
	struct buffer file = {0};
	struct config_input in = {.options = input->options, .environment = strings};
	for (size_t i = 0; i < EACH && input->environment[i] != NULL; i++) {
		expand(&environment[i], input->environment[i]);
		strings[i] = buffer_text(&environment[i]);
	}
	expand(&file, input->file == NULL ? "" : input->file);
	scratch_put(&dir, "w.conf", file.data, file.len, input->mode == 0 ? 0600 : input->mode);
	in.path = scratch_path(&dir, "w.conf");
	while (in.option_count < EACH && input->options[in.option_count].name != NULL)
		in.option_count++;
	err = (struct error){0};
	enum status st = config_load(out, &in, &err);
	for (size_t i = 0; i < EACH; i++)
		buffer_fini(&environment[i]);
	buffer_fini(&file);
	return st;
}

static const struct {
	struct input input;
	enum option_id id;
	const char *items[EACH]; /* joined by the test */
	const char *source;
} taken[] = {
    {{.file = NULL}, OPTION_ID_S3_REGION, {"ca-central-1"}, "default"},
    {{.file = NULL}, OPTION_ID_S3_KEY, {NULL}, "unset"},
    {{.environment = {"AWS_REGION=aws"}}, OPTION_ID_S3_REGION, {"aws"}, "AWS_REGION"},
    {{.environment = {"AWS_CA_BUNDLE=/ca.pem"}}, OPTION_ID_S3_CA_FILE, {"/ca.pem"}, "AWS_CA_BUNDLE"},
    {{.environment = {"AWS_DEFAULT_REGION=two", "AWS_REGION=one"}}, OPTION_ID_S3_REGION, {"one"}, "AWS_REGION"},
    {{.environment = {"AWS_DEFAULT_REGION=two", "AWS_REGION="}}, OPTION_ID_S3_REGION, {"two"}, "AWS_DEFAULT_REGION"},
    {{.environment = {"AWS_REGION=aws"}, .file = "\ns3-region = file\n"}, OPTION_ID_S3_REGION, {"file"}, "@/w.conf:2"},
    {{.environment = {"AWS_REGION=aws", "WALSHIP_S3_REGION=own"}, .file = "s3-region = file\n"},
     OPTION_ID_S3_REGION,
     {"own"},
     "WALSHIP_S3_REGION"},
    {{.environment = {"AWS_REGION=aws", "WALSHIP_S3_REGION=own"},
      .file = "s3-region = file\n",
      .options = {{"s3-region", "argv"}}},
     OPTION_ID_S3_REGION,
     {"argv"},
     "--s3-region"},
    {{.options = {{"s3-region", "one"}, {"s3-region", "two"}}}, OPTION_ID_S3_REGION, {"two"}, "--s3-region"},
    {{.options = {{"cipher-key-file", "a"}, {"cipher-key-file", "b:c"}}},
     OPTION_ID_CIPHER_KEY_FILE,
     {"a", "b:c"},
     "--cipher-key-file"},
    {{.file = "cipher-key-file = a\ncipher-key-file = b:c\n"}, OPTION_ID_CIPHER_KEY_FILE, {"a", "b:c"}, "@/w.conf:2"},
    {{.environment = {"WALSHIP_CIPHER_KEY_FILE=c:d:e"}, .file = "cipher-key-file = a\ncipher-key-file = b\n"},
     OPTION_ID_CIPHER_KEY_FILE,
     {"c", "d", "e"},
     "WALSHIP_CIPHER_KEY_FILE"},
    {{.environment = {"WALSHIP_CIPHER_KEY_FILE=c:d"},
      .file = "cipher-key-file = a\n",
      .options = {{"cipher-key-file", "x"}}},
     OPTION_ID_CIPHER_KEY_FILE,
     {"x"},
     "--cipher-key-file"},
    {{.environment = {"PATH=/bin", "WALSHIPPED=1", "WALSHIP_CONFIG=/none"}}, OPTION_ID_PG_DATA, {NULL}, "unset"},
    {{.environment = {"WALSHIP_SERVICE_HOST=10.0.0.1", "WALSHIP_PORT=tcp://10.0.0.1:80",
		      "WALSHIP_PORT_80_TCP_PROTO=tcp"}},
     OPTION_ID_PG_DATA,
     {NULL},
     "unset"},
    {{.file = "notify-command = page '# 1' #now\n"}, OPTION_ID_NOTIFY_COMMAND, {"page '# 1' #now"}, "@/w.conf:1"},
    {{.file = "cipher-key-command = sh -c 'x #y'\n"}, OPTION_ID_CIPHER_KEY_COMMAND, {"sh -c 'x #y'"}, "@/w.conf:1"},
    {{.file = "s3-tags = a=b #c\n"}, OPTION_ID_S3_TAGS, {"a=b #c"}, "@/w.conf:1"},
    {{.file = "repo = file:///a#b\n"}, OPTION_ID_REPO, {"file:///a#b"}, "@/w.conf:1"},
    {{.environment = {"WALSHIP_REPO=file:///a #b"}}, OPTION_ID_REPO, {"file:///a #b"}, "WALSHIP_REPO"},
    {{.environment = {"WALSHIP_REPO"}}, OPTION_ID_REPO, {"file:///var/lib/walship"}, "default"},
    {{.file = "[walship]\nrepo = s3://b/c ; note"}, OPTION_ID_REPO, {"s3://b/c"}, "@/w.conf:2"},
    {{.file = "s3-key = a\n", .mode = 0644}, OPTION_ID_S3_KEY, {"a"}, "@/w.conf:1"},
};

static void the_strongest_source_wins(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		CLEANUP(config_freep) struct config *config = NULL;
		struct buffer source = {0};
		size_t count = 0;
		assert_ok(load(&config, &taken[i].input), err);
		for (; count < EACH && taken[i].items[count] != NULL; count++)
			assert_string_equal(config_list_item(config, taken[i].id, count), taken[i].items[count]);
		assert_int_equal(config_list_count(config, taken[i].id), count);
		assert_null(config_list_item(config, taken[i].id, count));
		if (count > 0)
			assert_string_equal(config_text(config, taken[i].id), taken[i].items[0]);
		expand(&source, taken[i].source);
		assert_string_equal(config_source(config, taken[i].id), buffer_text(&source));
		buffer_fini(&source);
	}
}

static const struct {
	struct input input;
	const char *text, *hint;
} refused[] = {
    {{.file = "repo = a\nrepo = b\n"}, "@/w.conf:2: repo: is already set at @/w.conf:1", "remove one of the two"},
    {{.file = "\nrep = a\n"}, "@/w.conf:2: unknown name 'rep'", "did you mean repo?"},
    {{.file = "compress-level = x\n"}, "@/w.conf:1: compress-level: 'x' is not a whole number", "digits only, 1..9"},
    {{.file = "repo = file:///a # main\n"},
     "@/w.conf:1: repo: '#' begins a comment only at the start of a line",
     "put the comment on its own line, or begin it with ';'"},
    {{.file = "cipher-key-file = /k\t#1\n"},
     "@/w.conf:1: cipher-key-file: '#' begins a comment only at the start of a line",
     "put the comment on its own line, or begin it with ';'"},
    {{.file = "push-timeout = 5s #\n"},
     "@/w.conf:1: push-timeout: '#' begins a comment only at the start of a line",
     "put the comment on its own line, or begin it with ';'"},
    {{.file = "compress = none # fast\n"},
     "@/w.conf:1: compress: '#' begins a comment only at the start of a line",
     "put the comment on its own line, or begin it with ';'"},
    {{.file = "repo =\n"}, "@/w.conf:1: repo: has no value", ""},
    {{.file = "s3-key-secret = sesame\n", .mode = 0644},
     "@/w.conf:1: s3-key-secret in a file that other users can read",
     "chmod 600 @/w.conf, or use s3-key-secret-file"},
    {{.environment = {"WALSHIP_REPOS=a"}},
     "unknown environment variable 'WALSHIP_REPOS'",
     "did you mean WALSHIP_REPO?"},
    {{.environment = {"WALSHIP_=a"}}, "unknown environment variable 'WALSHIP_'", "see walship help"},
    {{.environment = {"WALSHIP_FROBNICATE=a"}},
     "unknown environment variable 'WALSHIP_FROBNICATE'",
     "see walship help"},
    {{.file = "frobnicate = a\n"}, "@/w.conf:1: unknown name 'frobnicate'", "see walship help"},
    {{.options = {{"frobnicate", "a"}}}, "unknown option '--frobnicate'", "see walship help"},
    {{.environment = {"WALSHIP_repo=a"}}, "unknown environment variable 'WALSHIP_repo'", "did you mean WALSHIP_REPO?"},
    {{.environment = {"WALSHIP_S3_KEY_SECRETS=sesame"}},
     "unknown environment variable 'WALSHIP_S3_KEY_SECRETS'",
     "did you mean WALSHIP_S3_KEY_SECRET?"},
    {{.environment = {"WALSHIP_REPO=a", "WALSHIP_REPO=b"}},
     "WALSHIP_REPO: is already set at WALSHIP_REPO",
     "remove one of the two"},
    {{.environment = {"WALSHIP_REPO="}}, "WALSHIP_REPO: has no value", ""},
    {{.environment = {"WALSHIP_CIPHER=no"}}, "WALSHIP_CIPHER: 'no' is not a valid value", "one of aes-256-cbc|none"},
    {{.environment = {"WALSHIP_CIPHER_KEY_FILE=a::b"}},
     "WALSHIP_CIPHER_KEY_FILE: contains an empty item",
     "':' separates the items"},
    {{.environment = {"WALSHIP_CIPHER_KEY_FILE=a:"}},
     "WALSHIP_CIPHER_KEY_FILE: contains an empty item",
     "':' separates the items"},
    {{.options = {{"reppo", "a"}}}, "unknown option '--reppo'", "did you mean --repo?"},
    {{.options = {{"push-timeout", "1"}}},
     "--push-timeout: '1' is not a time",
     "write a whole number and a unit, without a space: ms, s, min, h or d; for example 60s"},
    {{.options = {{"s3-key-secret", "sesame"}}},
     "--s3-key-secret: other users can see the command line",
     "put the secret into a file and use --s3-key-secret-file"},
    /* What a stronger source replaces must be right all the same. */
    {{.file = "compress = zip\n", .options = {{"compress", "none"}}},
     "@/w.conf:1: compress: 'zip' is not a valid value",
     "one of gzip|zstd|lz4|none"},
};

static void errors_name_source_and_remedy(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct config *config = NULL;
		struct buffer text = {0};
		struct error got;
		assert_int_equal(load(&config, &refused[i].input), STATUS_USAGE);
		assert_null(config);
		got = err;
		expand(&text, refused[i].text);
		assert_string_equal(got.text, buffer_text(&text));
		expand(&text, refused[i].hint);
		assert_string_equal(got.hint, buffer_text(&text));
		assert_null(strstr(got.text, "sesame"));
		buffer_fini(&text);
	}
}

static const struct {
	struct input input;
	enum status expected;
	const char *value; /* NULL: none */
	const char *text;
} secrets[] = {
    {{.file = NULL}, STATUS_OK, NULL, ""},
    {{.file = "s3-key-secret = one\n"}, STATUS_OK, "one", ""},
    {{.file = "s3-key-secret-file = @/secret\n"}, STATUS_OK, "sesame", ""},
    {{.environment = {"WALSHIP_S3_KEY_SECRET=two"}, .file = "s3-key-secret-file = @/secret\n"}, STATUS_OK, "two", ""},
    {{.environment = {"WALSHIP_S3_KEY_SECRET_FILE=@/secret"}, .file = "s3-key-secret = one\n"},
     STATUS_OK,
     "sesame",
     ""},
    {{.file = "s3-key-secret = one\ns3-key-secret-file = @/secret\n"},
     STATUS_USAGE,
     NULL,
     "s3-key-secret and s3-key-secret-file are both set (@/w.conf:1, @/w.conf:2)"},
    {{.file = "s3-key-secret-file = @/open\n"},
     STATUS_USAGE,
     NULL,
     "s3-key-secret-file: @/open is readable by other users (mode 0644)"},
    {{.file = "s3-key-secret-file = @/none\n"},
     STATUS_USAGE,
     NULL,
     "s3-key-secret-file: open @/none: No such file or directory"},
    {{.file = "s3-key-secret-file = @/open\nsecret-files = any\n"}, STATUS_OK, "sesame", ""},
    {{.file = "s3-key-secret-file = @/common\nsecret-files = any\n"},
     STATUS_USAGE,
     NULL,
     "s3-key-secret-file: @/common is writable by other users (mode 0666)"},
};

static enum status read_secret(const struct config *config, struct secret *out)
{
	static const enum option_id ids[] = {OPTION_ID_S3_KEY_SECRET, OPTION_ID_S3_KEY_SECRET_FILE, OPTION_COUNT};
	const struct secret_reader reader = {.files = config_secret_files(config)};
	struct secret_source source;
	enum status st = config_secret(config, ids, &source, &err);
	return st ? st : secret_source_read(&source, &reader, NULL, out, &err);
}

static void secrets_come_from_either(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		CLEANUP(config_freep) struct config *config = NULL;
		struct secret secret = {0};
		struct buffer text = {0};
		assert_ok(load(&config, &secrets[i].input), err);
		assert_int_equal(read_secret(config, &secret), secrets[i].expected);
		struct error got = err;
		expand(&text, secrets[i].text);
		assert_string_equal(got.text, buffer_text(&text));
		if (secrets[i].value == NULL)
			assert_null(secret.data);
		else
			assert_string_equal(secret.data, secrets[i].value);
		secret_fini(&secret);
		buffer_fini(&text);
	}
}

#define SECRET "s3-key-secret = one\n"
#define SECRET_FILE "s3-key-secret-file = @/secret\n"
#define SECRET_COMMAND "s3-key-secret-command = get\n"
#define ID "s3-key = AKIA\n"
#define ID_FILE "s3-key-file = @/id\n"

/* All pairs and places of options that exclude each other. */
static const struct {
	struct input input;
	const char *strongest; /* of the secret, or else of the id; NULL: it is refused */
	const char *text;
} exclusive[] = {
    {{.file = NULL}, "", ""},
    {{.file = SECRET SECRET_FILE}, NULL, "s3-key-secret and s3-key-secret-file are both set (@/w.conf:1, @/w.conf:2)"},
    {{.file = SECRET_COMMAND SECRET},
     NULL,
     "s3-key-secret and s3-key-secret-command are both set (@/w.conf:2, @/w.conf:1)"},
    {{.file = SECRET_FILE SECRET_COMMAND},
     NULL,
     "s3-key-secret-file and s3-key-secret-command are both set (@/w.conf:1, @/w.conf:2)"},
    {{.environment = {"WALSHIP_S3_KEY_SECRET=a", "WALSHIP_S3_KEY_SECRET_COMMAND=b"}},
     NULL,
     "s3-key-secret and s3-key-secret-command are both set (WALSHIP_S3_KEY_SECRET, WALSHIP_S3_KEY_SECRET_COMMAND)"},
    {{.options = {{"s3-key-secret-file", "a"}, {"s3-key-secret-command", "b"}}},
     NULL,
     "s3-key-secret-file and s3-key-secret-command are both set (--s3-key-secret-file, --s3-key-secret-command)"},
    {{.file = ID ID_FILE}, NULL, "s3-key and s3-key-file are both set (@/w.conf:1, @/w.conf:2)"},
    {{.options = {{"s3-key", "a"}, {"s3-key-file", "b"}}},
     NULL,
     "s3-key and s3-key-file are both set (--s3-key, --s3-key-file)"},
    /* In two places: the stronger one, whichever option it has. */
    {{.file = SECRET, .environment = {"WALSHIP_S3_KEY_SECRET_COMMAND=b"}}, "s3-key-secret-command", ""},
    {{.file = SECRET_COMMAND, .environment = {"WALSHIP_S3_KEY_SECRET=b"}}, "s3-key-secret", ""},
    {{.file = SECRET_FILE, .options = {{"s3-key-secret-command", "b"}}}, "s3-key-secret-command", ""},
    {{.file = SECRET_COMMAND, .environment = {"WALSHIP_S3_KEY_SECRET_FILE=b"}}, "s3-key-secret-file", ""},
    {{.file = ID, .environment = {"WALSHIP_S3_KEY_FILE=b"}}, "s3-key-file", ""},
    {{.file = ID_FILE, .options = {{"s3-key", "b"}}}, "s3-key", ""},
    /* Two that are equally weak do not count beside a stronger one. */
    {{.file = SECRET SECRET_FILE, .environment = {"WALSHIP_S3_KEY_SECRET_COMMAND=b"}}, "s3-key-secret-command", ""},
    {{.file = SECRET SECRET_COMMAND, .environment = {"WALSHIP_S3_KEY_SECRET_FILE=b"}}, "s3-key-secret-file", ""},
    {{.file = SECRET_FILE SECRET_COMMAND, .environment = {"WALSHIP_S3_KEY_SECRET=b"}}, "s3-key-secret", ""},
    {{.file = SECRET, .environment = {"WALSHIP_S3_KEY_SECRET_FILE=a", "WALSHIP_S3_KEY_SECRET_COMMAND=b"}},
     NULL,
     "s3-key-secret-file and s3-key-secret-command are both set (WALSHIP_S3_KEY_SECRET_FILE, "
     "WALSHIP_S3_KEY_SECRET_COMMAND)"},
};

static enum status find_strongest(const struct config *config, enum option_id *out)
{
	static const enum option_id secret[] = {OPTION_ID_S3_KEY_SECRET, OPTION_ID_S3_KEY_SECRET_FILE,
						OPTION_ID_S3_KEY_SECRET_COMMAND};
	static const enum option_id id[] = {OPTION_ID_S3_KEY, OPTION_ID_S3_KEY_FILE};
	enum status st = config_strongest(config, secret, 3, out, &err);
	return st || *out != OPTION_COUNT ? st : config_strongest(config, id, 2, out, &err);
}

static void of_options_that_exclude_each_other_the_strongest_counts(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof exclusive / sizeof exclusive[0]; i++) {
		CLEANUP(config_freep) struct config *config = NULL;
		struct buffer text = {0};
		enum option_id strongest;
		assert_ok(load(&config, &exclusive[i].input), err);
		err = (struct error){0};
		enum status st = find_strongest(config, &strongest);
		struct error got = err;
		expand(&text, exclusive[i].text);
		assert_string_equal(got.text, buffer_text(&text));
		assert_string_equal(got.hint, exclusive[i].strongest == NULL ? "remove one of the two" : "");
		assert_int_equal(st, exclusive[i].strongest == NULL ? STATUS_USAGE : STATUS_OK);
		if (!st)
			assert_string_equal(strongest == OPTION_COUNT ? "" : option_table[strongest].name,
					    exclusive[i].strongest);
		buffer_fini(&text);
	}
}

static const struct {
	struct input input;
	const char *expected; /* value, kind, source */
} keys[] = {
    {{.file = NULL}, ""},
    {{.file = "cipher-key-file = a\ncipher-key-command = b c\ncipher-key-file = d\n"},
     "a file @/w.conf:1\nb c command @/w.conf:2\nd file @/w.conf:3\n"},
    {{.file = "cipher-key-command = x:y\n\ncipher-key-command = z\ncipher-key-file = a\n"},
     "x:y command @/w.conf:1\nz command @/w.conf:3\na file @/w.conf:4\n"},
    {{.options = {{"cipher-key-command", "c"}, {"cipher-key-file", "f"}}, .file = "cipher-key-file = a\n"},
     "c command --cipher-key-command\nf file --cipher-key-file\n"},
    /* The stronger source has all of them. */
    {{.environment = {"WALSHIP_CIPHER_KEY_COMMAND=get http://x:1"}, .file = "cipher-key-file = a\n"},
     "get http://x:1 command WALSHIP_CIPHER_KEY_COMMAND\n"},
    {{.environment = {"WALSHIP_CIPHER_KEY_FILE=f:g"}, .file = "cipher-key-command = a\n"},
     "f file WALSHIP_CIPHER_KEY_FILE\ng file WALSHIP_CIPHER_KEY_FILE\n"},
    {{.options = {{"cipher-key-file", "f"}}, .environment = {"WALSHIP_CIPHER_KEY_COMMAND=c"}},
     "f file --cipher-key-file\n"},
    {{.options = {{"cipher-key-command", "c"}}, .file = "cipher-key-command = b\ncipher-key-file = a\n"},
     "c command --cipher-key-command\n"},
    /* An environment has no order. */
    {{.environment = {"WALSHIP_CIPHER_KEY_COMMAND=c", "WALSHIP_CIPHER_KEY_FILE=f"}},
     "f file WALSHIP_CIPHER_KEY_FILE\nc command WALSHIP_CIPHER_KEY_COMMAND\n"},
};

static void keys_are_in_the_order_of_their_lines(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		CLEANUP(config_freep) struct config *config = NULL;
		struct buffer expected = {0}, got = {0};
		assert_ok(load(&config, &keys[i].input), err);
		for (size_t k = 0; k < config_key_count(config); k++) {
			struct config_key key = config_key(config, k);
			assert_ok(buffer_printf(&got, &err, "%s %s %s\n", key.value,
						key.id == OPTION_ID_CIPHER_KEY_FILE ? "file" : "command", key.source),
				  err);
		}
		expand(&expected, keys[i].expected);
		assert_string_equal(buffer_text(&got), buffer_text(&expected));
		buffer_fini(&got);
		buffer_fini(&expected);
	}
}

static void a_named_file_must_be_there(void **unused)
{
	(void)unused;
	struct config *config = NULL;
	char variable[128];
	char expected[200];
	(void)snprintf(variable, sizeof variable, "WALSHIP_CONFIG=%s/none", dir.path);
	(void)snprintf(expected, sizeof expected, "configuration file %s/none: No such file or directory", dir.path);
	const char *environment[] = {variable, NULL};
	struct config_input by_variable = {.environment = environment};
	struct config_input by_option = {.path = scratch_path(&dir, "none")};
	struct config_input by_nothing = {0};
	assert_int_equal(config_load(&config, &by_variable, &err), STATUS_USAGE);
	assert_string_equal(err.text, expected);
	assert_int_equal(config_load(&config, &by_option, &err), STATUS_USAGE);
	assert_string_equal(err.text, expected);
	assert_ok(config_load(&config, &by_nothing, &err), err);
	assert_int_equal(config_number(config, OPTION_ID_PUSH_TIMEOUT), 60000);
	config_free(config);
	config_free(NULL);
}

static void loads_text(void **unused)
{
	(void)unused;
	static const char text[] = "s3-key-secret = one\ns3-part-size = 5MiB\n";
	CLEANUP(config_freep) struct config *config = NULL;
	assert_ok(config_load_text(&config, text, sizeof text - 1, "t.conf", &err), err);
	assert_int_equal(config_number(config, OPTION_ID_S3_PART_SIZE), 5242880);
	assert_string_equal(config_source(config, OPTION_ID_S3_PART_SIZE), "t.conf:2");
	struct config *none = NULL;
	assert_int_equal(config_load_text(&none, "x = 1\n", 6, "t.conf", &err), STATUS_USAGE);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_strongest_source_wins),
	    cmocka_unit_test(errors_name_source_and_remedy),
	    cmocka_unit_test(secrets_come_from_either),
	    cmocka_unit_test(keys_are_in_the_order_of_their_lines),
	    cmocka_unit_test(a_named_file_must_be_there),
	    cmocka_unit_test(loads_text),
	    cmocka_unit_test(of_options_that_exclude_each_other_the_strongest_counts),
	};
	return cmocka_run_group_tests_name("config/config", tests, setup, teardown);
}

/* Counts the headers of a repository. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "format/frame.h"
#include "format/keyring.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/world.h"
#include "text/hex.h"

#define KEY_OF(digit) digit digit digit digit digit digit digit digit
#define KEY(digit) KEY_OF(digit digit digit digit digit digit digit digit) "\n"

static const char *const keys[] = {KEY("1"), KEY("2"), KEY("3")};
static struct scratch dir;
static struct world world;
static struct error err;
static struct keyring ring;
static char ids[3][2 * KEY_ID_BYTES + 1];

static int setup(void **unused)
{
	(void)unused;
	static const char *const names[] = {"key1", "key2", "key3"};
	scratch_init(&dir);
	world_init(&world);
	world.call.clock = &system_clock; /* the fake clock does not work with threads */
	world.call.deadline_ms = clock_monotonic_ms(&system_clock) + 60000;
	ring = (struct keyring){0};
	for (size_t i = 0; i < 3; i++) {
		struct secret content = {0};
		scratch_put(&dir, names[i], keys[i], strlen(keys[i]), 0600);
		assert_ok(secret_set(&content, keys[i], strlen(keys[i]), &err), err);
		assert_ok(keyring_add(&ring, &content, &err), err);
		secret_fini(&content);
		hex_encode(ids[i], ring.keys[i].id, KEY_ID_BYTES);
	}
	assert_int_equal(mkdir(scratch_path(&dir, "repo"), 0700), 0);
	err = (struct error){0};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	world_fini(&world);
	scratch_fini(&dir);
	return 0;
}

/* Stores an object with a valid header only. key: an index, -1 for none. */
static void put(const char *name, int key, size_t bytes, int64_t modified_s)
{
	char path[160];
	uint8_t object[1024] = {'W', 'A', 'L', 'S', 'H', 'I', 'P', 2, 1, key >= 0};
	if (key >= 0)
		memcpy(object + 16, ring.keys[key].id, KEY_ID_BYTES);
	(void)snprintf(path, sizeof path, "repo/%s", name);
	scratch_put(&dir, path, object, bytes, 0600);
	const struct timespec times[] = {{.tv_sec = modified_s}, {.tv_sec = modified_s}};
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&dir, path), times, 0), 0);
}

/* '@' becomes the directory; "%A", "%B" and "%C" become the keys' ids. */
static void expand(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '@')
			assert_ok(buffer_printf(out, &err, "%s", dir.path), err);
		else if (*text == '%')
			assert_ok(buffer_printf(out, &err, "%s", ids[*++text - 'A']), err);
		else
			assert_ok(buffer_append(out, text, 1, &err), err);
	}
}

static enum status list(const char *conf, const char *prefix, bool json, struct buffer *out)
{
	static const char *const flags[] = {"json", NULL};
	const char *operands[] = {prefix, NULL};
	struct buffer text = {0};
	struct config *config = NULL;
	char piece[4096];
	FILE *file = tmpfile();
	assert_non_null(file);
	expand(&text, conf);
	assert_ok(config_load_text(&config, buffer_text(&text), text.len, "test.conf", &err), err);
	struct command_context context = {
	    .config = config,
	    .call = &world.call,
	    .operands = operands,
	    .flags = json ? flags : NULL,
	    .console = {.call = &world.call, .out_fd = fileno(file)},
	};
	err = (struct error){0};
	enum status st = command_key_list(&context, &err);
	struct error ignored;
	rewind(file);
	for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
		assert_int_equal(buffer_append(out, piece, got, &ignored), STATUS_OK);
	(void)fclose(file);
	config_free(config);
	buffer_fini(&text);
	return st;
}

static void check(const char *conf, const char *prefix, bool json, enum status expected, const char *text,
		  const char *error)
{
	struct buffer out = {0}, whole = {0};
	enum status st = list(conf, prefix, json, &out);
	struct error got = err;
	expand(&whole, text);
	assert_string_equal(buffer_text(&out), buffer_text(&whole));
	assert_string_equal(got.text, error);
	assert_int_equal(st, expected);
	buffer_fini(&out);
	buffer_fini(&whole);
}

#define NOTHING "\"first\":null,\"last\":null,\"oldest_time\":null,\"newest_time\":null"
#define CONF "repo = file://@/repo\ncipher-key-file = @/key1\ncipher-key-file = @/key2\n"

static void counts_for_each_key(void **unused)
{
	(void)unused;
	put("42/wal/00000001.history", 0, 100, 1000000000);
	put("42/wal/00000002.history", 0, 200, 900000000);
	put("42/wal/0000000100000000/000000010000000000000001", 0, 300, 1100000000);
	put("421/wal/00000001.history", 1, 100, 1000000000);
	check(CONF, NULL, false, STATUS_OK,
	      "key %A  encrypts; cipher-key-file @/key1\n    3 objects, 600 bytes\n"
	      "    first  42/wal/00000001.history\n    last   42/wal/00000002.history\n"
	      "    from   1998-07-09T16:00:00Z to 2004-11-09T11:33:20Z\n"
	      "key %B  cipher-key-file @/key2\n    1 object, 100 bytes\n"
	      "    first  421/wal/00000001.history\n    last   421/wal/00000001.history\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n",
	      "");
	/* Only this cluster's objects, not those of a cluster whose identifier begins with the same digits. */
	check(CONF, "42", false, STATUS_OK,
	      "key %A  encrypts; cipher-key-file @/key1\n    3 objects, 600 bytes\n"
	      "    first  42/wal/00000001.history\n    last   42/wal/00000002.history\n"
	      "    from   1998-07-09T16:00:00Z to 2004-11-09T11:33:20Z\n"
	      "key %B  cipher-key-file @/key2\n    no object of these needs it\n",
	      "");
	check(
	    CONF, "42/wal/00000001.", true, STATUS_OK,
	    "{\"kind\":\"key\",\"key_id\":\"%A\",\"configured\":true,\"encrypts\":true,\"option\":\"cipher-key-file\","
	    "\"value\":\"@/key1\",\"objects\":1,\"bytes\":100,\"first\":\"42/wal/00000001.history\","
	    "\"last\":\"42/wal/00000001.history\",\"oldest_time\":\"2001-09-09T01:46:40Z\","
	    "\"newest_time\":\"2001-09-09T01:46:40Z\"}\n"
	    "{\"kind\":\"key\",\"key_id\":\"%B\",\"configured\":true,\"encrypts\":false,\"option\":\"cipher-key-file\","
	    "\"value\":\"@/key2\",\"objects\":0,\"bytes\":0," NOTHING "}\n",
	    "");
}

static void reports_unreadable_objects(void **unused)
{
	(void)unused;
	put("42/wal/00000001.history", 0, 100, 1000000000);
	put("42/wal/00000002.history", 2, 100, 1000000000);
	put("42/wal/00000003.history", -1, 100, 1000000000);
	put("42/wal/00000004.history", 0, 99, 1000000000);
	put("walship-check-x", 0, 100, 1000000000);
	/* No system identifier has more than 64 bits, and no timeline is 0. */
	put("18446744073709551616/wal/00000001.history", 0, 100, 1000000000);
	put("042/wal/00000001.history", 0, 100, 1000000000);
	put("42/wal/00000000.history", 0, 100, 1000000000);
	check(CONF, NULL, false, STATUS_DAMAGED,
	      "damaged  42/wal/00000004.history  cut off: 99 bytes, without a tag\n"
	      "key %A  encrypts; cipher-key-file @/key1\n    1 object, 100 bytes\n"
	      "    first  42/wal/00000001.history\n    last   42/wal/00000001.history\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n"
	      "key %B  cipher-key-file @/key2\n    no object needs it\n"
	      "key %C  is not configured\n    1 object, 100 bytes\n"
	      "    first  42/wal/00000002.history\n    last   42/wal/00000002.history\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n"
	      "not encrypted\n    1 object, 100 bytes\n"
	      "    first  42/wal/00000003.history\n    last   42/wal/00000003.history\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n"
	      "damaged headers, listed above\n    1 object, 99 bytes\n"
	      "    first  42/wal/00000004.history\n    last   42/wal/00000004.history\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n"
	      "other names, not walship's\n    4 objects, 400 bytes\n"
	      "    first  042/wal/00000001.history\n    last   walship-check-x\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n",
	      "key list: 1 object needs a key that is not configured");
	check(
	    CONF, "42/wal/00000004", true, STATUS_DAMAGED,
	    "{\"kind\":\"damaged\",\"object\":\"42/wal/"
	    "00000004.history\",\"bytes\":99,\"stored_time\":\"2001-09-09T01:46:40Z\","
	    "\"error\":\"cut off: 99 bytes, without a tag\"}\n"
	    "{\"kind\":\"key\",\"key_id\":\"%A\",\"configured\":true,\"encrypts\":true,\"option\":\"cipher-key-file\","
	    "\"value\":\"@/key1\",\"objects\":0,\"bytes\":0," NOTHING "}\n"
	    "{\"kind\":\"key\",\"key_id\":\"%B\",\"configured\":true,\"encrypts\":false,\"option\":\"cipher-key-file\","
	    "\"value\":\"@/key2\",\"objects\":0,\"bytes\":0," NOTHING "}\n"
	    "{\"kind\":\"damaged_total\",\"objects\":1,\"bytes\":99,\"first\":\"42/wal/00000004.history\","
	    "\"last\":\"42/wal/00000004.history\",\"oldest_time\":\"2001-09-09T01:46:40Z\","
	    "\"newest_time\":\"2001-09-09T01:46:40Z\"}\n",
	    "key list: damaged headers: 1");
	check("repo = file://@/repo\ncipher = none\n", "42/wal/00000003", false, STATUS_OK,
	      "not encrypted\n    1 object, 100 bytes\n"
	      "    first  42/wal/00000003.history\n    last   42/wal/00000003.history\n"
	      "    from   2001-09-09T01:46:40Z to 2001-09-09T01:46:40Z\n",
	      "");
}

/* More objects than the queue holds, and more keys than there is room for. */
static void counts_many(void **unused)
{
	(void)unused;
	char name[64];
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof name, "42/wal/%08X.history", i + 1);
		ring.keys[2].id[0] = (uint8_t)(i % 200);
		put(name, i < 600 ? (int)(i % 2) : 2, 100, 1000000000);
	}
	struct buffer out = {0};
	assert_int_equal(list(CONF, NULL, true, &out), STATUS_DAMAGED);
	assert_string_equal(
	    err.text, "key list: 400 objects need a key that is not configured, and not all of these keys are shown");
	size_t lines = 0;
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	assert_int_equal(lines, 128);
	assert_non_null(strstr(buffer_text(&out), "\"objects\":300,\"bytes\":30000"));
	buffer_fini(&out);
}

static void an_outage_ends_the_list(void **unused)
{
	(void)unused;
	struct buffer out = {0};
	put("42/wal/00000001.history", 0, 100, 1000000000);
	world.call.deadline_ms = clock_monotonic_ms(&system_clock);
	assert_int_equal(list(CONF, NULL, false, &out), STATUS_UNREACHABLE);
	assert_int_equal(out.len, 0);
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(counts_for_each_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(reports_unreadable_objects, setup, teardown),
	    cmocka_unit_test_setup_teardown(counts_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_outage_ends_the_list, setup, teardown),
	};
	return cmocka_run_group_tests_name("keys/key_list", tests, NULL, NULL);
}

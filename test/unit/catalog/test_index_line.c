#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "catalog/index_line.h"
#include "support/cmocka.h"

static struct error err;

static enum status parse(struct index_line *out, const char *text)
{
	static char line[8192];
	(void)snprintf(line, sizeof line, "%s", text);
	return index_parse(out, line, &err);
}

/* Written, read, and written again: the same text. */
static void assert_same_again(const char *text)
{
	struct buffer out = {0};
	struct index_line line;
	enum status st = parse(&line, text);
	if (st)
		fail_msg("%s: %s", text, err.text);
	assert_ok(line.kind == INDEX_LINE_ENTRY ? index_put_entry(&out, &line.entry, &err)
						: index_put_run(&out, &line.run, &err),
		  err);
	assert_int_equal(out.data[out.len - 1], '\n');
	out.data[out.len - 1] = '\0';
	assert_string_equal((const char *)out.data, text);
	buffer_fini(&out);
}

static void reads_what_it_writes(void **unused)
{
	(void)unused;
	static const char *const lines[] = {
	    "d\t700\tbase",
	    "d\t750\tpg_tblspc/16400\t/srv/space",
	    "f\t600\t8192\t1764398530123456789\t-1\t77\tbase/5/16384_vm.1",
	    "f\t0\t0\t0\t0\t0\ta b\\011c\\134d",
	    "f\t7777\t9223372036854775807\t-9223372036854775807\t9223372036854775807\t18446744073709551615\tx",
	    "f\t600\t1\t2\t3\t4\tpostgresql.conf\t../conf\\012/postgresql.conf",
	    "r\t0\t131072\t0\t1\t64\t36\t0\t0",
	    "r\t9223372036854775807\t1\t4294967295\t4294967295\t9223372036854775807\t1049636\t4294967295\t1048575",
	    "z\t0\t1",
	    "f\t600\t1\t2\t3\t4\t\xff\xfe",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_same_again(lines[i]);
}

static void has_the_fields_in_their_places(void **unused)
{
	(void)unused;
	struct index_line line;
	assert_ok(parse(&line, "f\t640\t1\t2\t3\t4\ta\\011b\tc"), err);
	assert_int_equal(line.kind, INDEX_LINE_ENTRY);
	assert_false(line.entry.is_directory);
	assert_int_equal(line.entry.mode, 0640);
	assert_int_equal(line.entry.size, 1);
	assert_int_equal(line.entry.modified_ns, 2);
	assert_int_equal(line.entry.changed_ns, 3);
	assert_int_equal(line.entry.inode, 4);
	assert_string_equal(line.entry.path, "a\tb");
	assert_string_equal(line.entry.link, "c");
	assert_ok(parse(&line, "r\t1\t2\t3\t4\t65\t66\t7\t8"), err);
	assert_int_equal(line.kind, INDEX_LINE_RUN);
	const uint64_t found[] = {line.run.block,        line.run.count,       line.run.backup,       line.run.pack,
				  line.run.frame.offset, line.run.frame.bytes, line.run.frame.number, line.run.at};
	const uint64_t expected[] = {1, 2, 3, 4, 65, 66, 7, 8};
	assert_memory_equal(found, expected, sizeof found);
}

static void refuses_what_it_would_not_write(void **unused)
{
	(void)unused;
	static const char *const lines[] = {
	    "",
	    "x",
	    "d",
	    "d\t",
	    "d\t700",
	    "d\t700\t",
	    "d\t0700\tbase",
	    "d\t800\tbase",
	    "d\t17777\tbase",
	    "d\t-1\tbase",
	    "d\t700\tbase\t",
	    "d\t700\tbase\tlink\tmore",
	    "d\t700\tbase\t\\",
	    "D\t700\tbase",
	    "dd\t700\tbase",
	    /* paths that leave the data directory, or that have two spellings */
	    "d\t700\t/base",
	    "d\t700\t..",
	    "d\t700\t../x",
	    "d\t700\tx/..",
	    "d\t700\tx/../y",
	    "d\t700\t.",
	    "d\t700\t./x",
	    "d\t700\tx/.",
	    "d\t700\tx//y",
	    "d\t700\tx/",
	    "d\t700\tx\\000y",
	    "d\t700\tx\\057y",
	    "d\t700\t\\056\\056",
	    "d\t700\tx\\1",
	    "d\t700\tx\\01",
	    "d\t700\tx\\018",
	    "d\t700\tx\\777",
	    "d\t700\tx\\141",
	    "d\t700\tx\x17y",
	    "d\t700\tx\x7fy",
	    "d\t700\tx\tlink\x01",
	    "f\t600\t1\t2\t3\tx",
	    "f\t600\t-1\t2\t3\t4\tx",
	    "f\t600\t1\t-0\t3\t4\tx",
	    "f\t600\t01\t2\t3\t4\tx",
	    "f\t600\t9223372036854775808\t2\t3\t4\tx",
	    "f\t600\t1\t9223372036854775808\t3\t4\tx",
	    "f\t600\t1\t2\t3\t4",
	    "r\t0\t1\t0\t1\t64\t36\t0",
	    "r\t0\t1\t0\t1\t64\t36\t0\t0\t0",
	    "r\t0\t0\t0\t1\t64\t36\t0\t0",
	    "r\t0\t1\t0\t0\t64\t36\t0\t0",
	    "r\t0\t1\t0\t1\t63\t36\t0\t0",
	    "r\t0\t1\t0\t1\t64\t35\t0\t0",
	    "r\t0\t1\t0\t1\t64\t1049637\t0\t0",
	    "r\t0\t1\t0\t1\t64\t36\t0\t1048576",
	    "r\t0\t1\t0\t1\t64\t36\t0\t",
	    "z\t0\t0",
	    "z\t0",
	    "z\t0\t1\t",
	    "z\t 0\t1",
	    "z\t0\t1 ",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct index_line line;
		if (parse(&line, lines[i]) != STATUS_DAMAGED)
			fail_msg("accepted: %s", lines[i]);
	}
}

static void any_path_comes_back(void **unused)
{
	(void)unused;
	uint64_t seed = 0;
	assert_ok(random_fill(&system_random, &seed, sizeof seed, &err), err);
	print_message("# seed %" PRIu64 "\n", seed);
	srandom((unsigned)seed);
	for (int round = 0; round < 20000; round++) {
		char path[40] = "p", text[200];
		struct buffer out = {0};
		struct index_line line;
		size_t len = 1 + (size_t)random() % (sizeof path - 2);
		for (size_t i = 1; i < len; i++)
			path[i] = (char)(1 + random() % 255);
		for (size_t i = 0; i + 1 < len; i++) /* no empty, "." or ".." component */
			if (path[i] == '/')
				path[i + 1] = 'x';
		path[len - 1] = 'y';
		const struct index_entry entry = {
		    .is_directory = random() % 2, .mode = 0600, .path = path, .link = path};
		assert_ok(index_put_entry(&out, &entry, &err), err);
		assert_true(out.len < sizeof text);
		memcpy(text, out.data, out.len);
		text[out.len - 1] = '\0';
		assert_null(strchr(text, '\n'));
		assert_ok(index_parse(&line, text, &err), err);
		assert_string_equal(line.entry.path, path);
		assert_string_equal(line.entry.link, path);
		buffer_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_it_writes),
	    cmocka_unit_test(has_the_fields_in_their_places),
	    cmocka_unit_test(refuses_what_it_would_not_write),
	    cmocka_unit_test(any_path_comes_back),
	};
	return cmocka_run_group_tests_name("catalog/index_line", tests, NULL, NULL);
}

#include <string.h>

#include "support/cmocka.h"
#include "support/scratch.h"
#include "sys/note.h"

#define WHOLE "walship 1 test\none 1\ntext a b\nempty \nend\n"

static struct note note;
static struct error err;

static void is_written_and_read(void **unused)
{
	(void)unused;
	char text[16];
	uint64_t number;
	int64_t seconds;
	struct scratch dir;
	scratch_init(&dir);
	note_begin(&note, "test");
	note_put(&note, "number", "%d", 7);
	note_put(&note, "lines", "a\nend\nb");
	note_put_lines(&note, "more x y\nlast 9\n");
	assert_true(note_end(&note));
	assert_string_equal(note.text, "walship 1 test\nnumber 7\nlines a end b\nmore x y\nlast 9\nend\n");
	assert_int_equal(note.len, strlen(note.text));
	assert_ok(note_replace(&note, scratch_path(&dir, "note"), &err), err);
	assert_false(note_read(&note, "other", scratch_path(&dir, "note")));
	assert_false(note_read(&note, "test", scratch_path(&dir, "none")));
	assert_true(note_read(&note, "test", scratch_path(&dir, "note")));
	assert_true(note_text(&note, "lines", text, sizeof text));
	assert_string_equal(text, "a end b");
	assert_true(note_text(&note, "lines", text, 4));
	assert_string_equal(text, "a e");
	assert_true(note_number(&note, "number", 7, &number));
	assert_int_equal(number, 7);
	assert_true(note_number(&note, "last", 9, &number));
	assert_int_equal(number, 9);
	assert_false(note_number(&note, "number", 6, &number));
	assert_int_equal(number, 0);
	assert_false(note_number(&note, "lines", 9, &number));
	assert_true(note_seconds(&note, "number", &seconds));
	assert_int_equal(seconds, 7);
	assert_false(note_text(&note, "num", text, sizeof text));
	assert_false(note_text(&note, "walship", text, sizeof text));
	assert_int_equal(scratch_entries(&dir, ""), 1);
	scratch_fini(&dir);
}

static void without_an_end_there_is_none(void **unused)
{
	(void)unused;
	char text[sizeof WHOLE];
	assert_true(note_parse(&note, "test", WHOLE "\nrest of an older one\nend\n"));
	assert_string_equal(note.text, WHOLE);
	assert_true(note_text(&note, "empty", text, sizeof text));
	assert_string_equal(text, "");
	for (size_t len = 0; len < strlen(WHOLE); len++) {
		memcpy(text, WHOLE, len);
		text[len] = '\0';
		assert_false(note_parse(&note, "test", text));
		assert_false(note_text(&note, "one", text, sizeof text));
	}
	assert_false(note_parse(&note, "test", "walship 2 test\none 1\nend\n"));
}

static void has_a_bound(void **unused)
{
	(void)unused;
	char value[NOTE_MAX];
	memset(value, 'x', sizeof value - 1);
	for (size_t len = NOTE_MAX - 100; len < NOTE_MAX; len++) {
		struct note again;
		value[len] = '\0';
		note_begin(&note, "test");
		note_put(&note, "key", "%s", value);
		bool fits = len + strlen("walship 1 test\nkey \nend\n") < NOTE_MAX;
		assert_int_equal(note_end(&note), fits);
		assert_int_equal(note_parse(&again, "test", note.text), fits);
		value[len] = 'x';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_written_and_read),
	    cmocka_unit_test(without_an_end_there_is_none),
	    cmocka_unit_test(has_a_bound),
	};
	return cmocka_run_group_tests_name("sys/note", tests, NULL, NULL);
}

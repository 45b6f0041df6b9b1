#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "net/http/xml.h"
#include "support/cmocka.h"

static struct error err;

/* The elements as one string: path=text; */
static enum status note(void *arg, const char *path, const char *text, struct error *error)
{
	if (strcmp(text, "stop") == 0)
		return error_set(error, STATUS_CONFLICT, "told to stop");
	return buffer_printf(arg, error, "%s=%s;", path, text);
}

static enum status read_all(const char *xml, size_t len, size_t piece, struct buffer *out)
{
	struct xml_reader *reader = NULL;
	enum status st = xml_reader_new(&reader, note, out, &err);
	for (size_t done = 0; !st && done < len; done += piece)
		st = xml_reader_feed(reader, xml + done, len - done < piece ? len - done : piece, &err);
	if (!st)
		st = xml_reader_finish(reader, &err);
	xml_reader_free(reader);
	return st;
}

#define LAUGHS                                                                                                         \
	"<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>"

static void reads_what_is_well_formed(void **state)
{
	(void)state;
	static const struct {
		const char *name, *xml, *expected, *error;
		enum status status;
	} cases[] = {
	    {"elements", "<?xml version=\"1.0\"?><A x=\"1\"><B>1</B> <C><D>2</D></C></A>", "A/B=1;A/C/D=2;A/C=;A=;", "",
	     STATUS_OK},
	    {"entities", "<A><B>&lt;&amp;&#x41;&quot;</B></A>", "A/B=<&A\";A=;", "", STATUS_OK},
	    {"UTF-8 and CDATA", "<A><![CDATA[<x>]]>\xc3\xa9</A>", "A=<x>\xc3\xa9;", "", STATUS_OK},
	    {"blanks first", " \r\n\t<?xml version=\"1.0\"?><A/>", "A=;", "", STATUS_OK},
	    {"a name space", "<A xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><B/></A>", "A/B=;A=;", "",
	     STATUS_OK},
	    {"nothing", "", "", "malformed XML: no element found", STATUS_UNREACHABLE},
	    {"only blanks", "   ", "", "malformed XML", STATUS_UNREACHABLE},
	    {"cut", "<A><B>1</B>", "A/B=1;", "malformed XML", STATUS_UNREACHABLE},
	    {"a page of a proxy", "<html><p>x<br></html>", "", "malformed XML: mismatched tag", STATUS_UNREACHABLE},
	    {"no XML", "Service Unavailable", "", "malformed XML", STATUS_UNREACHABLE},
	    {"JSON", "{\"a\":1}", "", "malformed XML", STATUS_UNREACHABLE},
	    {"not UTF-8", "<A>\xff</A>", "", "malformed XML", STATUS_UNREACHABLE},
	    {"more behind it", "<A/><B/>", "A=;", "malformed XML: junk after document element", STATUS_UNREACHABLE},
	    {"a document type", "<!DOCTYPE html><html/>", "", "document type", STATUS_UNREACHABLE},
	    {"a billion laughs", LAUGHS "<A>&c;</A>", "", "document type", STATUS_UNREACHABLE},
	    {"the callback's no", "<A><B>stop</B><C>1</C></A>", "", "told to stop", STATUS_CONFLICT},
	};
	static const size_t pieces[] = {1, 7, 4096};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t j = 0; j < sizeof pieces / sizeof pieces[0]; j++) {
			struct buffer got = {0};
			err = (struct error){0};
			enum status st = read_all(cases[i].xml, strlen(cases[i].xml), pieces[j], &got);
			if (st != cases[i].status || strcmp(buffer_text(&got), cases[i].expected) != 0 ||
			    strstr(err.text, cases[i].error) == NULL)
				fail_msg("%s: status %d, '%s', error '%s'", cases[i].name, st, buffer_text(&got),
					 err.text);
			buffer_fini(&got);
		}
}

static void keeps_its_bounds(void **state)
{
	(void)state;
	static char xml[XML_REPLY_MAX + 1024];
	struct buffer got = {0};

	(void)strcpy(xml, "<A>");
	memset(xml + 3, 'x', XML_TEXT_MAX);
	(void)strcpy(xml + 3 + XML_TEXT_MAX, "</A>");
	enum status st = read_all(xml, strlen(xml), 4096, &got);
	assert_ok(st, err);
	assert_int_equal(got.len, XML_TEXT_MAX + 3);

	(void)strcpy(xml + 3 + XML_TEXT_MAX, "x</A>");
	assert_int_equal(read_all(xml, strlen(xml), 4096, &got), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "too long"));

	xml[0] = '\0';
	for (int i = 0; i < 200; i++)
		(void)strcpy(xml + (size_t)i * 3, "<a>");
	assert_int_equal(read_all(xml, 600, 4096, &got), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "too deep"));

	/* The same with an empty element, whose end is still reported. */
	(void)strcpy(xml + (size_t)128 * 3, "<a/>");
	assert_int_equal(read_all(xml, strlen(xml), 4096, &got), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "too deep"));

	memset(xml, ' ', sizeof xml);
	assert_int_equal(read_all(xml, sizeof xml, 65536, &got), STATUS_UNREACHABLE);
	assert_non_null(strstr(err.text, "longer than"));
	buffer_fini(&got);
	xml_reader_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_is_well_formed),
	    cmocka_unit_test(keeps_its_bounds),
	};
	return cmocka_run_group_tests_name("net/http/xml", tests, NULL, NULL);
}

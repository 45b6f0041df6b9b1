#include "report/html.h"

#include <string.h>

#include "base/cleanup.h"
#include "support/cmocka.h"

static struct error err;

static void no_text_becomes_markup(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *written;
	} cases[] = {
	    {"plain", "plain"},
	    {"", ""},
	    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
	    {"\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"},
	    {"a\nb\x01\x7f", "a b  "},
	    {"K\xc3\xb6ln \xe2\x82\xac", "K\xc3\xb6ln \xe2\x82\xac"},
	    {"K\xf6ln", "K?ln"},
	    {"cut \xe2\x82", "cut ??"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(buffer_fini) struct buffer out = {0};
		struct html html = {.out = &out};
		html_text(&html, cases[i].text);
		assert_int_equal(html_end(&html, &err), STATUS_OK);
		assert_string_equal(buffer_text(&out), cases[i].written);
	}
}

static void times_bytes_and_counts_are_for_people(void **unused)
{
	(void)unused;
	CLEANUP(buffer_fini) struct buffer out = {0};
	struct html html = {.out = &out};
	html_time(&html, 1795934530);
	html_add(&html, " ");
	html_time(&html, 0);
	html_add(&html, " ");
	html_bytes(&html, 1536 * 1024);
	html_add(&html, " ");
	html_count(&html, 1, "gap");
	html_add(&html, " ");
	html_count(&html, 2, "gap");
	assert_int_equal(html_end(&html, &err), STATUS_OK);
	assert_string_equal(buffer_text(&out),
			    "<time datetime=\"2026-11-29T06:42:10Z\">2026-11-29 06:42</time> unknown 1.5 MiB "
			    "1 gap 2 gaps");
}

static void the_first_failure_stays(void **unused)
{
	(void)unused;
	CLEANUP(buffer_fini) struct buffer out = {.max = 8};
	struct html html = {.out = &out};
	html_text(&html, "12345678");
	html_text(&html, "9");
	html_add(&html, "x");
	assert_int_equal(html_end(&html, &err), STATUS_LOCAL);
	assert_int_equal(out.len, 8);
	assert_int_not_equal(strlen(err.text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_text_becomes_markup),
	    cmocka_unit_test(times_bytes_and_counts_are_for_people),
	    cmocka_unit_test(the_first_failure_stays),
	};
	return cmocka_run_group_tests_name("report/html", tests, NULL, NULL);
}

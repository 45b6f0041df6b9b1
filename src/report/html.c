#include "report/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "console/measure.h"
#include "text/utf8.h"

#define MINUTE_LEN 16 /* 2026-11-29T06:42 */

static void append(struct html *html, const char *bytes, size_t len)
{
	if (html->status == STATUS_OK)
		html->status = buffer_append(html->out, bytes, len, &html->error);
}

void html_add(struct html *html, const char *format, ...)
{
	va_list args;
	if (html->status != STATUS_OK)
		return;
	va_start(args, format);
	html->status = buffer_vprintf(html->out, &html->error, format, args);
	va_end(args);
}

static const char *escape_of(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return (unsigned char)byte < ' ' || byte == 0x7f ? " " : NULL;
	}
}

void html_text(struct html *html, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		const char *escape = escape_of(*text);
		size_t len = utf8_length(text, left);
		if (escape != NULL)
			append(html, escape, strlen(escape));
		else
			append(html, len == 0 ? "?" : text, len == 0 ? 1 : len);
		text += len == 0 ? 1 : len;
		left -= len == 0 ? 1 : len;
	}
}

void html_bytes(struct html *html, uint64_t bytes)
{
	char size[MEASURE_MAX];
	measure_bytes(bytes, size);
	html_add(html, "%s", size);
}

void html_time(struct html *html, int64_t seconds)
{
	char time[UTC_TEXT_SIZE];
	utc_text(seconds, time);
	if (seconds == 0 || strlen(time) < MINUTE_LEN)
		html_add(html, "unknown");
	else
		html_add(html, "<time datetime=\"%s\">%.10s %.5s</time>", time, time, time + 11);
}

void html_count(struct html *html, uint64_t count, const char *noun)
{
	html_add(html, "%" PRIu64 " %s%s", count, noun, count == 1 ? "" : "s");
}

enum status html_end(const struct html *html, struct error *err)
{
	if (html->status)
		*err = html->error;
	return html->status;
}

/*
 * Writes HTML into a buffer. The first failure, for which only memory can be the reason, is kept: later calls do
 * nothing, and html_end returns it.
 */
#ifndef WALSHIP_REPORT_HTML_H
#define WALSHIP_REPORT_HTML_H

#include "base/buffer.h"

struct html {
	struct buffer *out; /* the caller's */
	enum status status;
	struct error error;
};

/* Appends markup, with numbers and texts that need no escape. */
void html_add(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a text of any origin, for content and for attributes in double quotes. Bytes that are not UTF-8 become '?'.
 */
void html_text(struct html *html, const char *text);

/* Appends bytes as people read them: "1.5 GiB". */
void html_bytes(struct html *html, uint64_t bytes);

/* Appends a time element: "2026-11-29 06:42" (UTC, as the page says at its top), or "unknown" for 0. */
void html_time(struct html *html, int64_t seconds);

/* "1 backup", "12 backups": noun is the singular, and takes an s. */
void html_count(struct html *html, uint64_t count, const char *noun);

/* The first failure, or STATUS_OK. */
enum status html_end(const struct html *html, struct error *err);

#endif

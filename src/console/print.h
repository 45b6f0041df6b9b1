/* What commands print on standard output. */
#ifndef WALSHIP_CONSOLE_PRINT_H
#define WALSHIP_CONSOLE_PRINT_H

#include <jansson.h>

#include "base/buffer.h"
#include "console/console.h"
#include "walship/error.h"

/*
 * Values of JSON, by the rules of doc/json.md: what is not known is null. NULL without memory, as jansson's own.
 */

/* A text of any encoding, as JSON can have it: what is not UTF-8 loses all but its ASCII. null for NULL and "". */
json_t *print_string(const char *text);

/* As text: not every reader keeps 64 bits. null for 0. */
json_t *print_system_id(uint64_t system_id);

/* UTC; null for 0. */
json_t *print_time(int64_t seconds);

json_t *print_integer_if(bool known, int64_t value);

/* A line of JSON at the end of out. Takes value over, NULL too: that is what jansson returns without memory
 * (STATUS_LOCAL). */
enum status print_line(struct buffer *out, json_t *value, struct error *err);

/* The same, on standard output. */
enum status print_json(const struct console *console, json_t *value, struct error *err);

/* All of the buffer, which stays the caller's and is empty afterwards. */
enum status print_text(const struct console *console, struct buffer *text, struct error *err);

#endif

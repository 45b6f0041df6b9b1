/* Standard output of commands, as text and JSON. */
#ifndef WALSHIP_CONSOLE_PRINT_H
#define WALSHIP_CONSOLE_PRINT_H

#include <jansson.h>

#include "base/buffer.h"
#include "console/console.h"
#include "walship/error.h"

/* JSON values by the rules of doc/json.md: unknown values are null. NULL when out of memory, as with jansson. */

/*
 * A text of any encoding. A text that is not UTF-8 keeps its ASCII, and has '?' for other bytes. null for NULL and "".
 */
json_t *print_string(const char *text);

/* As a string, because not every JSON reader keeps 64 bits. null for 0. */
json_t *print_system_id(uint64_t system_id);

/* UTC; null for 0. */
json_t *print_time(int64_t seconds);

/* UTC with six digits of a second; null for 0. */
json_t *print_time_us(int64_t microseconds);

json_t *print_integer_if(bool known, int64_t value);

/*
 * Appends value as a line of JSON to out, and takes value over. STATUS_LOCAL for NULL, which jansson returns when out
 * of memory.
 */
enum status print_line(struct buffer *out, json_t *value, struct error *err);

/* Prints value as a line of JSON on standard output, and takes value over. */
enum status print_json(const struct console *console, json_t *value, struct error *err);

/* Writes all of text to standard output and empties the buffer, which the caller keeps. */
enum status print_text(const struct console *console, struct buffer *text, struct error *err);

#endif

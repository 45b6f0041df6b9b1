/* What commands print on standard output. */
#ifndef WALSHIP_COMMAND_PRINT_H
#define WALSHIP_COMMAND_PRINT_H

#include <jansson.h>

#include "base/buffer.h"
#include "command/command.h"

/* A text of any encoding, as JSON can have it: what is not UTF-8 loses all but its ASCII. NULL without memory. */
json_t *print_string(const char *text);

/* One line of JSON. Takes value over, NULL too: that is what jansson returns without memory (STATUS_LOCAL). */
enum status print_json(const struct command_context *context, json_t *value, struct error *err);

/* All of the buffer, which stays the caller's and is empty afterwards. */
enum status print_text(const struct command_context *context, struct buffer *text, struct error *err);

#endif

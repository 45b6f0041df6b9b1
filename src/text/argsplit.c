#include "text/argsplit.h"

#include <string.h>

/* Copies one argument to *to. Returns the position after it, or NULL when a quote is not closed. */
static const char *copy_argument(const char *from, char **to)
{
	char quote = '\0';
	for (; *from != '\0' && (quote != '\0' || (*from != ' ' && *from != '\t')); from++) {
		if (quote == '\0' && (*from == '"' || *from == '\'')) {
			quote = *from;
			continue;
		}
		if (*from == quote) {
			quote = '\0';
			continue;
		}
		if (*from == '\\' && quote != '\'' && from[1] != '\0')
			from++;
		*(*to)++ = *from;
	}
	*(*to)++ = '\0';
	return quote == '\0' ? from : NULL;
}

enum status argsplit(struct argsplit *out, const char *line, const char *what, struct error *err)
{
	char *to = out->text;
	out->count = 0;
	out->argv[0] = NULL;
	if (strlen(line) >= ARGSPLIT_LINE_MAX)
		return error_set(err, STATUS_USAGE, "%s is longer than %d bytes", what, ARGSPLIT_LINE_MAX - 1);
	for (;;) {
		line += strspn(line, " \t");
		if (*line == '\0')
			break;
		if (out->count == ARGSPLIT_MAX)
			return error_set(err, STATUS_USAGE, "%s has more than %d arguments", what, ARGSPLIT_MAX);
		out->argv[out->count++] = to;
		line = copy_argument(line, &to);
		if (line == NULL)
			return error_set(err, STATUS_USAGE, "%s has an unclosed quote", what);
	}
	out->argv[out->count] = NULL;
	return out->count > 0 ? STATUS_OK : error_set(err, STATUS_USAGE, "%s is empty", what);
}

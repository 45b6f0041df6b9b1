#include "walship/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/remedy.h"
#include "text/sanitize.h"

__attribute__((format(printf, 2, 0))) static void set_text(struct error *err, const char *format, va_list args)
{
	(void)vsnprintf(err->text, sizeof err->text, format, args);
	/* An error is one line of PostgreSQL's log, even if a server or a file name contains control characters. */
	sanitize(err->text, strlen(err->text), '\0');
	err->hint[0] = '\0';
}

static void append(struct error *err, const char *text)
{
	size_t used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof err->text - used, "%s", text);
}

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	set_text(err, format, args);
	va_end(args);
	return status;
}

enum status error_errno(struct error *err, enum status status, int errno_value, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	set_text(err, format, args);
	va_end(args);
	append(err, ": ");
	append(err, strerror(errno_value)); /* safe in threads: musl, and glibc since 2.32 */
	if (remedy_of_errno(errno_value) != NULL)
		(void)snprintf(err->hint, sizeof err->hint, "%s", remedy_of_errno(errno_value));
	errno = errno_value;
	return status;
}

enum status error_wrap(struct error *err, enum status status, const char *format, ...)
{
	char inner[ERROR_TEXT_MAX];
	char hint[ERROR_HINT_MAX];
	va_list args;
	memcpy(inner, err->text, sizeof inner);
	memcpy(hint, err->hint, sizeof hint);
	va_start(args, format);
	set_text(err, format, args);
	va_end(args);
	append(err, ": ");
	append(err, inner);
	memcpy(err->hint, hint, sizeof hint);
	return status;
}

enum status error_hint(struct error *err, enum status status, const char *format, ...)
{
	if (err->hint[0] != '\0')
		return status;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->hint, sizeof err->hint, format, args);
	va_end(args);
	sanitize(err->hint, strlen(err->hint), '\0');
	return status;
}

#include "drill/server_log.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define LINE_BYTES 1024
#define WALSHIP "walship: "

static void chomp(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
}

/* lc_messages is C. A connection that comes too early is refused with FATAL too, but nobody connects before the end. */
static bool is_cause(const char *line)
{
	return strncmp(line, "FATAL:", 6) == 0 || strncmp(line, "PANIC:", 6) == 0;
}

static bool is_of_recovery(const char *line)
{
	return strstr(line, "redo starts at") != NULL || strstr(line, "starting archive recovery") != NULL ||
	       strstr(line, "starting point-in-time recovery") != NULL ||
	       strstr(line, "starting backup recovery") != NULL;
}

bool server_log_cause(char out[SERVER_LOG_CAUSE_MAX], const char *path)
{
	char line[LINE_BYTES], own[LINE_BYTES] = "", last[LINE_BYTES] = "";
	bool recovers = false, found = false;
	CLEANUP(file_closep) FILE *file = fopen(path, "re");
	while (!found && file != NULL && fgets(line, sizeof line, file) != NULL) {
		chomp(line);
		recovers |= is_of_recovery(line);
		found = is_cause(line);
		if (strncmp(line, WALSHIP, strlen(WALSHIP)) == 0)
			(void)strcpy(own, line);
		if (line[0] != '\0')
			(void)strcpy(last, line);
	}
	(void)snprintf(out, SERVER_LOG_CAUSE_MAX, "%.320s%s%.320s", own, own[0] == '\0' ? "" : "; ",
		       last[0] == '\0' ? "its log is empty" : last);
	return recovers;
}

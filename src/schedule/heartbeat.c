#include "schedule/heartbeat.h"

#include <stdio.h>
#include <string.h>

#include "net/http/http.h"

#define TIMEOUT_MS 10000

/* The URL, if the value is for this task. */
static const char *url_for(const char *value, enum task task)
{
	size_t len = strlen(task_name(task));
	if (strncmp(value, "http", 4) == 0)
		return value;
	return strncmp(value, task_name(task), len) == 0 && value[len] == '=' ? value + len + 1 : NULL;
}

static void send_one(const char *url, bool succeeded, const struct call *call)
{
	char target[HTTP_URL_MAX];
	struct http *http = NULL;
	struct http_response response = {0};
	struct error err = {0};
	(void)snprintf(target, sizeof target, "%s%s", url, succeeded ? "" : "/fail");
	const struct http_options options = {0};
	const struct http_request request = {
	    .method = "GET", .url = target, .timeout_ms = TIMEOUT_MS, .is_interrupted = NULL};
	enum status st = http_new(&http, &options, &err);
	if (!st)
		st = http_perform(http, &request, &response, &err);
	if (!st && response.status / 100 != 2)
		st = error_set(&err, STATUS_UNREACHABLE, "HTTP %d", response.status);
	if (st)
		log_line(call->log, LEVEL_WARNING, "heartbeat-url does not answer: %s", err.text);
	http_free(http);
}

void heartbeat_send(const char *const *urls, size_t count, enum task task, bool succeeded, const struct call *call)
{
	for (size_t i = 0; i < count; i++) {
		const char *url = url_for(urls[i], task);
		if (url != NULL)
			send_one(url, succeeded, call);
	}
}

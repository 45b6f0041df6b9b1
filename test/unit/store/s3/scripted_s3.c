#include "scripted_s3.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"

static char key[] = "AKIAIOSFODNN7EXAMPLE";
static char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
static char token[] = "the/session+token=";
static const struct credentials credentials = {.access_key = {key, sizeof key - 1},
					       .secret_key = {secret, sizeof secret - 1},
					       .session_token = {token, sizeof token - 1}};

void scripted_open_with(struct scripted *scripted, enum fault_tls tls, const struct fault_answer *answers, size_t count,
			const struct s3_options *given)
{
	struct s3_options options = *given;
	char endpoint[128];
	*scripted = (struct scripted){0};
	world_init(&scripted->world);
	scripted->world.utc_s = SCRIPTED_NOW_S;
	scripted->world.random_byte = 0x80;
	scripted->world.call.deadline_ms = scripted->world.monotonic_ms + 60000;
	scripted->server = fault_server_start(tls, answers, count);
	(void)snprintf(endpoint, sizeof endpoint, "%s%s", fault_server_url(scripted->server),
		       given->endpoint == NULL ? "" : given->endpoint);
	options.endpoint = endpoint;
	options.bucket = given->bucket == NULL ? "bucket" : given->bucket;
	options.region = given->region == NULL ? "ca-central-1" : given->region;
	options.prefix = "pre/fix";
	options.credentials = &credentials;
	options.upload_bytes = S3_PART_BYTES_MIN;
	if (tls != FAULT_PLAIN)
		options.ca_file = fault_server_ca_file(scripted->server);
	enum status st = s3_store_open(&options, &scripted->store, &scripted->err);
	assert_ok(st, scripted->err);
}

void scripted_open(struct scripted *scripted, const struct fault_answer *answers, size_t count)
{
	scripted_open_with(scripted, FAULT_PLAIN, answers, count, &(struct s3_options){0});
}

void scripted_use_real_time(struct scripted *scripted, int64_t left_ms)
{
	scripted->world.call.clock = &system_clock;
	scripted->world.call.deadline_ms = clock_monotonic_ms(&system_clock) + left_ms;
}

void scripted_close(struct scripted *scripted)
{
	/* What is never to be seen in a log, at whatever level. */
	assert_null(strstr(buffer_text(&scripted->world.logged), secret));
	assert_null(strstr(buffer_text(&scripted->world.logged), token));
	assert_null(strstr(buffer_text(&scripted->world.logged), "Signature="));
	store_free(scripted->store);
	fault_server_stop(scripted->server);
	world_fini(&scripted->world);
}

void scripted_assert_request(struct scripted *scripted, size_t n, const char *begins)
{
	const char *head = fault_server_head(scripted->server, n);
	if (strncmp(head, begins, strlen(begins)) != 0)
		fail_msg("request %zu is '%.80s', not '%s'", n, head, begins);
}

void scripted_assert_has(struct scripted *scripted, size_t n, const char *text)
{
	const char *head = fault_server_head(scripted->server, n);
	if (strstr(head, text) == NULL)
		fail_msg("request %zu lacks '%s': %s", n, text, head);
}

void scripted_assert_error(const struct scripted *scripted, const char *text, const char *hint)
{
	if (strstr(scripted->err.text, text) == NULL || strstr(scripted->err.hint, hint) == NULL)
		fail_msg("'%s' (hint '%s') lacks '%s' (hint '%s')", scripted->err.text, scripted->err.hint, text, hint);
}

void scripted_run(const struct scripted_step *step, scripted_act_fn act)
{
	struct scripted scripted;
	struct buffer told = {0};
	size_t requests = 0;
	while (requests < SCRIPTED_STEPS_MAX && step->requests[requests] != NULL)
		requests++;
	scripted_open(&scripted, step->answers, requests);
	enum status st = act(&scripted, step, &told);
	if (st != step->status || strcmp(buffer_text(&told), step->told) != 0 ||
	    fault_server_count(scripted.server) != requests)
		fail_msg("%s: status %d, '%s', %zu requests, error '%s'", step->name, st, buffer_text(&told),
			 fault_server_count(scripted.server), scripted.err.text);
	for (size_t i = 0; i < requests; i++)
		scripted_assert_request(&scripted, i, step->requests[i]);
	if (st)
		scripted_assert_error(&scripted, step->text, "");
	buffer_fini(&told);
	scripted_close(&scripted);
}

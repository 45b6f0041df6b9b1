#include "collect.h"

#include <stdlib.h>

struct collect_sink {
	struct sink sink;
	struct collect *state;
};

static enum status fail(struct collect *state, struct error *err)
{
	state->failed = true;
	return error_set(err, state->fail_with, "the next stage failed");
}

static enum status collect_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct collect *state = ((struct collect_sink *)sink)->state;
	state->writes_after_finish += state->finished;
	state->writes_after_failure += state->failed;
	if (state->fail_with != STATUS_OK && !state->fail_finish && state->bytes.len + len > state->fail_at)
		return fail(state, err);
	if (len > state->longest_write)
		state->longest_write = len;
	return buffer_append(&state->bytes, data, len, err);
}

static enum status collect_finish(struct sink *sink, struct error *err)
{
	struct collect *state = ((struct collect_sink *)sink)->state;
	if (state->fail_with != STATUS_OK && state->fail_finish)
		return fail(state, err);
	state->finished++;
	return STATUS_OK;
}

static void collect_free(struct sink *sink)
{
	((struct collect_sink *)sink)->state->freed++;
	free(sink);
}

static const struct sink_ops collect_ops = {collect_write, collect_finish, collect_free};

struct sink *collect_new(struct collect *state)
{
	struct collect_sink *sink = malloc(sizeof *sink);
	if (sink == NULL)
		abort();
	*sink = (struct collect_sink){{&collect_ops}, state};
	return &sink->sink;
}

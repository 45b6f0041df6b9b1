/* check: what the configured store really does, tried out with an object of its own. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "base/output.h"
#include "command/session.h"

#define RANDOM_BYTES 8
#define NAME_SIZE (sizeof "walship-check-" + 2 * RANDOM_BYTES)
#define LOOK_HINT "set s3-no-replace = look, or use a store that honours If-None-Match on PutObject"

struct probe {
	struct store *store;
	const struct call *call;
	char name[NAME_SIZE];
	bool looks_first;       /* s3-no-replace = look is configured, or a look found it */
	bool only_looks;        /* s3-client = libs3: it cannot send a condition */
	const char *first;      /* the content that must stay */
	struct buffer *content; /* of a read */
	bool listed;
};

static enum status put(struct probe *probe, const char *content, struct error *err)
{
	struct sink *sink = NULL;
	enum status st = store_create(probe->store, probe->call, probe->name, &sink, err);
	if (!st)
		st = sink_write(sink, content, strlen(content), err);
	if (!st)
		st = sink_finish(sink, err);
	sink_free(sink);
	return st;
}

struct collector {
	struct sink sink;
	struct buffer *into;
};

static enum status collect(struct sink *sink, const void *data, size_t len, struct error *err)
{
	return buffer_append(((struct collector *)sink)->into, data, len, err);
}

static enum status finish(struct sink *sink, struct error *err)
{
	(void)sink, (void)err;
	return STATUS_OK;
}

static void keep(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops collector_ops = {collect, finish, keep};

static enum status create(struct probe *probe, struct error *err)
{
	return put(probe, probe->first, err);
}

static enum status read_back(struct probe *probe, struct error *err)
{
	struct collector collector = {{&collector_ops}, probe->content};
	buffer_clear(probe->content);
	enum status st = store_read(probe->store, probe->call, probe->name, &collector.sink, err);
	if (!st && strcmp(buffer_text(probe->content), probe->first) != 0)
		st = error_set(err, STATUS_DAMAGED, "what came back is not what was put: '%.40s'",
			       buffer_text(probe->content));
	return st;
}

/* The one promise that only the store can keep. */
static enum status not_replaced(struct probe *probe, struct error *err)
{
	enum status st = put(probe, "another content", err);
	if (st == STATUS_EXISTS)
		st = read_back(probe, err);
	else if (!st)
		st = error_set(err, STATUS_CONFLICT,
			       "the store took another object of the same name: it ignores the condition");
	else
		return st;
	/* A look found it, just now: that says nothing of two writers. */
	if (!st && probe->only_looks) {
		probe->looks_first = true;
		st = error_set(err, STATUS_CONFLICT, "not by a condition, which libs3 cannot send");
	}
	if (st != STATUS_CONFLICT)
		return st;
	return error_hint(err, st, "%s",
			  probe->looks_first ? "a look before each upload keeps one walship from it; two writers at "
					       "once could both win"
					     : LOOK_HINT);
}

/* Without it no recovery ends: an answer of 403 is not the end of the WAL. */
static enum status says_missing(struct probe *probe, struct error *err)
{
	struct collector collector = {{&collector_ops}, probe->content};
	char name[NAME_SIZE + 8];
	(void)snprintf(name, sizeof name, "%s-none", probe->name);
	enum status st = store_read(probe->store, probe->call, name, &collector.sink, err);
	if (st == STATUS_MISSING)
		return STATUS_OK;
	return st ? st : error_set(err, STATUS_DAMAGED, "the store has an object that nobody put there: %s", name);
}

static enum status note(void *arg, const struct object_info *info, struct error *err)
{
	struct probe *probe = arg;
	(void)err;
	probe->listed |= strcmp(info->name, probe->name) == 0;
	return STATUS_OK;
}

static enum status list(struct probe *probe, struct error *err)
{
	enum status st = store_list(probe->store, probe->call, probe->name, note, probe, err);
	return st || probe->listed ? st : error_set(err, STATUS_DAMAGED, "the new object is not in the list");
}

static enum status remove_it(struct probe *probe, struct error *err)
{
	enum status st = store_remove(probe->store, probe->call, probe->name, err);
	return st ? error_hint(err, st, "%s stays in the repository", probe->name) : STATUS_OK;
}

static const struct step {
	const char *what;
	enum status (*run)(struct probe *probe, struct error *err);
	bool optional; /* archiving and recovery do without */
} steps[] = {
    {"create an object", create, false},
    {"read it back", read_back, false},
    {"never replace it", not_replaced, false},
    {"say what is missing", says_missing, false},
    {"list it", list, true},
    {"remove it", remove_it, true},
};
#define STEP_COUNT (sizeof steps / sizeof steps[0])

static enum status show(const struct command_context *context, const struct step *step, enum status st, int64_t took_ms,
			const struct error *trouble, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st_print;
	if (!st)
		st_print = buffer_printf(&out, err, "✓ %-20s %lld ms\n", step->what, (long long)took_ms);
	else
		st_print =
		    buffer_printf(&out, err, "%s %-20s %s\n", step->optional ? "–" : "✗", step->what, trouble->text);
	if (!st_print && st && trouble->hint[0] != '\0')
		st_print = buffer_printf(&out, err, "  %-20s hint: %s\n", "", trouble->hint);
	return st_print ? st_print : output_write(context->out_fd, "to standard output", out.data, out.len, err);
}

/* The first step must succeed, or there is nothing to try. */
static enum status run_steps(const struct command_context *context, struct probe *probe, struct error *err)
{
	enum status worst = STATUS_OK;
	unsigned failed = 0;
	for (size_t i = 0; i < STEP_COUNT; i++) {
		struct error trouble = {0};
		int64_t start_ms = clock_monotonic_ms(probe->call->clock);
		enum status st = steps[i].run(probe, &trouble);
		/* What walship was told to expect is a warning. */
		bool expected = steps[i].run == not_replaced && st == STATUS_CONFLICT && probe->looks_first;
		struct step shown = steps[i];
		shown.optional |= expected;
		enum status st_show =
		    show(context, &shown, st, clock_monotonic_ms(probe->call->clock) - start_ms, &trouble, err);
		if (st_show)
			return st_show;
		if (st && !shown.optional) {
			failed++;
			worst = worst == STATUS_OK ? st : worst;
		}
		if (st && i == 0)
			break;
	}
	return worst ? error_set(err, worst, "%u of %zu steps failed, and so would archiving or recovery", failed,
				 STEP_COUNT)
		     : STATUS_OK;
}

static enum status name_probe(const struct call *call, char out[NAME_SIZE], struct error *err)
{
	uint8_t bits[RANDOM_BYTES];
	char digits[2 * RANDOM_BYTES + 1];
	enum status st = random_fill(call->random, bits, sizeof bits, err);
	if (st)
		return st;
	hex_encode(digits, bits, sizeof bits);
	(void)snprintf(out, NAME_SIZE, "walship-check-%s", digits);
	return STATUS_OK;
}

enum status command_check(struct command_context *context, struct error *err)
{
	CLEANUP(session_fini) struct session session = {0};
	CLEANUP(buffer_fini) struct buffer content = {0};
	struct probe probe = {.call = context->call, .first = "written by walship check", .content = &content};
	probe.looks_first = session_looks_first(context->config);
	context->probe = true;
	enum status st = session_open(&session, context, err);
	if (!st)
		st = name_probe(context->call, probe.name, err);
	probe.store = session.store;
	probe.only_looks = session_uses_libs3(context->config);
	if (!st)
		st = run_steps(context, &probe, err);
	return st ? error_wrap(err, st, "check %s", config_text(context->config, OPTION_ID_REPO)) : STATUS_OK;
}

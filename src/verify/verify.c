/* verify: whether all is there that recovery needs, and what it could still recover. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "command/settings.h"
#include "console/measure.h"
#include "console/print.h"
#include "inventory/cluster.h"
#include "inventory/survey.h"
#include "verify/read_plan.h"
#include "verify/verify_read.h"

struct verification {
	struct command_context *context;
	struct survey survey;
	struct progress progress;
	bool some;              /* there is a cluster's WAL */
	struct missing missing; /* in all clusters */
	uint64_t lost_origins;
	uint64_t damaged, missing_keys;
	/* With --read, of one cluster after the other: */
	struct verified verified;
	struct read_plan plan;
	uint64_t bytes; /* of what is to be read */
};

/*
 * --read.
 */

/* Notes hold for this repository and these keys: with others, what was opened then might not open now. */
static enum status name_identity(const struct verification *verification, char out[VERIFIED_IDENTITY_MAX],
				 struct error *err)
{
	const struct keyring *keys = &verification->survey.repo->keys;
	enum status st = identity_text(verification->context->settings, IDENTITY_NO_KEYS, out, err);
	for (size_t i = 0; !st && i < keys->count; i++) {
		char id[2 * KEY_ID_BYTES + 1];
		size_t len = strlen(out);
		hex_encode(id, keys->keys[i].id, KEY_ID_BYTES);
		(void)snprintf(out + len, VERIFIED_IDENTITY_MAX - len, "key %s\n", id);
	}
	return st;
}

static enum status open_notes(struct verification *verification, uint64_t system_id, struct error *err)
{
	const struct config *config = verification->context->config;
	char dir[SPOOL_PATH_MAX];
	char identity[VERIFIED_IDENTITY_MAX];
	const char *given = config_text(config, OPTION_ID_VERIFY_NOTES);
	int64_t again_ms = (int64_t)config_number(config, OPTION_ID_VERIFY_AGAIN);
	int64_t now_s = clock_utc_s(verification->context->call->clock);
	enum status st = spool_prepare(given == NULL ? config_text(config, OPTION_ID_SPOOL) : given, dir, err);
	if (!st)
		st = name_identity(verification, identity, err);
	verified_fini(&verification->verified);
	return st ? st
		  : verified_open(&verification->verified, dir, identity, system_id,
				  again_ms == 0 ? 0 : now_s - again_ms / 1000, err);
}

static enum status count_job(void *arg, const struct read_job *job, struct error *err)
{
	(void)err;
	((struct verification *)arg)->bytes += job->bytes;
	return STATUS_OK;
}

/* How much there is to read is known before reading begins. */
static enum status seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			const struct object_info *info, struct error *err)
{
	struct verification *verification = arg;
	uint64_t number;
	enum status st = STATUS_OK;
	if (coverage->objects == 0) {
		st = open_notes(verification, coverage->system_id, err);
		verification->plan = (struct read_plan){.read = count_job, .arg = verification};
		verification->bytes = 0;
	}
	verification->plan.segment_bytes = coverage->segment_bytes;
	bool known = name->kind == WAL_SEGMENT && wal_name_number(name, coverage->segment_bytes, &number) &&
		     verified_has(&verification->verified, name->timeline, number, info->modified_s);
	if (!st && info->archived)
		read_plan_pass(&verification->plan);
	else if (!st)
		st = read_plan_add(&verification->plan, name, info->bytes, !known, err);
	return st;
}

static enum status show_totals(const struct verification *verification, const struct coverage *coverage,
			       const struct read_totals *totals, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	char size[MEASURE_MAX];
	if (command_flag(verification->context, "json"))
		return print_json(&verification->context->console,
				  json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", "read",
					    "system_id", print_system_id(coverage->system_id), "objects",
					    (json_int_t)totals->objects, "bytes", (json_int_t)totals->bytes, "records",
					    (json_int_t)totals->records, "skipped_records", (json_int_t)totals->skipped,
					    "remembered_segments", (json_int_t)totals->remembered, "archived_objects",
					    (json_int_t)totals->unreadable, "removed_objects",
					    (json_int_t)totals->removed, "damaged_objects", (json_int_t)totals->damaged,
					    "locked_objects", (json_int_t)totals->missing_keys.objects),
				  err);
	measure_bytes(totals->bytes, size);
	enum status st = buffer_printf(&text, err, "%s read %" PRIu64 " object%s, %s, %" PRIu64 " WAL records",
				       totals->damaged + totals->missing_keys.objects > 0 ? "✗" : "✓", totals->objects,
				       totals->objects == 1 ? "" : "s", size, totals->records);
	if (!st && totals->remembered > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " segments were read before", totals->remembered);
	if (!st && totals->unreadable > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " are in an archive storage class, and were not",
				   totals->unreadable);
	if (!st && totals->removed > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " removed meanwhile: the next run tells what is missing",
				   totals->removed);
	if (!st && totals->damaged > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " damaged", totals->damaged);
	if (!st && totals->missing_keys.objects > 0)
		st = buffer_printf(&text, err, "; %" PRIu64 " not opened for want of a key",
				   totals->missing_keys.objects);
	if (!st)
		st = buffer_append(&text, "\n", 1, err);
	return st ? st : print_text(&verification->context->console, &text, err);
}

static enum status lose(void *arg, uint32_t timeline, uint64_t number, struct error *err)
{
	return coverage_lose(arg, timeline, number, err);
}

static enum status take_time(void *arg, const struct object_info *info, struct error *err)
{
	(void)err;
	*(int64_t *)arg = info->modified_s;
	return STATUS_OK;
}

struct times {
	const struct verification *verification;
	const struct coverage *coverage;
};

/* After hours of reading a time that cannot be had is no failure: it stays unknown. */
static bool ask_time(void *arg, uint32_t timeline, uint64_t number, int64_t *stored_s)
{
	const struct times *times = arg;
	char object[WAL_OBJECT_NAME_MAX];
	struct wal_name name;
	struct error ignored;
	wal_name_of_number(&name, timeline, number, times->coverage->segment_bytes);
	wal_object_name(object, times->coverage->system_id, &name);
	return store_list(times->verification->survey.repo->store, times->verification->context->call, object,
			  take_time, stored_s, &ignored) == STATUS_OK;
}

/* What cannot be opened is lost for the chain. */
static enum status read_all(struct verification *verification, struct coverage *coverage, struct error *err)
{
	struct cluster_reading reading = {.context = verification->context,
					  .repo = verification->survey.repo,
					  .progress = &verification->progress,
					  .verified = &verification->verified,
					  .system_id = coverage->system_id,
					  .segment_bytes = coverage->segment_bytes,
					  .objects = verification->plan.jobs,
					  .bytes = verification->bytes,
					  .lost = lose,
					  .arg = coverage};
	struct times times = {verification, coverage};
	enum status st = verify_read(&reading, err);
	if (!st)
		coverage_lost_times(coverage, ask_time, &times);
	verification->damaged += reading.totals.damaged;
	verification->missing_keys += reading.totals.missing_keys.objects;
	if (!st)
		st = missing_keys_print(&reading.totals.missing_keys, verification->context, err);
	return st ? st : show_totals(verification, coverage, &reading.totals, err);
}

/*
 * Names.
 */

static enum status show(const struct verification *verification, const struct coverage *coverage, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (command_flag(verification->context, "json"))
		return print_json(&verification->context->console, cluster_json(coverage), err);
	enum status st = cluster_judge(&text, coverage, err);
	return st ? st : print_text(&verification->context->console, &text, err);
}

/* The windows come last: they say what has been read, too. */
static enum status judge(void *arg, struct coverage *coverage, struct error *err)
{
	struct verification *verification = arg;
	struct missing missing = cluster_missing(coverage);
	verification->some = true;
	verification->missing.ranges += missing.ranges;
	verification->missing.segments += missing.segments;
	verification->lost_origins += coverage->lost_origins;
	enum status st =
	    command_flag(verification->context, "read") ? read_all(verification, coverage, err) : STATUS_OK;
	return st ? st : show(verification, coverage, err);
}

static enum status say_missing(const struct missing *missing, struct error *err)
{
	(void)error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " segment%s missing, in %" PRIu64 " range%s",
			missing->segments, missing->segments == 1 ? " is" : "s are", missing->ranges,
			missing->ranges == 1 ? "" : "s");
	return error_hint(
	    err, STATUS_INCOMPLETE,
	    "walship backfill pushes what pg_wal still has; then make a new base backup: none from before a gap "
	    "can be recovered beyond it");
}

/* What a key would open may be whole, and what is damaged no key opens: each has its own advice. */
static enum status say_unreadable(uint64_t damaged, uint64_t missing_keys, struct error *err)
{
	char also[96] = "";
	if (damaged == 0) {
		(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " object%s a key that is not configured", missing_keys,
				missing_keys == 1 ? " needs" : "s need");
		return error_hint(err, STATUS_DAMAGED,
				  "add it as a further cipher-key-file (or cipher-key-command): walship key list");
	}
	if (missing_keys > 0)
		(void)snprintf(also, sizeof also, "; %" PRIu64 " need%s a key that is not configured", missing_keys,
			       missing_keys == 1 ? "s" : "");
	(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " object%s damaged, or not to be opened%s", damaged,
			damaged == 1 ? " is" : "s are", also);
	return error_hint(err, STATUS_DAMAGED,
			  missing_keys > 0
			      ? "add the key (walship key list); for what is damaged look for another copy, "
				"then make a new base backup"
			      : "look for another copy, then make a new base backup");
}

/* The outcome of all: what cannot be opened comes first. */
static enum status conclude(const struct verification *verification, struct error *err)
{
	/* A history that cannot be opened is found by names and by reading. */
	uint64_t damaged = verification->damaged > 0 ? verification->damaged : verification->survey.damaged;
	uint64_t missing_keys =
	    verification->missing_keys > 0 ? verification->missing_keys : verification->survey.missing_keys;
	if (damaged + missing_keys > 0)
		return say_unreadable(damaged, missing_keys, err);
	if (verification->missing.segments > 0)
		return say_missing(&verification->missing, err);
	if (verification->lost_origins > 0)
		return error_hint(err,
				  error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " timeline histor%s missing",
					    verification->lost_origins,
					    verification->lost_origins == 1 ? "y is" : "ies are"),
				  "pg_wal of the primary has them: walship push pg_wal/NAME.history");
	if (!verification->some)
		return survey_nothing(&verification->survey, err);
	return STATUS_OK;
}

enum status command_verify(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status attached = settings_repository(&settings, context, err);
	if (attached)
		return error_wrap(err, attached, "verify");
	context->settings = &settings;
	struct verification verification = {.context = context};
	verification.survey = (struct survey){.settings = context->settings,
					      .call = context->call,
					      .progress = &verification.progress,
					      .each = judge,
					      .seen = command_flag(context, "read") ? seen : NULL,
					      .opens = command_flag(context, "read"),
					      .arg = &verification};
	progress_begin(&verification.progress, context->console.terminal_fd, context->call->clock);
	enum status st = survey_operand(context, &verification.survey.system_id, err);
	if (!st)
		st = survey_run(&verification.survey, err);
	verified_fini(&verification.verified);
	if (!st)
		st = conclude(&verification, err);
	return st ? error_wrap(err, st, "verify %s", config_text(context->config, OPTION_ID_REPO)) : STATUS_OK;
}

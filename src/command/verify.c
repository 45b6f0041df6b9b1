/* verify: whether all is there that recovery needs, and what it could still recover. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "command/cluster.h"
#include "command/print.h"
#include "command/survey.h"

struct verification {
	struct command_context *context;
	struct progress progress;
	bool some;              /* there is a cluster's WAL */
	struct missing missing; /* in all clusters */
	uint64_t lost_origins;
};

static enum status judge(void *arg, const struct chain *chain, struct error *err)
{
	struct verification *verification = arg;
	CLEANUP(buffer_fini) struct buffer text = {0};
	struct missing missing = cluster_missing(chain);
	verification->some = true;
	verification->missing.ranges += missing.ranges;
	verification->missing.segments += missing.segments;
	verification->lost_origins += chain->lost_origins;
	if (command_flag(verification->context, "json"))
		return print_json(verification->context, cluster_json(chain), err);
	enum status st = cluster_judge(&text, chain, err);
	return st ? st : print_text(verification->context, &text, err);
}

/* The outcome of all. */
static enum status conclude(const struct verification *verification, const struct survey *survey, struct error *err)
{
	const struct missing *missing = &verification->missing;
	if (survey->damaged > 0)
		return error_set(err, STATUS_DAMAGED, "%" PRIu64 " object%s cannot be opened", survey->damaged,
				 survey->damaged == 1 ? "" : "s");
	if (missing->segments > 0)
		return error_hint(
		    err,
		    error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " segment%s missing, in %" PRIu64 " range%s",
			      missing->segments, missing->segments == 1 ? " is" : "s are", missing->ranges,
			      missing->ranges == 1 ? "" : "s"),
		    "walship backfill pushes what pg_wal still has; then make a new base backup: none from "
		    "before a gap can be recovered beyond it");
	if (verification->lost_origins > 0)
		return error_hint(err,
				  error_set(err, STATUS_INCOMPLETE, "%" PRIu64 " timeline histor%s missing",
					    verification->lost_origins,
					    verification->lost_origins == 1 ? "y is" : "ies are"),
				  "pg_wal of the primary has them: walship push pg_wal/NAME.history");
	if (!verification->some)
		return error_hint(err, error_set(err, STATUS_INCOMPLETE, "there is no WAL in it"),
				  "is repo the right one, and archive_command set?");
	return STATUS_OK;
}

enum status command_verify(struct command_context *context, struct error *err)
{
	struct verification verification = {.context = context};
	struct survey survey = {
	    .context = context, .progress = &verification.progress, .each = judge, .arg = &verification};
	progress_begin(&verification.progress, context->terminal_fd, context->call->clock);
	enum status st = survey_operand(context, &survey.system_id, err);
	if (!st)
		st = survey_run(&survey, err);
	if (!st)
		st = conclude(&verification, &survey, err);
	return st ? error_wrap(err, st, "verify %s", config_text(context->config, OPTION_ID_REPO)) : STATUS_OK;
}

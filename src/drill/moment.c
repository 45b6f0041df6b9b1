#include "drill/moment.h"

#include <stdio.h>

#include "base/random.h"
#include "inventory/survey.h"
#include "recovery/window_times.h"

#define US_PER_S 1000000

/* The newest window, and the moments in it. */
struct range {
	struct survey survey;
	const struct drill_params *params;
	const struct coverage *coverage; /* while the survey calls */
	struct coverage_window window;
	bool has_window, has_backup;
	int64_t first_us, last_us;
};

static enum status take_window(void *arg, const struct coverage_window *window, struct error *err)
{
	struct range *range = arg;
	struct window_times times;
	const struct window_reader reader = {.repo = range->survey.repo, .call = range->params->call};
	(void)err;
	if (!window->newest)
		return STATUS_OK;
	window_times_read(&times, &reader, range->coverage, window);
	range->window = *window;
	range->has_window = true;
	range->last_us = times.last_us;
	return STATUS_OK;
}

/* A target within the second in which a backup ended may lie before its end. */
static void take_backups(struct range *range, const struct backup_list *backups)
{
	for (size_t i = 0; i < backups->count && !range->has_backup; i++) {
		const struct listed_backup *backup = &backups->items[i];
		if (!backup_list_is_usable(backups, backup) || backup->manifest.start_lsn < range->window.begin_lsn ||
		    backup->manifest.stop_lsn > range->window.end_lsn)
			continue;
		range->first_us = (backup->manifest.ended + 1) * US_PER_S;
		range->has_backup = true;
	}
}

static enum status take_cluster(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct range *range = arg;
	range->coverage = coverage;
	enum status st = coverage_windows(coverage, take_window, range, err);
	if (!st && range->has_window)
		take_backups(range, backups);
	return st;
}

enum status moment_choose(struct target *out, char text[MOMENT_TEXT_MAX], const struct drill_params *params,
			  uint64_t system_id, struct error *err)
{
	uint64_t dice = 0;
	struct range range = {.params = params};
	range.survey = (struct survey){.settings = params->settings,
				       .call = params->call,
				       .system_id = system_id,
				       .all_timelines = params->all_timelines,
				       .each = take_cluster,
				       .arg = &range};
	enum status st = survey_run(&range.survey, err);
	if (!st)
		st = random_fill(params->call->random, &dice, sizeof dice, err);
	if (st)
		return st;
	/* A recovery to a time ends before the first commit behind it, so that of the newest commit is no target. */
	if (!range.has_backup || range.last_us <= range.first_us) {
		(void)error_set(err, STATUS_INCOMPLETE, "the newest WAL has no commit after a base backup");
		return error_hint(err, STATUS_INCOMPLETE, "drill without --random recovers to the end of the WAL");
	}
	int64_t time_us = range.first_us + (int64_t)(dice % (uint64_t)(range.last_us - range.first_us));
	target_time_text(time_us, text);
	*out = (struct target){.kind = TARGET_TIME,
			       .text = text,
			       .time_us = time_us,
			       .action = "promote",
			       .timeline_kind = TIMELINE_NUMBER,
			       .timeline = range.window.timeline};
	return STATUS_OK;
}

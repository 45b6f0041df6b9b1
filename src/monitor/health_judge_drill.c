/* walship status: whether a recovery was rehearsed lately, and worked. */
#include <inttypes.h>
#include <stdio.h>

#include "console/measure.h"
#include "monitor/health_judge_private.h"

#define FIGURES_MAX 128

/* "it lost 12 s of changes (RPO) and took 41.2 s (RTO)" */
static void figures_text(const struct drill_record *record, char out[FIGURES_MAX])
{
	char rpo[MEASURE_MAX];
	measure_seconds(record->rpo_s, rpo);
	if (record->rpo_s >= 0)
		(void)snprintf(out, FIGURES_MAX, "RPO %s, RTO %.1f s", rpo, record->rto_s);
	else
		(void)snprintf(out, FIGURES_MAX, "to a given time, RTO %.1f s", record->rto_s);
}

static void judge_none(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	char due[UTC_TEXT_SIZE];
	if (thresholds->drill_expected && health_awaits_first_run(health, "drill", due)) {
		health_say(check, HEALTH_WARNING, "no drill has been done yet: the first one is due at %s", due);
		health_advise(check, "do one now: walship drill");
		return;
	}
	if (thresholds->drill_expected) {
		health_say(check, HEALTH_CRITICAL, "no drill has been done, although drill-at is set");
		health_advise(check, "do one now: walship drill");
		return;
	}
	health_say(check, HEALTH_OK, "not checked: no drill has been done");
	check->skipped = true;
}

static void judge_age(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct drill_record *record = &health->drill.record;
	struct health_age age = health_age(health, record->begun_s);
	char figures[FIGURES_MAX];
	enum health_level level = HEALTH_OK;
	if (thresholds->drill_expected && !age.known)
		level = HEALTH_WARNING;
	else if (thresholds->drill_expected && thresholds->drill_ms.warning != 0)
		level = health_above((uint64_t)age.s * 1000, &thresholds->drill_ms);
	figures_text(record, figures);
	health_say(check, level, "the newest drill worked, %s: %s", age.ago, figures);
	health_advise_clock(check, &age);
	if (level != HEALTH_OK && check->hint[0] == '\0')
		health_advise(check, "do a drill: walship drill; walship run-due -v shows why none was done");
}

void health_judge_drill(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_drill *drill = &health->drill;
	char hint[ERROR_HINT_MAX];
	if (!drill->known) {
		health_say(check, HEALTH_UNKNOWN, "cannot read the newest drill: %s", drill->trouble.text);
		health_advise(check, drill->trouble.hint);
	} else if (!drill->found) {
		judge_none(health, thresholds, check);
	} else if (!drill->record.ok) {
		struct health_age age = health_age(health, drill->record.begun_s);
		health_say(check, HEALTH_CRITICAL, "the newest drill, %s, failed: %s", age.ago, drill->record.problem);
		(void)snprintf(hint, sizeof hint, "walship cat %s shows what that means for a recovery",
			       drill->name.object);
		health_advise(check, hint);
	} else {
		judge_age(health, thresholds, check);
	}
}

/* walship status: how far the copies are behind. A copy that nothing is known of is never OK. */
#include <inttypes.h>
#include <stdio.h>

#include "console/measure.h"
#include "monitor/health_judge_private.h"

static void judge_never(const struct health *health, const struct health_mirror *mirror, struct health_check *check)
{
	char due[UTC_TEXT_SIZE];
	if (mirror->note.failures == 0 && health_awaits_first_run(health, "mirror", due)) {
		health_say(check, HEALTH_WARNING, "nothing is copied to %s yet: the first run is due at %s",
			   mirror->url, due);
		health_advise(check, "run walship mirror to make the first copy now");
		return;
	}
	if (mirror->note.failures > 0)
		health_say(check, HEALTH_CRITICAL, "no run to %s has succeeded: %s", mirror->url, mirror->note.error);
	else
		health_say(check, HEALTH_CRITICAL, "walship mirror has never run to %s", mirror->url);
	health_advise(check, "run walship mirror, and set mirror-at; status must use the same spool");
}

static void judge_age(const struct health *health, const struct health_mirror *mirror,
		      const struct thresholds *thresholds, struct health_check *check)
{
	const struct mirror_note *note = &mirror->note;
	char bytes[MEASURE_MAX];
	struct health_age age = health_age(health, note->succeeded_s);
	enum health_level level =
	    age.known ? health_above((uint64_t)age.s * 1000, &thresholds->mirror_ms) : HEALTH_WARNING;
	measure_bytes(note->behind_bytes, bytes);
	if (note->failures > 0) {
		health_say(check, health_worse(level, HEALTH_WARNING),
			   "the last run to %s failed, and the last good one began %s; it lacked %" PRIu64
			   " objects, %s: %s",
			   mirror->url, age.ago, note->behind_objects, bytes, note->error);
		health_advise(check, "run walship mirror to see what happens");
		return;
	}
	health_say(check, level, "the last run to %s began %s, and copied all up to %s", mirror->url, age.ago,
		   note->newest[0] == '\0' ? "the end" : note->newest);
	if (level != HEALTH_OK && age.known)
		health_advise(check, "walship mirror must run as often as mirror-at says, or once a day without it");
	health_advise_clock(check, &age);
}

static void judge(const struct health *health, const struct health_mirror *mirror, const struct thresholds *thresholds,
		  struct health_check *check)
{
	if (mirror->url[0] == '\0') {
		health_say(check, HEALTH_UNKNOWN, "mirror-conf: %s", mirror->trouble.text);
		health_advise(check, mirror->trouble.hint);
	} else if (mirror->note.succeeded_s == 0) {
		judge_never(health, mirror, check);
	} else {
		judge_age(health, mirror, thresholds, check);
	}
}

void health_judge_mirrors(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_mirrors *mirrors = health->mirrors;
	for (size_t i = 0; i < mirrors->count; i++) {
		struct health_check one = {.id = check->id, .name = check->name};
		judge(health, &mirrors->items[i], thresholds, &one);
		if (i == 0 || one.level > check->level)
			*check = one;
	}
}

uint64_t health_growth_bytes(const struct health *health)
{
	return health->growth.wal_bytes + health->backup.recent_bytes + health->growth.dump_bytes;
}

void health_judge_growth(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_growth *growth = &health->growth;
	char bytes[MEASURE_MAX], wanted[MEASURE_MAX];
	uint64_t all = health_growth_bytes(health);
	measure_bytes(all, bytes);
	measure_bytes(thresholds->growth_bytes, wanted);
	if (!health->archive.known) {
		health_say(check, HEALTH_UNKNOWN, "cannot read the repository");
	} else if (all < thresholds->growth_bytes) {
		health_say(check, HEALTH_WARNING, "%s were stored in the last 24 hours, less than %s", bytes, wanted);
		health_advise(check, "does the server write, and does it archive here? See the other checks, or lower "
				     "status-growth-warning");
	} else {
		health_say(check, HEALTH_OK, "%s%s were stored in the last 24 hours", growth->least ? "at least " : "",
			   bytes);
	}
}

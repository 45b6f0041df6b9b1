/* walship status: whether the newest dump is recent, where dumps are scheduled. */
#include <inttypes.h>

#include "monitor/health_judge_private.h"

enum status health_look_dump(struct health *health, const struct repository *repo, const struct thresholds *thresholds,
			     const struct call *call, struct error *err)
{
	if (!thresholds->dump_expected)
		return STATUS_OK;
	const struct newest_dump *newest = &health->dump.newest;
	enum status st = dump_find_newest(&health->dump.newest, repo, call, health->system_id, err);
	if (!st && newest->label.text[0] != '\0' && newest->stored_s > health->now_s - HEALTH_GROWTH_S)
		st = dump_stored_bytes(&health->growth.dump_bytes, repo, call, health->system_id, &newest->label, err);
	health->dump.known = !st;
	return st;
}

/* An unknown age is a warning. The schedule may give no limit: then the check of the schedule says what is late. */
static enum health_level level_of(const struct health_age *age, const struct threshold *threshold)
{
	if (!age->known)
		return HEALTH_WARNING;
	return threshold->critical == 0 ? HEALTH_OK : health_above((uint64_t)age->s * 1000, threshold);
}

void health_judge_dump(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_dump *dump = &health->dump;
	struct health_age age = health_age(health, dump->newest.stored_s);
	if (!dump->known) {
		health_say(check, HEALTH_UNKNOWN, "cannot read the repository");
	} else if (dump->newest.label.text[0] == '\0') {
		health_say(check, HEALTH_CRITICAL, "the repository has no dump of this cluster");
		health_advise(check, "make one: walship dump");
	} else if (dump->newest.unfinished > 1) {
		health_say(check, health_worse(level_of(&age, &thresholds->dump_ms), HEALTH_WARNING),
			   "%" PRIu64 " dumps began after the newest one and have not finished; the newest is %s, %s",
			   dump->newest.unfinished, dump->newest.label.text, age.old);
		health_advise(check, "look at the errors of walship dump; walship expire removes unfinished dumps");
	} else {
		health_say(check, level_of(&age, &thresholds->dump_ms), "the newest is %s, %s", dump->newest.label.text,
			   age.old);
		health_advise_clock(check, &age);
		if (check->level != HEALTH_OK)
			health_advise(check,
				      "make one: walship dump; the check of the schedule says why none was made");
	}
}

/* Shared by the health_judge*.c files. */
#ifndef WALSHIP_MONITOR_HEALTH_JUDGE_PRIVATE_H
#define WALSHIP_MONITOR_HEALTH_JUDGE_PRIVATE_H

#include "monitor/health.h"

/* Sets the level and the text of a check. */
void health_say(struct health_check *check, enum health_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the hint of a check. */
void health_advise(struct health_check *check, const char *hint);

#define AGE_TEXT_MAX 128 /* two times and the words between them */

/* The age of something, in words. A wrong clock gives no age; then the words name both times. */
struct health_age {
	bool known;
	int64_t s;
	char old[AGE_TEXT_MAX];   /* "3 min old" */
	char lasts[AGE_TEXT_MAX]; /* "for 3 min" */
	char ago[AGE_TEXT_MAX];   /* "3 min ago" */
};

struct health_age health_age(const struct health *health, int64_t then_s);

/* Unless the check has a hint: what to do about an age that is not known. */
void health_advise_clock(struct health_check *check, const struct health_age *age);

/* The level of a value for which more is worse. */
enum health_level health_above(uint64_t value, const struct threshold *threshold);

enum health_level health_worse(enum health_level a, enum health_level b);

void health_judge_backup(const struct health *health, const struct thresholds *thresholds, struct health_check *check);
void health_judge_dump(const struct health *health, const struct thresholds *thresholds, struct health_check *check);
void health_judge_drill(const struct health *health, const struct thresholds *thresholds, struct health_check *check);
void health_judge_stream(const struct health *health, struct health_check *check);
void health_judge_schedule(const struct health *health, struct health_check *check);
/* Whether a scheduled task has never run, has not failed and is not late. due: the time of its first run. */
bool health_awaits_first_run(const struct health *health, const char *name, char due[UTC_TEXT_SIZE]);
/* At least one file is named by mirror-conf. */
void health_judge_mirrors(const struct health *health, const struct thresholds *thresholds, struct health_check *check);
void health_judge_growth(const struct health *health, const struct thresholds *thresholds, struct health_check *check);
void health_judge_chain(const struct health *health, struct health_check *check);

#endif

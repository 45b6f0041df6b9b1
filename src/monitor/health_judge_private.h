/* Shared by the health_judge*.c files. */
#ifndef WALSHIP_MONITOR_HEALTH_JUDGE_PRIVATE_H
#define WALSHIP_MONITOR_HEALTH_JUDGE_PRIVATE_H

#include "monitor/health.h"

/* Sets the level and the text of a check. */
void health_say(struct health_check *check, enum health_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the hint of a check. */
void health_advise(struct health_check *check, const char *hint);

void health_judge_chain(const struct health *health, struct health_check *check);

#endif

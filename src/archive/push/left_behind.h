/* Warns when a new timeline leaves a parent that has gone on: recovery to the latest timeline leaves that WAL out. */
#ifndef WALSHIP_ARCHIVE_PUSH_LEFT_BEHIND_H
#define WALSHIP_ARCHIVE_PUSH_LEFT_BEHIND_H

#include "archive/push/push_source.h"

/*
 * For a history file that was stored a moment ago: looks whether the archive has segments of the parent timeline from
 * the switch on, in the directory of the switch and the next one. That is one request or two for each promotion.
 * Recovery to a moment has such WAL, too, and nothing is wrong with that. Failures are only logged.
 */
void left_behind_warn(const struct push *push, const struct push_source *source);

#endif

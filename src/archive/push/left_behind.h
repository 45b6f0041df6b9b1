/* Warns when a new timeline's parent has later WAL in the archive: recovery to the latest timeline leaves it out. */
#ifndef WALSHIP_ARCHIVE_PUSH_LEFT_BEHIND_H
#define WALSHIP_ARCHIVE_PUSH_LEFT_BEHIND_H

#include "archive/push/push_source.h"

/*
 * For a history file that was stored a moment ago: looks whether the archive has segments of the parent timeline from
 * the switch point on, in the directory of the switch point and the next one: one or two requests for each promotion.
 * A point-in-time recovery leaves such WAL, too, and is no fault. Failures are only logged.
 */
void left_behind_warn(const struct push *push, const struct push_source *source);

#endif

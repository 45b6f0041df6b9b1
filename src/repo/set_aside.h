/*
 * Timelines that are set aside: recovery to the latest timeline leaves them out. A mark is an object of its own, for
 * objects are never changed or removed: "<system id>/timeline/<timeline>.<number>", numbered from 1. Odd numbers set
 * the timeline aside and even numbers restore it, so the last one counts. The content says the same: a name alone
 * proves nothing.
 */
#ifndef WALSHIP_REPO_SET_ASIDE_H
#define WALSHIP_REPO_SET_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repo/repository.h"

#define SET_ASIDE_MAX                                                                                                  \
	4096 /* timelines with a mark; a cluster has as many timelines at most (COVERAGE_TIMELINES_MAX)                \
	      */

struct set_aside_mark {
	uint32_t timeline;
	uint32_t number; /* of the last mark */
};

struct set_aside {
	struct set_aside_mark *marks; /* ascending by timeline */
	size_t count, capacity;
};

/*
 * Lists the marks of a cluster, and opens the last mark of each timeline. One request while there are none.
 * STATUS_DAMAGED when a mark is not genuine. Call set_aside_fini afterwards.
 */
enum status set_aside_load(struct set_aside *out, struct repository *repo, const struct call *call, uint64_t system_id,
			   struct error *err);
void set_aside_fini(struct set_aside *set_aside);

/* Whether the timeline itself is set aside; its descendants have no mark. */
bool set_aside_has(const struct set_aside *set_aside, uint32_t timeline);

/* Creates the next mark, which sets the timeline aside or restores it. The caller has loaded the present marks. */
enum status set_aside_change(const struct set_aside *set_aside, const struct repository *repo, const struct call *call,
			     uint64_t system_id, uint32_t timeline, struct error *err);

/* Whether the object name is that of a mark. */
bool set_aside_is_mark(const char *object);

#endif

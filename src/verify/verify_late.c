#include "verify/verify_late.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "format/frame.h"

#define FOUND_MAX 1000 /* the most files that push-ahead pushes at once */
#define PREFIX_MAX 64

struct found {
	uint32_t timeline;
	uint64_t number;
	int64_t stored_s;
};

struct look {
	const struct late_search *search;
	const struct coverage *coverage;
	struct coverage_gap gap; /* the current one */
	struct found found[FOUND_MAX];
	size_t count;
};

/* An unknown age counts as recent: a wrong clock must not raise an alarm. */
static bool is_recent(const struct late_search *search, int64_t stored_s)
{
	int64_t age_s;
	return !clock_age(clock_utc_s(search->call->clock), stored_s, &age_s) ||
	       age_s <= search->push_timeout_ms / 1000 + CLOCK_DRIFT_S;
}

/* A gap at the end of a timeline has no segment behind it: then the newest object of the cluster decides. */
static bool is_fresh(const struct look *look, const struct coverage_gap *gap)
{
	return gap->needed && !gap->lost &&
	       is_recent(look->search, gap->behind_s != 0 ? gap->behind_s : coverage_newest_s(look->coverage));
}

static enum status take(void *arg, const struct object_info *info, struct error *err)
{
	struct look *look = arg;
	uint64_t system_id, number;
	struct wal_name name;
	(void)err;
	if (look->count < FOUND_MAX && info->bytes >= OBJECT_MIN && wal_object_parse(info->name, &system_id, &name) &&
	    name.kind == WAL_SEGMENT && name.timeline == look->gap.timeline &&
	    wal_name_number(&name, look->coverage->segment_bytes, &number) && look->gap.first <= number &&
	    number <= look->gap.last)
		look->found[look->count++] = (struct found){name.timeline, number, info->modified_s};
	return STATUS_OK;
}

static enum status list_directory(struct look *look, const struct wal_name *name, struct error *err)
{
	char prefix[PREFIX_MAX];
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%08" PRIX32 "%08" PRIX32 "/", look->coverage->system_id,
		       name->timeline, name->log);
	return store_list(look->search->store, look->search->call, prefix, take, look, err);
}

/* The directories of its first and its last segment suffice: a longer gap is not push-ahead's. */
static enum status look_into(struct look *look, const struct coverage_gap *gap, struct error *err)
{
	struct wal_name first, last;
	wal_name_of_number(&first, gap->timeline, gap->first, look->coverage->segment_bytes);
	wal_name_of_number(&last, gap->timeline, gap->last, look->coverage->segment_bytes);
	look->gap = *gap;
	enum status st = list_directory(look, &first, err);
	return st || first.log == last.log ? st : list_directory(look, &last, err);
}

static enum status look_again(struct look *look, struct coverage *coverage, struct error *err)
{
	enum status st = STATUS_OK;
	look->count = 0;
	for (size_t i = 0; !st && i < coverage->gap_count; i++)
		if (is_fresh(look, &coverage->gaps[i]))
			st = look_into(look, &coverage->gaps[i], err);
	/* Up to the end of a timeline in this order, down to its beginning in the other. */
	for (size_t i = 0; !st && i < look->count; i++)
		(void)coverage_add_late(coverage, look->found[i].timeline, look->found[i].number,
					look->found[i].stored_s);
	for (size_t i = look->count; !st && i-- > 0;)
		(void)coverage_add_late(coverage, look->found[i].timeline, look->found[i].number,
					look->found[i].stored_s);
	return st;
}

static bool has_fresh_gap(const struct look *look)
{
	for (size_t i = 0; i < look->coverage->gap_count; i++)
		if (is_fresh(look, &look->coverage->gaps[i]))
			return true;
	return false;
}

enum status verify_late(const struct late_search *search, struct coverage *coverage, struct error *err)
{
	struct look look = {.search = search, .coverage = coverage};
	enum status st = STATUS_OK;
	for (int64_t part = 1; !st && part <= 2 && has_fresh_gap(&look); part++) {
		clock_sleep_ms(search->call->clock, part * LATE_WAIT_MS / 3);
		st = look_again(&look, coverage, err);
	}
	return st;
}

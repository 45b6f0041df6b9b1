#include "expire/retention.h"

#include <string.h>

#define DAY_S 86400

struct decision {
	const struct backup_list *list;
	const struct unfinished *unfinished;
	const struct retention *rules;
	struct verdict *out;
};

static const struct {
	const char *name, *text;
} reasons[] = {
#define REASON(id, name, text) {name, text},
#include "expire/reasons.def"
#undef REASON
};

const char *reason_name(enum reason reason)
{
	return reasons[reason].name;
}

const char *reason_text(enum reason reason)
{
	return reasons[reason].text;
}

static const struct listed_backup *at(const struct decision *decision, size_t i)
{
	return &decision->list->items[i];
}

static void keep(const struct decision *decision, size_t i, enum reason reason)
{
	decision->out[i].reasons |= reason_bit(reason);
}

static bool is_full(const struct listed_backup *backup)
{
	return backup->label.type == BACKUP_FULL;
}

static bool can_be_restored(const struct decision *decision, size_t i)
{
	return backup_list_is_usable(decision->list, at(decision, i));
}

/*
 * What no option decides.
 */

static bool may_be_under_way(const struct decision *decision, size_t i)
{
	return !at(decision, i)->complete &&
	       decision->rules->now_s - decision->unfinished[i].last_s < decision->rules->silence_s;
}

static void keep_in_any_case(const struct decision *decision)
{
	bool newest_full = true;
	for (size_t i = decision->list->count; i-- > 0;) {
		const struct listed_backup *backup = at(decision, i);
		if (backup->pinned)
			keep(decision, i, REASON_PINNED);
		if (backup->complete && backup->status != STATUS_OK)
			keep(decision, i, REASON_UNREADABLE);
		if (may_be_under_way(decision, i))
			keep(decision, i, REASON_UNDER_WAY);
		if (newest_full && is_full(backup) && can_be_restored(decision, i)) {
			keep(decision, i, REASON_NEWEST_FULL);
			newest_full = false;
		}
	}
}

/*
 * The options. A backup that cannot be restored does not count: it would take the place of one that can be.
 */

/* Labels have the times of the beginnings: a long backup may have ended after one with a later label. */
static void keep_days(const struct decision *decision)
{
	int64_t from_s = decision->rules->now_s - (int64_t)decision->rules->days * DAY_S;
	bool before = false;
	for (size_t i = decision->list->count; i-- > 0;) {
		const struct listed_backup *backup = at(decision, i);
		if (!backup->complete || backup->status != STATUS_OK)
			continue;
		bool is_base = !before && backup->manifest.ended < from_s && can_be_restored(decision, i);
		if (is_base || backup->manifest.ended >= from_s)
			keep(decision, i, REASON_DAYS);
		before |= is_base;
	}
}

static bool full_is_counted(const struct decision *decision, const struct listed_backup *backup)
{
	for (size_t i = 0; i < backup->manifest.need_count; i++) {
		const struct listed_backup *need = backup_list_find(decision->list, &backup->manifest.needs[i]);
		if (need != NULL && is_full(need))
			return (decision->out[need - decision->list->items].reasons & reason_bit(REASON_FULL_COUNT)) !=
			       0;
	}
	return false;
}

static void keep_full(const struct decision *decision)
{
	uint64_t left = decision->rules->full;
	for (size_t i = decision->list->count; i-- > 0 && left > 0;)
		if (is_full(at(decision, i)) && can_be_restored(decision, i)) {
			keep(decision, i, REASON_FULL_COUNT);
			left--;
		}
	for (size_t i = 0; decision->rules->diff == 0 && i < decision->list->count; i++)
		if (at(decision, i)->complete && full_is_counted(decision, at(decision, i)))
			keep(decision, i, REASON_FAMILY);
}

static void keep_diff(const struct decision *decision)
{
	uint64_t left = decision->rules->diff;
	for (size_t i = decision->list->count; i-- > 0 && left > 0;) {
		const struct listed_backup *backup = at(decision, i);
		if (!backup->complete || is_full(backup))
			continue;
		keep(decision, i, REASON_DIFF_COUNT);
		left -= backup->label.type == BACKUP_DIFF && can_be_restored(decision, i);
	}
}

static void keep_without_limit(const struct decision *decision)
{
	const struct retention *rules = decision->rules;
	bool full = rules->full == 0 && rules->days == 0, other = full && rules->diff == 0;
	for (size_t i = 0; i < decision->list->count; i++)
		if (at(decision, i)->complete && (is_full(at(decision, i)) ? full : other))
			keep(decision, i, REASON_NO_LIMIT);
}

/*
 * What the kept backups need. A backup refers only to backups that began before it, so one pass from the newest to the
 * oldest reaches them all.
 */

static void keep_one_needed(const struct decision *decision, const struct backup_label *label,
			    const struct listed_backup *by)
{
	const struct listed_backup *need = backup_list_find(decision->list, label);
	if (need == NULL || need == by)
		return;
	struct verdict *verdict = &decision->out[need - decision->list->items];
	verdict->reasons |= reason_bit(REASON_NEEDED);
	if (verdict->needed_by == NULL)
		verdict->needed_by = by;
}

static void keep_all_before(const struct decision *decision, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (!at(decision, k)->complete)
			continue;
		keep(decision, k, REASON_MAY_BE_NEEDED);
		if (decision->out[k].may_be_needed_by == NULL)
			decision->out[k].may_be_needed_by = at(decision, i);
	}
}

static void keep_needs_of(const struct decision *decision, size_t i)
{
	const struct listed_backup *backup = at(decision, i);
	const struct unfinished *unfinished = &decision->unfinished[i];
	if (is_full(backup))
		return;
	if (backup->complete && backup->status == STATUS_OK)
		for (size_t k = 0; k < backup->manifest.need_count; k++)
			keep_one_needed(decision, &backup->manifest.needs[k], backup);
	else if (backup->complete || !unfinished->knows_parent)
		keep_all_before(decision, i);
	else
		keep_one_needed(decision, &unfinished->parent, backup);
}

void retention_keep_needed(const struct backup_list *list, const struct unfinished *unfinished, struct verdict *out)
{
	const struct decision decision = {.list = list, .unfinished = unfinished, .out = out};
	for (size_t i = list->count; i-- > 0;)
		if (out[i].reasons != 0)
			keep_needs_of(&decision, i);
}

void retention_decide(const struct backup_list *list, const struct unfinished *unfinished,
		      const struct retention *rules, struct verdict *out)
{
	const struct decision decision = {list, unfinished, rules, out};
	for (size_t i = 0; i < list->count; i++)
		out[i] = (struct verdict){0};
	keep_in_any_case(&decision);
	if (rules->days > 0)
		keep_days(&decision);
	if (rules->full > 0)
		keep_full(&decision);
	if (rules->diff > 0)
		keep_diff(&decision);
	keep_without_limit(&decision);
	retention_keep_needed(list, unfinished, out);
}
